// BullMQ beside pools of Redis sessions: 500 jobs on a Redis of the test's own, on each runtime.

import { isFetched, pathOf } from "../../../scripts/fetch.ts";
import { RUNTIMES } from "../../../scripts/runtimes.ts";
import { assertPrintsOk } from "../../helpers/prints_ok.ts";
import { isInstalled, OwnRedis } from "./own_redis.ts";
import { bundledBeside } from "./pg_packages.ts";
import { BULLMQ } from "./redis_bullmq.ts";

const MAIN = new URL("./redis_bullmq_main.ts", import.meta.url).pathname;

const noServer = await isInstalled() ? "" : " (skipped: no redis-server is installed)";

// BullMQ leaves timers behind; fetching, too.
const loose = { sanitizeOps: false, sanitizeResources: false };

for (const [name, fn] of Object.entries(BULLMQ)) {
  Deno.test({
    name: `BullMQ: ${name}${noServer}`,
    ignore: noServer !== "",
    ...loose,
    async fn() {
      await using own = await OwnRedis.running();
      await fn(own.kind.port);
    },
  });
}

for (const { label, name, binary } of RUNTIMES) {
  if (name !== "node24" && name !== "bun") continue;
  const skipped = isFetched(binary!) ? noServer : " (skipped: it has not been fetched)";
  Deno.test({
    name: `${label}: BullMQ beside pools of Redis sessions${skipped}`,
    ignore: skipped !== "",
    ...loose,
    async fn() {
      await using own = await OwnRedis.running();
      const bundle = await bundledBeside(["@redis/client", "ioredis", "bullmq"], MAIN);
      await assertPrintsOk([pathOf(binary!), bundle, `${own.kind.port}`], 240_000);
      await Deno.remove(bundle);
    },
  });
}
