// Cancel: cancels the query of a session at the server, by a short session of its own.

import { after } from "../../pool/clock.ts";
import { ask, connect, type Core, type CorePool } from "./driver.ts";

/** How long a cancellation may take, in ms. */
const PATIENCE = 1_000;

/** Identifies the server and the session: several servers may share one address. */
const WHERE = "select concat_ws('/', @@hostname, @@port, @@server_id) as server, " +
  "connection_id() as id";
const NO_SUCH_THREAD = 1094;

/** The server and the id of a session. */
export interface Address {
  readonly server: string;
  readonly id: string;
}

/** The address of a session. */
export async function addressOf(core: Core): Promise<Address> {
  const [[row]] = await ask(core, "query", { sql: WHERE, rowsAsArray: true, typeCast: true });
  return { server: `${row[0]}`, id: `${row[1]}` };
}

/**
 * Resolves once the server has cancelled the query, or after a second; never rejects.
 *
 * @param failed gets the error if it failed
 */
export function cancelQuery(
  factory: CorePool,
  address: Address,
  failed: (error: unknown) => void,
): Promise<void> {
  const { core, connected } = connect(factory);
  core?.on("error", () => {}); // the promise reports it
  return new Promise((resolve) => {
    const end = (error?: unknown) => {
      late();
      if (error !== undefined) failed(error);
      resolve();
    };
    const late = after(PATIENCE, true, () => {
      end(new Error(`no answer within ${PATIENCE} ms`));
      core?.stream.destroy();
    });
    connected.then((session) => kill(session, address).finally(() => leave(session)))
      .then(() => end(), end);
  });
}

async function kill(session: Core, { server, id }: Address): Promise<void> {
  const here = await addressOf(session);
  if (here.server !== server) throw new Error("the session is at another server");
  await ask(session, "query", `kill query ${id}`).catch((error) => {
    if (error.errno !== NO_SUCH_THREAD) throw error;
  });
}

function leave(session: Core): void {
  session.on("error", () => {});
  session.end();
}
