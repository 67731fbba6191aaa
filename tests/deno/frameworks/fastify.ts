// Fastify: done() returns at once, too, so that the response's end ends the frame.

import Fastify from "fastify";
import { versatile } from "../../../scopes/mod.ts";
import { check, streamed, work } from "./check.ts";

const app = Fastify();

app.addHook("onRequest", (_req, { raw }, done) => {
  versatile.run(() => new Promise((end) => (raw.once("close", end), done()))).catch(console.error);
});

app.post<{ Body: { id: number } }>("/work", (req) => work(req.body));
app.post<{ Body: { id: number } }>("/stream", (req, reply) => reply.send(streamed(req.body)));

const url = await app.listen({ host: "127.0.0.1", port: 0 });
await check({ port: Number(new URL(url).port), close: () => app.close() });
