// What people use over pools of mysql2's, over mysqlPool: on any runtime, with a real MariaDB.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { sql as drizzleSql } from "drizzle-orm";
import { int, mysqlTable } from "drizzle-orm/mysql-core";
import { drizzle } from "drizzle-orm/mysql2";
import knex from "knex";
import { Kysely, MysqlDialect, sql } from "kysely";
import mysql from "mysql2";
import promises from "mysql2/promise";
import { DataSource, EntitySchema } from "typeorm";
import type { Pool } from "../../../mod.ts";
import { type MysqlPool, mysqlPool, type MysqlPoolOptions } from "../../../adapters/mysql2.ts";
import { sleep } from "../../helpers/until.ts";
import { killed as killedUnderLoad } from "./killed.ts";
import type { MariaDb } from "./mariadb.ts";
import { soon } from "./soon.ts";

/** Where they work, and what they do to it. */
export interface Stage {
  config: { host: string; user: string; database: string };
  server: MariaDb;
}

export type User = (stage: Stage) => Promise<void>;

const ID = "select connection_id() as id, sleep(0.002) as slept";

type Options = Partial<MysqlPoolOptions<typeof promises>>;

function byPromises({ config }: Stage, options: Options = {}): MysqlPool<typeof promises> {
  return mysqlPool(promises, { ...config, maxSize: 4, logLevel: "silent", ...options });
}

function byCallbacks({ config }: Stage): MysqlPool<typeof mysql> {
  return mysqlPool(mysql, { ...config, maxSize: 4, logLevel: "silent" });
}

/** Transactions side by side, a third of which fail: each has one session from its begin to its end. */
async function transactions(transaction: (fails: boolean) => Promise<number[]>): Promise<void> {
  await Promise.all(Array.from({ length: 30 }, async (_, i) => {
    if (i % 3 === 0) {
      await assertRejects(() => transaction(true), Error, "as it should");
    } else {
      const [one, two] = await transaction(false);
      assert(one! > 0 && one === two, `${one} ${two}`);
    }
  }));
}

function ended(ids: number[], fails: boolean): number[] {
  if (fails) throw new Error("as it should");
  return ids;
}

/** All sessions are killed, three times, while `ask` goes on. */
async function killed(
  { server }: Stage,
  pool: Pool<unknown>,
  ask: () => Promise<unknown>,
): Promise<void> {
  const terminate = () => server.terminate();
  await killedUnderLoad({ size: 4, within: 2_000, ask, terminate, show: () => `${pool}` });
}

/** Nobody has anything of it any more. */
async function quiet(pool: Pool<unknown>): Promise<void> {
  await soon(() => pool.using + pool.creating + pool.waiting === 0, () => `${pool}`, 2_000);
  assertEquals([pool.size, pool.stats().leaked], [pool.available, 0]);
}

async function kyselyUses(stage: Stage, shape: mysql.Pool, pool: Pool<unknown>): Promise<void> {
  type Db = Kysely<Record<string, never>>;
  const db: Db = new Kysely({ dialect: new MysqlDialect({ pool: shape as never }) });
  const one = async (on: Db) => (await sql<{ id: number }>`${sql.raw(ID)}`.execute(on)).rows[0]!.id;
  const transaction = (fails: boolean) =>
    db.transaction().execute(async (trx) => ended([await one(trx), await one(trx)], fails));
  await transactions(transaction);
  await quiet(pool);
  await killed(stage, pool, () => transaction(false));
  const rows = sql<{ n: number }>`select seq as n from seq_1_to_2000`.compile(db);
  let sum = 0;
  for await (const { rows: [row] } of db.getExecutor().stream<{ n: number }>(rows, 10)) {
    sum += Number(row!.n);
  }
  assertEquals(sum, 2_001_000);
  const aborting = new AbortController();
  const asked = sql`select sleep(9)`.execute(db, {
    signal: aborting.signal,
    inflightQueryAbortStrategy: "cancel query",
  });
  await soon(() => pool.using === 1, () => "it has not begun", 1_000);
  await sleep(50);
  aborting.abort();
  await assertRejects(() => asked);
  await quiet(pool);
  await db.destroy();
  await assertRejects(() => pool.borrow());
}

async function drizzleUses(stage: Stage, shape: object, pool: Pool<unknown>): Promise<void> {
  const numbers = mysqlTable("numbers", { n: int("n").primaryKey() });
  const db = drizzle({ client: shape as never });
  const id = drizzleSql.raw(ID);
  const one = async (on: Pick<typeof db, "execute">) => {
    const [[row]] = await on.execute(id) as unknown as [[{ id: number }]];
    return row.id;
  };
  const transaction = (fails: boolean) =>
    db.transaction(async (trx) => ended([await one(trx as never), await one(trx as never)], fails));
  await transactions(transaction);
  await quiet(pool);
  await killed(stage, pool, () => transaction(false));
  await killed(stage, pool, () => db.execute(id));
  await db.execute(drizzleSql.raw("create table numbers (n int primary key)"));
  await db.execute(drizzleSql.raw("insert into numbers select seq from seq_1_to_3000"));
  const prepared = db.select().from(numbers).prepare();
  for (let i = 0; i < 6; i++) { // more often than there are sessions
    let sum = 0;
    for await (const { n } of prepared.iterator()) {
      sum += n;
      if (i % 2 === 1 && n === 10) break;
    }
    assertEquals(sum, i % 2 === 1 ? 55 : 4_501_500);
  }
  assertEquals((await db.select().from(numbers)).length, 3_000);
  await quiet(pool);
  await pool.shutdown();
}

async function knexUses(stage: Stage, shape: object, pool: Pool<unknown>): Promise<void> {
  const db = knex({ client: "mysql2", connectionPool: shape } as never);
  const one = async (on: knex.Knex) => (await on.raw(ID))[0][0].id as number;
  const transaction = (fails: boolean) =>
    db.transaction(async (trx) => ended([await one(trx), await one(trx)], fails));
  await transactions(transaction);
  await quiet(pool);
  await killed(stage, pool, () => transaction(false));
  await db.schema.createTable("things", (table) => table.integer("n"));
  await db("things").insert([{ n: 1 }, { n: 2 }]);
  assertEquals(await db("things").where({ n: 2 }).select("n"), [{ n: 2 }]);
  const rows: unknown[] = [];
  for await (const row of db("things").select("n").stream()) rows.push(row);
  assertEquals(rows.length, 2);
  await quiet(pool);
  await db.destroy(); // which leaves the pool to its owner
  await pool.shutdown();
}

export const USERS: Record<string, User> = {
  async kysely(stage) {
    const shape = byCallbacks(stage);
    await kyselyUses(stage, shape, shape.pool);
  },

  async "kysely, over the promise pool's own"(stage) {
    const { pool } = byPromises(stage);
    await kyselyUses(stage, pool as unknown as mysql.Pool, pool);
  },

  async drizzle(stage) {
    const shape = byPromises(stage);
    await drizzleUses(stage, shape, shape.pool);
  },

  async "drizzle, by callbacks"(stage) {
    const shape = byCallbacks(stage);
    await drizzleUses(stage, shape, shape.pool);
  },

  async knex(stage) {
    const shape = byPromises(stage);
    await knexUses(stage, shape, shape.pool);
  },

  async "knex, by callbacks"(stage) {
    const shape = byCallbacks(stage);
    await knexUses(stage, shape, shape.pool);
  },

  async typeorm(stage) {
    const { host, user, database } = stage.config;
    let shape: MysqlPool<typeof mysql>;
    const createPool = (config: MysqlPoolOptions<typeof mysql>) =>
      shape = mysqlPool(mysql, { ...config, maxSize: 4, logLevel: "silent" });
    const Thing = new EntitySchema<{ n: number; text: string }>({
      name: "thing",
      columns: { n: { type: "int", primary: true }, text: { type: "varchar", length: 9 } },
    });
    const source = new DataSource({
      type: "mysql",
      host,
      username: user,
      database,
      driver: { ...mysql, createPool },
      entities: [Thing],
      synchronize: true,
    });
    await source.initialize();
    const { pool } = shape!;
    const things = source.getRepository(Thing);
    await things.save([{ n: 1, text: "one" }, { n: 2, text: "two" }]);
    assertEquals(await things.countBy({ text: "two" }), 1);
    const transaction = (fails: boolean) =>
      source.transaction(async (trx) => {
        const one = async () => Number((await trx.query(ID))[0].id);
        return ended([await one(), await one()], fails);
      });
    await transactions(transaction);
    await quiet(pool);
    await killed(stage, pool, () => things.findOneBy({ n: 1 }));
    await killed(stage, pool, () => transaction(false));
    await quiet(pool);
    await source.destroy();
    await assertRejects(() => pool.borrow());
  },

  async "hostile borrowers"(stage) {
    for (const reset of ["rollback", "session"] as const) {
      const shape = byPromises(stage, { reset, maxSize: 1, cancel: true });
      const { pool } = shape;
      const state = async () => {
        const sql =
          "select connection_id() as id, @@in_transaction as open, @@autocommit as auto, " +
          "database() as db";
        return (await shape.query<mysql.RowDataPacket[]>(sql))[0][0]!;
      };
      const first = await state();
      for (const sql of ["begin", "set autocommit = 0", "select nothing", "begin", "select 1"]) {
        const connection = await shape.getConnection();
        await connection.query(sql).catch(() => {});
        if (reset === "session") await connection.query("use information_schema");
        void connection.query("select sleep(0.01)");
        (connection.connection as unknown as mysql.Connection)
          .query("select seq, repeat('x', 1000) from seq_1_to_2000").stream();
        connection.release();
        connection.release();
        assertEquals(await state(), first);
      }
      const aborting = new AbortController();
      const used = pool.use((connection) => connection.query("select sleep(9)"), {
        signal: aborting.signal,
      });
      await soon(() => pool.using === 1, () => "it has not begun", 1_000);
      await sleep(50);
      aborting.abort();
      await assertRejects(() => used);
      assertEquals(await state(), first);
      const { created, hookErrors } = pool.stats();
      assertEquals([created, hookErrors], [1, 0]);
      await killed(stage, pool, () => pool.use((connection) => connection.query("select 1")));
      await shape.end();
    }
  },
};

/** Has it do its work; nothing of it may be left at the server. */
export async function played(user: User, server: MariaDb): Promise<void> {
  const { account } = server;
  await server.ask(`create database ${account}`);
  try {
    await server.ask(`grant all on ${account}.* to ${account}`);
    await user({ config: { host: "127.0.0.1", user: account, database: account }, server });
    await soon(async () => await server.count() === 0, () => "sessions are left", 1_000);
  } finally {
    await server.terminate();
    await server.ask(`drop database ${account}`);
  }
}
