// Express: next() returns at once, so it is the response's end that ends the frame.

import { Readable } from "node:stream";
// @ts-types="@types/express"
import express from "express";
import { versatile } from "../../../scopes/mod.ts";
import { check, streamed, work } from "./check.ts";
import { listening } from "./listening.ts";

const app = express().set("env", "test"); // it would log the errors

app.use((_req, res, next) =>
  versatile.run(() => new Promise((end) => (res.once("close", end), next()))).catch(console.error)
);

app.use(express.json());
app.post("/work", async (req, res) => void res.json(await work(req.body)));
app.post("/stream", (req, res) => void Readable.from(streamed(req.body)).pipe(res));

await check(await listening(app.listen(0, "127.0.0.1")));
