// The options of pgPool: pg's and the pool's in one object, and a hint for each that is meant otherwise.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { AsyncLocalStorage } from "node:async_hooks";
import { EventEmitter } from "node:events";
// @ts-types="@types/pg"
import pg from "pg";
import { type PgModule, pgPool, pgSessions, scopedPgPool } from "../../../adapters/pg.ts";
import { postgres } from "./postgres.ts";
import { whySkipped } from "./register.ts";

const anyPool = pgPool as unknown as (pg: unknown, options: unknown) => ReturnType<typeof pgPool>;

const HINTS: Record<string, string> = {
  max: "maxSize",
  min: "minSize",
  poolSize: "maxSize",
  maxUses: "maxUse",
  maxLifetimeSeconds: "maxLifetime here, in milliseconds",
  idleTimeoutMillis: "maxAvailDelay",
  allowExitOnIdle: "end the pool",
  verify: "opener",
  onConnect: "opener",
  log: "logger",
  Client: "first argument",
  Promise: "language's own",
  retter: "reset",
  closer: "remove",
  maxSizes: "did you mean maxSize?",
  max_size: "maxSize",
  rest: "did you mean reset?",
};

Deno.test("pgPool refuses what others call its options, and says what it is called here", () => {
  for (const [name, hint] of Object.entries(HINTS)) {
    const error = assertThrows(() => anyPool(pg, { [name]: 1 }), TypeError) as Error;
    assert(error.message.startsWith(`pgPool: unknown option "${name}": `), error.message);
    assert(error.message.includes(hint), error.message);
    anyPool(pg, { [name]: undefined }); // as ORMs pass on what they were not given
  }
});

Deno.test("pgPool takes all options of pg's", () => {
  const names =
    `user database password port host connectionString keepAlive stream statement_timeout
    ssl enableChannelBinding sslnegotiation query_timeout lock_timeout keepAliveInitialDelayMillis
    idle_in_transaction_session_timeout application_name fallback_application_name types options
    connectionTimeoutMillis client_encoding pipeline binary replication scramMaxIterations`;
  for (const name of names.split(/\s+/)) {
    assertEquals(Reflect.get(anyPool(pg, { [name]: 1 }).options, name), 1, name);
  }
});

Deno.test("pgPool checks its options", () => {
  const wrong = (options: unknown, message: string, module: unknown = pg) =>
    assertThrows(() => anyPool(module, options), Error, message);
  wrong({ reset: "all" }, 'reset must be "rollback", "session" or a function');
  wrong({ cancel: 1 }, "cancel must be true or false, got 1");
  wrong({ maxSize: -1 }, "maxSize");
  wrong(undefined, "options must be an object, got undefined");
  wrong("postgres://", 'options must be an object, got "postgres://"');
  wrong({}, "the first argument must be the module pg, got an object", {});
  wrong({}, "the first argument must be the module pg, got null", null);
  wrong({}, "pg.Client must be a class of EventEmitters", { Client: class {} });
  assertThrows(() => scopedPgPool({} as never), Error, "must be a Proxy with a pool");
  assertThrows(() => (pgSessions as unknown as typeof anyPool)({}, {}), TypeError, "the module pg");
});

Deno.test("pgPool has defaults as pg-pool has, and options may be inherited", () => {
  const { pool } = pgPool(pg, {});
  const { maxSize, maxAvailDelay, timeout } = pool.stats().config;
  assertEquals([maxSize, maxAvailDelay, timeout], [10, 10_000, 0]);
  const own = pgPool(pg, Object.create({ maxSize: 3, connectionTimeoutMillis: 700, user: "me" }));
  assertEquals([own.options.max, own.options.user], [3, "me"]);
  assertEquals(own.pool.stats().config.timeout, 700);
});

Deno.test("pgPool shows no password", () => {
  const { options } = pgPool(pg, { password: "secret" });
  assertEquals([options.password, JSON.stringify(options).includes("secret")], ["secret", false]);
  assertEquals(new pg.Client(options).password, "secret");
});

Deno.test("pgPool is an EventEmitter of pg's own, whatever its Client inherits", () => {
  class Own extends pg.Client {}
  class Older {
    constructor() {
      Reflect.apply(EventEmitter, this, []);
    }
    connect() {}
    query() {}
    end() {}
  }
  Object.setPrototypeOf(Older.prototype, EventEmitter.prototype); // as util.inherits does
  for (const Client of [pg.Client, Own, Older] as PgModule["Client"][]) {
    const pool = anyPool({ Client }, {});
    assert(pool instanceof EventEmitter && !(pool instanceof pg.Client));
    assertEquals(pool.constructor.name, "PgPool");
  }
});

const skipped = await whySkipped(postgres);

Deno.test({
  name: `pgPool: a Client that does not tell of transactions is refused, or heard${skipped}`,
  ignore: skipped !== "",
  async fn() {
    await using server = await postgres.open(2);
    const config = { host: "127.0.0.1", user: server.account, database: "test" };
    class Older extends pg.Client {}
    Object.defineProperty(Older.prototype, "getTransactionStatus", { value: undefined });
    await using pool = pgPool({ Client: Older }, { ...config, maxSize: 1 });
    const sql = "select pg_backend_pid() as pid, now() = statement_timestamp() as fresh";
    const { rows: [{ pid }] } = await pool.query(sql);
    for (const last of ["begin", "begin; select 1/0", "select 1"]) {
      const client = await pool.connect();
      await client.query(last).catch(() => {});
      client.release();
      assertEquals((await pool.query(sql)).rows, [{ pid, fresh: true }]);
    }
    class Mute extends EventEmitter {
      connect() {}
      query() {}
      end() {}
    }
    await using mute = anyPool({ Client: Mute }, { createBackoff: 0 });
    await assertRejects(() => mute.connect(), Error, "must have getTransactionStatus");
  },
});

Deno.test({
  name: `pgPool: tracers see each query, and each reset, in the context of its request${skipped}`,
  ignore: skipped !== "",
  async fn() {
    await using server = await postgres.open(2);
    const config = { host: "127.0.0.1", user: server.account, database: "test" };
    const request = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    class Traced extends pg.Client {
      override query(...args: unknown[]): never {
        seen.push([`${args[0]}`.replace(/\s.*/s, ""), request.getStore()]);
        return Reflect.apply(super.query, this, args) as never;
      }
    }
    for (const reset of ["rollback", "session"] as const) {
      await using pool = pgPool({ Client: Traced }, { ...config, maxSize: 1, reset });
      await pool.query("select 0");
      seen.length = 0;
      await request.run("a", () => pool.query("select 1"));
      await request.run("b", async () => {
        const client = await pool.connect();
        await client.query("begin");
        client.release();
      });
      await request.run("c", () => pool.query("select 1"));
      const clear = reset === "session" ? [["close", "a"], ["rollback;", "b"]] : [];
      const expected = reset === "session"
        ? [["select", "a"], clear[0], ["begin", "b"], clear[1], ["select", "c"], ["close", "c"]]
        : [["select", "a"], ["begin", "b"], ["rollback", "b"], ["select", "c"]];
      await pool.end();
      assertEquals(seen, expected);
    }
  },
});
