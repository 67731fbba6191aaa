// PostgreSQL with `postgres` (postgres.js): each object is a client with one connection.
//
// A borrower uses it as a tagged template. The pool of postgres.js itself lends a connection for one
// query, has no deadline for waiters, and resets nothing between borrowers. Use this pool for what
// needs a session: `set`, temporary tables, advisory locks, `listen`.
//
// Run it: npm install @x/proxypool postgres && node postgres_js.ts (or deno run -A, or bun)

import process from "node:process";
import postgres, { type PendingQuery, type Row, type Sql } from "postgres";
import { type CreateContext, Pool } from "@x/proxypool";

/**
 * `discard all`, but to forget prepared statements. `begin` first: without a transaction `rollback`
 * would have the server log a warning each time. It logs one now if somebody left a transaction open.
 */
const RESET = `begin; rollback; close all; set session authorization default; reset all; unlisten *;
  select pg_advisory_unlock_all(); discard temp; discard sequences`;

/** As in pg_stat_activity. */
const pids = new WeakMap<Sql, number>();

/** `reset all` goes back to what is in `connection`; what was set later it would undo. */
async function connect(url: string, { signal, invalidate }: CreateContext): Promise<Sql> {
  const sql: Sql = postgres(url, {
    max: 1, //            the pool is ours, and so are
    max_lifetime: null, // these
    idle_timeout: 0,
    connection: { statement_timeout: 30_000 }, // the server itself ends what takes longer
    // A client that has lost its connection would make another one in silence. Before it is there, the
    // query below fails.
    onclose: () => void (pids.has(sql) && invalidate("the connection is lost")),
    onnotice: () => {}, // else they are printed
  });
  signal.addEventListener("abort", () => void sql.end({ timeout: 0 }), { once: true });
  try {
    const [row] = await sql`select pg_backend_pid() as pid`; // it connects at its first query
    pids.set(sql, row?.pid);
    return sql;
  } catch (error) {
    await sql.end({ timeout: 0 });
    throw error;
  }
}

/**
 * Forgets all that the last borrower did. `sql.begin` always ends its transaction. One that was begun
 * by hand, has failed and was left open makes this fail, and so costs the connection. So does a cursor
 * or a COPY that was left open: this waits behind it for hookTimeout.
 */
async function reset(sql: Sql): Promise<void> {
  await sql.unsafe(RESET); // a round trip
}

/** A pool of clients. */
export function openPool(url: string): Pool<Sql> {
  return new Pool((_n, context) => connect(url, context), {
    maxSize: 10, //               of the 100 that a server allows to all processes together
    timeout: 2_000, //            less than your own caller waits for you
    createTimeout: 2_000, //      connecting takes some 20 ms
    maxLifetime: 30 * 60_000, //  knows of a new replica by then
    retter: reset,
    health: (sql) => sql`select 1`,
    healthAfter: 500, //          asked of what was unused for longer: a round trip
    hookTimeout: 1_000, //        an answer that takes longer is none: packets are being dropped
    // 0.3 s for a goodbye, less than a shutdown gives it; then whatever waits for an answer fails.
    closer: (sql, { reason }) => sql.end({ timeout: reason === "invalidated" ? 0 : 0.3 }),
    tracer: (sql) => `session ${pids.get(sql)}`,
  });
}

/** Has the server cancel the query when `signal` aborts: over a connection of its own, in some ms. */
export async function cancelling<T extends readonly Row[]>(
  query: PendingQuery<T>,
  signal: AbortSignal,
): Promise<T> {
  const cancel = () => query.cancel();
  signal.throwIfAborted();
  signal.addEventListener("abort", cancel, { once: true });
  return await query.finally(() => signal.removeEventListener("abort", cancel));
}

if (import.meta.main) {
  const url = process.env.DATABASE_URL ?? "postgres://postgres@127.0.0.1/postgres";
  await using pool = openPool(url); // shut down at the end: no connection is left
  {
    await using sql = await pool.get();
    await sql`set search_path = pg_temp`;
  } // given back here, and reset
  const [row] = await pool.use((sql) => sql`select current_schema() as schema`);
  console.log(`the next borrower: ${JSON.stringify(row)}`);

  const signal = AbortSignal.timeout(100);
  await pool.use((sql, { signal }) => cancelling(sql`select pg_sleep(9)`, signal), { signal })
    .catch((error) => console.log(`took too long: ${error.name}`));
  await pool.shutdown(); // waits for the callback, too
  console.log(`${pool.stats().discarded} discarded, ${pool.using} in use`);
}
