// Sessions of pgPool that die, in all places where they may: nothing ends the process, all else goes on.

import { assert, assertEquals, assertRejects } from "@std/assert";
// @ts-types="@types/pg"
import pg from "pg";
import Cursor from "pg-cursor";
import QueryStream from "pg-query-stream";
import { type PgPool, pgPool, type PgPoolOptions } from "../../../adapters/pg.ts";
import { type Postgres, postgres } from "./postgres.ts";
import { killed } from "./killed.ts";
import { whySkipped } from "./register.ts";
import { soon } from "./soon.ts";

type Options = Partial<PgPoolOptions<typeof pg>>;
type OurPool = PgPool<typeof pg>;

const SIZE = 8;
const USERS = 32;
const skipped = await whySkipped(postgres);

function test(name: string, options: Options, fn: (pool: OurPool, server: Postgres) => unknown) {
  Deno.test({
    name: `pgPool: ${name}${skipped}`,
    ignore: skipped !== "",
    async fn() {
      await using server = await postgres.open(SIZE) as Postgres;
      const { account: user } = server;
      const own = { host: "127.0.0.1", user, database: "test", application_name: user };
      const pool = pgPool(pg, { ...own, maxSize: SIZE, logLevel: "silent", ...options });
      try {
        await fn(pool, server);
      } finally {
        await pool.pool.shutdown({ timeout: 500 });
      }
      await soon(async () => await server.count() === 0, () => "sessions are left", 1_000);
    },
  });
}

type Work = (pool: OurPool) => Promise<unknown>;

const WORKS: Record<string, Work> = {
  query: (pool) => pool.query("select pg_sleep(0.002)"),
  async transaction(pool) {
    const client = await pool.connect();
    try {
      await client.query("begin");
      await client.query("select pg_sleep(0.002)");
      await client.query("commit");
    } finally {
      client.release();
    }
  },
  "callback": (pool) =>
    new Promise<void>((resolve, reject) => {
      pool.connect((error, client, done) => {
        if (error) return reject(error);
        client!.query("select pg_sleep(0.002)", (error) => {
          done(error ?? undefined);
          if (error) reject(error);
          else resolve();
        });
      });
    }),
  stream: async (pool) => {
    const sql = "select n, pg_sleep(0.0002) from generate_series(1, 10) as n";
    for await (const _row of pool.query(new QueryStream(sql, [], { batchSize: 3 })));
  },
  "use": (pool) => pool.pool.use((client) => client.query("select pg_sleep(0.002)")),
};

for (const reset of ["rollback", "session"] as const) {
  for (const [name, work] of Object.entries(WORKS)) {
    test(
      `${name}, all sessions are killed under load, reset: "${reset}"`,
      { reset },
      async (pool, server) => {
        await killed({
          size: SIZE,
          users: USERS,
          each: 1, // what comes later has a new one
          within: 2_000,
          ask: () => work(pool),
          terminate: () => server.terminate(),
          show: () => `${pool.pool}`,
        });
        await soon(() => pool.pool.using + pool.pool.creating === 0, () => `${pool.pool}`, 1_000);
        assertEquals([pool.totalCount, pool.waitingCount], [pool.idleCount, 0]);
        assert(await server.count() <= SIZE);
      },
    );
  }
}

test(
  "a session that is killed on loan, while its borrower does something else",
  {},
  async (pool, server) => {
    const heard: unknown[] = [];
    pool.on("error", (error) => heard.push(error));
    const client = await pool.connect();
    await server.terminate();
    // Its place is free, though some, such as Drizzle, never give back what fails at once.
    await soon(() => pool.totalCount === 0, () => `${pool.pool}`, 1_000);
    await assertRejects(() => client.query("select 1"));
    assertEquals((await pool.query("select 1 as one")).rows, [{ one: 1 }]);
    client.release();
    assertEquals([heard, pool.idleCount, pool.pool.stats().doubleReturns], [[], 1, 0]);
  },
);

test(
  "idle sessions that are killed: the pool says so if somebody listens",
  {},
  async (pool, server) => {
    const clients = await Promise.all(Array.from({ length: 3 }, () => pool.connect()));
    for (const client of clients) client.release();
    await server.terminate(); // nobody listens
    await soon(() => pool.totalCount === 0, () => `${pool.pool}`, 1_000);
    const heard: unknown[] = [];
    pool.on("error", (_error, client) => heard.push(client));
    const one = await pool.connect();
    one.release();
    await server.terminate();
    await soon(() => heard.length > 0, () => "nobody is told", 1_000);
    assertEquals(heard, [one]);
    assertEquals(pool.pool.stats().invalidated, 4);
  },
);

test("a borrower ends its session", {}, async (pool) => {
  for (let i = 0; i < 3; i++) {
    const client = await pool.connect();
    await client.end();
    client.release();
    await soon(() => pool.totalCount === 0, () => `${pool.pool}`, 1_000);
  }
  assertEquals((await pool.query("select 1 as one")).rows, [{ one: 1 }]);
});

test(
  "sessions that are killed while they are reset",
  { reset: "session" },
  async (pool, server) => {
    for (let i = 0; i < 5; i++) {
      const client = await pool.connect();
      await client.query("begin; select pg_sleep(0.01)").catch(() => {});
      void client.query("select pg_sleep(0.05)").catch(() => {});
      client.release();
      await server.terminate();
      await soon(() => pool.totalCount === 0, () => `${pool.pool}`, 1_000);
    }
    assertEquals((await pool.query("select 1 as one")).rows, [{ one: 1 }]);
    assertEquals(pool.pool.stats().hookErrors, 0);
  },
);

test("a shutdown closes what is in the middle of a query", {}, async (pool, server) => {
  const asked = assertRejects(() => pool.query("select pg_sleep(9)"));
  await soon(() => pool.pool.using === 1, () => "it has not begun", 1_000);
  const begun = performance.now();
  await pool.pool.shutdown({ timeout: 20 });
  await asked;
  assert(performance.now() - begun < 1_000);
  await server.terminate();
});

test("a cursor that has all its rows when its session dies gives them", {}, async (pool) => {
  pool.on("connect", (client) => {
    const { connection } = client as unknown as { connection: pg.Connection };
    const emit = connection.emit.bind(connection);
    // All of the answer arrives, but for its very last message.
    connection.emit = (event, ...args) => {
      if (event !== "readyForQuery") return emit(event, ...args);
      connection.stream.destroy();
      return true;
    };
  });
  const sql = "select n from generate_series(1, 3) as n";
  const rows = await pool.query(new QueryStream(sql)).toArray();
  assertEquals(rows, [{ n: 1 }, { n: 2 }, { n: 3 }]);
  const cursor = pool.query(new Cursor(sql));
  assertEquals((await cursor.read(9)).length, 3);
  await cursor.close();
  await soon(() => pool.totalCount === 0, () => `${pool.pool}`, 1_000);
});
