// How connections are pooled, with a pool as with a proxy. This is the code to copy.
// @ts-types="@types/pg"
import type { Client } from "pg";
import type { Create, PoolOptions } from "../../mod.ts";

/** Connects, and tells the pool of a connection that has died: it is not lent again. */
export function watched(connect: () => Promise<Client>): Create<Client> {
  return async (_n, { invalidate }) => {
    const client = await connect();
    return client.on("error", invalidate).on("end", invalidate);
  };
}

/** Nobody inherits an open transaction. Rolling back costs a round trip: only if there is one. */
async function rollBack(client: Client): Promise<void> {
  // False while a query is under way. Then the status is old, and an empty query waits for the next.
  if (Reflect.get(client, "readyForQuery") !== true) await client.query("");
  if (client.getTransactionStatus() !== "I") await client.query("rollback");
}

export const pooling: PoolOptions<Client> = {
  timeout: 5_000,
  retter: rollBack,
  closer: (client) => client.end(),
  tracer: (client) => `transaction status ${client.getTransactionStatus()}`,
};
