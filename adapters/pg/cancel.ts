// Cancel: cancels the query of a session at the server, by a short connection.

import { after } from "../../pool/clock.ts";
import type { Client, ClientClass, Connection } from "./driver.ts";

/** How long a cancellation may take, in ms. */
const PATIENCE = 1_000;

/**
 * Resolves once the server has the request, or after a second; never rejects.
 *
 * @param failed gets the error if it failed
 */
export function cancelQuery(
  Client: ClientClass,
  config: object,
  session: Client,
  failed: (error: unknown) => void,
): Promise<void> {
  return new Promise((resolve) => {
    let connection: Connection | undefined;
    const end = (error?: unknown) => {
      late();
      if (error !== undefined) failed(error);
      connection?.stream?.destroy();
      resolve();
    };
    const late = after(PATIENCE, true, () => end(new Error(`no answer within ${PATIENCE} ms`)));
    try {
      // pg.native has its own cancel.
      if (session.native?.cancel !== undefined) session.native.cancel(end);
      else connection = send(new Client(config), session, end);
    } catch (error) {
      end(error);
    }
  });
}

/** The server closes the connection once it has sent the signal. */
function send(
  { connection }: Client,
  { host = "localhost", port = 5432, processID, secretKey }: Client,
  end: (error?: unknown) => void,
): Connection {
  if (typeof connection?.cancel !== "function") throw new Error("this driver has no cancel");
  const { ssl, sslNegotiation } = connection;
  const cancel = () => connection.cancel!(processID, secretKey);
  connection.on("error", end);
  connection.once("end", () => end());
  connection.once("connect", () => {
    if (!ssl) cancel();
    else if (sslNegotiation !== "direct") connection.requestSsl?.();
  });
  connection.once("sslconnect", cancel);
  if (host.startsWith("/")) connection.connect(`${host}/.s.PGSQL.${port}`);
  else connection.connect(port, host);
  return connection;
}
