// What the types of the Redis adapter promise: compiled, by old and new compilers, and never run.

import { createClient, defineScript, type RedisClientType } from "@redis/client";
import { createClient as createFullClient } from "redis";
import { Redis, type RedisOptions } from "ioredis";
import type { Pool } from "../../../mod.ts";
import { ioredisPool, redisPool } from "../../../adapters/redis.ts";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;
function is<_A, _B>(_same: Same<_A, _B>): void {}
/** Whether it is any, which would hide all else. */
type IsAny<T> = 0 extends 1 & T ? true : false;

export async function nodeRedis(url: string | undefined): Promise<void> {
  const pool = redisPool(createClient, { url: "redis://", maxSize: 3, timeout: undefined });
  is<IsAny<typeof pool>, false>(true);
  const kept: Pool<RedisClientType> = pool;
  await pool.use(async (client, { signal }) => {
    signal.throwIfAborted();
    const plain: RedisClientType = client;
    const value = await client.get("key");
    is<typeof value, string | null>(true);
    const reply = await client.multi().get("key").exec();
    is<IsAny<typeof reply>, false>(true);
    return plain;
  });
  const loan = await pool.borrow();
  is<IsAny<typeof loan.object>, false>(true);
  await loan.object.blPop("key", 1);

  // Hooks know the client; with them, the rest of the options still counts.
  const add = defineScript({
    SCRIPT: "return 1",
    NUMBER_OF_KEYS: 1,
    parseCommand(parser, key: string) {
      parser.pushKey(key);
    },
    transformReply: (reply: number) => reply,
  });
  const scripted = redisPool(createClient, {
    ...url === undefined ? {} : { url },
    socket: { host: "localhost", port: 6379, connectTimeout: 100 },
    scripts: { add },
    opener: (client) => client.ping(),
    reset: (client) => client.add("key"),
    health: (client) => client.isReady,
    createRetry: (error) => (error as { code?: string }).code === "ECONNREFUSED",
  });
  const added = await scripted.use((client) => client.add("key"));
  is<typeof added, number>(true);

  // The version of the protocol is that of the options.
  const old = redisPool(createClient, { RESP: 2, opener: (client) => client.ping() });
  // deno-lint-ignore ban-types
  await old.use((client: RedisClientType<{}, {}, {}, 2>) => client.zScore("key", "member"));

  const full = redisPool(createFullClient, { maxSize: 3 });
  const json = await full.use((client) => client.json.get("key"));
  is<IsAny<typeof json>, false>(true);

  const own = redisPool((options) => createClient({ ...options, database: 3 }), {
    url: "redis://",
  });
  const value = await own.use((client) => client.get("key"));
  is<typeof value, string | null>(true);

  // @ts-expect-error: that is a text
  redisPool(createClient, { url: 3 });
  // @ts-expect-error: that is a number
  redisPool(createClient, { url: "redis://", maxSize: "3" });
  // @ts-expect-error: there is no such option
  redisPool(createClient, { maxSizes: 3 });
  // @ts-expect-error: that is a function
  redisPool(createClient, { url: "redis://", reset: "all" });
  // @ts-expect-error: that is ioredis
  redisPool(Redis, {});
  void kept;
}

export async function ioredis(options: RedisOptions): Promise<void> {
  const pool = ioredisPool(Redis, {
    host: "localhost",
    maxSize: 3,
    timeout: undefined,
    opener: (client) => client.ping(),
    reset: (client) => client.get("key"),
  });
  is<IsAny<typeof pool>, false>(true);
  const kept: Pool<Redis> = pool;
  await pool.use(async (client) => {
    const plain: Redis = client;
    const value = await client.get("key");
    is<typeof value, string | null>(true);
    return plain;
  });
  ioredisPool(Redis, { ...options, maxSize: 3 });
  class Own extends Redis {
    readonly own = 1;
  }
  const one: 1 = await ioredisPool(Own, {}).use((client) => client.own);
  void one;
  // @ts-expect-error: that is a text
  ioredisPool(Redis, { host: 3 });
  // @ts-expect-error: it is called maxSize here
  ioredisPool(Redis, { max: 3 });
  // @ts-expect-error: it is called reset here
  ioredisPool(Redis, { retter: () => {} });
  // @ts-expect-error: that is node-redis
  ioredisPool(createClient, {});
  void kept;
}
