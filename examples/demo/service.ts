// The service, once for each way to come by a connection. This is the code to copy.
// @ts-types="@types/pg"
import type { Client } from "pg";
import { Pool } from "../../mod.ts";
import { versatile } from "../../scopes/mod.ts";
import type { Connect } from "./connections.ts";
import { db } from "./db.ts";
import { pooling, watched } from "./pooling.ts";
import type { Answer } from "./queries.ts";
import { sumTo as sumByProxy } from "./sum_by_proxy.ts";
import { sumTo } from "./sum_passing.ts";

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
        return await answer(request, (n) => sumTo(client, n));
      } finally {
        await client.end();
      }
    },
    async [Symbol.asyncDispose]() {},
  }),
};

const pooled: Phase = {
  name: "pool",
  capped: true,
  open(connect, poolSize) {
    return overPool(new Pool(watched(connect), { ...pooling, maxSize: poolSize }));
  },
};

export function overPool(pool: Pool<Client>): Service {
  return {
    async handle(request) {
      if (new URL(request.url).pathname === "/stats") return Response.json(pool.stats());
      await using client = await pool.get({ label: "GET /sum" });
      return await answer(request, (n) => sumTo(client, n));
    },
    [Symbol.asyncDispose]: () => pool.shutdown({ timeout: 10_000 }),
  };
}

const proxied: Phase = {
  name: "pool by proxy",
  capped: true,
  open(connect, poolSize) {
    db.setFun(watched(connect));
    db._setPool({ maxSize: poolSize });
    return {
      handle: (request) => versatile.run(() => answer(request, sumByProxy)),
      [Symbol.asyncDispose]: async () => await db._pool?.shutdown({ timeout: 10_000 }),
    };
  },
};

export const phases: Phase[] = [direct, pooled, proxied];

async function answer(request: Request, sum: (n: number) => Promise<Answer>): Promise<Response> {
  const [, n] = new URL(request.url).pathname.match(/^\/sum\/(\d{1,4})$/) ?? [];
  if (n === undefined) return new Response("try /sum/100 or /stats\n", { status: 404 });
  return Response.json(await sum(Number(n)));
}
