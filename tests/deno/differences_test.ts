// Differences: each row of the README's table that compares this pool with others, run on each of them.

import { assertEquals } from "@std/assert";
import { createPool } from "generic-pool";
import { EventEmitter } from "node:events";
// @ts-types="@types/pg"
import pg from "pg";
import { Pool as TarnPool } from "tarn";
import { type Lease, Pool } from "../../mod.ts";
import { collect } from "../helpers/gc.ts";
import { readPage, tables } from "../helpers/markdown.ts";

const TIMEOUT = 1000;
const HEAD = "what holds, as tests show";

/** What the pools make: as slow to close as it is told, and not to be made at all if it is to fail. */
class Server {
  attempts = 0;
  live = 0;
  most = 0;
  fails = false;
  closing = 0;

  async open(): Promise<object> {
    this.attempts++;
    await pause(1);
    if (this.fails) throw new Error("connection refused");
    this.most = Math.max(this.most, ++this.live);
    return { n: this.attempts };
  }

  async close(): Promise<void> {
    await pause(this.closing);
    this.live--;
  }
}

/** One pool, of at most one object. */
interface Subject {
  acquire(signal?: AbortSignal): Promise<object>;
  release(object: object): unknown;
  destroy(object: object): unknown;
  end(): Promise<unknown>;
}

type Make = (server: Server) => Subject;

const MAKE: Record<string, Make> = {
  "this pool": (server) => {
    const pool = new Pool(() => server.open(), {
      maxSize: 1,
      timeout: TIMEOUT,
      closer: () => server.close(),
      logLevel: "silent",
    });
    return {
      acquire: (signal) => pool.get({ signal }),
      release: (lease) => pool.ret(lease as Lease<object>),
      destroy: (lease) => pool.discard(lease as Lease<object>),
      end: () => pool.shutdown({ timeout: 1 }),
    };
  },
  "generic-pool": (server) => {
    const factory = { create: () => server.open(), destroy: () => server.close() };
    const pool = createPool(factory, { max: 1, acquireTimeoutMillis: TIMEOUT });
    return {
      acquire: async (signal) => await pool.acquire(signal as unknown as number),
      release: (object) => pool.release(object),
      destroy: (object) => pool.destroy(object),
      end: () => Promise.race([pool.drain().then(() => pool.clear()), pause(100)]),
    };
  },
  "tarn": (server) => {
    const broken = new WeakSet<object>();
    const pool = new TarnPool<object>({
      validate: (object) => !broken.has(object),
      create: () => server.open(),
      destroy: () => server.close(),
      min: 0,
      max: 1,
      acquireTimeoutMillis: TIMEOUT,
    });
    return {
      acquire: () => pool.acquire().promise,
      release: (object) => pool.release(object),
      // It has no other way: what is not valid is destroyed when it is next to be lent.
      destroy: (object) => {
        broken.add(object);
        pool.release(object);
      },
      end: () => Promise.race([pool.destroy(), pause(100)]),
    };
  },
  "pg-pool": (server) => {
    class Client extends EventEmitter {
      _queryable = true;
      connect(done: (error?: unknown) => void): void {
        server.open().then(() => done(), done);
      }
      end(done?: () => void): Promise<void> {
        return server.close().then(() => done?.());
      }
    }
    const options = {
      Client,
      max: 1,
      connectionTimeoutMillis: TIMEOUT,
    } as unknown as pg.PoolConfig;
    const pool = new pg.Pool(options);
    return {
      acquire: () => pool.connect(),
      release: (client) => (client as pg.PoolClient).release(),
      destroy: (client) => (client as pg.PoolClient).release(true),
      end: () => Promise.race([pool.end(), pause(100)]),
    };
  },
};

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

async function rejects(promise: Promise<unknown>, within: number): Promise<boolean> {
  const outcome = promise.then(() => false, () => true);
  return await Promise.race([outcome, pause(within).then(() => false)]);
}

/** By the text of the row: whether it is so. */
const ROWS: Record<string, (pool: Subject, server: Server) => Promise<boolean>> = {
  "never over the maximum, also while objects are being closed": async (pool, server) => {
    server.closing = 100;
    for (let i = 0; i < 3; i++) await pool.destroy(await pool.acquire());
    return server.most === 1;
  },
  "a second release does not free the next borrower's object": async (pool) => {
    const first = await pool.acquire();
    await pool.release(first);
    await pool.acquire(); // and keeps it
    await Promise.resolve().then(() => pool.release(first)).catch(() => {});
    return await rejects(pool.acquire(), 2 * TIMEOUT);
  },
  "an object that its borrower has lost is noticed, and its place is freed": async (pool) => {
    await (async () => void await pool.acquire())();
    // On a busy machine the collector may need longer than one caller waits.
    for (let tries = 0; tries < 3; tries++) {
      const next = pool.acquire().then(() => true, () => false);
      for (let i = 0; i < 20; i++) {
        await pause(20);
        await collect(1);
      }
      if (await next) return true;
    }
    return false;
  },
  "a server that refuses connections is not stormed: 10 callers, half a second, under 50 attempts":
    async (pool, server) => {
      server.fails = true;
      const end = performance.now() + 500;
      const caller = async () => {
        while (performance.now() < end) await pool.acquire().catch(() => pause(1));
      };
      await Promise.all(Array.from({ length: 10 }, caller));
      return server.attempts < 50;
    },
  "a timeout's message says who holds objects, and for how long": async (pool) => {
    await pool.acquire();
    const error = await pool.acquire().catch((error) => error);
    return /held .* ms/.test(error.message);
  },
  "a caller's `AbortSignal` ends its waiting": async (pool) => {
    await pool.acquire();
    return await rejects(pool.acquire(AbortSignal.timeout(20)), TIMEOUT / 2);
  },
  "the end of the pool rejects the waiters": async (pool) => {
    await pool.acquire();
    const waiting = rejects(pool.acquire(), TIMEOUT / 2);
    pool.end().catch(() => {});
    return await waiting;
  },
};

const rows = tables(readPage("README.md")).find(([head]) => head?.[0] === HEAD)?.slice(1) ?? [];

Deno.test("README: the table of differences has all rows that are tested, and no other", () => {
  assertEquals(rows.map(([text]) => text).sort(), Object.keys(ROWS).sort());
});

for (const [text = "", ...told] of rows) {
  Deno.test({
    name: `README: ${text}`,
    sanitizeOps: false, // what the others leave behind
    sanitizeResources: false,
    async fn() {
      const seen = await Promise.all(
        Object.values(MAKE).map(async (make) => {
          const server = new Server();
          const pool = make(server);
          const holds = await ROWS[text]!(pool, server);
          pool.end().catch(() => {});
          return holds ? "yes" : "no";
        }),
      );
      assertEquals(seen, told);
    },
  });
}
