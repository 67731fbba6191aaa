// An HTTP service with Hono: in each request the proxy `db` stands for another connection.
//
// DATABASE_URL is the address of PostgreSQL. Try /greet/you, /greet/nobody (which fails) and
// /numbers/5.
//
// Run it: npm install @x/proxypool hono @hono/node-server pg && node hono.ts (or deno run -A, or bun)

import process from "node:process";
import { Hono } from "hono";
import { streamText } from "hono/streaming";
// @ts-types="@types/pg"
import pg from "pg";
import { PoolOverloadError, Proxy } from "@x/proxypool";
import { pgSessions } from "@x/proxypool/pg";
import { versatile } from "@x/proxypool/scopes";

/** What all functions use; none is given a connection, none gives one back. */
export const db = new Proxy(pgSessions(pg, { // rolls back what a request leaves open
  connectionString: process.env.DATABASE_URL,
  connectionTimeoutMillis: 2_000,
  maxSize: 10, //          times the processes, less than max_connections of the server
  timeout: 5_000, //       a visitor does not wait for longer
  queueTarget: 500, //     nor, if all must wait that long, for twice that: see `onError`
  queueInterval: 1_000, // a shorter rush is no overload; nor is connecting
  createTimeout: 3_000, // longer than pg itself waits, which then tells why
}));

export const app = new Hono();

// The one line that it takes: a frame for each request, at whose end its connection goes back.
app.use((_c, next) => versatile.run(next));

app.get("/greet/:name", async (c) => {
  await db.query("begin");
  await remember(c.req.param("name"));
  const text = await greeting();
  await db.query("commit");
  return c.text(text);
});

/** Of the transaction, and so of the connection: another would know nothing of it. */
async function remember(name: string): Promise<void> {
  await db.query("select set_config('app.name', $1, true)", [name]);
  if (name === "nobody") throw new Error("there is nobody"); // "begin" is rolled back
}

async function greeting(): Promise<string> {
  const { rows } = await db.query("select 'hello ' || current_setting('app.name') as text");
  return rows[0].text;
}

// A stream goes on after its handler has returned: it prolongs the frame.
app.get("/numbers/:n", (c) => {
  const frame = versatile.current();
  return streamText(c, (stream) => {
    const done = numbers(Number(c.req.param("n")), stream);
    frame?.waitUntil(done);
    return done;
  });
});

interface Lines {
  readonly aborted: boolean;
  writeln(line: string): Promise<unknown>;
}

/** Stops when the visitor has gone: others wait for the connection. */
async function numbers(n: number, stream: Lines): Promise<void> {
  for (let i = 1; i <= n && !stream.aborted; i++) {
    const { rows } = await db.query("select $1::int, pg_backend_pid()", [i]);
    await stream.writeln(JSON.stringify(rows[0]));
  }
}

app.onError((error, c) => {
  if (!(error instanceof PoolOverloadError)) return c.text(`${error.message}\n`, 500);
  // More visitors than can be served: each is told after how many seconds to come again.
  c.header("Retry-After", `${Math.ceil(error.retryAfter / 1000)}`);
  return c.text("too many visitors\n", 503);
});

/** Bun has a server of its own, too: `Bun.serve({ hostname, port, fetch: app.fetch })`. */
async function serve(port: number): Promise<{ port: number; close(): Promise<unknown> }> {
  const { fetch } = app;
  const hostname = "127.0.0.1";
  if ("Deno" in globalThis) {
    const server = Deno.serve({ hostname, port, onListen() {} }, fetch);
    return { port: server.addr.port, close: () => server.shutdown() };
  }
  const { serve } = await import("@hono/node-server");
  return await new Promise((resolve) => {
    const server = serve({ hostname, port, fetch }, (info) => {
      resolve({ port: info.port, close: () => new Promise((closed) => server.close(closed)) });
    });
  });
}

if (import.meta.main) {
  const { port, close } = await serve(Number(process.env.PORT ?? 8000));
  console.log(`http://127.0.0.1:${port}/greet/you`);
  process.once("SIGTERM", async () => { // what runs is served, then nothing is left
    await close();
    await db._pool?.shutdown({ timeout: 10_000 });
  });
}
