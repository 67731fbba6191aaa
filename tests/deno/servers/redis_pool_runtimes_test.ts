// Pools of Redis sessions on the other runtimes that the suite has fetched.

import { assertEquals } from "@std/assert";
import { isFetched, pathOf } from "../../../scripts/fetch.ts";
import { RUNTIMES } from "../../../scripts/runtimes.ts";
import { bundledBeside } from "./pg_packages.ts";
import { redis } from "./redis.ts";
import { whySkipped } from "./register.ts";

const MAIN = new URL("./redis_pool_main.ts", import.meta.url).pathname;

const noServer = await whySkipped(redis);

for (const { label, name, binary } of RUNTIMES) {
  if (name !== "node24" && name !== "bun") continue;
  const skipped = isFetched(binary!) ? noServer : " (skipped: it has not been fetched)";
  Deno.test({
    name: `${label}: pools of Redis sessions${skipped}`,
    ignore: skipped !== "",
    // What is at stake is in a process of its own; fetching leaves a timer behind.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const bundle = await bundledBeside(["@redis/client", "ioredis"], MAIN);
      const { code, stdout, stderr } = await new Deno.Command(pathOf(binary!), {
        args: [bundle],
        signal: AbortSignal.timeout(240_000),
        env: { NO_COLOR: "1" },
      }).output();
      await Deno.remove(bundle);
      const text = new TextDecoder();
      assertEquals([text.decode(stdout), code], ["ok\n", 0], text.decode(stderr));
    },
  });
}
