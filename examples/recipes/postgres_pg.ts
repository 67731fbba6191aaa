// PostgreSQL with `pg`: each borrower finds a session as good as new, in one round trip.

import { Socket } from "node:net";
import process from "node:process";
// @ts-types="@types/pg"
import pg from "pg";
import { type CreateContext, Pool } from "../../mod.ts";

/**
 * What `discard all` does, but to forget prepared statements: pg takes its own to be there still. It
 * can follow a `rollback` in the same message, as `discard all` cannot.
 */
export const RESET = `close all; set session authorization default; reset all; unlisten *;
  select pg_advisory_unlock_all(); discard temp; discard sequences`;

/** `reset all` goes back to what the connection began with; what `setup` has set it would undo. */
async function connect(
  url: string,
  setup: string,
  { signal, invalidate }: CreateContext,
): Promise<pg.Client> {
  const socket = new Socket();
  signal.addEventListener("abort", () => socket.destroy(signal.reason), { once: true });
  const client = new pg.Client({
    connectionString: url,
    stream: () => socket,
    statement_timeout: 30_000, // the server itself ends what takes longer
    // And soon what nobody waits for any more: since PostgreSQL 14, and not on Windows.
    options: "-c client_connection_check_interval=500",
  });
  // For the life of the client: an `error` event without a listener ends the process.
  client.on("error", invalidate);
  await client.connect();
  client.on("end", invalidate); // a borrower may have ended it
  if (setup !== "") await client.query(setup);
  return client;
}

/** Forgets all that the last borrower did, then does again what `setup` did at first. */
async function reset(client: pg.Client, setup: string): Promise<void> {
  for (const event of ["notification", "notice"]) client.removeAllListeners(event); // the borrower's
  // The status is that of the last answer. A query that was not awaited is still under way, and one
  // that has failed is told of a moment before the session is ready: an empty query waits for it. Behind
  // a cursor, a QueryStream or a COPY that was left open it waits for hookTimeout: then it is closed.
  if (Reflect.get(client, "readyForQuery") !== true) await client.query("");
  // A rollback only where there is something to roll back: else the server logs a warning each time.
  const open = client.getTransactionStatus() !== "I";
  await client.query([...open ? ["rollback"] : [], RESET, setup].join("; "));
}

/**
 * A pool of sessions. `setup`: what each begins with, and is given again after each borrower:
 * `set search_path = tenant`, for example.
 */
export function openPool(url: string, setup = ""): Pool<pg.Client> {
  return new Pool((_n, context) => connect(url, setup, context), {
    maxSize: 10, //                of the 100 that a server allows to all processes together
    timeout: 2_000, //             less than your own caller waits for you
    createTimeout: 2_000, //       connecting takes some 10 ms
    maxLifetime: 30 * 60_000, //   knows of a new replica by then
    retter: (client) => reset(client, setup),
    discardOnError: (error) => error instanceof DOMException, // aborted: `query` has ended the session
    health: (client) => client.query("select 1"), // a session that is cut off says nothing
    healthAfter: 500, //           asked of what was unused for longer: a round trip
    hookTimeout: 1_000, //         an answer that takes longer is none: packets are being dropped
    closer: (client) => client.end(), // ends a half-dead one, too: it does not wait for its query
    closeTimeout: 1_000, //        the end of one that is cut off is never confirmed
    tracer: (client) => `session ${Reflect.get(client, "processID")}`, // as in pg_stat_activity
  });
}

/** Gives up when `signal` aborts: the session is closed, for the pool is to discard it anyway. */
export async function query(
  client: pg.Client,
  sql: string,
  { values, signal }: { values?: unknown[]; signal: AbortSignal },
): Promise<pg.QueryResult> {
  const giveUp = () => void client.end();
  signal.throwIfAborted();
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    return await client.query(sql, values);
  } catch (error) {
    signal.throwIfAborted(); // its reason says more than that the session was closed
    throw error;
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

if (import.meta.main) {
  const url = process.env.DATABASE_URL ?? "postgres://postgres@127.0.0.1/postgres";
  await using pool = openPool(url); // shut down at the end: no session is left
  {
    await using client = await pool.get();
    await client.query("begin");
    await client.query("set local search_path = pg_temp");
  } // given back here, with its transaction open
  const sql = "select now() = statement_timestamp() as fresh, current_schema() as schema";
  const { rows: [row] } = await pool.use((client) => client.query(sql));
  console.log(`the next borrower: ${JSON.stringify(row)}`);

  const signal = AbortSignal.timeout(100);
  const sleep = "select pg_sleep(9)";
  await pool.use((client, { signal }) => query(client, sleep, { signal }), { signal })
    .catch((error) => console.log(`took too long: ${error.name}`));
  await pool.shutdown(); // waits for the callback, too
  console.log(`${pool.stats().discarded} discarded, ${pool.using} in use`);
}
