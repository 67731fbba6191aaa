/**
 * A pool of MariaDB or MySQL sessions of the driver `mysql2`, in the shape of its own pools, by promises
 * and by callbacks: for Drizzle, Kysely, Knex, TypeORM, and whatever else asks for one.
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
 * A pool of sessions in the shape of mysql2's own: the promise pool if the module is `mysql2/promise`, the
 * callback pool if it is `mysql2`.
 *
 * Where it differs from mysql2's:
 *
 * - `maxSize` is a hard maximum: a session that is being closed counts.
 * - A session whose borrower has left a transaction open is rolled back before it is lent again.
 * - `error` of a session is always heard: a session that is killed ends no process, and its place is free
 *   at once.
 * - A session is the same object each time it is lent.
 * - Listeners that a borrower has added to a session are removed when it goes back.
 * - A second `release` does nothing: it is logged and counted.
 * - `end` of a session on loan gives it back, and prints no warning. `destroy` fails what it is still asked.
 * - `acquire` and `release` are emitted each time, also if another borrower waits for the session.
 * - A stream of a session that is killed fails.
 * - `end` of the pool serves those who wait already, and waits for sessions on loan. Who comes later is
 *   refused. A second call joins the first.
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
 * @param options mysql2's options, and those of a `Pool` but `retter` and `closer`
 * @returns the pool; {@linkcode MysqlPoolMembers.pool} is the `Pool` under it
 * @throws {TypeError} an option is unknown or wrong, or `mysql` has no such `createPool`
 * @throws {RangeError} an option is out of its bounds
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
