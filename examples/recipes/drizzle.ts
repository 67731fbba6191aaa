// Drizzle over a pool: a borrowed session makes a database, which costs next to nothing.

import process from "node:process";
import { sql } from "drizzle-orm";
import { drizzle, type NodePgDatabase } from "drizzle-orm/node-postgres";
import { pgTable, text } from "drizzle-orm/pg-core";
// @ts-types="@types/pg"
import type pg from "pg";
import type { Pool } from "../../mod.ts";
import { openPool } from "./postgres_pg.ts";

/** Lends a database of one session to `fn`: transactions, and all that belongs to a session, work. */
export function withDb<R>(
  pool: Pool<pg.Client>,
  fn: (db: NodePgDatabase, signal: AbortSignal) => Promise<R>,
  signal?: AbortSignal,
): Promise<R> {
  return pool.use((client, { signal }) => fn(drizzle({ client }), signal), { signal });
}

if (import.meta.main) {
  const databases = pgTable("pg_database", { name: text("datname").notNull() });
  const url = process.env.DATABASE_URL ?? "postgres://postgres@127.0.0.1/postgres";
  await using pool = openPool(url); // shut down at the end: no session is left
  const [row] = await withDb(pool, (db) => db.select().from(databases).limit(1));
  console.log(`a query: ${JSON.stringify(row)}`);
  const pids = await withDb(pool, (db) =>
    db.transaction(async (transaction) => {
      const pid = sql`select pg_backend_pid() as pid`;
      const both = [await transaction.execute(pid), await transaction.execute(pid)];
      return new Set(both.map(({ rows: [row] }) => row?.pid));
    }));
  console.log(`a transaction: ${pids.size} session, ${pool.stats().returned} returned`);
}
