// Ways to break what lends objects and takes them back.

import type { ByFile } from "./row.ts";

export const LENDING: ByFile = {
  "pool/keeper.ts": [
    [
      "what comes back is not handed to who waits",
      "else if (!this.#desk.offer(entry)) bag.store(entry);",
      "else bag.store(entry);",
    ],
    [
      "a closed object's place is given to nobody",
      "    }\n    this.serve();\n  }\n\n  ready()",
      "    }\n  }\n\n  ready()",
    ],
    [
      "minSize is not kept up while an object is being closed",
      "closing(): void {\n    this.serve();",
      "closing(): void {",
    ],
    [
      "who waits is handed what was out while time passed",
      "this.#housekeeper.notice(entry.since = this.core.now = clock.now());",
      "entry.since = this.core.now = clock.now();",
    ],
    [
      "objects in use survive a reset",
      'if (entry.epoch !== this.#supply.epoch) return "reset";',
      "",
    ],
    ["available objects survive a reset", 'this.#exit.clear("reset");', ""],
    ["resize leaves objects that are over maxSize", 'if (this.#oversize) return "resize";', ""],
    ["resize makes nothing for those who wait", "if (this.open) this.serve();", ""],
    [
      "a second shutdown cannot shorten the first",
      "if (this.size > 0) ending.hurry(timeout);",
      "if (this.size > 0 && ending !== this.#ending) ending.hurry(timeout);",
    ],
    ["shutdown fails nobody who waits", "this.#desk.failAll(error);", ""],
    ["shutdown leaves what is available", 'this.#exit.clear("shutdown");', ""],
    ["shutdown does not stop creations", "this.#supply.stop(error);", ""],
    [
      "shutdown does not wait for what is lent",
      "if (this.size === 0) this.#endShutdown(ending);",
      "if (this.core.bag.idle.size === 0) this.#endShutdown(ending);",
    ],
    ["a forced shutdown waits for creations", "this.#supply.abandon(closedError(this.name));", ""],
    [
      "a forced shutdown leaves what is lent",
      'this.#exit.kill(entry, "revoked by shutdown");',
      ";",
    ],
    [
      "rounds go on when there is nothing left",
      "if (this.size === 0) {\n      this.#housekeeper.stop();",
      "if (this.size === 0) {",
    ],
    ["housekeeping does not begin", "this.#housekeeper.start();", ""],
  ],
  "pool/lending.ts": [
    [
      "an object whose health is being asked is lent",
      "while (entry?.checking) entry = entry.prev as Entry<T> | undefined;",
      "",
    ],
    [
      "limits are not looked at before lending",
      "const fault = stale(entry, settings, bag.live, now);",
      "const fault = stale(entry, settings, 0, -1);",
    ],
    [
      "health is not asked before lending",
      "if (!this.#health.doubtful(entry, this.#core.now)) return",
      "if (entry) return",
    ],
    [
      "what a hook had in hand while time passed is lent",
      "return this.#health.suspects(entry) ? this.#health.examine(entry, true) : undefined;",
      "return undefined;",
    ],
    [
      "tryGet lends what is doubtful",
      "sure && this.#health.doubtful(entry, now)",
      "!sure && this.#health.doubtful(entry, now)",
    ],
    [
      "an asynchronous getter of tryGet is not waited for",
      "if (!isThenable(greeting) && !this.#lobby.ended) return this.lease(entry);",
      "if (entry) return this.lease(entry);",
    ],
    [
      "what tryGet greeted in vain is forgotten",
      "if (isThenable(hook)) void outside(() => hook.then(...then));",
      "if (isThenable(hook)) void then;",
    ],
    [
      "retter is called after a health that ended its get itself",
      "greeted ? this.#returns.giveBack(entry) : this.#returns.readmit(entry)",
      "this.#returns.giveBack(entry)",
    ],
    [
      "hooks are called for a get that closing an object on the way has ended",
      "if (entry !== undefined) this.#leave(entry);",
      "if (entry !== undefined) void this.#check(entry, terms);",
    ],
  ],
  "pool/returns.ts": [
    ["retter is skipped", "if (settings.retter === undefined) {", "if (entry.uses > 0) {"],
    [
      "retter fails later, and the object is kept",
      "const then = [() => this.readmit(entry), () => this.#exit.dismiss(entry)]",
      "const then = [() => this.readmit(entry), () => this.readmit(entry)]",
    ],
    [
      "retter fails at once, and the object is forgotten",
      "this.readmit(entry);\n    } catch {\n      this.#exit.dismiss(entry);",
      "this.readmit(entry);\n    } catch {\n      //",
    ],
    [
      "a second return frees the next holder's object",
      'if (loan.end !== undefined) return this.#again("given back", loan);',
      "",
    ],
  ],
  "pool/usage.ts": [
    [
      "an object killed during a use is discarded again",
      'if (entry.state !== "using") return undefined; // taken away meanwhile',
      "",
    ],
    ["a use that was aborted on its way keeps its object", "void this.#end(entry, false);", ""],
    ["what an aborted use held is lent again", "spoilt || tainted", "spoilt"],
    [
      "what an aborted use held is lent again if it went well",
      "const returned = this.#end(entry, tainted);",
      "const returned = this.#end(entry, false && tainted);",
    ],
    [
      "use does not give back",
      "const returned = this.#end(entry, tainted);",
      "const returned = undefined; void tainted;",
    ],
    [
      "use does not wait for retter",
      "return returned === undefined ? value : returned.then(() => value);",
      "return value;",
    ],
  ],
  "pool/bag.ts": [
    ["objects being closed do not count", "return this.live + this.#closing;", "return this.live;"],
    [
      "a closed object still counts",
      'this.#expect(entry, "closing");\n    this.#closing--;',
      'this.#expect(entry, "closing");',
    ],
    [
      "the first available is lent, not the last",
      "const entry = this.idle.pop();",
      "const entry = this.idle.shift();",
    ],
    ["a lent object is not held by anybody", "this.lent.push(entry);", ""],
  ],
  "pool/entry.ts": [
    [
      "what was being made while time passed is lent",
      "this.proven = begun;",
      "this.proven = born;",
    ],
  ],
  "pool/leaks.ts": [
    ["a returned lease is still watched", "this.#registry?.unregister(loan);", ""],
    [
      "a lost lease is not noticed",
      "if (entry.borrower instanceof Loan) this.#register(entry.borrower);",
      "",
    ],
  ],
  "pool/lease.ts": [
    [
      "a dead lease gives its object",
      "if (this.end !== undefined) throw deadError(this.lender.name, this.end);",
      "",
    ],
  ],
};
