// A pool of mysqlPool's over an account and a database of its own, for a test: nothing is left of them.

import mysql from "mysql2/promise";
import { type MysqlPool, mysqlPool, type MysqlPoolOptions } from "../../../adapters/mysql2.ts";
import { type MariaDb, mariadb } from "./mariadb.ts";
import { whySkipped } from "./register.ts";
import { soon } from "./soon.ts";

export type Options = Partial<MysqlPoolOptions<typeof mysql>>;
export type OurPool = MysqlPool<typeof mysql>;
export type Row = Record<string, unknown>;

const skipped = await whySkipped(mariadb);

/** A test of one session, unless `options` say otherwise. */
export function test(
  name: string,
  options: Options,
  fn: (pool: OurPool, server: MariaDb) => unknown,
): void {
  Deno.test({
    name: `mysqlPool: ${name}${skipped}`,
    ignore: skipped !== "",
    async fn() {
      await using server = await mariadb.open(0) as MariaDb;
      const { account } = server;
      await server.ask(`create database ${account}`);
      try {
        await server.ask(`grant all on ${account}.* to ${account}`);
        const own = { host: "127.0.0.1", user: account, database: account };
        const pool = mysqlPool(mysql, { ...own, maxSize: 1, logLevel: "silent", ...options });
        try {
          await fn(pool, server);
        } finally {
          await pool.pool.shutdown({ timeout: 500 });
        }
        await soon(async () => await server.count() === 0, () => "sessions are left", 1_000);
      } finally {
        await server.terminate();
        await server.ask(`drop database ${account}`);
      }
    },
  });
}

/** Lends a session for as long as `fn` takes. */
export async function borrow<R>(
  pool: OurPool,
  fn: (connection: mysql.PoolConnection) => R | Promise<R>,
): Promise<R> {
  const connection = await pool.getConnection();
  try {
    return await fn(connection);
  } finally {
    connection.release();
  }
}

/** The one row of a query. */
export async function rowOf(on: mysql.Connection, sql: string): Promise<Row> {
  const [[row]] = await on.query<mysql.RowDataPacket[]>(sql);
  return row!;
}

/** How many statements the server has counted of a session: what asks for them counts as one. */
export async function countOf(on: mysql.Connection): Promise<number> {
  return Number((await rowOf(on, "show session status like 'Questions'")).Value);
}
