// Drizzle over a pool: Drizzle uses it as a `pg.Pool`, and each transaction has one session.
//
// Run it: npm install @x/proxypool drizzle-orm pg && node drizzle.ts (or deno run -A, or bun)
// It needs postgres_pg.ts beside it.

import process from "node:process";
import { sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import { pgTable, text } from "drizzle-orm/pg-core";
import { openPool } from "./postgres_pg.ts";

if (import.meta.main) {
  const databases = pgTable("pg_database", { name: text("datname").notNull() });
  const url = process.env.DATABASE_URL ?? "postgres://postgres@127.0.0.1/postgres";
  await using pool = openPool(url); // shut down at the end: no session is left
  const db = drizzle({ client: pool });
  const [row] = await db.select().from(databases).limit(1);
  console.log(`a query: ${JSON.stringify(row)}`);
  const pids = await db.transaction(async (transaction) => {
    const pid = sql`select pg_backend_pid() as pid`;
    const both = [await transaction.execute(pid), await transaction.execute(pid)];
    return new Set(both.map(({ rows: [row] }) => row?.pid));
  });
  console.log(`a transaction: ${pids.size} session, ${pool.pool.stats().returned} returned`);
}
