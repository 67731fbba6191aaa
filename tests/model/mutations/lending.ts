// Ways to break what lends objects and takes them back.

import type { ByFile } from "./row.ts";

export const LENDING: ByFile = {
  "pool/acquire.ts": [
    [
      "an asynchronous getter of tryGet is not waited for",
      "      afterGetter(pool, entry, greeting);\n",
      "",
    ],
    [
      "what tryGet greeted in vain is forgotten",
      "outside(() => greeting.then(...then));",
      "void then;",
    ],
    [
      "tryGet lends what its getter has found dead",
      "pool.ending !== undefined || isDead(pool, entry)",
      "pool.ending !== undefined",
    ],
    [
      "hooks are called for a get that closing an object on the way has ended",
      "const usable = entry !== undefined && !refused(pool, terms);",
      "const usable = entry !== undefined;",
    ],
    [
      "what was picked for a get that has ended is forgotten",
      "else if (!usable && entry !== undefined) leave(pool, entry);",
      "",
    ],
    [
      "what was made ready for a get that has ended is forgotten",
      "if (ready) void giveBack(pool, entry);\n      else if",
      "if",
    ],
    [
      "who comes is served before those who wait",
      "while (pool.queue.size === 0) {",
      "while (pool.started) {",
    ],
    [
      "maxWaiting lets one too many wait",
      "queue.size - attempts.size - checks.size - asked > maxWaiting",
      "queue.size - attempts.size - checks.size - asked > maxWaiting + 1",
    ],
    [
      "maxWaiting counts those for whom one is made",
      "queue.size - attempts.size - checks.size - asked > maxWaiting",
      "queue.size - checks.size - asked > maxWaiting",
    ],
    [
      "nothing is done for who comes",
      "if (pool.bag.idle.size > 0 || pool.permits !== undefined || pool.room) pool.dispatch();",
      "",
    ],
    [
      "a label is forgotten",
      "label === undefined && trace === undefined",
      "trace === undefined",
    ],
  ],
  "pool/lend.ts": [
    [
      "an object whose health is being asked is lent",
      "while (entry?.checking) entry = (pool.fifo ? entry.next : entry.prev) as Entry<T> | undefined;",
      "",
    ],
    [
      "limits are not looked at before lending",
      "const fault = stale(entry, settings, pool.spare, now);",
      "const fault = stale(entry, settings, 0, -1);",
    ],
    [
      "tryGet lends what is doubtful",
      "sure && doubtful(pool, entry, now)",
      "!sure && doubtful(pool, entry, now)",
    ],
    [
      "what passed its check after its get had gone is forgotten",
      "    return void giveBack(pool, entry);\n  }\n  if (sheds)",
      "    return;\n  }\n  if (sheds)",
    ],
    [
      "what passed its check after its get had gone is closed",
      "    return void giveBack(pool, entry);\n  }\n  if (sheds)",
      '    return void evict(pool, entry, "unfit");\n  }\n  if (sheds)',
    ],
    [
      "what died while a hook looked at it is lent",
      "if (pool.careful && isDead(pool, entry)) return readmit(pool, entry);",
      "",
    ],
    [
      "unfit objects count that are not in a row",
      "  pool.unfit = 0;\n  waiter.resolve",
      "  waiter.resolve",
    ],
    [
      "a drain does not notice that the last one is served",
      "if (pool.permits !== undefined || pool.ending?.draining) pool.dispatch();",
      "if (pool.permits !== undefined) pool.dispatch();",
    ],
  ],
  "pool/prepare.ts": [
    [
      "health is not asked before lending",
      "doubtful(pool, entry, pool.now)\n      ? examine(pool, entry, true, pool.now)\n      : undefined;",
      "undefined as Promise<void> | undefined;",
    ],
    [
      "what a hook had in hand while time passed is lent",
      "return suspects(pool, entry) ? examine(pool, entry, true, pool.now) : undefined;",
      "return undefined;",
    ],
    [
      "retter is called for what was asked for its health for a get that has gone",
      "if (!wanted || isDead(pool, entry)) {\n    readmit(pool, entry);",
      "if (!wanted || isDead(pool, entry)) {\n    pool.settings.retter?.(entry.object);\n    readmit(pool, entry);",
    ],
    [
      "getter is called for what has died",
      "if (!wanted || isDead(pool, entry)) {",
      "if (!wanted) {",
    ],
    [
      "what dies in getter is lent at once",
      "else if (isDead(pool, entry)) readmit(pool, entry);\n",
      "",
    ],
    [
      "what failed its check is forgotten",
      "  evictUsing(pool, entry, why); // asked again: who was told may do anything\n",
      "",
    ],
    [
      "getter is not called after health",
      "if (greeted || greet(pool, entry, undefined)) deliver",
      "deliver",
    ],
    [
      "getter is called again for the next one who waits",
      "if (greeted || greet(pool, entry, undefined)) deliver",
      "if (greet(pool, entry, undefined)) deliver",
    ],
    [
      "getter is called for a get that has gone",
      "terms === undefined ? pool.queue.size > 0 : !refused(pool, terms);",
      "true;",
    ],
    [
      "health is asked again for the next one who waits",
      "return suspects(pool, entry) ?",
      "return pool.settings.getter === undefined ?",
    ],
    [
      "what was asked for its health for a get that has gone is forgotten",
      "  if (!wanted || isDead(pool, entry)) {\n    readmit(pool, entry);",
      "  if (!wanted || isDead(pool, entry)) {",
    ],
    [
      "an object is made besides the one that a hook looks at",
      "  pool.count(check);\n",
      "",
    ],
    [
      "a slow check keeps who waits from another object",
      "      pool.discount(check);\n      pool.orphans",
      "      pool.orphans",
    ],
    [
      "nobody is served when a check turns out to be slow",
      "Math.ceil(next - now)), false);\n  pool.dispatch();",
      "Math.ceil(next - now)), false);",
    ],
    [
      "a hook that is over still looks at an object",
      "  pool.discount(check);\n  orphans.delete(check);\n  if",
      "  orphans.delete(check);\n  if",
    ],
    [
      "what gets too old in a hook is lent",
      "pool.now >= entry.end",
      "pool.now > Infinity",
    ],
    [
      "hooks slower than objects live are called for ever",
      '(why === "expired" || !entry.stored)',
      "!entry.stored",
    ],
    ["three unfit objects are not enough", "const UNFIT = 3;", "const UNFIT = 4;"],
    ["two unfit objects are enough", "const UNFIT = 3;", "const UNFIT = 2;"],
    [
      "what is not fit to be lent is told wrongly",
      'notFit(pool, entry, error, "unfit");',
      'notFit(pool, entry, error, "unhealthy");',
    ],
  ],
  "pool/release.ts": [
    [
      "a second return frees the next holder's object",
      'if (loan.end !== undefined) return again(pool, "returned", loan);',
      "",
    ],
    [
      "a second discard closes the next holder's object",
      'if (loan.end !== undefined) return again(pool, "discarded", loan);',
      "",
    ],
    ["a second return is not counted", "totals.doubleReturns++;", ""],
    [
      "disposing after a discard is a second return",
      'loan.end !== undefined && loan.end !== "returned";',
      "false;",
    ],
    [
      "disposing twice is not counted",
      'loan.end !== undefined && loan.end !== "returned";',
      "loan.end !== undefined;",
    ],
    [
      "a discarded object is lent again",
      "const spoilt = failure",
      "const spoilt = false && failure",
    ],
    [
      "discard gives the object back",
      'reason(why)}`);\n  return entry.state === "using" ? evict(pool, entry, "discarded") : DONE;',
      "reason(why)}`);\n  return giveBack(pool, entry);",
    ],
    ["a detached object keeps its place", "  letGo(pool, entry);\n", ""],
    [
      "retter is skipped",
      "if (pool.settings.retter === undefined || entry.invalid) {",
      "if (entry.uses > 0) {",
    ],
    [
      "retter is called for what has died",
      "if (pool.settings.retter === undefined || entry.invalid) {",
      "if (pool.settings.retter === undefined) {",
    ],
    [
      "retter fails later, and the object is kept",
      '() => evictUsing(pool, entry, "unfit"),\n      ]',
      "() => readmit(pool, entry),\n      ]",
    ],
    [
      "retter fails at once, and the object is forgotten",
      '  } catch {\n    evictUsing(pool, entry, "unfit");',
      "  } catch {\n    //",
    ],
    [
      "what comes back is not handed to who waits",
      "else if (pool.queue.size === 0) store(pool, entry);\n  else pool.dispatch(entry);",
      "else store(pool, entry);",
    ],
    [
      "who waits is handed what was out while time passed",
      "notice(pool, entry.since = pool.now = clock.now());",
      "entry.since = pool.now = clock.now();",
    ],
    ["objects in use survive a reset", 'if (entry.epoch !== pool.epoch) return "reset";', ""],
    ["what died in use is lent again", 'if (entry.invalid) return "invalidated";', ""],
    [
      "resize leaves objects in use that are over maxSize",
      'if (pool.surplus > 0) return "resized";',
      "",
    ],
    [
      "a drain closes what comes back",
      "pool.ending !== undefined && !pool.ending.draining) return",
      "pool.ending !== undefined) return",
    ],
    [
      "a shutdown keeps what comes back",
      'if (pool.ending !== undefined && !pool.ending.draining) return "shutdown";',
      "",
    ],
    ["a lost object is not closed", 'void evict(pool, entry, "leaked");', ""],
    [
      "a lost object is told to have been killed",
      'void evict(pool, entry, "leaked");',
      'void evict(pool, entry, "killed");',
    ],
    [
      "observers do not hear of a lost lease",
      'endLoan(pool, entry, undefined, "leaked");',
      "entry.watched = undefined;",
    ],
    [
      "what is from before a reset is lent",
      "return entry.invalid || entry.epoch !== pool.epoch;",
      "return entry.invalid;",
    ],
  ],
  "pool/loan.ts": [
    [
      "a loan that has ended gives its object",
      'if (this.end !== undefined) throw deadError(this.pool.name, "loan", this.end);\n    return this.entry',
      "return this.entry",
    ],
    [
      "a loan that has ended can be detached",
      'if (this.end !== undefined) throw deadError(this.pool.name, "loan", this.end);\n    return detach',
      "return detach",
    ],
    ["a loan does not say that it has ended", "return this.end !== undefined;", "return false;"],
    [
      "a harmless failure hides the next one",
      "(failure.spoilt || failure.error === error);",
      "true;",
    ],
  ],
  "pool/lease.ts": [
    [
      "a dead lease gives its object",
      'if (loan.end !== undefined) throw deadError(loan.pool.name, "lease", loan.end);',
      "",
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
      "fifo ? this.idle.shift() : this.idle.pop();",
      "this.idle.shift();",
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
    ["a returned lease is still watched", "this.#registry?.unregister(watched);", ""],
    ["a lost lease is not noticed", "this.#registry.register(loan, watched, watched);", ""],
    ["the pool itself keeps lost leases alive", "entry.loan = undefined;\n", ""],
    ["what a callback of use has is watched", "|| !loan?.collectable", "|| loan === undefined"],
  ],
};
