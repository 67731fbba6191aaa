// Bun.serve: the handler's promise is the frame.

import { versatile } from "../../../scopes/mod.ts";
import { check } from "./check.ts";
import { handle } from "./handle.ts";
import { bun } from "./serve.ts";

const server = bun!.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: (request) => versatile.run(() => handle(request)),
  error: (error) => new Response(String(error), { status: 500 }),
});

await check({ port: server.port, close: () => server.stop() });
