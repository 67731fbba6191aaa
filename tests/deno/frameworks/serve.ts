// Serves a web-standard handler on Deno, on Bun, or on Node by Hono's adapter.

import type { Server as HttpServer } from "node:http";
import type { Server } from "./check.ts";
import { listening } from "./listening.ts";

type Handler = (request: Request) => Response | Promise<Response>;

interface BunOptions {
  hostname: string;
  port: number;
  routes?: Record<string, Handler>;
  fetch: Handler;
  error?(error: unknown): Response;
}

/** As far as it is needed here: its types are not for a program that is checked by Deno. */
export const bun = (globalThis as {
  Bun?: { serve(options: BunOptions): { port: number; stop(): Promise<void> } };
}).Bun;

export async function serve(fetch: Handler): Promise<Server> {
  const hostname = "127.0.0.1";
  if (bun !== undefined) {
    const server = bun.serve({ hostname, port: 0, fetch });
    return { port: server.port, close: () => server.stop() };
  }
  if (!("Deno" in globalThis)) {
    const node = await import("@hono/node-server");
    // It is of HTTP/2 only if asked for.
    return await listening(node.serve({ hostname, port: 0, fetch }) as HttpServer);
  }
  const server = Deno.serve({ hostname, port: 0, onListen() {} }, fetch);
  return { port: server.addr.port, close: () => server.shutdown() };
}
