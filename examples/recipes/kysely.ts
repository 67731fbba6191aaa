// Kysely over a pool: its PostgreSQL dialect asks for `connect` and `release`, which are `borrow` and `release`.

import process from "node:process";
import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient, sql } from "kysely";
// @ts-types="@types/pg"
import type pg from "pg";
import type { Loan, Pool } from "../../mod.ts";
import { openPool } from "./postgres_pg.ts";

/** What Kysely takes for a pool of pg's. */
export function poolForKysely(pool: Pool<pg.Client>): PostgresPool {
  return {
    options: {},
    connect: async () => clientOf(await pool.borrow()),
    end: () => pool.shutdown(),
  };
}

/** A new one for each loan: after `release` it throws, and cannot reach the next borrower's session. */
function clientOf(loan: Loan<pg.Client>): PostgresPoolClient {
  return {
    query: (...args: unknown[]) => Reflect.apply(loan.object.query, loan.object, args),
    // Kysely does not wait for it, and needs not: until it is reset nobody else has the session.
    release: (destroy) => void (destroy ? loan.discard() : loan.release()),
  };
}

if (import.meta.main) {
  const url = process.env.DATABASE_URL ?? "postgres://postgres@127.0.0.1/postgres";
  const pool = openPool(url);
  await using db = new Kysely<{ pg_database: { datname: string } }>({
    dialect: new PostgresDialect({ pool: poolForKysely(pool) }),
  }); // destroyed at the end, and the pool with it
  const row = await db.selectFrom("pg_database").select("datname").executeTakeFirst();
  console.log(`a query: ${JSON.stringify(row)}`);
  const pids = await db.transaction().execute(async (transaction) => {
    const pid = sql<{ pid: number }>`select pg_backend_pid() as pid`;
    const both = [await pid.execute(transaction), await pid.execute(transaction)];
    return new Set(both.map(({ rows: [row] }) => row?.pid));
  });
  console.log(`a transaction: ${pids.size} session, ${pool.stats().returned} returned`);
}
