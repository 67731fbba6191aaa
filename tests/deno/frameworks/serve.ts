// Serves a web-standard handler on Deno or on Bun.

import type { Server } from "./check.ts";

type Handler = (request: Request) => Response | Promise<Response>;

interface BunOptions {
  hostname: string;
  port: number;
  fetch: Handler;
  error?(error: unknown): Response;
}

/** As far as it is needed here: its types are not for a program that is checked by Deno. */
export const bun = (globalThis as {
  Bun?: { serve(options: BunOptions): { port: number; stop(): Promise<void> } };
}).Bun;

export function serve(fetch: Handler): Server {
  if (bun !== undefined) {
    const server = bun.serve({ hostname: "127.0.0.1", port: 0, fetch });
    return { port: server.port, close: () => server.stop() };
  }
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, fetch);
  return { port: server.addr.port, close: () => server.shutdown() };
}
