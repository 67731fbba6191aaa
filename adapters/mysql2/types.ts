// The types of mysql2, by their shape: they are derived from what the user passes, and nothing is imported.

import type { Pool } from "../../pool.ts";
import type { PoolOptions } from "../../pool/options.ts";

/** What a pool of mysql2's must have at least, in the types. */
export interface MysqlPoolShape {
  /** Lends a session. */
  getConnection(...args: never[]): unknown;
  /** Ends the pool. */
  end(...args: never[]): unknown;
}

/** The module `mysql2/promise` or `mysql2`, or any object with a `createPool` that does what theirs does. */
export interface MysqlModule {
  /** Makes a pool of mysql2's own. */
  createPool(...args: never[]): MysqlPoolShape;
}

/** mysql2's own pool, of the kind that the module makes. */
export type MysqlPoolOf<M extends MysqlModule> = ReturnType<M["createPool"]>;

/** A session: mysql2's own `PoolConnection`, by promises or by callbacks. */
export type MysqlConnection<M extends MysqlModule> = MysqlPoolOf<M> extends
  { getConnection(): Promise<infer C> } ? C
  : Parameters<MysqlPoolOf<M>["getConnection"]>[0] extends
    ((error: infer _E, connection: infer C) => unknown) ? C
  : never;

/** What mysql2's pool calls otherwise than {@linkcode mysqlPool}, or has and that has not. */
export type MysqlPoolNames =
  | "connectionLimit"
  | "maxIdle"
  | "idleTimeout"
  | "queueLimit"
  | "waitForConnections"
  | "resetOnRelease"
  | "gracefulEnd"
  | "Promise"
  | "pool";

/** What `mysql.createPool` takes as an object. */
export type MysqlCreateOptions<M extends MysqlModule> = Exclude<
  Parameters<M["createPool"]>[0],
  string | undefined
>;

/** The same without what is the pool's; what is undefined is left out. */
export type MysqlConfig<M extends MysqlModule> = {
  [K in keyof MysqlCreateOptions<M> as Exclude<K, MysqlPoolNames>]:
    | MysqlCreateOptions<M>[K]
    | undefined;
};

/** The options of {@linkcode mysqlPool} that are not mysql2's. */
export interface MysqlOwnOptions<M extends MysqlModule>
  extends Omit<PoolOptions<MysqlConnection<M>>, "retter" | "closer"> {
  /**
   * What becomes of a session when it is given back. In each case a query that is still under way is
   * waited for, and a stream that was left open is closed.
   *
   * - `"rollback"`: an open transaction is rolled back, and `autocommit` is as it was at first. No round
   *   trip if there is nothing to do. Variables, temporary tables and locks stay.
   * - `"session"`: all that a session can keep is reset, in two or three round trips. Variables, database
   *   and role that were there when it was connected, after `opener` and the listeners of `connection`, are
   *   set again.
   * - A function: is called with the session after `"rollback"`; may be async. If it fails, the session is
   *   closed.
   *
   * @default {"rollback"}
   */
  reset?: "rollback" | "session" | ((connection: MysqlConnection<M>) => unknown) | undefined;
  /**
   * Whether the server is told to cancel the query of a session that nobody waits for any more: by the
   * signal of `pool.pool.use`, or because the session is closed. That takes a short session of its own,
   * which counts for the server's limits.
   *
   * @default {false}
   */
  cancel?: boolean | undefined;
}

/** The options of {@linkcode mysqlPool}: mysql2's and the pool's in one object. */
export type MysqlPoolOptions<M extends MysqlModule> = MysqlConfig<M> & MysqlOwnOptions<M>;

/** What {@linkcode mysqlPool} gives besides mysql2's own pool. */
export interface MysqlPoolMembers<M extends MysqlModule> extends AsyncDisposable {
  /**
   * The pool under it: `use` with a signal, `stats`, `observe`, `resize`, `reset`, `shutdown`. It answers as
   * mysql2's callback pool, too, which mysql2's promise pool has there.
   */
  readonly pool: Pool<MysqlConnection<M>>;
}

/** What {@linkcode mysqlPool} gives: it may be passed wherever such a pool of mysql2's is asked for. */
export type MysqlPool<M extends MysqlModule> = MysqlPoolMembers<M> & MysqlPoolOf<M>;
