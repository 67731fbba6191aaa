// Deno.serve: the handler's promise is the frame.

import { versatile } from "../../../scopes/mod.ts";
import { check } from "./check.ts";
import { handle } from "./handle.ts";

const server = Deno.serve(
  { hostname: "127.0.0.1", port: 0, onListen() {}, onError: failed },
  (request) => versatile.run(() => handle(request)),
);

function failed(error: unknown): Response {
  return new Response(String(error), { status: 500 });
}

await check({ port: server.addr.port, close: () => server.shutdown() });
