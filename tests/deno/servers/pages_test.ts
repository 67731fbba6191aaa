// The pages' examples for drivers, with real servers: they do what they show.

import { assertEquals, assertMatch } from "@std/assert";
import { createClient } from "@redis/client";
// @ts-types="@types/pg"
import type pg from "pg";
import type { Pool } from "../../../mod.ts";
import { type Changes, moduleOf } from "../recipes/page_code.ts";
import { MariaDb, mariadb } from "./mariadb.ts";
import { kindAt, Postgres, postgres } from "./postgres.ts";
import { redis } from "./redis.ts";
import { register } from "./register.ts";
import { ownName } from "./server.ts";

const PLACE = { port: postgres.port, user: "root", database: "test" };
const SIZE = 10;
const PAGES_URL = "postgres://app@localhost/app";

await register(kindAt(PLACE), [
  ["docs/pg.md: a query, and an order that fails halfway", orderOfPg],
  ["docs/transactions.md: a move over pgPool, and one that fails halfway", moveOfPg],
  ["docs/many_postgres.md: objects under a quota", objectsUnderQuota],
]);
await register(mariadb, [
  ["docs/mysql2.md: a query, and an order that fails halfway", orderOfMysql],
]);
await register(redis, [
  ["docs/redis.md: a transaction side by side, and the next job", increaseAndNext],
]);

const urlOf = ({ account, port }: { account: string; port: number }) =>
  `postgres://${account}@127.0.0.1:${port}/test?application_name=${account}`;

/** With a schema of its own, which has the tables of the pages. */
async function withPostgres(work: (server: Postgres, schema: string) => Promise<void>) {
  await using server = await Postgres.open(PLACE, SIZE);
  const schema = server.account;
  await server.ask(`create schema ${schema} authorization ${schema}`);
  try {
    await server.ask(`create table ${schema}.stock (name text, number int check (number >= 0))`);
    await server.ask(`insert into ${schema}.stock values ('tea', 1)`);
    await server.ask(`create table ${schema}.accounts (id int, total int check (total >= 0))`);
    await server.ask(`insert into ${schema}.accounts values (1, 1), (2, 0)`);
    await server.ask(`grant all on all tables in schema ${schema} to ${schema}`);
    await work(server, schema);
  } finally {
    await server.terminate();
    await server.ask(`drop schema ${schema} cascade`);
  }
}

interface Orders {
  now(): Promise<unknown>;
  order(what: string): Promise<void>;
}

async function orderOfPg(): Promise<void> {
  await withPostgres(async (server, schema) => {
    const changes = {
      [PAGES_URL]: urlOf(server),
      "search_path = tenant": `search_path = ${schema}`,
    };
    const { pool, now, order } = await moduleOf<Orders & { pool: pg.Pool }>(
      "docs/pg.md",
      ["export async function order"],
      changes,
      [],
    );
    await now();
    await order("tea");
    assertMatch(String(await order("tea").catch((error) => error)), /check constraint/);
    assertEquals((await pool.query("select number from stock")).rows, [{ number: 0 }]);
    await pool.end();
  });
}

async function moveOfPg(): Promise<void> {
  await withPostgres(async (server, schema) => {
    const options = { connectionString: urlOf(server), options: `-c search_path=${schema}` };
    const { pool, move } = await moduleOf<
      { pool: pg.Pool; move(from: number, to: number): Promise<unknown> }
    >(
      "docs/transactions.md",
      ["export const move"],
      { 'database: "app"': JSON.stringify(options).slice(1, -1) },
      ["pool"],
    );
    await move(1, 2);
    assertMatch(String(await move(1, 2).catch((error) => error)), /check constraint/);
    const { rows } = await pool.query("select total from accounts order by id");
    assertEquals(rows, [{ total: 0 }, { total: 1 }]);
    assertEquals(pool.totalCount, 1);
    await pool.end();
  });
}

async function objectsUnderQuota(): Promise<void> {
  await using server = await Postgres.open(PLACE, SIZE);
  const changes: Changes = { [PAGES_URL]: urlOf(server), '"reports"': JSON.stringify(ownName()) };
  const { reports } = await moduleOf<{ reports: Pool<unknown> }>(
    "docs/many_postgres.md",
    ["export const reports"],
    changes,
    [],
  );
  await reports.use(() => {});
  assertEquals([reports.size, await server.count()], [1, 1]); // the quota's own session
  await reports.shutdown();
}

async function orderOfMysql(): Promise<void> {
  await using server = await MariaDb.open(SIZE);
  const table = server.account;
  await server.ask(`create table ${table} (name text, number int unsigned)`);
  try {
    await server.ask(`insert into ${table} values ('tea', 1)`);
    const { pool, now, order } = await moduleOf<
      Orders & { pool: { query(sql: string): Promise<[unknown]>; end(): Promise<void> } }
    >(
      "docs/mysql2.md",
      ["export async function order"],
      {
        "mysql://app@localhost/app": `mysql://${server.account}@127.0.0.1:${server.port}/test`,
        "update stock": `update ${table}`,
      },
      [],
    );
    await now();
    await order("tea");
    assertMatch(String(await order("tea").catch((error) => error)), /out of range/);
    assertEquals((await pool.query(`select number from ${table}`))[0], [{ number: 0 }]);
    await pool.end();
  } finally {
    await server.ask(`drop table ${table}`);
  }
}

async function increaseAndNext(): Promise<void> {
  const key = ownName();
  const client = createClient();
  await client.connect();
  try {
    const { pool, same, increase } = await moduleOf<{
      pool: Pool<unknown>;
      same: Pool<{ ping(): Promise<string> }>;
      increase(key: string): Promise<number>;
    }>("docs/redis.md", ["export const increase"], {}, []);
    assertEquals([await increase(key), await increase(key)], [1, 2]);
    assertEquals(await same.use((client) => client.ping()), "PONG");
    await Promise.all([pool.shutdown(), same.shutdown()]);

    const jobs = await moduleOf<
      { pool: Pool<unknown>; next(signal: AbortSignal): Promise<{ element: string }> }
    >("docs/redis.md", ["export const next"], { '"jobs"': JSON.stringify(`${key}:jobs`) }, [
      "pool",
    ]);
    const gone = await jobs.next(AbortSignal.timeout(50)).catch((error) => error);
    assertEquals(gone.name, "TimeoutError");
    await client.rPush(`${key}:jobs`, "wash");
    const { element } = await jobs.next(AbortSignal.timeout(5_000));
    assertEquals(element, "wash");
    await jobs.pool.shutdown();
  } finally {
    await client.del([key, `${key}:jobs`]);
    await client.close();
  }
}
