// Ways to break what keeps a pool calm: rests after failures, the shedding of load, recycling, and the search
// for nested use.

import type { ByFile } from "./row.ts";

/** Outages, and how many are made. */
export const CREATING: ByFile = {
  "pool/create.ts": [
    [
      "attempts do not rest",
      "if (delay > 0) rest.start(delay, expecting.length > 0);",
      "",
    ],
    [
      "each of the attempts that began before a rest makes it longer",
      "if (n < pool.madeBy || pool.outage && n < pool.failedBy) return;",
      "if (n < pool.madeBy) return;",
    ],
    [
      "what began before the last success is a failure",
      "  pool.madeBy = pool.made;\n",
      "",
    ],
    [
      "what began before the last success is a probe still",
      "  pool.madeBy = pool.made;\n  pool.probe = undefined;\n",
      "  pool.madeBy = pool.made;\n",
    ],
    [
      "the rest keeps the process alive for who has been told",
      "  pool.rest.keepAlive(pool.expecting.length > 0);\n",
      "",
    ],
    [
      "all that are missing are tried in an outage",
      "return !outage || probe === undefined && rest.at === Infinity;",
      "return !outage || rest.at === Infinity;",
    ],
    [
      "a probe does not wait for the rest",
      "return !outage || probe === undefined && rest.at === Infinity;",
      "return !outage || probe === undefined;",
    ],
    ["a probe that has failed is the last one", "if (isProbe) pool.probe = undefined;", ""],
    ["no attempt is a probe", "if (pool.outage) pool.probe = attempt;", ""],
    ["an outage has no end", "    endOutage(pool);\n", ""],
    [
      "who waits hears of a failed probe one by one",
      "const all = isProbe && bag.live === (entry === undefined ? 0 : 1);",
      "const all = false;",
    ],
    [
      "all that wait hear of any failure",
      "const all = isProbe && bag.live === (entry === undefined ? 0 : 1);",
      "const all = bag.live === (entry === undefined ? 0 : 1);",
    ],
    [
      "all hear of a failed probe though an object may come back",
      "const all = isProbe && bag.live === (entry === undefined ? 0 : 1);",
      "const all = isProbe;",
    ],
    [
      "who came after a probe began hears that it has failed",
      'if (waiter.turn <= turn) refuse(pool, waiter, error, "failed");',
      'refuse(pool, waiter, error, "failed");',
    ],
    [
      "what fails at once and is tried again keeps the process busy",
      "  if (retried) pause(pool);",
      "  //",
    ],
    [
      "createRetry is not asked",
      "const retried = goesOn(pool) && hooks.retriesAfter(error);",
      "const retried = false;",
    ],
    [
      "a failure counts after observers have heard of it",
      "    if (goesOn(pool)) takeRest(pool, attempt);\n    tellCreated(pool, attempt, { error });\n",
      "    tellCreated(pool, attempt, { error });\n    if (goesOn(pool)) takeRest(pool, attempt);\n",
    ],
    [
      "one more is in the making than maxCreating",
      "attempts.size >= maxCreating",
      "attempts.size > maxCreating",
    ],
    [
      "maxCreating is not kept",
      "if (maxCreating > 0 && attempts",
      "if (maxCreating < 0 && attempts",
    ],
    [
      "minAvailable does not count besides who waits",
      "Math.max(wanted, 0) + minAvailable - bag.idle.size",
      "minAvailable - bag.idle.size",
    ],
    [
      "minAvailable counts what is in use",
      "Math.max(wanted, 0) + minAvailable - bag.idle.size",
      "Math.max(wanted, 0) + minAvailable - bag.live",
    ],
    [
      "minAvailable is not kept",
      "return Math.max(wanted, refill, spare);",
      "return Math.max(wanted, refill + 0 * spare);",
    ],
    [
      "no successor is made",
      "const refill = lacking > 0 ? lacking : Math.min(1, lacking + bag.ageing);",
      "const refill = lacking;",
    ],
    [
      "all successors are made at once",
      "const refill = lacking > 0 ? lacking : Math.min(1, lacking + bag.ageing);",
      "const refill = lacking + bag.ageing;",
    ],
    [
      "what is made while all is reset little by little lives on",
      "if (attempt.until < entry.end)",
      "if (attempt.until < -1)",
    ],
    ["nothing wakes for the end of a lifetime", "  wakeBy(pool, entry.due);\n", ""],
    [
      "one after the other is not replaced",
      "  if (pool.bag.ageing > 0) wakeBy(pool, 0);",
      "  //",
    ],
  ],
  "pool/rules.ts": [
    ["the first failure rests", "if (failures < 2) return 0;", "if (failures < 1) return 0;"],
    [
      "the second failure does not rest",
      "if (failures < 2) return 0;",
      "if (failures < 3) return 0;",
    ],
    ["rests do not double", "FIRST_BACKOFF * 2 ** (failures - 2)", "FIRST_BACKOFF + 0 * failures"],
    [
      "rests are longer than createBackoff",
      "Math.min(longest, FIRST_BACKOFF * 2 ** (failures - 2))",
      "Math.max(0 * longest, FIRST_BACKOFF * 2 ** (failures - 2))",
    ],
    [
      "pools that lost one server come back to it together",
      "Math.ceil(chance * Math.min(longest, FIRST",
      "Math.ceil((chance < 0 ? 0 : 1) * Math.min(longest, FIRST",
    ],
    [
      "refills do not rest for longer each time",
      "FIRST_REFILL * 2 ** (failures - 1)",
      "FIRST_REFILL + 0 * failures",
    ],
    [
      "one that waits for longer than the target is overload",
      "return longest > target && now - calm >= interval;",
      "return longest > target && now - calm >= 0 * interval;",
    ],
    [
      "whoever waits for an interval is overload",
      "return longest > target && now - calm >= interval;",
      "return longest > 0 * target && now - calm >= interval;",
    ],
    ["overload begins a moment too late", "now - calm >= interval;", "now - calm >= 2 * interval;"],
    [
      "all that are refused come back together",
      "return Math.ceil(interval * (1 + chance));",
      "return Math.ceil(interval * (1 + 0 * chance));",
    ],
    [
      "successors are made too early",
      "return Math.min(lifetime * AHEAD,",
      "return Math.min(lifetime * 4 * AHEAD,",
    ],
    [
      "a successor is made a fifth of a lifetime ahead, though rounds are short",
      "hkDelay > 0 ? 2 * hkDelay : Infinity);",
      "hkDelay > 0 ? Infinity : Infinity);",
    ],
    [
      "what lives on for long makes room",
      'return ageing && state === "available" && !checking;',
      'return state === "available" && !checking;',
    ],
    [
      "what a round looks at is recycled",
      "if (!entry.checking) found.push(entry);",
      "found.push(entry);",
    ],
  ],
  "pool/health.ts": [
    [
      "what was proven before a check failed is trusted",
      "if (entry.proven < pool.distrust) return true;",
      "",
    ],
    [
      "a check that fails casts no doubt on others",
      "  pool.distrust = Math.max(pool.distrust, asked);\n",
      "",
    ],
    ["a check that fails raises no alarm", "  pool.alarm = true;\n", ""],
    ["the alarm has no end", "  pool.alarm = false;\n", ""],
    [
      "a synchronous health that fails casts no doubt on others",
      "    totals.unhealthy++;\n    distrust(pool, asked);\n    throw error;\n  }\n}\n\n/** A check that began",
      "    totals.unhealthy++;\n    throw error;\n  }\n}\n\n/** A check that began",
    ],
    [
      "what is closed meanwhile casts doubt on others",
      "if (entry.live) { // else it was given up\n      pool.totals.unhealthy++;",
      "{\n      pool.totals.unhealthy++;",
    ],
    [
      "what was just made is doubted",
      "  if (isFresh(entry)) return false;\n  if (entry.proven",
      "  if (entry.proven",
    ],
  ],
};

/** Load, order and standstill. */
export const QUEUEING: ByFile = {
  "pool/acquire.ts": [
    [
      "nobody looks whether those who wait do so for too long",
      "if (pool.settings.queueTarget > 0) beginWaiting(pool);",
      "void beginWaiting;",
    ],
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
      "who has waited for too long is served while the pool is overloaded",
      "if (sheds) shedFirst(pool);",
      "",
    ],
    ["who is served in time does not count", "  if (sheds) endWaiting(pool, waiter);\n", ""],
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
      "const lent = lend(pool, entry, terms);\n      if (pool.settings.minAvailable > 0) pool.dispatch();",
      "const lent = lend(pool, entry, terms);",
    ],
    [
      "fifo passes over what a round looks at in the wrong direction",
      "entry = (pool.fifo ? entry.next : entry.prev)",
      "entry = (pool.fifo ? entry.prev : entry.next)",
    ],
    [
      "what is past its limits is unfit while a reset comes to it",
      'if (entry.ends === "reset") return readmit(pool, entry);',
      "",
    ],
    ["nested use is not traced", "within: trace && enclosing() };", "within: undefined };"],
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
      "nobody is refused in an overload",
      "  if (pool.overload !== undefined) refuseOld(pool);\n  const { oldest }",
      "  const { oldest }",
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
      "only the usual priority is refused by overload",
      "for (const lane of [...this.#lanes.values(), this.#usual]) {",
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

/** Lifetimes, idleness, resets that are spread. */
export const RECYCLING: ByFile = {
  "pool/recycle.ts": [
    ["what is about to end does not age", "    if (!entry.ageing) bag.age(entry);\n", ""],
    [
      "nothing wakes for the end of what is ageing",
      "    if (now < entry.end) bag.lifetimes.add(entry);\n    else void evictIdle",
      "    if (now >= entry.end) void evictIdle",
    ],
    [
      "what is past its end is not closed at its moment",
      "    else void evictIdle(pool, entry, entry.ends);",
      "",
    ],
    [
      "unused objects are closed below minSize or minAvailable",
      'if (pool.spare > 0) void evictIdle(pool, entry, "recycled");',
      'void evictIdle(pool, entry, "recycled");',
    ],
    [
      "unused objects are not closed at their moment",
      'if (pool.spare > 0) void evictIdle(pool, entry, "recycled");',
      "",
    ],
    [
      "it is woken only once",
      "  wakeBy(pool, bag.lifetimes.first?.due ?? Infinity);\n  planIdle(pool);\n",
      "",
    ],
    [
      "no successor is made when it is time",
      "  planIdle(pool);\n  pool.dispatch();\n",
      "  planIdle(pool);\n",
    ],
    [
      "it is woken no earlier than was planned first",
      "if (moment >= wakeAt && (wakeAt",
      "if (wakeAt < Infinity && (wakeAt",
    ],
    [
      "after a sleep nothing is planned before what was planned first",
      "(wakeAt === Infinity || pool.wakeSlept === clock.slept)) return;",
      "(wakeAt === Infinity || wakeAt > -1)) return;",
    ],
    [
      "what is stored is not looked after",
      "  if (pool.idleLimited) planIdle(pool);\n}\n\n/** The same",
      "}\n\n/** The same",
    ],
    [
      "what fifo has picked in vain goes to the end",
      "if (pool.fifo) pool.bag.restore(entry);\n  else pool",
      "pool",
    ],
    [
      "nothing makes room for a successor",
      "if (next !== undefined) void evictIdle(pool, next, next.ends);",
      "",
    ],
    [
      "objects make room for successors while somebody waits",
      "    queue.size === 0 && attempts.size === 0 && bag.closing === 0;",
      "    attempts.size === 0 && bag.closing === 0;",
    ],
    [
      "several make room for successors at once",
      "    queue.size === 0 && attempts.size === 0 && bag.closing === 0;",
      "    queue.size === 0;",
    ],
    [
      "objects make room though there is some",
      "bag.live - bag.ageing < minSize && !pool.room &&",
      "bag.live - bag.ageing < minSize &&",
    ],
    [
      "objects make room while none can be made",
      "!pool.room && failures === 0 &&",
      "!pool.room && failures > -1 &&",
    ],
    [
      "a reset that is spread comes to all at its end",
      "const end = now + step * (i + 1);",
      "const end = now + spread;",
    ],
    [
      "a reset that is spread comes to all at once",
      "const end = now + step * (i + 1);",
      "const end = now + step;",
    ],
    [
      "a reset that is spread begins with what is in use",
      "const all = [...idle, ...using];",
      "const all = [...using, ...idle];",
    ],
    [
      "a reset that is spread spares what is in use",
      "const all = [...idle, ...using];",
      "const all = [...idle, ...[using[0]!].slice(1)];",
    ],
    [
      "a reset that is spread prolongs lifetimes",
      "if (end < entry.end) bag.outdate",
      "bag.outdate",
    ],
    [
      "a reset that is spread spares what is being made",
      "for (const attempt of attempts) attempt.until",
      "for (const attempt of []  as typeof attempts[]) attempt.until",
    ],
    [
      "nothing wakes for a reset that is spread",
      "  wakeBy(pool, bag.lifetimes.first?.due ?? Infinity);\n  return",
      "  return",
    ],
    [
      "a reset that is spread is over at once",
      "return idle.length === 0 ? DONE : outside(() => rotated(pool, idle, step * idle.length));",
      "void rotated; return DONE;",
    ],
    [
      "what comes back from a reset that is spread is kept",
      "  pool.careful = true;\n  pool.lead",
      "  pool.lead",
    ],
    [
      "the clock is not read for a reset that is spread",
      "  pool.rotating = bag.outdated > 0;\n",
      "",
    ],
  ],
  "pool/bag.ts": [
    ["what is gone is ageing still", "    if (entry.ageing) this.ageing--;\n", ""],
    [
      "what is gone has a lifetime still",
      "    this.lifetimes.remove(entry);\n    if (entry.ageing)",
      "    if (entry.ageing)",
    ],
    [
      "what was picked in vain is the last to be picked again by fifo",
      "    this.idle.remove(entry);\n    this.idle.unshift(entry);\n",
      "",
    ],
    ["a reset is told to be the end of a lifetime", '    entry.ends = "reset";\n', ""],
  ],
  "pool/release.ts": [
    [
      "what comes back makes no room for its successor",
      "  if (entry.ageing && isReplacing(pool)) return entry.ends;\n",
      "",
    ],
  ],
  "pool/state.ts": [
    [
      "what a failing health looks at is an object to come",
      "return this.checks.size - (this.alarm ? this.asking : 0);",
      "return this.checks.size;",
    ],
    [
      "nothing that a hook looks at is an object to come while health fails",
      "return this.checks.size - (this.alarm ? this.asking : 0);",
      "return this.alarm ? 0 : this.checks.size;",
    ],
    [
      "what is available is not looked at beside a failing health",
      "(alarm ? Math.max(0, checks.size - BESIDE) : checks.size);",
      "checks.size;",
    ],
    [
      "an outage begins with the first failure",
      "return this.failures > 1 && this.settings.createBackoff > 0;",
      "return this.failures > 0 && this.settings.createBackoff > 0;",
    ],
    [
      "there are outages without createBackoff",
      "return this.failures > 1 && this.settings.createBackoff > 0;",
      "return this.failures > 1;",
    ],
    [
      "what is about to end is spare",
      "bag.live - bag.ageing - minSize,",
      "bag.live - minSize,",
    ],
    [
      "what minAvailable needs is spare",
      ", bag.idle.size - minAvailable);",
      ", bag.idle.size);",
    ],
    [
      "minAvailable is forgotten by who is served quickly",
      "this.tracing === 0 && !this.observed &&\n      this.settings.minAvailable === 0;",
      "this.tracing === 0 && !this.observed;",
    ],
    ["fifo is lifo", 'this.fifo = settings.idleOrder === "fifo";', "this.fifo = false;"],
  ],
  "pool/manage.ts": [
    [
      "ready ends a rest",
      "if (pool.settings.createBackoff === 0) pool.rest.stop();",
      "pool.rest.stop(); if (pool.settings.createBackoff < 0) void 0;",
    ],
    [
      "a reset that is spread does not end with the pool",
      "  for (const finish of [...pool.rotations]) finish();\n",
      "",
    ],
    [
      "resize does not look after what may go now",
      "  recount(pool);\n  planIdle(pool);\n",
      "  recount(pool);\n",
    ],
  ],
  "pool/hooks.ts": [
    [
      "a createRetry that fails has it tried again",
      'this.#decides("createRetry", error, false);',
      'this.#decides("createRetry", error, true);',
    ],
  ],
};
