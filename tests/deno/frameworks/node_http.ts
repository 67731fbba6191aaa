// Node's http: a handler that is awaited to its end.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { json } from "node:stream/consumers";
import { versatile } from "../../../scopes/mod.ts";
import { check, streamed, work } from "./check.ts";
import { listening } from "./listening.ts";

const server = createServer((req, res) => versatile.run(() => handle(req, res)));

async function handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const body = await json(req) as { id: number };
  if (req.url === "/stream") return await send(res, streamed(body));
  try {
    res.end(JSON.stringify(await work(body)));
  } catch (error) {
    res.writeHead(500).end(String(error));
  }
}

async function send(res: ServerResponse, body: ReadableStream<Uint8Array>): Promise<void> {
  for await (const chunk of body) res.write(chunk);
  res.end();
}

await check(await listening(server.listen(0, "127.0.0.1")));
