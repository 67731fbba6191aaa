// PostgreSQL with `pg`: each borrower finds a session as good as new, in one round trip.

import { Socket } from "node:net";
import process from "node:process";
// @ts-types="@types/pg"
import pg from "pg";
import { Pool } from "../../mod.ts";

/**
 * What `discard all` does, but to forget prepared statements: pg takes its own to be there still. It
 * can follow a `rollback` in the same message, as `discard all` cannot.
 */
export const RESET = `close all; set session authorization default; reset all; unlisten *;
  select pg_advisory_unlock_all(); discard temp; discard sequences`;

async function connect(url: string, signal: AbortSignal): Promise<pg.Client> {
  const socket = new Socket();
  signal.addEventListener("abort", () => socket.destroy(signal.reason), { once: true });
  const client = new pg.Client({
    connectionString: url,
    stream: () => socket,
    statement_timeout: 30_000, // the server itself ends what takes longer
    // And soon what nobody waits for any more: since PostgreSQL 14, and not on Windows.
    options: "-c client_connection_check_interval=500",
  });
  // A client that is lost while idle says so by this event, which would end the process if nobody
  // listened. `health` and `retter` find it.
  client.on("error", () => {});
  await client.connect();
  return client;
}

async function reset(client: pg.Client): Promise<void> {
  client.removeAllListeners("notification"); // the last borrower's
  // A rollback only where there is something to roll back: else the server's log fills with warnings.
  const open = client.getTransactionStatus() !== "I";
  await client.query(open ? `rollback; ${RESET}` : RESET);
}

/** A pool of sessions. */
export function openPool(url: string): Pool<pg.Client> {
  return new Pool((_n, { signal }) => connect(url, signal), {
    maxSize: 10, //                of the 100 that a server allows to all processes together
    timeout: 2_000, //             less than the patience of whoever waits for your answer
    createTimeout: 2_000, //       connecting takes some 10 ms
    maxLifetime: 30 * 60_000, //   knows of a new replica by then
    retter: reset, //              also finds what died in a borrower's hands
    health: (client) => client.query("select 1").then(() => true),
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
  await pool.use((client, signal) => query(client, "select pg_sleep(9)", { signal }), { signal })
    .catch((error) => console.log(`took too long: ${error.name}`));
  console.log(`${pool.stats().discarded} discarded, ${pool.using} in use`);
}
