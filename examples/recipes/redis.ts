// Redis with `@redis/client`: sessions for what a shared client cannot do.
//
// Most commands of many callers share one client well. A session of its own is needed for `watch` and
// `multi`, blocking commands, `select` and `client tracking`, because these belong to the connection.
//
// Run it: npm install @x/proxypool @redis/client && node redis.ts (or deno run -A, or bun)

import process from "node:process";
import { createClient, type RedisClientType } from "@redis/client";
import type { Pool } from "@x/proxypool";
import { redisPool } from "@x/proxypool/redis";

/** A pool of sessions: of what one borrower leaves in its session, the next finds nothing. */
export function openPool(url: string, name = "recipe"): Pool<RedisClientType> {
  return redisPool(createClient, {
    url,
    name, //                what the server lists them by
    maxSize: 10, //         of the 10 000 that a server allows to all processes together
    timeout: 2_000, //      less than your own caller waits for you
    createTimeout: 2_000, // connecting takes some milliseconds
    reset: (client) => client.ping(), // asks the server: what has died is not lent again
    healthAfter: 500, //    asks what was unused for longer: a round trip
    hookTimeout: 1_000, //  an answer that takes longer is none: packets are being dropped
  });
}

/** Adds to a number as nobody else does meanwhile: `watch` is why this needs a session of its own. */
export async function increase(
  client: RedisClientType,
  key: string,
  by: number,
): Promise<number> {
  await client.watch(key);
  const sum = Number(await client.get(key)) + by;
  await client.multi().set(key, sum).exec(); // fails with WatchError if it has changed
  return sum;
}

if (import.meta.main) {
  await using pool = openPool(process.env.REDIS_URL ?? "redis://127.0.0.1");
  {
    await using client = await pool.get();
    await client.select(7);
    await client.watch("somebody's");
  } // given back here, and reset
  const info = await pool.use((client) => client.sendCommand<string>(["CLIENT", "INFO"]));
  console.log(`the next borrower: ${/\bdb=\d+/.exec(info)?.[0]}`);
  console.log(`increased: ${await pool.use((client) => increase(client, "recipe:n", 0))}`);

  const signal = AbortSignal.timeout(100);
  await pool.use((client, { signal }) => {
    signal.addEventListener("abort", () => client.destroy());
    return client.blPop("recipe:nothing", 9);
  }, { signal }).catch((error) => console.log(`took too long: ${error.name}`));
  await pool.shutdown(); // waits for the callback, too
  console.log(`${pool.using} in use`);
}
