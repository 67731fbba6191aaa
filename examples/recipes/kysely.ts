// Kysely over a pool: its PostgreSQL dialect uses the pool as a `pg.Pool`.
//
// Run it: npm install @x/proxypool kysely pg && node kysely.ts (or deno run -A, or bun)
// It needs postgres_pg.ts beside it.

import process from "node:process";
import { Kysely, PostgresDialect, sql } from "kysely";
import { openPool } from "./postgres_pg.ts";

if (import.meta.main) {
  const url = process.env.DATABASE_URL ?? "postgres://postgres@127.0.0.1/postgres";
  const pool = openPool(url);
  await using db = new Kysely<{ pg_database: { datname: string } }>({
    dialect: new PostgresDialect({ pool }),
  }); // destroyed at the end, and the pool with it
  const row = await db.selectFrom("pg_database").select("datname").executeTakeFirst();
  console.log(`a query: ${JSON.stringify(row)}`);
  const pids = await db.transaction().execute(async (transaction) => {
    const pid = sql<{ pid: number }>`select pg_backend_pid() as pid`;
    const both = [await pid.execute(transaction), await pid.execute(transaction)];
    return new Set(both.map(({ rows: [row] }) => row?.pid));
  });
  console.log(`a transaction: ${pids.size} session, ${pool.pool.stats().returned} returned`);
}
