// Pools of Redis sessions on the other runtimes that the suite has fetched.

import { testOnOthers } from "./pg_packages.ts";
import { redis } from "./redis.ts";
import { whySkipped } from "./register.ts";

const MAIN = new URL("./redis_pool_main.ts", import.meta.url).pathname;

const noServer = await whySkipped(redis);

testOnOthers({
  what: "pools of Redis sessions",
  main: MAIN,
  packages: ["@redis/client", "ioredis"],
  skipped: noServer,
  limit: 240_000,
});
