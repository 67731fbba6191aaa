// pgPool beside pg's own pool: the same steps, on a real PostgreSQL, must come to the same.

import { assertEquals, assertRejects } from "@std/assert";
// @ts-types="@types/pg"
import pg from "pg";
import { pgPool } from "../../../adapters/pg.ts";
import { sleep } from "../../helpers/until.ts";
import { type Postgres, postgres } from "./postgres.ts";
import { whySkipped } from "./register.ts";
import { soon } from "./soon.ts";

const SIZE = 2;
const skipped = await whySkipped(postgres);

/** What a script has seen: it must be the same with both pools. */
type Seen = unknown[];
type Script = (pool: pg.Pool, see: (...what: Seen) => void, stage: Stage) => unknown;

interface Stage {
  config: pg.ClientConfig;
  /** Has the server terminate a session. */
  kill(pid: number): Promise<unknown>;
}

const PID = "select pg_backend_pid() as pid";
const pidOf = async (client: pg.Pool | pg.PoolClient): Promise<number> =>
  (await client.query<{ pid: number }>(PID)).rows[0]!.pid;

const SCRIPTS: Record<string, Script> = {
  async "what it is"(pool, see, { config: { user } }) {
    see(pool.constructor.name.includes("Pool"), "emit" in pool, typeof pool.listeners);
    see(pool.totalCount, pool.idleCount, pool.waitingCount, pool.expiredCount);
    see(pool.ending, pool.ended, Reflect.get(pool, "Client") === pg.Client);
    const { options } = pool;
    see(options.user === user, options.max, options.min, options.maxLifetimeSeconds);
    see(options.idleTimeoutMillis, options.maxUses, options.allowExitOnIdle);
    see(options.password, Object.keys(options).includes("password"));
    const client = new pg.Client(options);
    await client.connect();
    see((await client.query("select 1 as one")).rows);
    await client.end();
  },

  async "queries, by promises"(pool, see) {
    see((await pool.query("select 1 as one")).rows);
    see((await pool.query("select $1::int as n", [2])).rows);
    see((await pool.query({ text: "select $1::int as n", values: [3] })).rows);
    see((await pool.query({ text: "select 4", rowMode: "array" })).rows);
    see((await pool.query({ name: "five", text: "select $1::int as n", values: [5] })).rows);
    see((await pool.query("")).rowCount);
    const { command, rowCount, fields } = await pool.query("select 1 as one");
    see(command, rowCount, fields.map(({ name }) => name));
    const error = await assertRejects(() => pool.query("select 1/0"));
    see((error as pg.DatabaseError).code, String(error), error instanceof pg.DatabaseError);
    see(error instanceof Error && error.stack?.includes("pg_pool_test.ts"));
    const wrong = await assertRejects(() => pool.query("select $1::int", [Symbol("a")]));
    see((wrong as Error).name);
    see((await assertRejects(() => pool.query(null as unknown as string)) as Error).name);
    see(pool.waitingCount);
  },

  async "queries, by callbacks"(pool, see) {
    const asked = (...args: unknown[]) =>
      new Promise<void>((resolve) => {
        const callback = (error: unknown, result: pg.QueryResult | undefined) => {
          see(error === undefined || error === null, result?.rows);
          resolve();
        };
        see(Reflect.apply(pool.query, pool, [...args, callback]) === undefined);
      });
    await asked("select 1 as one");
    await asked("select $1::int as n", [2]);
    await asked({ text: "select $1::int as n", values: [3] });
    await asked("select 1/0");
  },

  async "connect and release"(pool, see) {
    const connecting = pool.connect();
    see(pool.waitingCount, pool.totalCount, pool.idleCount);
    const one = await connecting;
    const two = await pool.connect();
    see(one instanceof pg.Client, one !== two, pool.totalCount, pool.idleCount);
    const waiting = pool.connect();
    await sleep(10);
    see(pool.waitingCount);
    one.release();
    const three = await waiting;
    see(three === one, pool.waitingCount);
    three.release();
    two.release();
    see(pool.idleCount, pool.totalCount);
    see(await pidOf(pool) === await pidOf(pool));
  },

  async "connect by a callback"(pool, see) {
    const pid = await new Promise((resolve) => {
      const given = pool.connect((error, client, done) => {
        see(error === undefined, client instanceof pg.Client, typeof done);
        client!.query(PID, (_error, { rows: [row] }) => {
          done();
          resolve(row.pid);
        });
      });
      see(given === undefined);
    });
    see(pid === await pidOf(pool), pool.idleCount);
  },

  async "a session that is released with an error is closed"(pool, see) {
    for (const error of [new Error("broken"), true]) {
      const client = await pool.connect();
      const pid = await pidOf(client);
      client.release(error);
      await soon(() => pool.totalCount === 0, () => "it is still there", 1_000);
      see(pid !== await pidOf(pool), pool.totalCount);
    }
  },

  async events(pool, see) {
    const heard: unknown[] = [];
    for (const event of ["connect", "acquire", "remove"] as const) {
      pool.on(event, (client) => heard.push(event, client instanceof pg.Client));
    }
    pool.on("release", (error, client) => {
      heard.push("release", error?.message, client instanceof pg.Client);
    });
    await pool.query("select 1");
    const client = await pool.connect();
    see(heard.splice(0));
    client.release(new Error("broken"));
    await soon(() => heard.includes("remove"), () => "it is not removed", 1_000);
    see(heard);
  },

  async "the first query of a session may be a listener's"(pool, see) {
    pool.on("connect", (client) => void client.query("set search_path = pg_temp"));
    see((await pool.query("show search_path")).rows);
    const client = await pool.connect();
    see((await client.query("show search_path")).rows);
    client.release();
  },

  async "a failure to connect"(pool, see) {
    const { Pool } = pool.constructor === pg.Pool ? pg : { Pool: wrapped };
    const other = new Pool({ host: "127.0.0.1", port: 1 });
    const error = await assertRejects(() => other.connect());
    see((error as { code?: string }).code);
    see((await assertRejects(() => other.query("select 1")) as { code?: string }).code);
    await new Promise<void>((resolve) =>
      other.connect((error, client, done) => {
        see((error as { code?: string }).code, client, typeof done);
        done();
        resolve();
      })
    );
    see(other.totalCount);
    await other.end();
  },

  async "the end"(pool, see) {
    const client = await pool.connect();
    await pool.query("select 1");
    const ended = pool.end();
    see(pool.ending, pool.ended);
    see((await client.query("select 1 as one")).rows);
    await assertRejects(() => pool.connect());
    await assertRejects(() => pool.query("select 1"));
    await assertRejects(() => pool.end());
    await new Promise<void>((resolve) =>
      pool.connect((error) => resolve(see(error instanceof Error)))
    );
    client.release();
    await ended;
    see(pool.ended, pool.totalCount, pool.idleCount);
  },

  async "the end by a callback"(pool, see) {
    await pool.query("select 1");
    await new Promise<void>((resolve) => see(pool.end(resolve)));
    see(pool.ended, pool.totalCount);
  },

  async "a session that is killed while idle"(pool, see, { kill }) {
    const heard: unknown[] = [];
    pool.on("error", (error, client) => heard.push(error.message, client instanceof pg.Client));
    const pid = await pidOf(pool);
    await kill(pid);
    await soon(() => heard.length > 0, () => "nobody is told", 1_000);
    see(heard, pool.totalCount);
    see(pid !== await pidOf(pool));
  },

  async "a session that is killed under a query"(pool, see, { kill }) {
    const pid = await pidOf(pool);
    const asked = pool.query("select pg_sleep(9)").catch((error) => see(error.code));
    await sleep(20);
    await kill(pid);
    await asked;
    see(pid !== await pidOf(pool));
  },

  async "a query that takes too long"(pool, see) {
    const sql = { text: "select pg_sleep(0.1)", query_timeout: 10 };
    const error = await assertRejects(() => pool.query(sql));
    see(String(error));
    see((await pool.query("select 1 as one")).rows);
  },

  async LISTEN(pool, see) {
    const client = await pool.connect();
    const heard = new Promise((resolve) => client.on("notification", resolve));
    await client.query("listen pg_pool_test");
    await pool.query("select pg_notify('pg_pool_test', 'hello')");
    const { channel, payload } = await heard as pg.Notification;
    see(channel, payload);
    client.release(true);
  },
};

/** What ORMs are given in the place of pg's class. */
const wrapped = class {
  constructor(config: pg.PoolConfig) {
    return pgPool(pg, config);
  }
} as unknown as typeof pg.Pool;

function configOf(user: string): pg.ClientConfig {
  return { host: "127.0.0.1", user, database: "test", password: "none", application_name: user };
}

for (const [name, script] of Object.entries(SCRIPTS)) {
  Deno.test({
    name: `pgPool as pg.Pool: ${name}${skipped}`,
    ignore: skipped !== "",
    async fn() {
      await using server = await postgres.open(2 * SIZE) as Postgres;
      const config = configOf(server.account);
      const kill = (pid: number) => server.ask(`select pg_terminate_backend(${pid})`);
      const seen = async (pool: pg.Pool) => {
        const all: Seen[] = [];
        try {
          await script(pool, (...what) => all.push(what), { config, kill });
        } finally {
          if (!pool.ending) await pool.end();
        }
        return all;
      };
      const theirs = await seen(new pg.Pool({ ...config, max: SIZE }));
      const ours = await seen(pgPool(pg, { ...config, maxSize: SIZE }));
      assertEquals(ours, theirs);
      await soon(async () => await server.count() === 0, () => "sessions are left", 1_000);
    },
  });
}
