// A session that has ended, and what still waits for it: a cursor whose session was killed in the middle
// waits for the server to be ready again, and a stream over it never ends.

import type { Client, Listener } from "./driver.ts";

const READY = "readyForQuery";

/** To be called when the session is new; what it gives, when the session has ended. */
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
 * A cursor that has all its rows, and only waits for the server to be ready, hears of no error: it has come
 * to its end with its session.
 */
export function endCursor(query: object): void {
  const { cursor = query as Cursor }: Cursor = query;
  if (cursor.state === "done") cursor.handleReadyForQuery?.();
}
