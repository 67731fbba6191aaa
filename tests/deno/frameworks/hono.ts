// Hono: its middleware gives the promise of all that comes after it.

import { Hono } from "hono";
import { versatile } from "../../../scopes/mod.ts";
import { check, streamed, work } from "./check.ts";
import { serve } from "./serve.ts";

const app = new Hono();

app.use((_c, next) => versatile.run(next));

app.post("/work", async (c) => c.json(await work(await c.req.json())));
app.post("/stream", async (c) => c.body(streamed(await c.req.json(), versatile.current())));
app.onError((error, c) => c.text(error.message, 500));

await check(await serve(app.fetch));
