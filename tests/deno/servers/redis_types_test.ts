// Whether the types of the Redis adapter hold in old and new compilers.

import { testTypes } from "./typed.ts";

await testTypes({
  what: "the types of the Redis adapter",
  file: "tests/deno/servers/redis_statements.ts",
  packages: ["@redis/client", "redis", "ioredis"],
  paths: { "@redis/client": "@redis/client", redis: "redis", ioredis: "ioredis" },
});
