// MariaDB or MySQL with `mysql2`: sessions reset by the protocol itself, on sockets of our own.
//
// Run it: npm install @x/proxypool mysql2 && node mariadb.ts (or deno run -A, or bun)

import { connect as dial, type Socket } from "node:net";
import process from "node:process";
import { type Connection, type ConnectionOptions, createConnection } from "mysql2/promise";
import { type CreateContext, Pool } from "@x/proxypool";

/** Its `destroy` leaves pending queries waiting for ever; they fail if the socket is destroyed with an error. */
const sockets = new WeakMap<Connection, Socket>();

/** What a session begins with, each time: mysql2 takes over what borrowers change of it. */
function login(url: string) {
  const { username, password, pathname } = new URL(url);
  return {
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
    charset: "UTF8MB4_UNICODE_CI",
  } satisfies ConnectionOptions;
}

async function connect(
  url: string,
  { signal, invalidate }: CreateContext,
): Promise<Connection> {
  const { hostname, port } = new URL(url);
  const socket = dial({ host: hostname, port: Number(port || 3306), noDelay: true });
  signal.addEventListener("abort", () => socket.destroy(signal.reason), { once: true });
  try {
    const connection = await createConnection({ ...login(url), stream: socket });
    // For its life: an `error` event without a listener ends the process. mysql2 sees to the first one
    // itself.
    connection.on("error", invalidate);
    connection.on("end", () => invalidate("it has ended")); // by a borrower, perhaps
    sockets.set(connection, socket);
    return connection;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** Says goodbye, for the server not to log an aborted connection; cuts off one that does not listen. */
async function close(connection: Connection): Promise<void> {
  const socket = sockets.get(connection)!;
  if (socket.destroyed) return;
  const closed = new Promise((resolve) => socket.once("close", resolve));
  const late = setTimeout(() => socket.destroy(new Error("the connection is closed")), 500);
  connection.end().catch(() => socket.destroy()); // may never settle: the socket tells
  await closed;
  clearTimeout(late);
}

/** A pool of sessions. */
export function openPool(url: string): Pool<Connection> {
  return new Pool((_n, context) => connect(url, context), {
    maxSize: 10, //               of the 151 that a server allows to all processes together
    timeout: 2_000, //            less than your own caller waits for you
    createTimeout: 2_000, //      connecting takes some 5 ms
    maxLifetime: 30 * 60_000, //  and far less than wait_timeout, 8 hours
    // A new login: transaction, variables, temporary tables, locks, database, character set. `reset`
    // takes one round trip, this two, but leaves the last borrower's database.
    retter: (connection) => connection.changeUser(login(url)),
    health: (connection) => connection.ping(),
    healthAfter: 500, //          asked of what was unused for longer: a round trip
    hookTimeout: 1_000, //        an answer that takes longer is none: packets are being dropped
    discardOnError: cutsOff,
    closer: close,
    tracer: ({ threadId }) => `session ${threadId}`,
  });
}

/** Whether a failure has ended the connection. An aborted use has: see below. */
function cutsOff(error: unknown): boolean {
  return error instanceof DOMException ||
    (error as { fatal?: boolean } | undefined)?.fatal === true;
}

if (import.meta.main) {
  await using pool = openPool(process.env.MARIADB_URL ?? "mysql://root@127.0.0.1/test");
  {
    await using connection = await pool.get();
    await connection.query("set @discount = 100");
  } // given back here, and reset
  const [rows] = await pool.use((connection) => connection.query("select @discount as discount"));
  console.log(`the next borrower: ${JSON.stringify(rows)}`);

  const signal = AbortSignal.timeout(100); // the server goes on: use max_statement_time there
  await pool.use((connection, { signal }) => {
    signal.addEventListener("abort", () => sockets.get(connection)!.destroy(signal.reason));
    return connection.query("select sleep(9)");
  }, { signal }).catch((error) => console.log(`took too long: ${error.name}`));
  await pool.shutdown(); // waits for the callback, too
  console.log(`${pool.stats().discarded} discarded, ${pool.using} in use`);
}
