// The dashboard in Express, by a bridge from Node's requests to those of the web.

import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
// @ts-types="@types/express"
import express from "express";
import { check, MOUNT, show } from "./dashboard_check.ts";
import { listening } from "./listening.ts";

const app = express();

app.use(MOUNT, async (req, res) => {
  const headers = { accept: req.get("accept") ?? "*/*" };
  const url = `http://localhost${req.originalUrl}`;
  const { status, headers: answered, body } = await show(
    new Request(url, { method: req.method, headers }),
  );
  res.status(status).setHeaders(answered);
  if (body === null) return void res.end();
  await pipeline(Readable.fromWeb(body as never), res).catch(() => {}); // the page has gone
});

await check(await listening(app.listen(0, "127.0.0.1")));
