// PostgreSQL with `pg`: each borrower gets a session that is like a new one, after one round trip.
//
// Run it: npm install @x/proxypool pg && node postgres_pg.ts (or deno run -A, or bun)

import process from "node:process";
// @ts-types="@types/pg"
import pg from "pg";
import { type PgPool, pgPool } from "@x/proxypool/pg";

/**
 * A pool of sessions. `setup`: what each begins with, and has again after each borrower:
 * `set search_path = tenant`, for example.
 */
export function openPool(connectionString: string, setup = "select"): PgPool<typeof pg> {
  return pgPool(pg, {
    connectionString,
    statement_timeout: 30_000, //  the server itself ends what takes longer
    maxSize: 10, //                of the 100 that a server allows to all processes together
    timeout: 2_000, //             less than your own caller waits for you
    createTimeout: 2_000, //       connecting takes some 10 ms
    maxLifetime: 30 * 60_000, //   knows of a new replica by then
    opener: (client) => client.query(setup),
    reset: "session", //           all that a session can keep
    cancel: true, //               the server ends a query that nobody waits for any more
    healthAfter: 500, //           a session that is cut off says nothing: a round trip
    hookTimeout: 1_000, //         an answer that takes longer is none: packets are being dropped
    closeTimeout: 1_000, //        the end of one that is cut off is never confirmed
  });
}

if (import.meta.main) {
  const url = process.env.DATABASE_URL ?? "postgres://postgres@127.0.0.1/postgres";
  await using pool = openPool(url); // shut down at the end: no session is left
  const client = await pool.connect();
  await client.query("begin");
  await client.query("set local search_path = pg_temp");
  client.release(); // with its transaction open
  const sql = "select now() = statement_timestamp() as fresh, current_schema() as schema";
  const { rows: [row] } = await pool.query(sql);
  console.log(`the next borrower: ${JSON.stringify(row)}`);

  const signal = AbortSignal.timeout(100);
  await pool.pool.use((client) => client.query("select pg_sleep(9)"), { signal })
    .catch((error) => console.log(`took too long: ${error.name}`));
  await pool.end();
  console.log(`${pool.pool.stats().discarded} discarded, ${pool.pool.using} in use`);
}
