// Ended: ends cursors of a dead session. pg lets such a cursor wait for the server, so a stream
// over it would never end.

import type { Client, Listener } from "./driver.ts";

const READY = "readyForQuery";

/** Call it for a new session. Call the returned function when the session has ended. */
export function watchEnd({ connection }: Client): () => void {
  if (typeof connection?.rawListeners !== "function") return () => {};
  const own = connection.rawListeners(READY);
  return () => {
    for (const waiting of connection.rawListeners(READY)) if (!own.includes(waiting)) waiting();
    connection.on("newListener", (event: unknown, waiting: Listener) => {
      if (event === READY) queueMicrotask(waiting);
    });
  };
}

interface Cursor {
  readonly state?: unknown;
  readonly cursor?: Cursor;
  handleReadyForQuery?(): unknown;
}

/**
 * A cursor that has all rows and waits only for the server to be ready gets no error: it is
 * complete.
 */
export function endCursor(query: object): void {
  const { cursor = query as Cursor }: Cursor = query;
  if (cursor.state === "done") cursor.handleReadyForQuery?.();
}
