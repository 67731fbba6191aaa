// scopedPgPool: one request, one session, one transaction, over Kysely, Drizzle and plain queries alike.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { sql as drizzleSql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import { Kysely, PostgresDialect, sql } from "kysely";
// @ts-types="@types/pg"
import pg from "pg";
import Cursor from "pg-cursor";
import QueryStream from "pg-query-stream";
import { pgSessions, scopedPgPool } from "../../../adapters/pg.ts";
import { Proxy } from "../../../mod.ts";
import { flow } from "../../helpers/flow.ts";
import { postgres } from "./postgres.ts";
import { whySkipped } from "./register.ts";

const SIZE = 4;
const PID = "select pg_backend_pid() as pid";
const skipped = await whySkipped(postgres);

function opened(user: string) {
  const config = { host: "127.0.0.1", user, database: "test", application_name: user };
  const proxy = new Proxy({ ...pgSessions(pg, { ...config, maxSize: SIZE }), scope: flow });
  const pool = scopedPgPool(proxy, pg);
  const dialect = new PostgresDialect({ pool, cursor: Cursor });
  return {
    proxy,
    pool,
    kysely: new Kysely<Record<string, never>>({ dialect }),
    drizzle: drizzle({ client: pool }),
  };
}

type Opened = ReturnType<typeof opened>;

function test(name: string, fn: (opened: Opened) => Promise<void>): void {
  Deno.test({
    name: `scopedPgPool: ${name}${skipped}`,
    ignore: skipped !== "",
    async fn() {
      await using server = await postgres.open(SIZE);
      const all = opened(server.account);
      await fn(all);
      await all.pool.end();
      assertEquals(await server.count(), 0);
    },
  });
}

/** The session's number, by each of them. */
async function pids({ pool, kysely, drizzle }: Opened): Promise<number[]> {
  const client = await pool.connect();
  const all = [
    (await client.query<{ pid: number }>(PID)).rows[0]!.pid,
    (await pool.query<{ pid: number }>(PID)).rows[0]!.pid,
    (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(kysely)).rows[0]!.pid,
    Number((await drizzle.execute(drizzleSql.raw(PID))).rows[0]!.pid),
    await kysely.transaction().execute(async (trx) =>
      (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(trx)).rows[0]!.pid
    ),
    await drizzle.transaction(async (trx) =>
      Number((await trx.execute(drizzleSql.raw(PID))).rows[0]!.pid)
    ),
  ];
  client.release();
  client.release(); // it goes back at the end of the frame
  return all;
}

test("one request, one session", async (opened) => {
  const requests = Array.from({ length: 20 }, () =>
    flow.run(async () => {
      const all = await pids(opened);
      assertEquals(all, Array(6).fill(all[0]));
    }));
  await Promise.all(requests);
  const { created, returned, doubleReturns } = opened.proxy._pool!.stats();
  assert(created <= SIZE);
  assertEquals([returned, doubleReturns], [20, 0]);
  assertEquals(opened.pool.totalCount, opened.pool.idleCount);
});

test("one request, one transaction", async ({ pool, kysely, drizzle, proxy }) => {
  const request = (fails: boolean) =>
    flow.run(async () => {
      await pool.query("begin");
      await pool.query("create temp table orders (n int) on commit drop");
      await sql`insert into orders values (1)`.execute(kysely);
      await drizzle.execute(drizzleSql`insert into orders values (2)`);
      assertEquals((await pool.query("select sum(n)::int as n from orders")).rows, [{ n: 3 }]);
      if (fails) throw new Error("declined");
      await pool.query("commit");
    });
  await request(false);
  await assertRejects(() => request(true), Error, "declined");
  await flow.run(async () => { // what was left open is nobody else's
    const { rows } = await pool.query("select now() = statement_timestamp() as fresh");
    assertEquals(rows, [{ fresh: true }]);
  });
  assertEquals(proxy._pool!.stats().created, 1);
});

test("its shape", async ({ pool }) => {
  assert(pool.constructor.name.includes("Pool") && typeof pool.on === "function");
  assertEquals([pool.totalCount, pool.idleCount, pool.waitingCount], [0, 0, 0]);
  await assertRejects(() => pool.connect(), Error, "frame");
  await assertRejects(() => pool.query("select 1"), Error, "frame");
  await flow.run(async () => {
    const one = await pool.connect();
    assert(one === await pool.connect() && "release" in one && one instanceof pg.Client);
    await new Promise<void>((resolve) =>
      pool.connect((error, client, done) => {
        assertEquals([error, client === one], [undefined, true]);
        done();
        resolve();
      })
    );
    const rows = await new Promise((resolve) =>
      pool.query("select $1::int as n", [2], (_error, { rows }) => resolve(rows))
    );
    assertEquals(rows, [{ n: 2 }]);
    const numbers = [];
    const stream = pool.query(new QueryStream("select generate_series(1, 3) as n"));
    for await (const { n } of stream) numbers.push(n);
    assertEquals(numbers, [1, 2, 3]);
    await assertRejects(() => pool.query("select 1/0"), Error, "division by zero");
    assertEquals((await pool.query("select 1 as one")).rows, [{ one: 1 }]);
  });
  const outside = pool.query(new QueryStream("select 1"));
  await assertRejects(() => outside.toArray(), Error, "frame");
});
