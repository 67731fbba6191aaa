// The dashboard in Express, by the bridge of docs/dashboard.md from Node's requests to those of the web.

import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
// @ts-types="@types/express"
import express from "express";
import { check, MOUNT, show } from "./dashboard_check.ts";
import { listening } from "./listening.ts";

const app = express();

async function bridge(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { headers: { accept = "*/*" }, method = "GET", url } = req;
  try {
    const page = await show(new Request(`http://localhost${url}`, { method, headers: { accept } }));
    res.writeHead(page.status, [...page.headers].flat());
    if (page.body === null) res.end();
    else await pipeline(Readable.fromWeb(page.body as never), res);
  } catch (error) { // of a TRACE, say, which no Request can be
    if (!res.destroyed) console.error(error); // else the page was closed
    res.destroy();
  }
}

app.use(MOUNT, bridge);

await check(await listening(app.listen(0, "127.0.0.1")));
