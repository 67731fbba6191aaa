// The service, once for each way to come by a connection. This is the code to copy.
// @ts-types="@types/pg"
import type { Client } from "pg";
import { Pool } from "../../mod.ts";
import type { Connect } from "./connections.ts";

export interface Service extends AsyncDisposable {
  handle(request: Request): Promise<Response>;
}

export interface Phase {
  name: string;
  /** Whether the connections must stay within `--pool-size`. */
  capped: boolean;
  open(connect: Connect, poolSize: number): Service;
}

const direct: Phase = {
  name: "connection per request",
  capped: false,
  open: (connect) => ({
    async handle(request) {
      const client = await connect();
      try {
        return await answer(client, request);
      } finally {
        await client.end();
      }
    },
    async [Symbol.asyncDispose]() {},
  }),
};

export const pooled: Phase = {
  name: "pool",
  capped: true,
  open(connect, poolSize) {
    const pool = newPool(connect, poolSize);
    return {
      async handle(request) {
        if (new URL(request.url).pathname === "/stats") return Response.json(pool.stats());
        await using client = await pool.get();
        return await answer(client, request);
      },
      [Symbol.asyncDispose]: () => pool.shutdown({ timeout: 10_000 }),
    };
  },
};

export const phases: Phase[] = [direct, pooled];

function newPool(connect: Connect, maxSize: number): Pool<Client> {
  const lost = new WeakSet<Client>();
  return new Pool(connect, {
    maxSize,
    timeout: 5_000,
    opener: (client) => void client.on("error", () => lost.add(client)),
    // The server may drop a connection that lies idle: ask before each use, it costs no query.
    health: (client) => !lost.has(client),
    healthAfter: 0,
    // Nobody inherits an open transaction. Rolling back costs a round trip: only if there is one.
    retter: (client) =>
      client.getTransactionStatus() === "I" ? undefined : client.query("rollback"),
    closer: (client) => client.end(),
    tracer: (client) => `transaction status ${client.getTransactionStatus()}`,
  });
}

async function answer(client: Pick<Client, "query">, request: Request): Promise<Response> {
  const [, n] = new URL(request.url).pathname.match(/^\/sum\/(\d{1,4})$/) ?? [];
  if (n === undefined) return new Response("try /sum/100 or /stats\n", { status: 404 });
  const sql = "select coalesce(sum(i), 0)::int as sum from generate_series(1, $1::int) as i";
  const { rows } = await client.query<{ sum: number }>(sql, [n]);
  return Response.json(rows[0]);
}
