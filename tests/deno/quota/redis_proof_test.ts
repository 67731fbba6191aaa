// redisQuota, proven by processes on three runtimes, whatever befalls them and their Redis.

import { assertEquals } from "@std/assert";
import { isInstalled } from "../servers/own_redis.ts";
import { isHere, type RuntimeName } from "./conductor.ts";
import { type Fault, prove, Run } from "./proof.ts";
import { RedisStage } from "./redis_stage.ts";

const HOLDERS: RuntimeName[] = ["node24", "node24", "node24", "deno", "deno", "bun", "bun"];
const LEASE = 1_500;
const HOUR = 3_600_000;

/** Each once; `deno task test:quota` goes on with them at random. */
const FAULTS: Fault[] = [
  "killed",
  "stopped",
  "blocked",
  "cut off",
  "disconnected",
  "the engine restarted",
  "flushed",
];

const here = HOLDERS.filter(isHere);
/** Two for each: nobody is asked to give one back just when something befalls it. */
const MAX = 2 * here.length;
const skipped = await isInstalled() ? "" : " (skipped: no redis-server is installed)";

Deno.test({
  name:
    `redisQuota: ${here.length} processes never hold more than ${MAX}, whatever befalls them${skipped}`,
  ignore: skipped !== "",
  // What is at stake is in other processes; bundling leaves a timer behind.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await using stage = await RedisStage.of(LEASE);
    await using run = await Run.of(stage, MAX);
    await Promise.all(
      here.map((runtime, i) => run.start(runtime, { shift: [0, HOUR, -HOUR][i % 3]! })),
    );
    await prove(run, FAULTS);
    const reports = await run.end();
    assertEquals(run.monitor.most, MAX);
    assertEquals(reports.length, here.length);
  },
});
