// What a borrower leaves behind in a session of pgPool, nobody inherits; what was there at first stays.

import { assert, assertEquals, assertRejects } from "@std/assert";
// @ts-types="@types/pg"
import pg from "pg";
import { from, to } from "pg-copy-streams";
import Cursor from "pg-cursor";
import QueryStream from "pg-query-stream";
import { type PgPool, pgPool, type PgPoolOptions, type PgSession } from "../../../adapters/pg.ts";
import { sleep } from "../../helpers/until.ts";
import { type Postgres, postgres } from "./postgres.ts";
import { whySkipped } from "./register.ts";
import { soon } from "./soon.ts";

type Options = Partial<PgPoolOptions<typeof pg>>;
type OurPool = PgPool<typeof pg>;
type Session = PgSession<typeof pg>;

const skipped = await whySkipped(postgres);
const ROWS = "select * from generate_series(1, 100000) as n";
const FRESH = "select pg_backend_pid() as pid, now() = statement_timestamp() as fresh";

function test(name: string, options: Options, fn: (pool: OurPool, server: Postgres) => unknown) {
  Deno.test({
    name: `pgPool: ${name}${skipped}`,
    ignore: skipped !== "",
    async fn() {
      await using server = await postgres.open(4) as Postgres;
      const { account: user } = server;
      const own = { host: "127.0.0.1", user, database: "test", application_name: user };
      const pool = pgPool(pg, { ...own, maxSize: 1, logLevel: "silent", ...options });
      try {
        await fn(pool, server);
      } finally {
        await pool.pool.shutdown({ timeout: 500 });
      }
      await soon(async () => await server.count() === 0, () => "sessions are left", 1_000);
    },
  });
}

async function borrow<R>(pool: OurPool, fn: (client: Session) => R | Promise<R>): Promise<R> {
  const client = await pool.connect();
  try {
    return await fn(client);
  } finally {
    client.release();
  }
}

/** The session is the same one, in no transaction. */
async function same(pool: OurPool, pid: number): Promise<void> {
  assertEquals((await pool.query(FRESH)).rows, [{ pid, fresh: true }]);
}

const pidOf = async (pool: OurPool): Promise<number> => (await pool.query(FRESH)).rows[0].pid;

/** What is left open; `lost`: that costs the session. */
const LEFT: Record<string, { lost?: true; leave(client: Session): unknown }> = {
  "a transaction": { leave: (client) => client.query("begin") },
  "a transaction that nobody waits for": { leave: (client) => void client.query("begin") },
  "a transaction whose end nobody waits for": {
    async leave(client) {
      await client.query("begin");
      void client.query("commit");
    },
  },
  "a transaction that has failed": {
    async leave(client) {
      await client.query("begin");
      await assertRejects(() => client.query("select 1/0"));
    },
  },
  "a transaction that fails in the message that begins it": {
    leave: (client) => assertRejects(() => client.query("begin; select 1/0")),
  },
  "a transaction that fails while nobody waits": {
    async leave(client) {
      await client.query("begin");
      client.query("select 1/0").catch(() => {});
    },
  },
  "a long query": { leave: (client) => void client.query("begin; select pg_sleep(0.1)") },
  "a cursor": {
    async leave(client) {
      await client.query("begin");
      await client.query(new Cursor(ROWS)).read(3);
    },
  },
  "a cursor of which nothing was read": { leave: (client) => void client.query(new Cursor(ROWS)) },
  "a cursor that is being read": { leave: (client) => void client.query(new Cursor(ROWS)).read(5) },
  "a stream in the middle": {
    async leave(client) {
      const stream = client.query(new QueryStream(ROWS));
      await new Promise((resolve) => stream.once("readable", resolve));
    },
  },
  "a stream that nobody reads": { leave: (client) => void client.query(new QueryStream(ROWS)) },
  "a stream that was destroyed": {
    leave: (client) => void client.query(new QueryStream(ROWS)).destroy(),
  },
  "a COPY to the server": {
    async leave(client) {
      await client.query("begin; create temp table numbers (n int) on commit drop");
      client.query(from("copy numbers from stdin")).write("1\n");
      await sleep(5);
    },
  },
  "a COPY from the server": {
    lost: true,
    async leave(client) {
      const stream = client.query(to(`copy (${ROWS}) to stdout`));
      await new Promise((resolve) => stream.once("readable", resolve));
    },
  },
};

for (const [what, { leave, lost = false }] of Object.entries(LEFT)) {
  test(`${what}, left open, is nobody else's`, {}, async (pool) => {
    for (let i = 0; i < (lost ? 1 : 5); i++) {
      const pid = await pidOf(pool);
      await borrow(pool, leave);
      if (lost) assert(await pidOf(pool) !== pid);
      else await same(pool, pid);
    }
    const { hookErrors, doubleReturns } = pool.pool.stats();
    assertEquals([hookErrors, doubleReturns], [lost ? 1 : 0, 0]);
  });
}

test("transactions that fail, by hundreds, are nobody else's", { maxSize: 2 }, async (pool) => {
  const users = Array.from({ length: 20 }, async (_, user) => {
    for (let i = 0; i < 50; i++) {
      await borrow(pool, async (client) => {
        const { rows: [row] } = await client.query("select now() = statement_timestamp() as fresh");
        assertEquals(row, { fresh: true });
        if ((user + i) % 2 === 0) await client.query("begin");
        await client.query("begin; select 1/0").catch(() => {});
      });
    }
  });
  await Promise.all(users);
  const { created, hookErrors } = pool.pool.stats();
  assertEquals([created, hookErrors], [2, 0]);
});

test("a borrower that leaves nothing costs no round trip", {}, async (pool, server) => {
  const pid = await pidOf(pool);
  await borrow(pool, (client) => client.query("select 'the last'"));
  await pool.pool.use((client) => client.query("select 'the last'"));
  await sleep(20);
  const sql = `select query from pg_stat_activity where pid = ${pid}`;
  assertEquals((await server.ask(sql)).rows, [{ query: "select 'the last'" }]);
  assertEquals(pool.idleCount, 1);
});

test("the session goes back at once if there is nothing to do", {}, async (pool) => {
  const client = await pool.connect();
  await client.query("select 1");
  client.release();
  assertEquals(pool.idleCount, 1);
});

test("sessions of its Pool are reset, too", {}, async (pool) => {
  const pid = await pidOf(pool);
  await pool.pool.use((client) => client.query("begin"));
  await same(pool, pid);
  const lease = await pool.pool.get();
  await lease.query("begin");
  await pool.pool.ret(lease);
  await same(pool, pid);
});

test("listeners of a borrower go, and those of a session's life stay", {}, async (pool, server) => {
  let notices = 0;
  pool.on("connect", (client) => client.on("notice", () => notices++));
  const before = await borrow(pool, counted);
  await borrow(pool, async (client) => {
    for (const event of ["error", "notice", "end", "notification"] as const) {
      client.on(event, () => {});
    }
    client.once("drain", () => {});
    await client.query("do $$ begin raise notice 'a'; end $$");
  });
  assertEquals(await borrow(pool, counted), before);
  await pool.pool.use((client) => void client.on("notification", () => {}));
  assertEquals(await borrow(pool, counted), before);
  const pid = await borrow(pool, (client) => {
    client.removeAllListeners();
    return Reflect.get(client, "processID");
  });
  assertEquals(await borrow(pool, counted), before);
  await borrow(pool, (client) => client.query("do $$ begin raise notice 'a'; end $$"));
  assertEquals(notices, 2);
  await server.ask(`select pg_terminate_backend(${pid})`); // an error that nobody hears ends all
  await soon(() => pool.totalCount === 0, () => "it is still there", 1_000);
  assert(await pidOf(pool) !== pid);
});

test("those that a listener of acquire adds go, also after a query", {}, async (pool) => {
  const before = await borrow(pool, counted);
  pool.on("acquire", (client) => client.on("notification", () => {}));
  await pool.query("select 1");
  pool.removeAllListeners("acquire");
  assertEquals(await borrow(pool, counted), before);
});

function counted(client: Session): unknown {
  return client.eventNames().map((event) => [event, client.listenerCount(event)]);
}

test("a second release does nothing, whoever has the session by then", {}, async (pool) => {
  const first = await pool.connect();
  const { release } = first;
  release();
  const second = await pool.connect();
  release();
  release(new Error("late"));
  assertEquals([pool.idleCount, pool.totalCount, second === first], [0, 1, true]);
  await second.query("select 1");
  second.release();
  assertEquals([pool.idleCount, pool.pool.stats().doubleReturns], [1, 2]);
});

test("a session may be touched after its release", {}, async (pool) => {
  const client = await pool.connect() as Session & { uuid?: string };
  client.release();
  client.uuid = "default";
  assertEquals([client.uuid, typeof client.query], ["default", "function"]);
  const again = await pool.connect();
  assert(again === client);
  pool.release(again);
  assertEquals(pool.idleCount, 1);
});

test("what is queried gives its session back at its end", { maxSize: 2 }, async (pool) => {
  const numbers: number[] = [];
  for await (const { n } of pool.query(new QueryStream("select generate_series(1, 500) as n"))) {
    numbers.push(n);
  }
  assertEquals([numbers.length, numbers[499]], [500, 500]);
  const broken = pool.query(new QueryStream("select 1 / (3 - n) from generate_series(1, 5) n"));
  await assertRejects(() => broken.toArray(), Error, "division by zero");
  const wrong = pool.query(new QueryStream("select nothing"));
  await assertRejects(() => wrong.toArray(), Error, "does not exist");
  for await (const _row of pool.query(new QueryStream(ROWS))) break;
  const cursor = pool.query(new Cursor(ROWS));
  assertEquals((await cursor.read(2)).length, 2);
  assertEquals(pool.idleCount, 1);
  await cursor.close();
  const query = pool.query(new pg.Query("select 7 as n"));
  const row = new Promise((resolve) => query.on("row", resolve));
  await new Promise<void>((resolve) => query.on("end", () => resolve()));
  assertEquals(await row, { n: 7 });
  await soon(() => pool.idleCount === 2, () => `${pool.pool}`, 1_000);
  assertEquals(pool.pool.stats().discarded, 0);
  const unwanted = pool.query(new QueryStream(ROWS));
  unwanted.destroy(); // before it has a session
  await soon(() => pool.idleCount === 2, () => `${pool.pool}`, 1_000);
});

test("what gets no session fails", { minSize: 1, timeout: 20 }, async (pool) => {
  await pool.pool.ready();
  const client = await pool.connect();
  const late = "within timeout, 20 ms";
  await assertRejects(() => pool.query(new QueryStream(ROWS)).toArray(), Error, late);
  await assertRejects(() => pool.query(new Cursor(ROWS)).read(1), Error, late);
  const told = new Promise<Error>((resolve) =>
    pool.query(new pg.Query("select 1", resolve as () => void))
  );
  assert((await told).message.includes(late), (await told).message);
  client.release();
  assertEquals(pool.idleCount, 1);
});

test("connectionTimeoutMillis limits the wait, as with pg-pool", {
  connectionTimeoutMillis: 500,
}, async (pool) => {
  const client = await pool.connect();
  await assertRejects(() => pool.connect(), Error, "within timeout, 500 ms");
  client.release();
});

test("reset by a function, of a session that is quiet and in no transaction", {
  reset: (client) => client.query("discard all"), // which no transaction may be open for
}, async (pool) => {
  const pid = await pidOf(pool);
  await borrow(pool, async (client) => {
    await client.query("begin; create temp table mine (n int); commit; begin");
    void client.query("select 1");
  });
  const sql = "select to_regclass('pg_temp.mine') as it";
  assertEquals((await pool.query(sql)).rows, [{ it: null }]);
  await same(pool, pid);
});

test("a reset that fails closes the session", {
  reset: () => Promise.reject(new Error("no")),
}, async (pool) => {
  const pid = await pidOf(pool);
  assert(await pidOf(pool) !== pid);
});

test("a failure that pg tells twice is one, and costs no session", {}, async (pool) => {
  const pid = await pidOf(pool);
  const heard: unknown[] = [];
  pool.on("release", (error) => heard.push(error?.message));
  const circular: { own?: unknown } = {};
  circular.own = circular;
  await assertRejects(() => pool.query("select $1::json", [circular]), TypeError, "circular");
  await same(pool, pid);
  assertEquals(heard.length, 2);
  assertEquals(pool.pool.stats().doubleReturns, 0);
});
