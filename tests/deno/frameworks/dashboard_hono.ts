// The dashboard in Hono, which says nothing of where that is mounted.

import { Hono } from "hono";
import { check, MOUNT, show } from "./dashboard_check.ts";
import { serve } from "./serve.ts";

const app = new Hono();

app.all(`${MOUNT}/*`, (c) => show(c.req.raw));

await check(await serve(app.fetch));
