// Ways to break what a pool does when creations or checks fail.

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
      "(n < pool.madeBy || pool.outage && n < pool.failedBy)) return;",
      "n < pool.madeBy) return;",
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
    ["no attempt is a probe", "if (pool.outage) pool.probe = attempt;\n  planRound", "planRound"],
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
      "    totals.unhealthy++;\n    distrust(pool, asked);\n    throw error;\n  }\n}\n\n/**\n * A check that began",
      "    totals.unhealthy++;\n    throw error;\n  }\n}\n\n/**\n * A check that began",
    ],
    [
      "what is closed meanwhile casts doubt on others",
      "if (entry.live) { // else the check was abandoned\n      pool.totals.unhealthy++;",
      "{\n      pool.totals.unhealthy++;",
    ],
    [
      "what was just made is doubted",
      "  if (isFresh(entry)) return false;\n  if (entry.proven",
      "  if (entry.proven",
    ],
  ],
};
