// Ways to break what decides who is served and with what, and for how long.

import type { ByFile } from "./row.ts";

export const WAITING: ByFile = {
  "pool/dispatch.ts": [
    [
      "what comes back is stored while somebody waits",
      "if (pool.queue.size > 0) offer(pool, entry);\n    else",
      "",
    ],
    [
      "what comes back does not go to whom a slow hook keeps waiting",
      "if (pool.queue.size > 0) offer(pool, entry);\n    else",
      "if (pool.wanted) offer(pool, entry);\n    else",
    ],
    [
      "what is available is not offered",
      "while (pool.wanted && pool.bag.idle.size > 0) {",
      "while (pool.ending && pool.bag.idle.size > 0) {",
    ],
    ["nothing is made for who is left waiting", "  grow(pool);\n", ""],
    [
      "a drain goes on when nobody waits any more",
      "if (pool.ending?.draining && pool.queue.size === 0) drained(pool);",
      "",
    ],
    [
      "more objects are looked at than somebody waits for",
      "while (pool.wanted && pool",
      "while (pool.queue.size > 0 && pool",
    ],
  ],
  "pool/state.ts": [
    [
      "one too many is made",
      "return maxSize === 0 || this.size < maxSize;",
      "return maxSize === 0 || this.size <= maxSize;",
    ],
    [
      "what is being closed has no place",
      "return maxSize === 0 || this.size < maxSize;",
      "return maxSize === 0 || this.attempts.size + this.bag.live < maxSize;",
    ],
    [
      "what is being closed is closed again in another's stead",
      "Math.max(0, attempts.size + bag.live - maxSize);",
      "Math.max(0, attempts.size + bag.size - maxSize);",
    ],
    [
      "nothing is made while who waits is drained",
      "(this.ending === undefined || this.ending.draining);",
      "this.ending === undefined;",
    ],
    [
      "hooks are not called for who is served quickly",
      "this.quick = open && !this.hooked &&",
      "this.quick = open &&",
    ],
    [
      "trouble keeps no time",
      '    this.keepTime();\n    if (this.settings.traceHolders !== "auto") return;',
      '    if (this.settings.traceHolders !== "auto") return;',
    ],
    ["trouble does not trace who borrows", "    this.tracing = TRACED;\n", ""],
    ["tracing never stops", "if (--this.tracing === 0) this.refresh();", ""],
    ["tracing stops too late", "const TRACED = 100;", "const TRACED = 101;"],
    [
      "what was lent before the clock was read is held exactly",
      "if (this.clocked && !clocked) this.leaks.look(this.bag.lent, this.clock.awake(), false);",
      "",
    ],
  ],
  "pool/queue.ts": [
    [
      "last come, first served",
      "const waiter = this.#usual.shift();",
      "const waiter = this.#usual.pop();",
    ],
    [
      "last come, first served, among several priorities",
      "return this.newestFirst ? lane.last : lane.first;",
      "return lane.last;",
    ],
    [
      "the lowest priority is served first",
      "this.due = -priority;",
      "this.due = priority;",
    ],
    [
      "priorities do not count",
      "const lane = priority === 0 ? this.#usual : this.#lane(priority);",
      "const lane = this.#lane(0 * priority);",
    ],
    [
      "a priority has two lanes",
      "let lane = this.#lanes.get(priority);",
      "let lane = undefined as Lane<R> | undefined;",
    ],
    [
      "only the highest priority fails at a shutdown",
      "for (const lane of lanes.sort((a, b) => b.priority - a.priority)) yield* lane;",
      "yield* lanes.sort((a, b) => b.priority - a.priority)[0]!;",
    ],
    [
      "the oldest is that of the highest priority",
      "if (oldest === undefined || first!.turn < oldest.turn) oldest = first;",
      "oldest ??= first;",
    ],
    [
      "only the usual priority has deadlines",
      "const late = [...this.#dated.until(now), ...this.#late(now)];",
      "const late = this.#late(now);",
    ],
    ["whoever is aborted stays in the queue", "    lane.remove(waiter);\n", ""],
    [
      "abort is not listened to",
      "if (signal !== undefined) this.#signals.listen(signal, waiter);",
      "",
    ],
    [
      "the signal of who was served is listened to",
      "if (signal !== undefined) this.#signals.unlisten(signal, waiter);",
      "",
    ],
    ["a deadline of one's own is forgotten", "else if (timeout > 0) this.#dated.add(waiter);", ""],
    [
      "who came after others of the same turn has no deadline",
      "if (waiter.begun < 0) waiter.begun = now;",
      "if (waiter.begun < 0) waiter.begun = now + 1e9;",
    ],
    [
      "who came after another one of the same turn gives up with it",
      "if (waiter.begun < 0) waiter.begun = now;",
      "if (waiter.begun < 0) waiter.begun = this.#usual.first?.begun ?? now;",
    ],
    [
      "who came before one of the same turn that has a timeout of its own has no deadline",
      "waiter !== undefined && waiter.turn >= fresh;",
      "waiter !== undefined && waiter.begun < 0;",
    ],
    [
      "the time is not read at the end of a turn",
      "void Promise.resolve().then(() => this.#dateFresh());",
      "",
    ],
    [
      "a deadline is met a moment too late",
      "if (waiter.due > now || late",
      "if (waiter.due >= now || late",
    ],
    [
      "all whose time is over are told at once",
      "const BATCH = 1_000;",
      "const BATCH = 1_000_000;",
    ],
    [
      "the queue's timer is forgotten",
      "    this.#armed = Infinity;\n    this.#timer.stop();",
      "    this.#armed = Infinity;",
    ],
    [
      "the process is kept alive for who does not wait any more",
      "    this.#hold(false);\n    this.newestFirst",
      "    this.newestFirst",
    ],
    ["nobody looks for lost leases", "if (this.size > 0) this.#calls.look();", ""],
  ],
  "pool/signals.ts": [
    ["the listener of a signal stays", 'signal.removeEventListener("abort", signalled);', ""],
    [
      "one aborted get takes the others with it",
      "if (!signalled?.listeners.delete(listener) || signalled.listeners.size > 0) return;",
      "if (!signalled?.listeners.delete(listener)) return;",
    ],
  ],
  "pool/refuse.ts": [
    ["who is refused stays in the queue", "  queue.remove(waiter);\n", ""],
    [
      "who comes waits for the check of one who has gone",
      "      pool.discount(oldest);\n",
      "",
    ],
    ["who is refused hears nothing", "  waiter.reject(error);\n", ""],
    [
      "a drain does not notice that the last one has gone",
      "if (pool.permits !== undefined || pool.ending?.draining) pool.dispatch();",
      "if (pool.permits !== undefined) pool.dispatch();",
    ],
    [
      "an abort is counted as another refusal",
      '  aborted: "aborted",',
      '  aborted: "rejected",',
    ],
    ["no refusal is told", "  if (!observed) return;\n", "  if (observed) return;\n"],
    [
      "who is late is told nothing but late",
      'timeoutError(pool, waiter, at), "timeout");',
      'timeoutError(pool, waiter, at), "failed");',
    ],
  ],
  "pool/rules.ts": [
    ["an object is used once too often", "entry.uses >= maxUse", "entry.uses > maxUse"],
    [
      "an unused object goes a moment too late",
      "now - entry.since >= maxAvailDelay",
      "now - entry.since > maxAvailDelay",
    ],
    [
      "unused objects go even below minSize",
      'unused && spare > 0 ? "recycled"',
      'unused && spare >= 0 ? "recycled"',
    ],
    [
      "an object outlives its lifetime for a moment",
      "if (now >= entry.end) return entry.ends;\n  const unused",
      "if (now > entry.end) return entry.ends;\n  const unused",
    ],
    [
      "what comes back too old is kept",
      "return now >= entry.end ? entry.ends : undefined;",
      "return undefined;",
    ],
    [
      "what is not due is recycled",
      "now - entry.since < maxAvailDelay) break;",
      "now - entry.since < maxAvailDelay / 2) break;",
    ],
    [
      "nothing is killed that was not warned of",
      "      ...heldFor(lent, maxUsingDelayKill, awake),\n",
      "",
    ],
    [
      "nothing is killed that was warned of",
      "      ...heldFor(overdue, maxUsingDelayKill, awake),\n",
      "",
    ],
    [
      "health alone is asked for too seldom",
      "if (delays.length > 0) return Math.min(longest,",
      "if (delays.length > 0) return Math.max(0 * longest,",
    ],
  ],
  "pool/health.ts": [
    [
      "what may have died in its sleep is lent",
      "if (suspects(pool, entry)) return true;",
      "",
    ],
    [
      "health is asked a moment too late",
      "entry.proven) >= healthAfter",
      "entry.proven) > healthAfter",
    ],
    [
      "health is asked of what was just made",
      "if (isFresh(entry)) return false;",
      "",
    ],
    ["what is not good is fine", "=== false) {", "=== null) {"],
    [
      "an answer counts from when it came",
      "entry.proven = asked;",
      "entry.proven = asked + 1e9;",
    ],
    [
      "what stands still is in use",
      "excuse(bag.lent, awake, now - clock.slept);",
      "",
    ],
    [
      "what stands still is in use up to a round",
      "excuse(bag.lent, awake, now - clock.slept);",
      "excuse(bag.lent, awake - pool.hkDelay, now - clock.slept);",
    ],
    [
      "a round that is late by sleep excuses use",
      "if (awake > pool.hkDelay + GAP) {",
      "{",
    ],
    [
      "a gap is not noticed",
      "if (passed <= pool.hkDelay + GAP) return;",
      "if (passed <= 1e9 * GAP) return;",
    ],
  ],
};
