// What people use over a pool of pg's, over pgPool: on any runtime, with a real PostgreSQL.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { EventEmitter } from "node:events";
// @ts-types="@types/pg"
import pg from "pg";
import connectPgSimple from "connect-pg-simple";
import { sql as drizzleSql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import fastify from "fastify";
import fastifyPostgres from "@fastify/postgres";
import { Kysely, PostgresDialect, sql } from "kysely";
import Cursor from "pg-cursor";
import { DataSource, EntitySchema } from "typeorm";
import { pgPool, type PgPoolOptions } from "../../../adapters/pg.ts";
import { sleep } from "../../helpers/until.ts";
import { QUEUES } from "./pg_queues.ts";
import {
  ended,
  killed,
  open,
  type OurPool,
  PID,
  quiet,
  transactions,
  type User,
} from "./pg_using.ts";

export const USERS: Record<string, User> = {
  ...QUEUES,

  async kysely(stage) {
    const pool = open(stage);
    const db = new Kysely<Record<string, never>>({
      dialect: new PostgresDialect({ pool, cursor: Cursor }),
    });
    const pid = sql<{ pid: number }>`select pg_backend_pid() as pid, pg_sleep(0.002)`;
    const one = async (on: Kysely<Record<string, never>>) => (await pid.execute(on)).rows[0]!.pid;
    const transaction = (fails: boolean) =>
      db.transaction().execute(async (trx) => ended([await one(trx), await one(trx)], fails));
    await transactions(transaction);
    await quiet(pool);
    await killed(stage, pool, () => transaction(false));
    await killed(stage, pool, () => one(db));
    await quiet(pool);
    await db.destroy();
    assert(pool.ended);
  },

  async "kysely, which cancels a query while the pool is full"(stage) {
    const pool = open(stage, { maxSize: 1 });
    const db = new Kysely<Record<string, never>>({ dialect: new PostgresDialect({ pool }) });
    const aborting = new AbortController();
    const asked = sql`select pg_sleep(9)`.execute(db, {
      signal: aborting.signal,
      inflightQueryAbortStrategy: "cancel query",
    });
    const next = sql<{ one: number }>`select 1 as one`.execute(db); // waits for the session
    await sleep(50);
    const begun = performance.now();
    aborting.abort();
    await assertRejects(() => asked);
    assertEquals((await next).rows, [{ one: 1 }]);
    assert(performance.now() - begun < 1_000, "it takes too long");
    await quiet(pool);
    assertEquals(pool.pool.stats().created, 1);
    await db.destroy();
  },

  async drizzle(stage) {
    const pool = open(stage);
    const db = drizzle({ client: pool });
    const pid = drizzleSql`select pg_backend_pid() as pid, pg_sleep(0.002)`;
    const transaction = (fails: boolean) =>
      db.transaction(async (trx) => {
        const one = async () => Number((await trx.execute(pid)).rows[0]!.pid);
        return ended([await one(), await one()], fails);
      });
    await transactions(transaction);
    await quiet(pool);
    await killed(stage, pool, () => transaction(false));
    await killed(stage, pool, () => db.execute(pid));
    await quiet(pool);
    await pool.end();
  },

  async typeorm(stage) {
    const { host, user, database, application_name } = stage.config;
    let pool: OurPool | undefined;
    class Pool {
      constructor(config: PgPoolOptions<typeof pg>) {
        return pool = pgPool(pg, { ...config, maxSize: 4, logLevel: "silent" });
      }
    }
    const Thing = new EntitySchema<{ n: number; text: string }>({
      name: `thing_${user}`,
      columns: { n: { type: "int", primary: true }, text: { type: "text" } },
    });
    const source = new DataSource({
      type: "postgres",
      host: `${host}`,
      username: `${user}`,
      database: `${database}`,
      applicationName: `${application_name}`,
      driver: { ...pg, Pool },
      entities: [Thing],
      schema: `${user}`,
    });
    await source.initialize();
    await source.query(`create table ${user}.thing_${user} (n int primary key, text text)`);
    const things = source.getRepository(Thing);
    await things.save([{ n: 1, text: "one" }, { n: 2, text: "two" }]);
    assertEquals(await things.countBy({ text: "two" }), 1);
    const transaction = (fails: boolean) =>
      source.transaction(async (trx) => {
        const one = async () => Number((await trx.query(PID))[0].pid);
        return ended([await one(), await one()], fails);
      });
    await transactions(transaction);
    await quiet(pool!);
    await killed(stage, pool!, () => things.findOneBy({ n: 1 }));
    await killed(stage, pool!, () => transaction(false));
    await quiet(pool!);
    await source.destroy();
    assert(pool!.ended);
  },

  async "connect-pg-simple"(stage) {
    const pool = open(stage);
    const Store = connectPgSimple({ Store: EventEmitter } as never);
    const options = { pool, tableName: `${stage.config.user}_session`, createTableIfMissing: true };
    const store = new Store({
      ...options,
      schemaName: `${stage.config.user}`,
      pruneSessionInterval: false,
    });
    const call = <R>(method: string, ...args: unknown[]) =>
      new Promise<R>((resolve, reject) => {
        const done = (error: unknown, result: R) => error ? reject(error) : resolve(result);
        Reflect.apply(Reflect.get(store, method), store, [...args, done]);
      });
    const session = { cookie: { maxAge: 60_000 }, user: "a" };
    await call("set", "one", session);
    assertEquals(await call("get", "one"), session as never);
    await killed(stage, pool, () => call("get", "one"));
    await call("destroy", "one");
    assertEquals(await call("get", "one") ?? null, null);
    await quiet(pool);
    await pool.end();
  },

  async "@fastify/postgres"(stage) {
    let pool: OurPool | undefined;
    class Pool {
      constructor(config: PgPoolOptions<typeof pg>) {
        return pool = pgPool(pg, { ...config, logLevel: "silent" });
      }
    }
    const app = fastify();
    await app.register(
      fastifyPostgres,
      { ...stage.config, pg: { ...pg, Pool }, maxSize: 4 } as never,
    );
    const db = app as unknown as {
      pg: OurPool & { transact<R>(fn: (client: pg.PoolClient) => Promise<R>): Promise<R> };
    };
    app.get("/", async () => (await db.pg.query("select 1 as one")).rows);
    const transaction = (fails: boolean) =>
      db.pg.transact(async (client) => {
        const one = async () => (await client.query(PID)).rows[0].pid as number;
        return ended([await one(), await one()], fails);
      });
    await transactions(transaction);
    await killed(stage, pool!, async () => {
      const { statusCode, body } = await app.inject("/");
      if (statusCode !== 200) throw new Error(body);
      assertEquals(JSON.parse(body), [{ one: 1 }]);
    });
    await killed(stage, pool!, () => transaction(false));
    await quiet(pool!);
    await app.close();
    assert(pool!.ended);
  },
};
