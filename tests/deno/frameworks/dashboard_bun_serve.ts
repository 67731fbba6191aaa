// The dashboard among the routes of Bun.serve.

import { check, MOUNT, show } from "./dashboard_check.ts";
import { bun } from "./serve.ts";

const server = bun!.serve({
  hostname: "127.0.0.1",
  port: 0,
  routes: { [MOUNT]: show, [`${MOUNT}/*`]: show },
  fetch: () => new Response("hello"),
});

await check({ port: server.port, close: () => server.stop() });
