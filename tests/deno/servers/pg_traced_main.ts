// pgPool under OpenTelemetry, as a program for any runtime: says what fails, and "ok".

import { request, traced } from "./pg_traced_setup.ts";
import process from "node:process";
import { assert, assertEquals } from "@std/assert";
// @ts-types="@types/pg"
import pg from "pg";
import {
  type PgPool,
  pgPool,
  type PgPoolOptions,
  pgSessions,
  scopedPgPool,
} from "../../../adapters/pg.ts";
import { Proxy } from "../../../mod.ts";
import type { Pool } from "../../../pool.ts";
import { versatile } from "../../../scopes/mod.ts";
import { played } from "./pg_stage.ts";
import { soon } from "./soon.ts";

type Options = PgPoolOptions<typeof pg>;
type OurPool = PgPool<typeof pg>;

/** Each begins a transaction, and gives its session back with it. */
const WAYS: Record<string, (pool: OurPool) => Promise<unknown>> = {
  query: (pool) => pool.query("begin"),
  "query, by a callback": (pool) =>
    new Promise<void>((resolve) => pool.query("begin", () => resolve())),
  async connect(pool) {
    const client = await pool.connect();
    await client.query("begin");
    client.release();
  },
  "connect, by a callback": (pool) =>
    new Promise<void>((resolve) =>
      pool.connect((_error, client, done) => {
        client!.query("begin", () => {
          done();
          resolve();
        });
      })
    ),
  use: ({ pool }) => pool.use((client) => client.query("begin")),
  async get({ pool }) {
    await using client = await pool.get();
    await client.query("begin");
  },
  async borrow({ pool }) {
    await using loan = await pool.borrow();
    await loan.object.query("begin");
  },
};

/** A reset may go on when its request is over. */
async function idle(pool: Pool<pg.Client>): Promise<void> {
  await soon(() => pool.using + pool.creating === 0, () => `${pool}`, 1_000);
}

async function resets(options: Options): Promise<void> {
  await using pool = pgPool(pg, { ...options, maxSize: 1 });
  await pool.query("select");
  await idle(pool.pool);
  traced();
  for (const [name, way] of Object.entries(WAYS)) {
    await request("/a", () => way(pool));
    await idle(pool.pool);
    assertEquals([name, ...traced()], [name, "/a: begin", "/a: rollback"]);
  }
}

async function frames(options: Options): Promise<void> {
  const proxy = new Proxy(pgSessions(pg, { ...options, maxSize: 1 }));
  const pool = scopedPgPool(proxy, pg);
  await versatile.run(() => pool.query("select"));
  await idle(proxy._pool!);
  traced();
  await request("/a", () => versatile.run(() => pool.query("begin")));
  await idle(proxy._pool!);
  assertEquals(traced(), ["/a: begin", "/a: rollback"]);
  await pool.end();
}

/** A session is nobody's when it is made, and its borrower's from then on. */
async function connects(options: Options): Promise<void> {
  const opener = (client: pg.Client) => client.query("set a.b = 1");
  await using pool = pgPool(pg, { ...options, maxSize: 3, opener });
  traced();
  await Promise.all([
    request("/a", () => pool.query("select 1")),
    request("/b", () => pool.pool.use((client) => client.query("select 1"))),
    request("/c", async () => {
      const client = await pool.connect();
      await client.query("select 1").finally(client.release);
    }),
  ]);
  await idle(pool.pool);
  const seen = traced();
  const asked = seen.filter((span) => span.endsWith(": select") && span.startsWith("/"));
  assertEquals(asked.sort(), ["/a: select", "/b: select", "/c: select"]);
  const making = new Set(["-: pg.connect", "-: set", "-: select"]);
  const others = seen.filter((span) => !asked.includes(span) && !span.endsWith(": close"));
  assertEquals(others.filter((span) => !making.has(span)), []);
  assert(others.includes("-: pg.connect") && others.includes("-: set"), `${others}`);
}

/** One request's session goes to another that waits for it: the reset is of the first. */
async function handsOver(options: Options): Promise<void> {
  await using pool = pgPool(pg, { ...options, maxSize: 1 });
  const client = await pool.connect();
  traced();
  const waiting = request("/waiting", () => pool.query("select"));
  await request("/holding", async () => {
    await client.query("begin");
    client.release();
  });
  await waiting;
  await idle(pool.pool);
  assertEquals(traced().slice(0, 3), ["/holding: begin", "/holding: rollback", "/waiting: select"]);
}

async function main(): Promise<void> {
  for (const reset of ["rollback", "session"] as const) {
    for (const test of [resets, frames, connects, handsOver]) {
      try {
        await played(({ config }) => test({ ...config, reset }));
      } catch (error) {
        console.log(`${test.name}, ${reset}\n${(error as Error).stack}`);
        process.exitCode = 1;
      }
    }
  }
  console.log(process.exitCode ? "failed" : "ok");
}

void main();
