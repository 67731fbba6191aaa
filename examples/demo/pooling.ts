// How connections are pooled, with a pool as with a proxy. This is the code to copy.
// @ts-types="@types/pg"
import type { Client } from "pg";
import type { PoolOptions } from "../../mod.ts";

const lost = new WeakSet<Client>();

export const pooling: PoolOptions<Client> = {
  timeout: 5_000,
  opener: (client) => void client.on("error", () => lost.add(client)),
  // The server may drop a connection that lies idle: ask before each use, it costs no query.
  health: (client) => !lost.has(client),
  healthAfter: 0,
  // Nobody inherits an open transaction. Rolling back costs a round trip: only if there is one.
  retter: (client) => client.getTransactionStatus() === "I" ? undefined : client.query("rollback"),
  closer: (client) => client.end(),
  tracer: (client) => `transaction status ${client.getTransactionStatus()}`,
};
