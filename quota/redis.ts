/**
 * One cap over the pools of many processes, kept in a Redis or Valkey.
 *
 * ```ts
 * import { createClient } from "@redis/client";
 * import { Pool } from "@x/proxypool";
 * import { redisQuota } from "@x/proxypool/quota/redis";
 *
 * const client = createClient({ url: "redis://localhost:6379" });
 * client.on("error", (error) => console.error("redis", error));
 * const quota = redisQuota({ max: 100, key: "reports-db", client }); // of all processes together
 * export const pool = new Pool((n) => ({ n }), { maxSize: 20, quota });
 * export const start = () => client.connect();
 * ```
 *
 * @module
 */

import type { Quota } from "../pool/quota.ts";
import { driverOf } from "./redis/driver.ts";
import { type RedisQuotaOptions, settingsOf } from "./redis/options.ts";
import { RedisQuota } from "./redis/quota.ts";

export type { Permit, Quota, QuotaClient, QuotaMember } from "../pool/quota.ts";
export type { IoredisQuotaClient, NodeRedisQuotaClient, RedisQuotaClient } from "./redis/driver.ts";
export type { RedisQuotaOptions } from "./redis/options.ts";

/**
 * Bounds how many objects the pools of all processes have together that share a `key` on one Redis.
 *
 * Each process has a lease there, which it renews, and one script decides by the clock of the server.
 * Permits go to the processes in turn, first come, first served. A process that cannot renew its lease
 * gives up its objects before it ends; its places are given to others some time after that. While a
 * process is stopped, or its event loop blocked, for longer than its lease, its objects stay open, and
 * are closed, and not lent again, as soon as it runs.
 *
 * The first time that Redis hears of a `key`, and after it was restarted or its data deleted, nobody is
 * granted a permit for one and a quarter of a lease: processes may still hold some.
 *
 * While Redis does not answer, permits that were granted stay certain for three quarters of a lease;
 * `acquire` fails after a fifth of a lease with a `PoolError`, and it goes on by itself.
 *
 * @param options see {@linkcode RedisQuotaOptions}
 * @returns the option `quota` of any number of pools of this process
 * @throws {TypeError} if an option is missing, unknown or of the wrong type
 * @throws {RangeError} if `max` or `lease` is out of its bounds
 *
 * @example
 * ```ts
 * import { Redis } from "ioredis";
 * import { Pool } from "@x/proxypool";
 * import { redisQuota } from "@x/proxypool/quota/redis";
 *
 * const client = new Redis({ lazyConnect: true }); // connects with its first command
 * const quota = redisQuota({ max: 40, key: "reports-db", client, lease: 5_000 });
 * const pool = new Pool((n) => ({ n }), { quota, maxSize: 10 });
 * await pool.shutdown();
 * client.disconnect();
 * ```
 */
export function redisQuota(options: RedisQuotaOptions): Quota {
  const settings = settingsOf(options);
  return new RedisQuota(driverOf(options.client), settings);
}
