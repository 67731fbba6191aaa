/**
 * One cap over the pools of many processes, kept in a Redis or Valkey.
 *
 * ```ts
 * import { createClient } from "@redis/client";
 * import { Pool } from "@x/proxypool";
 * import { redisQuota } from "@x/proxypool/quota/redis";
 *
 * const client = createClient({ url: "redis://localhost:6379" }).on("error", console.error);
 * await client.connect();
 * const quota = redisQuota({ max: 100, key: "reports-db", client });
 * export const pool = new Pool(() => connect(), { maxSize: 20, quota });
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

export function redisQuota(options: RedisQuotaOptions): Quota {
  const settings = settingsOf(options);
  return new RedisQuota(driverOf(options.client), settings);
}
