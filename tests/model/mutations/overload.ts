// Ways to break what a pool does with those who wait for too long, or for each other.

import type { ByFile } from "./row.ts";

/** Load, order and standstill. */
export const QUEUEING: ByFile = {
  "pool/acquire.ts": [
    [
      "nobody looks whether those who wait do so for too long",
      "if (pool.settings.queueTarget > 0) beginWaiting(pool);",
      "void beginWaiting;",
    ],
    [
      "nobody looks whether anything moves",
      "if (terms.timeout === 0 || terms.borrower?.within !== undefined) watch(pool, waiter);",
      "void watch;",
    ],
    [
      "a nested get with a timeout is not looked after",
      "if (terms.timeout === 0 || terms.borrower?.within !== undefined) watch",
      "if (terms.timeout === 0) watch",
    ],
    [
      "minAvailable is not kept up when an object is lent at once",
      "  if (pool.settings.minAvailable > 0) pool.dispatch();\n",
      "",
    ],
    ["nested use is not traced", "within: trace && enclosing() };", "within: undefined };"],
  ],
  "pool/lend.ts": [
    [
      "who has waited for too long is served while the pool is overloaded",
      "if (sheds) shedFirst(pool);",
      "",
    ],
    ["who is served in time does not count", "  if (sheds) endWaiting(pool, waiter);\n", ""],
    [
      "fifo passes over what a round looks at in the wrong direction",
      "entry = (pool.fifo ? entry.next : entry.prev)",
      "entry = (pool.fifo ? entry.prev : entry.next)",
    ],
  ],
  "pool/prepare.ts": [
    [
      "a slow check casts no doubt on others",
      "if (check.asked !== undefined) distrust(pool, check.asked);",
      "",
    ],
    [
      "a slow check whose get has gone casts no doubt on others",
      "for (const set of [checks, orphans]) {",
      "for (const set of [checks]) {",
    ],
    [
      "a slow getter casts doubt on others",
      "asked: ofHealth ? clock.now() : undefined",
      "asked: ofHealth || true ? clock.now() : undefined",
    ],
    [
      "what is past its limits is unfit while a reset comes to it",
      'if (entry.ends === "reset") return readmit(pool, entry);',
      "",
    ],
  ],
  "pool/overload.ts": [
    [
      "who was served in time is no sign of calm",
      "if (begun < 0 || now - begun <= queueTarget) pool.calm = now;",
      "void [now, begun, queueTarget];",
    ],
    [
      "whoever is served is a sign of calm",
      "if (begun < 0 || now - begun <= queueTarget) pool.calm = now;",
      "pool.calm = now; void [begun, queueTarget];",
    ],
    [
      "a queue that begins anew is as late as the last one",
      "if (queue.size - 1 <= attempts.size + checks.size) pool.calm = now;",
      "void [queue, attempts, checks];",
    ],
    ["an overload has no end", "  pool.overload = undefined;\n", ""],
    ["the oldest are served first in an overload", "  queue.newestFirst = true;\n", ""],
    [
      "who is served out of turn says that all is calm",
      "if (overload !== undefined || oldest !== undefined && oldest.turn < turn) return;",
      "if (overload !== undefined) return;",
    ],
    [
      "who has an object to come is refused, too",
      "    if (queue.size <= attempts.size + checks.size + inHand) return true;\n",
      "",
    ],
    [
      "a shutdown that drains refuses by overload",
      "if (queue.size === 0 || pool.ending !== undefined) return;",
      "if (queue.size === 0) return;",
    ],
    [
      "nobody is refused in an overload",
      "pool.overload === undefined || refuseOld(pool, 0);",
      "pool.overload === undefined || true;",
    ],
    [
      "who waits for a connect is overload",
      "  if (queue.size <= attempts.size + checks.size) pool.calm = now;\n",
      "",
    ],
    [
      "who has waited for the target is refused",
      "queue.by(now - 2 * queueTarget)",
      "queue.by(now - queueTarget)",
    ],
    [
      "who has waited for three times the target is refused",
      "queue.by(now - 2 * queueTarget)",
      "queue.by(now - 3 * queueTarget)",
    ],
    [
      "the queue is looked at but once",
      "  shed.start(Math.max(1, Math.ceil(pool.shedAt - clock.awake())), false);\n}\n\nfunction begin",
      "}\n\nfunction begin",
    ],
    [
      "who is refused by overload is told another reason",
      'overloadError(pool, now - waiter.begun), "overload");',
      'overloadError(pool, now - waiter.begun), "failed");',
    ],
  ],
  "pool/queue.ts": [
    [
      "newest first goes on when nobody waits any more",
      "    this.newestFirst = false;\n",
      "",
    ],
    ["an overload ends unheard", "if (this.#sheds) this.#calls.emptied();", ""],
    [
      "a priority that nobody has any more stays in the heap",
      "      this.#ranks.remove(lane);\n",
      "",
    ],
    [
      "the usual priority is served before higher ones",
      "return this.#usual.size > 0 && first.priority < 0 ? this.#usual : first;",
      "return this.#usual.size > 0 ? this.#usual : first;",
    ],
    [
      "lower priorities are served before the usual one",
      "return this.#usual.size > 0 && first.priority < 0 ? this.#usual : first;",
      "return this.#usual.size > 0 && first.priority > 0 ? this.#usual : first;",
    ],
    [
      "how many waited before is that of its own priority",
      "waiter.ahead = this.size++;",
      "waiter.ahead = (this.size++, lane.size);",
    ],
    [
      "the highest priority is refused first by overload",
      "for (const lane of lanes.sort((a, b) => a.priority - b.priority)) {",
      "for (const lane of lanes.sort((a, b) => b.priority - a.priority)) {",
    ],
    [
      "only the usual priority is refused by overload",
      "for (const lane of lanes.sort((a, b) => a.priority - b.priority)) {",
      "for (const lane of [this.#usual]) {",
    ],
    [
      "who waits is not dated for overload",
      "if (timeout > 0 || this.#sheds) this.#date(waiter, timeout, lane);",
      "if (timeout > 0) this.#date(waiter, timeout, lane);",
    ],
  ],
  "pool/refuse.ts": [
    ["overload counts as another refusal", '  overload: "overloaded",', '  overload: "rejected",'],
    ["a deadlock counts as another refusal", '  deadlock: "deadlocks",', '  deadlock: "rejected",'],
  ],
  "pool/standstill.ts": [
    [
      "a deadlock is not ended",
      "passed >= STUCK ? endDeadlock(pool, now) : STUCK - passed;",
      "passed < 0 ? endDeadlock(pool, now) : STUCK;",
    ],
    [
      "a deadlock is ended though something has just moved",
      "const wait = traceHolders === true && passed >= STUCK ?",
      "const wait = traceHolders === true ?",
    ],
    [
      "a deadlock is ended though the last one has just come",
      "begun >= 0 && begun <= now - STUCK);",
      "begun >= 0);",
    ],
    [
      "a deadlock ends for the first to come",
      "const last = old.at(-1);",
      "const last = old.at(0);",
    ],
    [
      "nested use is ended though it is not to be",
      "const wait = traceHolders === true && passed >= STUCK ?",
      "const wait = traceHolders !== false && passed >= STUCK ?",
    ],
    [
      "a deadlock that is no longer one at a look is never ended",
      "    look(pool, Math.max(1, Math.ceil(wait)));\n",
      "",
    ],
    [
      "who waits with a timeout is told that nothing moves",
      "if (passed >= STILL && queue.some(({ terms }) => terms.timeout === 0)) warn",
      "if (passed >= STILL) warn",
    ],
    [
      "it is said again and again that nothing moves",
      "  standstill.told = true;\n",
      "",
    ],
    [
      "it is said too early that nothing moves",
      "if (passed >= STILL && queue",
      "if (passed >= STILL / 2 && queue",
    ],
    [
      "while the event loop stands still nothing moves",
      "  standstill.since = later(standstill.since);\n",
      "",
    ],
    [
      "what is lent is no move",
      "const moves = totals.gets + totals.created",
      "const moves = totals.created",
    ],
    ["nothing moves for ever", "if (pool.standstill?.moves === moves) return false;", ""],
  ],
  "pool/nesting.ts": [
    [
      "what has ended is held",
      "return alive(borrower?.within) !== undefined;",
      "return borrower?.within !== undefined;",
    ],
    [
      "only the innermost use holds anything",
      "for (; one !== undefined; one = one.within) holders.add(one);",
      "if (one !== undefined) holders.add(one);",
    ],
    [
      "a deadlock is found though there is room",
      "if (pool.room || bag.using === 0 ||",
      "if (bag.using === 0 ||",
    ],
    [
      "a deadlock is found though an object is being closed",
      "bag.live < pool.size || looking + attempts.size > 0",
      "looking + attempts.size > 0",
    ],
    [
      "a deadlock is found though somebody else holds an object",
      "const all = borrowers.every((borrower) => holders.has(borrower));",
      "const all = waiters.length > 0;",
    ],
    [
      "the last to come is any of those who wait",
      "waiters.sort((a, b) => a.turn - b.turn)",
      "waiters.sort((a, b) => b.turn - a.turn)",
    ],
    [
      "callbacks run in nobody's context",
      "return flow === undefined ? fn() : flow.run(borrower, fn);",
      "return fn();",
    ],
  ],
};
