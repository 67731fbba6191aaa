// Types: the types of mysql2 by shape, derived from the module that the user passes. Nothing is
// imported.

import type { Pool } from "../../pool.ts";
import type { PoolOptions } from "../../pool/options.ts";

/** The least that the type of a pool of mysql2 must have. */
export interface MysqlPoolShape {
  /** Lends a session. */
  getConnection(...args: never[]): unknown;
  /** Ends the pool. */
  end(...args: never[]): unknown;
}

/** The module `mysql2/promise` or `mysql2`, or any object with such a `createPool`. */
export interface MysqlModule {
  /** Creates a pool of mysql2. */
  createPool(...args: never[]): MysqlPoolShape;
}

/** The type of pool that the module's `createPool` returns. */
export type MysqlPoolOf<M extends MysqlModule> = ReturnType<M["createPool"]>;

/** A session: mysql2's own `PoolConnection`, with promises or callbacks. */
export type MysqlConnection<M extends MysqlModule> = MysqlPoolOf<M> extends
  { getConnection(): Promise<infer C> } ? C
  : Parameters<MysqlPoolOf<M>["getConnection"]>[0] extends
    ((error: infer _E, connection: infer C) => unknown) ? C
  : never;

/** The options of mysql2's pool that {@linkcode mysqlPool} names differently or does not have. */
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

/** The options of `mysql.createPool`. */
export type MysqlCreateOptions<M extends MysqlModule> = Exclude<
  Parameters<M["createPool"]>[0],
  string | undefined
>;

/** mysql2's options without those of its pool. Undefined values are allowed. */
export type MysqlConfig<M extends MysqlModule> = {
  [K in keyof MysqlCreateOptions<M> as Exclude<K, MysqlPoolNames>]:
    | MysqlCreateOptions<M>[K]
    | undefined;
};

/** The options of {@linkcode mysqlPool} that are not mysql2's. */
export interface MysqlOwnOptions<M extends MysqlModule>
  extends Omit<PoolOptions<MysqlConnection<M>>, "retter" | "closer"> {
  /**
   * How a returned session is reset. In each case the pool waits for a running query, and closes an
   * open stream.
   *
   * - `"rollback"`: rolls back an open transaction, and restores `autocommit`. No round trip if
   *   there is nothing to do. Variables, temporary tables and locks stay.
   * - `"session"`: resets the whole state of the session, in two or three round trips. Restores the
   *   variables, the database and the role that it had after its connection, `opener` and the
   *   listeners of `connection`.
   * - A function is called with the session after `"rollback"`; may be async. If it fails, the
   *   session is closed.
   *
   * @default {"rollback"}
   */
  reset?: "rollback" | "session" | ((connection: MysqlConnection<M>) => unknown) | undefined;
  /**
   * Whether the pool cancels a running query at the server, when the signal of `pool.pool.use`
   * aborts, or when it closes the session. Each cancellation needs a short session, which counts
   * for the server's limits.
   *
   * @default {false}
   */
  cancel?: boolean | undefined;
}

/** The options of {@linkcode mysqlPool}: those of mysql2 and of the pool in one object. */
export type MysqlPoolOptions<M extends MysqlModule> = MysqlConfig<M> & MysqlOwnOptions<M>;

/** The members of {@linkcode MysqlPool} besides those of mysql2's pool. */
export interface MysqlPoolMembers<M extends MysqlModule> extends AsyncDisposable {
  /**
   * The `Pool`: `use` with a signal, `stats`, `observe`, `resize`, `reset`, `shutdown`. It also has
   * the members of mysql2's callback pool, which mysql2's promise pool has in this place.
   */
  readonly pool: Pool<MysqlConnection<M>>;
}

/** What {@linkcode mysqlPool} returns. You can pass it wherever a pool of mysql2 is expected. */
export type MysqlPool<M extends MysqlModule> = MysqlPoolMembers<M> & MysqlPoolOf<M>;
