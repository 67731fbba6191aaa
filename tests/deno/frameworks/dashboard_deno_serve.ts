// The dashboard in Deno.serve.

import { check, MOUNT, show } from "./dashboard_check.ts";

const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
  const { pathname } = new URL(request.url);
  if (pathname.startsWith(MOUNT)) return await show(request);
  return new Response("hello");
});

await check({ port: server.addr.port, close: () => server.shutdown() });
