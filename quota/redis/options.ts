// Options of redisQuota, and their checks.

import { shown } from "../../values.ts";
import type { RedisQuotaClient } from "./driver.ts";

/** The options of {@linkcode redisQuota}. */
export interface RedisQuotaOptions {
  /**
   * How many objects the pools of all processes may have together, at least 1. While processes differ,
   * the least of theirs counts.
   */
  max: number;
  /**
   * What the quota is called: processes with the same `key` on the same server share it. Its keys and
   * channels in Redis begin with `proxypool:{key}`.
   */
  key: string;
  /**
   * A client of node-redis or ioredis, connected or connecting. It only runs the script; for the channels
   * its `duplicate()` makes another one, for as long as it is needed.
   */
  client: RedisQuotaClient;
  /**
   * How long a lease is, in milliseconds, from 500 to 3 600 000; the same in all processes. A process that
   * cannot renew its lease gives up its objects after three quarters of it; its places are given to others
   * after one and a quarter.
   *
   * @default {10_000}
   */
  lease?: number | undefined;
}

const NAMES: readonly (keyof RedisQuotaOptions)[] = ["max", "key", "client", "lease"];
const LEASE = { least: 500, usual: 10_000, most: 3_600_000 };

/** What is left of the options once they are checked. */
export interface Settings {
  readonly max: number;
  readonly key: string;
  readonly lease: number;
}

/** Throws if one of them is wrong. */
export function settingsOf(options: RedisQuotaOptions): Settings {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`redisQuota: options must be an object, got ${shown(options)}`);
  }
  for (const name of Object.keys(options)) {
    if (NAMES.includes(name as keyof RedisQuotaOptions)) continue;
    throw new TypeError(
      `redisQuota: unknown option ${shown(name)}; the options are ${NAMES.join(", ")}`,
    );
  }
  const { max, key, lease = LEASE.usual } = options;
  checkMax(max);
  checkKey(key);
  checkLease(lease);
  return { max, key, lease };
}

function checkMax(max: unknown): void {
  if (Number.isSafeInteger(max) && (max as number) > 0) return;
  throw new RangeError(
    `redisQuota: max must be a whole number from 1 on, got ${shown(max)}`,
  );
}

function checkKey(key: unknown): void {
  if (typeof key === "string" && /^[^{}]+$/.test(key)) return;
  throw new TypeError(
    `redisQuota: key must be a string, not empty and without braces, got ${shown(key)}`,
  );
}

function checkLease(lease: unknown): void {
  const { least, most } = LEASE;
  if (Number.isSafeInteger(lease) && (lease as number) >= least && (lease as number) <= most) {
    return;
  }
  throw new RangeError(
    `redisQuota: lease must be a whole number of milliseconds from ${least} to ${most}, ` +
      `got ${shown(lease)}`,
  );
}
