// Oak: its middleware gives the promise of all that comes after it.

import { createServer } from "node:http";
import { Application } from "@oakserver/oak";
import { versatile } from "../../../scopes/mod.ts";
import { check, streamed, work } from "./check.ts";
import { listening } from "./listening.ts";

const app = new Application({ logErrors: false });

app.use((_ctx, next) => versatile.run(next));

app.use(async ({ request, response }) => {
  const body = await request.body.json();
  response.body = request.url.pathname === "/work"
    ? await work(body)
    : streamed(body, versatile.current());
});

/** Given port 0, it does not tell which one it got. */
async function freePort(): Promise<number> {
  const { port, close } = await listening(createServer().listen(0, "127.0.0.1"));
  await close();
  return port;
}

const port = await freePort();
const ended = new AbortController();
const listens = new Promise((resolve) => app.addEventListener("listen", resolve));
void app.listen({ hostname: "127.0.0.1", port, signal: ended.signal });
await listens;
await check({ port, close: () => ended.abort() });
