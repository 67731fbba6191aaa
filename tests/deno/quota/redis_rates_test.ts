// redisQuota while nothing fails: processes are served alike, and as well as with a cap of their own.

import { assert } from "@std/assert";
import { isInstalled } from "../servers/own_redis.ts";
import { isHere, type RuntimeName } from "./conductor.ts";
import { throughput, unfairness } from "./rates.ts";
import { RedisStage } from "./redis_stage.ts";

const LEASE = 3_000;
const RUNTIMES: RuntimeName[] = ["node24", "deno", "bun"];

const here = RUNTIMES.filter(isHere);
const skipped = await isInstalled() ? "" : " (skipped: no redis-server is installed)";

function test(name: string, fn: (stage: RedisStage) => Promise<void>): void {
  Deno.test({
    name: `redisQuota: ${name}${skipped}`,
    ignore: skipped !== "",
    // What is at stake is in other processes; bundling leaves a timer behind.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      await using stage = await RedisStage.of(LEASE);
      await fn(stage);
    },
  });
}

test("eight processes under one cap of four get within 20 % of each other", async (stage) => {
  const ratio = await unfairness(stage, here, 1.2);
  console.log(`      the most for the least: ${ratio.toFixed(3)}`);
  assert(ratio <= 1.2, `${ratio}`);
});

test("processes get at least 90 % of what they get with a local cap", async (stage) => {
  const ratio = await throughput(stage, here[0]!, 0.9);
  console.log(`      shared for local: ${ratio.toFixed(3)}`);
  assert(ratio >= 0.9, `${ratio}`);
});
