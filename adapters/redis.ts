/**
 * Pools of Redis sessions of the drivers node-redis and ioredis: for commands that need a
 * connection of their own, such as `WATCH` and `MULTI`, blocking commands, `SELECT` and
 * subscriptions. Each borrower gets a clean session.
 *
 * ```ts
 * import { createClient } from "@redis/client"; // or from "redis"
 * import { redisPool } from "@x/proxypool/redis";
 *
 * const pool = redisPool(createClient, {
 *   url: "redis://localhost", // node-redis's own options, and
 *   maxSize: 10, //              those of a Pool
 *   timeout: 2_000,
 * });
 * export const next = () => pool.use((client) => client.blPop("jobs", 1));
 * ```
 *
 * @module
 */

import { Pool } from "../pool.ts";
import { shown } from "../values.ts";
import { type Class, IoredisSession } from "./redis/ioredis.ts";
import { NodeRedisSession } from "./redis/node_redis.ts";
import { optionsOf } from "./redis/options.ts";
import type { Make } from "./redis/session.ts";
import { Sessions } from "./redis/sessions.ts";
import type {
  IoredisClass,
  IoredisClientShape,
  RedisClientShape,
  RedisOwnOptions,
} from "./redis/types.ts";

export type {
  IoredisClass,
  IoredisClientShape,
  RedisClientShape,
  RedisOwnOptions,
} from "./redis/types.ts";

/**
 * Creates a pool of clients of node-redis, version 5 or later.
 *
 * The pool resets a session after each borrower. It sees each command, so a clean session is
 * returned at once, without a round trip.
 *
 * @example
 * ```ts
 * import { createClient } from "@redis/client";
 * import { redisPool } from "@x/proxypool/redis";
 *
 * const pool = redisPool(createClient, { url: "redis://localhost", maxSize: 10 });
 *
 * export const increase = (key: string) =>
 *   pool.use(async (client) => {
 *     await client.watch(key); // nobody else's commands come between on this session
 *     const n = Number(await client.get(key)) + 1;
 *     await client.multi().set(key, n).exec();
 *     return n;
 *   });
 * ```
 *
 * @typeParam O the options
 * @typeParam C the type of the clients
 * @param createClient of the module `redis` or `@redis/client`, or any function that creates such
 * clients
 * @param options node-redis's options, and those of a `Pool` except `retter` and `closer`. `name`
 * names the pool, and its clients at the server
 * @returns the pool
 * @throws {TypeError} an option is unknown or wrong, or `createClient` is not that of node-redis
 * @throws {RangeError} an option is out of bounds
 */
export function redisPool<const O extends object, C extends RedisClientShape>(
  createClient: (options: Omit<O, keyof RedisOwnOptions<never>>) => C,
  options: { [K in keyof O]: O[K] } & RedisOwnOptions<C>,
): Pool<C> {
  if (typeof createClient !== "function" || isIoredis(createClient)) {
    throw new TypeError(
      `redisPool: the first argument must be createClient of node-redis, got ${
        shown(createClient)
      }. For ioredis there is ioredisPool`,
    );
  }
  const create = createClient as (options: object) => unknown;
  return poolOf("redisPool", options, (config) => new NodeRedisSession(create, config));
}

/**
 * Creates a pool of clients of ioredis: as {@linkcode redisPool}.
 *
 * @example
 * ```ts
 * import { Redis } from "ioredis";
 * import { ioredisPool } from "@x/proxypool/redis";
 *
 * const pool = ioredisPool(Redis, { host: "localhost", maxSize: 10 });
 *
 * export const increase = (key: string) =>
 *   pool.use(async (client) => {
 *     await client.watch(key);
 *     const n = Number(await client.get(key)) + 1;
 *     await client.multi().set(key, n).exec();
 *     return n;
 *   });
 * ```
 *
 * @typeParam C the type of the clients
 * @param Redis the class of ioredis, or one that extends it
 * @param options ioredis's options, and those of a `Pool` except `retter` and `closer`
 * @returns the pool
 * @throws {TypeError} an option is unknown or wrong, or `Redis` is no such class
 * @throws {RangeError} an option is out of bounds
 */
export function ioredisPool<C extends IoredisClientShape>(
  Redis: IoredisClass<C>,
  options: C["options"] & RedisOwnOptions<C>,
): Pool<C> {
  if (!isIoredis(Redis)) {
    throw new TypeError(
      `ioredisPool: the first argument must be the class Redis of ioredis, got ${
        shown(Redis)
      }. For node-redis there is redisPool`,
    );
  }
  const Class = Redis as unknown as Class;
  return poolOf("ioredisPool", options, (config) => new IoredisSession(Class, config));
}

function poolOf<C>(where: string, options: unknown, make: Make): Pool<C> {
  const sessions = new Sessions(make, optionsOf(where, options));
  return new Pool(sessions.create, sessions.options) as unknown as Pool<C>;
}

function isIoredis(Redis: unknown): boolean {
  const { prototype } = Object(Redis) as { prototype?: { sendCommand?: unknown } };
  return typeof Redis === "function" && typeof prototype?.sendCommand === "function";
}
