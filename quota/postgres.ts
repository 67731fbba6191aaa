/**
 * One cap over the pools of many processes and machines, kept by PostgreSQL's own advisory locks.
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

export type { Permit, Quota, QuotaClient, QuotaMember } from "../pool/quota.ts";

/** A connected session of `pg`, by its shape: `pg.Client` and `pg.native.Client` have it. */
export interface PgQuotaClient {
  /** Sends a query. */
  query(...args: never[]): unknown;
  /** Hears `error`, `end` and `notification`. */
  on(...args: never[]): unknown;
  /** Ends the session. */
  end(...args: never[]): unknown;
}

/** The options of {@linkcode sessionSlot}. */
export interface SessionSlotOptions {
  /** How many there may be of this key, in all processes together: 1 to 1 000 000. */
  max: number;
  /** What the cap is called. All who give the same key, in the same database, share it. */
  key: string;
}

/** The options of {@linkcode postgresQuota}. */
export interface PostgresQuotaOptions extends SessionSlotOptions {
  /**
   * Connects a new session each time it is called, and gives it connected. The quota calls it for its
   * first permit, and again when its session has ended. It ends the session itself.
   */
  client: () => PgQuotaClient | PromiseLike<PgQuotaClient>;
}

/**
 * A cap over pools in any number of processes and machines. Each place is an advisory lock of the server,
 * held by a session that the quota has for itself: what a process holds that dies, the server frees.
 *
 * Processes that wait are served in turn. While one waits, another closes an object that it does not use,
 * or, if it has more than its share, the next one that comes back.
 *
 * If the session ends, all permits of the process are lost, and its objects are closed at once: others may
 * have its places by then. If the process is cut off, it has closed them before the server gives its
 * places away. Put the server's own limit behind it.
 *
 * It cannot work through a pooler that shares sessions, and refuses one.
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
 * @throws {TypeError} an option is unknown or of a wrong kind
 * @throws {RangeError} `max` is out of its bounds
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
 * An `opener` by which each session of a pool of PostgreSQL holds a slot: an advisory lock of its own, which
 * ends with it. A session that gets none is not lent: its creation fails, and says so. A session whose
 * slot a borrower has given up, by `DISCARD ALL` or `pg_advisory_unlock_all`, is ended.
 *
 * Nobody calls those who wait for a slot: `createRetry` tries again, after rests of up to `createBackoff`.
 * A {@linkcode postgresQuota} with the same options has them wait their turn first. The two count apart.
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
 * @throws {TypeError} an option is unknown or of a wrong kind
 * @throws {RangeError} `max` is out of its bounds
 */
export function sessionSlot(options: SessionSlotOptions): (client: object) => Promise<void> {
  checkOptions("sessionSlot", options, ["max", "key"]);
  const { max, key } = options;
  return (client) => takeSlot(client, max, key);
}
