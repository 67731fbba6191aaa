// Ways to break how objects that get old or unused are replaced.

import type { ByFile } from "./row.ts";

/** Lifetimes, idleness, resets that are spread. */
export const RECYCLING: ByFile = {
  "pool/recycle.ts": [
    ["what is about to end does not age", "    if (!entry.ageing) bag.age(entry);\n", ""],
    [
      "nothing wakes for the end of what is ageing",
      "    if (now < entry.end) bag.lifetimes.add(entry);\n",
      "    if (now < entry.end) continue;\n",
    ],
    [
      "what is past its end is not closed at its moment",
      "victims.push(condemn(pool, entry, entry.ends));",
      "continue;",
    ],
    [
      "unused objects are closed below minSize or minAvailable",
      "unused(bag.idle, pool.settings, pool.spare, now)",
      "unused(bag.idle, pool.settings, Infinity, now)",
    ],
    [
      "unused objects are not closed at their moment",
      '    victims.push(condemn(pool, entry, "recycled"));\n',
      "    void entry;\n",
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
      "  if (pool.idleMatters) stored(pool);\n}\n\nfunction",
      "}\n\nfunction",
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
      "    queue.size === 0 && attempts.size === 0 && bag.closing === 0 &&",
      "    attempts.size === 0 && bag.closing === 0 &&",
    ],
    [
      "several make room for successors at once",
      "    queue.size === 0 && attempts.size === 0 && bag.closing === 0 &&",
      "    queue.size === 0 &&",
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
      "this.tracing === 0 && this.settings.minAvailable === 0;",
      "this.tracing === 0;",
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
      "  for (const finish of [...rotations]) finish();\n",
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
