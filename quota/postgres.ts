/**
 * Quota: one cap over the pools of many processes and machines, by advisory locks of PostgreSQL.
 *
 * ```ts
 * import pg from "pg";
 * import { Pool } from "@x/proxypool";
 * import { postgresQuota } from "@x/proxypool/quota/postgres";
 *
 * const quota = postgresQuota({
 *   max: 20, // in all processes together
 *   key: "browsers",
 *   client: async () => {
 *     const client = new pg.Client("postgres://app@localhost/app");
 *     await client.connect();
 *     return client;
 *   },
 * });
 * ```
 *
 * @module
 */

import { PostgresEngine } from "./postgres/engine.ts";
import { checkOptions } from "./postgres/options.ts";
import { takeSlot } from "./postgres/slot.ts";
import { TIMES } from "./postgres/times.ts";
import { shown } from "../values.ts";
import type { Quota } from "../pool/quota.ts";

export type { Permit, Quota, QuotaClient, QuotaMember, QuotaShare } from "../pool/quota.ts";

/** The shape of a connected session of `pg`: of `pg.Client` or `pg.native.Client`. */
export interface PgQuotaClient {
  /** Sends a query. */
  query(...args: never[]): unknown;
  /** Adds a listener for `error`, `end` or `notification`. */
  on(...args: never[]): unknown;
  /** Ends the session. */
  end(...args: never[]): unknown;
}

/** The options of {@linkcode sessionSlot}. */
export interface SessionSlotOptions {
  /** How many there may be for this key, in all processes together: 1 to 1 000 000. */
  max: number;
  /** The name of the cap. Quotas with the same key in the same database share it. */
  key: string;
}

/** The options of {@linkcode postgresQuota}. */
export interface PostgresQuotaOptions extends SessionSlotOptions {
  /**
   * Connects a new session each time, and returns it connected. The quota calls it for its first
   * permit, and again after its session has ended. The quota ends the session itself.
   */
  client: () => PgQuotaClient | PromiseLike<PgQuotaClient>;
}

/**
 * Bounds how many objects pools in many processes and machines have together. Each place is an
 * advisory lock, held by the quota's own session. If a process dies, the server frees its places.
 *
 * Waiting processes are served in turn. While one waits, another closes an idle object; if it has
 * none and is above its share, it closes the next returned one.
 *
 * If the session ends, all permits of the process are lost, and its objects are closed at once:
 * others may already have its places. If the process is cut off from the server, it closes its
 * objects before the server frees its places. Keep the server's own limit behind the quota.
 *
 * It cannot work through a pooler that shares sessions, and throws in that case.
 *
 * @example
 * ```ts
 * import pg from "pg";
 * import { Pool } from "@x/proxypool";
 * import { postgresQuota } from "@x/proxypool/quota/postgres";
 *
 * const quota = postgresQuota({
 *   max: 20,
 *   key: "browsers",
 *   client: async () => {
 *     const client = new pg.Client("postgres://app@localhost/app");
 *     await client.connect();
 *     return client;
 *   },
 * });
 * export const pool = new Pool((n) => ({ n }), { maxSize: 5, quota });
 * ```
 *
 * @param options the cap, its name, and how to connect
 * @returns the quota, for the option `quota` of any number of pools
 * @throws {TypeError} an option is unknown or of the wrong type
 * @throws {RangeError} `max` is out of bounds
 */
export function postgresQuota(options: PostgresQuotaOptions): Quota {
  checkOptions("postgresQuota", options, ["max", "key", "client"]);
  const { max, key, client } = options;
  if (typeof client !== "function") {
    throw new TypeError(
      `postgresQuota: client must be a function that connects a session, got ${shown(client)}`,
    );
  }
  return new PostgresEngine(max, key, client, TIMES);
}

/**
 * Returns an `opener` by which each session of a pool of PostgreSQL holds a slot: its own advisory
 * lock, which ends with the session. Without a free slot the creation of a session fails. If a
 * borrower releases the slot, by `DISCARD ALL` or `pg_advisory_unlock_all`, the session is ended.
 *
 * There is no queue for slots: `createRetry` retries after rests of up to `createBackoff`. Add a
 * {@linkcode postgresQuota} with the same options for a fair queue. The two count separately.
 *
 * @example
 * ```ts
 * import pg from "pg";
 * import { pgPool } from "@x/proxypool/pg";
 * import { sessionSlot } from "@x/proxypool/quota/postgres";
 *
 * export const pool = pgPool(pg, {
 *   database: "app",
 *   opener: sessionSlot({ max: 20, key: "app" }),
 *   createRetry: true, // who finds no slot tries again,
 *   createBackoff: 500, // at least twice a second
 * });
 * ```
 *
 * @param options the cap and its name
 * @returns the opener; it fails with a `PoolError` if no slot is free
 * @throws {TypeError} an option is unknown or of the wrong type
 * @throws {RangeError} `max` is out of bounds
 */
export function sessionSlot(options: SessionSlotOptions): (client: object) => Promise<void> {
  checkOptions("sessionSlot", options, ["max", "key"]);
  const { max, key } = options;
  return (client) => takeSlot(client, max, key);
}
