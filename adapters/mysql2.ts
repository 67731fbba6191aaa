/**
 * A pool of MariaDB or MySQL sessions of the driver `mysql2`, in the shape of mysql2's own pools,
 * with promises or callbacks: for Drizzle, Kysely, Knex, TypeORM and others.
 *
 * ```ts
 * import mysql from "mysql2/promise";
 * import { mysqlPool } from "@x/proxypool/mysql2";
 *
 * const pool = mysqlPool(mysql, {
 *   uri: "mysql://app@localhost/app", // mysql2's own options, and
 *   maxSize: 10, //                      those of a Pool
 *   timeout: 2_000,
 * });
 * export const now = () => pool.query("select now()");
 * ```
 *
 * @module
 */

import { shown } from "../values.ts";
import type { Module } from "./mysql2/driver.ts";
import { optionsOf } from "./mysql2/options.ts";
import { newPool } from "./mysql2/pool.ts";
import type { MysqlModule, MysqlPool, MysqlPoolOptions } from "./mysql2/types.ts";

export type {
  MysqlConfig,
  MysqlConnection,
  MysqlCreateOptions,
  MysqlModule,
  MysqlOwnOptions,
  MysqlPool,
  MysqlPoolMembers,
  MysqlPoolNames,
  MysqlPoolOf,
  MysqlPoolOptions,
  MysqlPoolShape,
} from "./mysql2/types.ts";

/**
 * Creates a pool of sessions in the shape of mysql2's: the promise pool for `mysql2/promise`, the
 * callback pool for `mysql2`.
 *
 * Differences from mysql2's pool:
 *
 * - `maxSize` is a hard maximum: it includes sessions that are being closed.
 * - If a borrower leaves a transaction open, it is rolled back before the session is lent again.
 * - The pool always listens to `error` of a session: a killed session does not end the process, and
 *   its place is free at once.
 * - A session is the same object each time it is lent.
 * - Listeners that a borrower adds to a session are removed at its return.
 * - A second `release` does nothing: it is logged and counted.
 * - `end` of a session on loan returns it, and prints no warning. `destroy` fails its pending
 *   queries.
 * - `acquire` and `release` are always emitted, also if another borrower waits for the session.
 * - A stream fails if its session is killed.
 * - `end` of the pool serves present waiters, and waits for sessions on loan. Later calls are
 *   refused. A second `end` joins the first.
 *
 * @example
 * ```ts
 * import mysql from "mysql2/promise";
 * import { mysqlPool } from "@x/proxypool/mysql2";
 *
 * const pool = mysqlPool(mysql, { host: "localhost", database: "app", maxSize: 10 });
 *
 * export async function order(): Promise<void> {
 *   const connection = await pool.getConnection();
 *   try {
 *     await connection.beginTransaction();
 *     await connection.execute("insert into orders values (?)", [1]);
 *     await connection.commit();
 *   } finally {
 *     connection.release(); // what is still open is rolled back
 *   }
 * }
 *
 * await pool.end();
 * ```
 *
 * @typeParam M the type of the module
 * @param mysql the module `mysql2/promise` or `mysql2`, or any object with a `createPool` like theirs
 * @param options mysql2's options, and those of a `Pool` except `retter` and `closer`
 * @returns the pool; {@linkcode MysqlPoolMembers.pool} is the `Pool` under it
 * @throws {TypeError} an option is unknown or wrong, or `mysql` has no such `createPool`
 * @throws {RangeError} an option is out of bounds
 */
export function mysqlPool<M extends MysqlModule>(
  mysql: M,
  options: MysqlPoolOptions<M>,
): MysqlPool<M> {
  if (typeof Object(mysql).createPool !== "function") {
    throw new TypeError(
      `mysqlPool: the first argument must be the module mysql2, got ${shown(mysql)}`,
    );
  }
  return newPool(mysql as unknown as Module, optionsOf(options)) as MysqlPool<M>;
}
