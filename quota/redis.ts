/**
 * Quota: one cap over the pools of many processes, kept in Redis or Valkey.
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

export type { Permit, Quota, QuotaClient, QuotaMember, QuotaShare } from "../pool/quota.ts";
export type { IoredisQuotaClient, NodeRedisQuotaClient, RedisQuotaClient } from "./redis/driver.ts";
export type { RedisQuotaOptions } from "./redis/options.ts";

/**
 * Bounds how many objects the pools of all processes that share a `key` on one Redis have together.
 *
 * Each process has a lease in Redis and renews it. One script decides, by the server's clock.
 * Processes get permits in turn, in the order of their requests. A process that cannot renew its
 * lease closes its objects before the lease ends; its places go to others some time later. If a
 * process is stopped or blocked for longer than its lease, its objects stay open meanwhile. They
 * are closed, and not lent again, as soon as it runs.
 *
 * When a `key` is new to Redis, and after a restart or a loss of its data, no permit is granted for
 * one and a quarter of a lease: processes may still hold some.
 *
 * While Redis does not answer, granted permits stay valid for three quarters of a lease. `acquire`
 * fails with a `PoolError` after a fifth of a lease. The quota reconnects by itself.
 *
 * @param options see {@linkcode RedisQuotaOptions}
 * @returns the option `quota` of any number of pools of this process
 * @throws {TypeError} an option is missing, unknown or of the wrong type
 * @throws {RangeError} `max` or `lease` is out of bounds
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
