// Pools of Redis sessions on this Deno: of the newest drivers, and of those before them.

import { createClient as createClient5 } from "@redis/client-5";
import { Redis as Redis5 } from "ioredis-5";
import { casesOf } from "./redis_cases.ts";
import { ioredis, KITS, nodeRedis } from "./redis_kits.ts";
import { redis } from "./redis.ts";
import { whySkipped } from "./register.ts";

const skipped = await whySkipped(redis);

const OLDER = [nodeRedis("node-redis 5", createClient5), ioredis("ioredis 5", Redis5)];

const cases = [
  ...KITS.flatMap(casesOf),
  ...OLDER.flatMap(casesOf).filter(([name]) => !name.includes("under load")),
];

for (const [name, fn] of cases) Deno.test({ name: name + skipped, ignore: skipped !== "", fn });
