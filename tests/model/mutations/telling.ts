// Ways to break what the pool tells of itself: to observers, in errors and in `stats()`.

import type { ByFile } from "./row.ts";

export const TELLING: ByFile = {
  "pool/observers.ts": [
    [
      "an observer that fails silences the others",
      "this.#failed(name, error));\n      } catch (error) {\n        this.#failed(name, error);\n",
      "this.#failed(name, error));\n      } catch {\n        this.#set([], []);\n",
    ],
    [
      "an observer is told twice",
      "this.#set([...this.#all, observer], this.#taps);",
      "this.#set([...this.#all, observer, observer], this.#taps);",
    ],
    [
      "one who ends observing ends it for all",
      "return all.filter((_, j) => j !== i);",
      "return [];",
    ],
    [
      "what observers hear of is described in any case",
      "get object() {\n      return describe();\n    },",
      "object: describe(),",
    ],
    [
      "observers do not hear of refusals",
      'this.#tell("refused", {',
      "void ({",
    ],
    [
      "observers do not hear of what is closed",
      'this.#tell("closed", event);',
      "void event;",
    ],
  ],
  "pool/observe.ts": [
    ["a reset counts as something else", 'reset: "discarded",', 'reset: "recycled",'],
  ],
  "pool/explain.ts": [
    ["who holds an object is not named", "label: entry.borrower?.label,", "label: undefined,"],
    [
      "from where an object is held is not said",
      "line: lineOf(entry.borrower),",
      "line: undefined,",
    ],
    ["more than five holders are named", "const NAMED = 5;", "const NAMED = 6;"],
    [
      "a time that is known to be longer is told as exact",
      "atLeast: !clocked || entry.coarse,",
      "atLeast: !clocked,",
    ],
    [
      "who holds an object is not told why there is no second one",
      "bag.using === 0 ? way :",
      "bag !== undefined ? way :",
    ],
  ],
  "pool/stats.ts": [
    ["stats do not say who holds an object", "...(label === undefined ? {} : { label }),", ""],
    ["stats do not say from where", "...(line === undefined ? {} : { line }),", ""],
  ],
};
