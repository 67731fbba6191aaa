/**
 * Quota: one cap over many pools, by the option `quota` of each.
 *
 * ```ts
 * import { Pool } from "@x/proxypool";
 * import { localQuota } from "@x/proxypool/quota";
 *
 * const quota = localQuota({ max: 10 });
 * const orders = new Pool(() => ({ query: (sql: string) => sql }), { quota });
 * const reports = new Pool(() => ({ query: (sql: string) => sql }), { quota });
 * await orders.use((db) => db.query("select 1"));
 * await reports.use((db) => db.query("select 2"));
 * console.assert(quota.used === 2);
 * await Promise.all([orders.shutdown(), reports.shutdown()]);
 * console.assert(quota.used === 0);
 * ```
 *
 * @module
 */

import { checkCount, checkNames } from "../pool/check.ts";
import type { Quota } from "../pool/quota.ts";
import { Cap } from "./local.ts";

export type { Permit, Quota, QuotaClient, QuotaMember, QuotaShare } from "../pool/quota.ts";

/** The options of {@linkcode localQuota}. */
export interface LocalQuotaOptions {
  /**
   * How many objects all its pools may have together: being created, idle, in use and being closed.
   */
  max: number;
}

/** A quota over the pools of one thread. */
export interface LocalQuota extends Quota {
  /** How many objects all its pools may have together. */
  readonly max: number;
  /** How many permits are in use. */
  readonly used: number;
  /** How many requests wait for a permit. */
  readonly waiting: number;
}

/**
 * Bounds how many objects the pools of one thread have together.
 *
 * The cap is never exceeded. Waiting pools get permits in turn, one each, however many they wait
 * for. While a pool waits, the longest idle object of another pool is closed. If none is idle, a
 * pool above its fair share closes the next object that is returned to it. Objects for `minSize`
 * are never closed for other pools.
 *
 * If more pools are busy than `max` allows, each turn costs a creation: objects cannot pass between
 * pools.
 *
 * @example
 * ```ts
 * import { Pool } from "@x/proxypool";
 * import { localQuota } from "@x/proxypool/quota";
 *
 * const quota = localQuota({ max: 1 });
 * const a = new Pool((n) => ({ n }), { quota });
 * const b = new Pool((n) => ({ n }), { quota });
 * await a.use(() => {});
 * await b.use(() => {}); // the object of a has made room
 * console.assert(a.size === 0 && a.stats().closed === 1);
 * await Promise.all([a.shutdown(), b.shutdown()]);
 * ```
 *
 * @param options `max`: how many objects, 1 or more
 * @returns the quota, for the option `quota` of each pool
 * @throws {RangeError} `max` is out of bounds
 * @throws {TypeError} `max` is missing or no number, or another option is given
 */
export function localQuota(options: LocalQuotaOptions): LocalQuota {
  checkNames("localQuota", options, ["max"]);
  checkCount("max", options.max, 1);
  return new Cap(options.max);
}
