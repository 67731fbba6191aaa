// Options: the options of redisQuota, and their checks.

import { checkCount, checkNames, checkRange } from "../../pool/check.ts";
import { shown } from "../../values.ts";
import type { RedisQuotaClient } from "./driver.ts";

/** The options of {@linkcode redisQuota}. */
export interface RedisQuotaOptions {
  /**
   * How many objects the pools of all processes may have together, at least 1. If processes give
   * different values, the smallest counts.
   */
  max: number;
  /**
   * The name of the quota: processes with the same `key` on the same server share it. Its keys and
   * channels in Redis begin with `proxypool:{key}`.
   */
  key: string;
  /**
   * A client of node-redis or ioredis, connected or connecting. It only runs the script. For the
   * channels, `duplicate()` creates a second one while it is needed.
   */
  client: RedisQuotaClient;
  /**
   * The length of a lease, in milliseconds, from 500 to 3 600 000; the same in all processes. A
   * process that cannot renew its lease closes its objects after three quarters of it; its places
   * go to others after one and a quarter.
   *
   * @default {10_000}
   */
  lease?: number | undefined;
}

const NAMES: readonly (keyof RedisQuotaOptions)[] = ["max", "key", "client", "lease"];
const LEASE = { least: 500, usual: 10_000, most: 3_600_000 };

/** The options after their check. */
export interface Settings {
  readonly max: number;
  readonly key: string;
  readonly lease: number;
}

/** Throws if an option is invalid. */
export function settingsOf(options: RedisQuotaOptions): Settings {
  checkNames("redisQuota", options, NAMES);
  const { max, key, lease = LEASE.usual } = options;
  checkCount("max", max, 1);
  checkRange("lease", lease, LEASE.least, LEASE.most, "an integer");
  // In a cluster, braces mark the part of a key that decides its slot.
  if (typeof key === "string" && /^[^{}]+$/.test(key)) return { max, key, lease };
  throw new TypeError(`key must be a non-empty string without braces, got ${shown(key)}`);
}
