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
import { Logger, makeWorkerUtils, run } from "graphile-worker";
import { Kysely, PostgresDialect, sql } from "kysely";
import Cursor from "pg-cursor";
import { PgBoss } from "pg-boss";
import { DataSource, EntitySchema } from "typeorm";
import { type PgPool, pgPool, type PgPoolOptions } from "../../../adapters/pg.ts";
import { sleep } from "../../helpers/until.ts";
import { soon } from "./soon.ts";

/** Where they work, and what they do to it. */
export interface Stage {
  config: pg.ClientConfig;
  /** Has the server end all sessions of the account. */
  terminate(): Promise<void>;
}

type OurPool = PgPool<typeof pg>;
export type User = (stage: Stage) => Promise<void>;

const JOBS = 500;
const PID = "select pg_backend_pid() as pid";

function open({ config }: Stage, options: Partial<PgPoolOptions<typeof pg>> = {}): OurPool {
  return pgPool(pg, { ...config, maxSize: 4, logLevel: "silent", ...options });
}

/** Transactions side by side, a third of which fail: each has one session from its begin to its end. */
async function transactions(transaction: (fails: boolean) => Promise<number[]>): Promise<void> {
  await Promise.all(Array.from({ length: 30 }, async (_, i) => {
    if (i % 3 === 0) {
      await assertRejects(() => transaction(true), Error, "as it should");
    } else {
      const [one, two] = await transaction(false);
      assertEquals(one, two);
    }
  }));
}

function ended(pids: number[], fails: boolean): number[] {
  if (fails) throw new Error("as it should");
  return pids;
}

/** All sessions are killed under load: who had one fails, all others are served, well within a second. */
async function killed(stage: Stage, pool: OurPool, ask: () => Promise<unknown>): Promise<void> {
  let over = false;
  let served = 0;
  const failures: { at: number; error: unknown }[] = [];
  const users = Array.from({ length: 12 }, async () => {
    while (!over) {
      const at = performance.now();
      try {
        await ask();
        served++;
      } catch (error) {
        failures.push({ at, error });
        await sleep(1);
      }
    }
  });
  try {
    for (let round = 0; round < 3; round++) {
      const enough = served + 36;
      await soon(() => served >= enough, () => `it does not answer: ${pool.pool}`, 5_000);
      failures.length = 0;
      await stage.terminate();
      const then = performance.now();
      const again = served + 36;
      await soon(() => served >= again, () => `it answers no more: ${pool.pool}`, 1_000);
      assert(failures.length <= 2 * 4, `${failures.map(({ error }) => error)}`);
      assertEquals(failures.filter(({ at }) => at > then).map(({ error }) => error), []);
    }
  } finally {
    over = true;
    await Promise.all(users);
  }
}

/** Nobody has anything of it any more. */
async function quiet(pool: OurPool): Promise<void> {
  await soon(() => pool.pool.using + pool.pool.creating === 0, () => `${pool.pool}`, 1_000);
  assertEquals([pool.totalCount, pool.waitingCount], [pool.idleCount, 0]);
}

export const USERS: Record<string, User> = {
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

  async "graphile-worker"(stage) {
    const pool = open(stage, { maxSize: 6 });
    const logger = new Logger(() => () => {});
    const schema = `${stage.config.user}_worker`;
    const options = { pgPool: pool, logger, schema };
    const utils = await makeWorkerUtils(options);
    await utils.migrate();
    const done = new Set<number>();
    const runner = await run({
      ...options,
      concurrency: 4,
      pollInterval: 50,
      noHandleSignals: true,
      taskList: {
        add: (payload, { query }) => {
          const { n } = payload as { n: number };
          return query("select 1").then(() => void done.add(n));
        },
      },
    });
    const jobs = Array.from({ length: JOBS }, (_, n) => ({ identifier: "add", payload: { n } }));
    await utils.addJobs(jobs);
    // Not while jobs are under way: one that it cannot complete ends the worker, whatever the pool.
    await soon(() => done.size === JOBS, () => `${done.size} are done`, 20_000);
    await soon(() => pool.pool.using === 1, () => `${pool.pool}`, 2_000); // it listens on one
    await stage.terminate();
    await soon(() => pool.pool.stats().closed > 0, () => `${pool.pool}`, 1_000);
    await utils.addJob("add", { n: JOBS }).catch(() => utils.addJob("add", { n: JOBS }));
    await soon(() => done.size > JOBS, () => "it works no more", 10_000);
    await runner.stop();
    await utils.release();
    await quiet(pool);
    await pool.end();
  },

  async "pg-boss"(stage) {
    const pool = open(stage);
    const boss = new PgBoss({
      db: { executeSql: (text, values) => pool.query(text, values) },
      schema: `${stage.config.user}_boss`,
    });
    boss.on("error", () => {}); // its sessions are killed
    await boss.start();
    await boss.createQueue("numbers");
    const done = new Set<number>();
    await boss.work<{ n: number }>(
      "numbers",
      { batchSize: 50, pollingIntervalSeconds: 0.5 },
      (jobs) => {
        for (const { data: { n } } of jobs) done.add(n);
        return Promise.resolve();
      },
    );
    await boss.insert("numbers", Array.from({ length: JOBS }, (_, n) => ({ data: { n } })));
    await soon(() => done.size >= 50, () => `${done.size} are done`, 10_000);
    await stage.terminate();
    await soon(() => done.size === JOBS, () => `${done.size} are done`, 20_000);
    await boss.stop({ graceful: false, close: false });
    await quiet(pool);
    await pool.end();
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
    await quiet(pool!);
    await app.close();
    assert(pool!.ended);
  },
};
