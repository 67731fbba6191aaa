// Ways to break what makes objects, looks after them and closes them.

import type { ByFile } from "./row.ts";

export const MAKING: ByFile = {
  "pool/creation.ts": [
    [
      "what comes too late is forgotten",
      "if (this.#over) return this.#late(object);",
      "if (this.#over) return;",
    ],
    ["a creation's timer is forgotten", "this.#timer.stop();", ""],
    [
      "fun is not told to stop",
      "    this.abort(error); // before its place is another's\n",
      "",
    ],
    [
      "the object of a failed opener is forgotten",
      "this.#finish({ error, leftover: this.#object });",
      "this.#finish({ error, leftover: undefined });",
    ],
    ["opener is not waited for", "await opener?.(object);", "void opener?.(object);"],
    [
      "what is given up hears of it when its place is another's",
      "    this.abort(error); // before its place is another's\n" +
      "    this.#end({ error, leftover: this.#object });\n",
      "    this.#end({ error, leftover: this.#object });\n    this.abort(error);\n",
    ],
    ["createTimeout is not kept", "if (createTimeout > 0)", "if (createTimeout < 0)"],
  ],
  "pool/supply.ts": [
    [
      "one too many is made",
      "this.size + this.#core.bag.size < maxSize;",
      "this.size + this.#core.bag.size <= maxSize;",
    ],
    [
      "what is missing for minSize is made besides what is waited for",
      "return Math.max(this.#customer.queued, refilling ? settings.minSize - bag.live : 0);",
      "return this.#customer.queued + (refilling ? Math.max(0, settings.minSize - bag.live) : 0);",
    ],
    ["minSize is not kept up", "refilling ? settings.minSize - bag.live : 0", "0"],
    [
      "a failure to make an object is told nobody",
      "!this.#customer.failOldest(error) && !told",
      "!told",
    ],
    [
      "a failed creation's place is given to nobody",
      "if (entry === undefined) this.#customer.vacated();\n    else",
      "if (entry !== undefined)",
    ],
    [
      "the leftover of a failed opener is dropped",
      'else void this.#customer.retire(entry, "leftover");',
      "",
    ],
    [
      "ready resolves before the objects are made",
      "return this.#core.bag.live >=",
      "return this.#core.bag.size + this.size >=",
    ],
    [
      "ready is not told when minSize is reached",
      "this.#customer.offer(entry);\n    this.recount();",
      "this.#customer.offer(entry);",
    ],
    ["creations go on after a shutdown", "this.#stopped = true;", ""],
    [
      "creations are not told of a shutdown",
      "for (const creation of this.#creations) creation.abort(error);",
      "",
    ],
    ["an attempt's number is used twice", "this.#attempts++", "this.#attempts"],
  ],
  "pool/exit.ts": [
    ["a lost object is not closed", 'void this.retire(loan.entry, "lost");', ""],
    [
      "a killed lease stays alive",
      "else if (borrower.end === undefined) this.end(borrower, end);",
      "",
    ],
    ["a use is not told that its object is killed", "borrower?.revoke(end);", ";"],
    [
      "closer is skipped",
      "if (settings.closer === undefined) this.#gone(entry);\n    else {",
      "if (entry) this.#gone(entry);\n    else {",
    ],
    [
      "closer is called twice",
      "closing = hooks.close(entry.object,",
      'void hooks.close(entry.object, () => "");\n      closing = hooks.close(entry.object,',
    ],
    [
      "closer is not waited for",
      "closing = hooks.close(entry.object, () => hooks.label(entry), () => this.#gone(entry));",
      "closing = hooks.close(entry.object, () => hooks.label(entry));\n      this.#gone(entry);",
    ],
    [
      "a detached object's place is given to nobody",
      "this.#core.bag.detach(entry);\n    this.#doorkeeper.vacated();",
      "this.#core.bag.detach(entry);",
    ],
    [
      "a shutdown waits for the health that a round asks",
      'const busy = entry.checking && why !== "shutdown";',
      "const busy = entry.checking;",
    ],
    [
      "a hook goes on when its object is killed",
      "entry.giveUp?.(new PoolError(`the object is closed meanwhile: ${why}`));",
      "",
    ],
  ],
  "pool/ending.ts": [
    ["a shutdown's timer is forgotten", "this.#timer.stop();", ""],
    [
      "a longer timeout prolongs a shutdown",
      "timeout > 0 && this.#clock.awake() + timeout < this.#timer.at",
      "timeout > 0",
    ],
  ],
  "pool/hooks.ts": [
    [
      "a hook's timer is forgotten",
      "const done = () => {\n      cancel?.();",
      "const done = () => {",
    ],
    [
      "a hook that fails later is fine",
      "if (entry.live) this.#failed(name, () => this.label(entry), error);\n      throw error;",
      "if (entry.live) this.#failed(name, () => this.label(entry), error);",
    ],
    ["hooks may hang", "delay: this.#settings.hookTimeout };", "delay: 0 };"],
    ["a closer may hang", "delay: closeTimeout }", "delay: 0 }"],
    ["discardOnError is not asked", "return Boolean(spoilt);", "return false;"],
  ],
  "pool/housekeeping.ts": [
    [
      "rounds end while the first object is made",
      "if (this.#household.size > 0) this.start();",
      "if (this.#core.bag.size > 0) this.start();",
    ],
    [
      "what stands still is in use",
      "excuse(bag.lent, awake, now - clock.slept);",
      "",
    ],
    [
      "what stands still is in use up to a round",
      "excuse(bag.lent, awake, now - clock.slept);",
      "excuse(bag.lent, awake - this.delay, now - clock.slept);",
    ],
    [
      "a round that is late by sleep excuses use",
      "if (awake > this.delay + GAP) {",
      "{",
    ],
    [
      "time passes without a round where there are none",
      "    this.#timer.stop();\n    this.#last = Infinity;",
      "    this.#timer.stop();",
    ],
    ["a round recycles one too many", "if (spare <= 0 ||", "if (spare < 0 ||"],
    [
      "a round recycles what is not due",
      "now - entry.since < maxAvailDelay) break;",
      "now - entry.since < maxAvailDelay / 2) break;",
    ],
    [
      "nothing is killed that was not warned of",
      "      ...heldFor(estate.lent, maxUsingDelayKill, awake),\n",
      "",
    ],
    [
      "nothing is killed that was warned of",
      "      ...heldFor(estate.overdue, maxUsingDelayKill, awake),\n",
      "",
    ],
    [
      "a gap is not noticed",
      "if (passed <= this.delay + GAP) return;",
      "if (late <= 1e9 * GAP) return;",
    ],
    [
      "no round follows the first",
      "if (this.#household.size > 0) this.start();",
      "if (this.#household.size < 0) this.start();",
    ],
    [
      "an object that was taken is closed again after its health was asked",
      'if (entry.state !== "available") return; // a shutdown',
      "// a shutdown",
    ],
    ["who waits is not served after a good health", "else this.#household.serve();", ""],
    ["what turned out not to be good is kept", ': "unfit";', ": undefined;"],
  ],
  "pool/refill.ts": [
    [
      "the timer of a refill is forgotten",
      "this.#timer.stop();\n    this.#tell(error);",
      "this.#tell(error);",
    ],
    ["ready is not told of a failure", "return this.#tell(error);", "return false;"],
    ["a refill does not rest", "if (again && !this.resting) {", "if (error === this) {"],
    ["a refill rests for ever", "new Timer(clock, again);", "new Timer(clock, () => {});"],
  ],
  "pool/clock.ts": [
    [
      "timers that fire early put the clock forward",
      "if (behind <= EARLY) return",
      "if (behind < 0) return",
    ],
    ["a machine's sleep does not count", "this.#slept += offset - this.#offset;", ""],
    [
      "a clock that is set back goes back",
      "if (offset < this.#offset) this.#offset = offset;",
      "if (offset < this.#offset) this.#slept += offset - this.#offset;",
    ],
  ],
};
