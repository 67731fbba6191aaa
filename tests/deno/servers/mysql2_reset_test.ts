// What a borrower leaves open in a session of mysqlPool, nobody inherits: transactions, queries, streams.

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Connection as Core, RowDataPacket } from "mysql2";
import type mysql from "mysql2/promise";
import { sleep } from "../../helpers/until.ts";
import { borrow, countOf, rowOf, test } from "./mysql2_stage.ts";

type Session = mysql.PoolConnection;

const STATE = "select connection_id() as id, @@in_transaction as open, @@autocommit as auto";
const ROWS = "select seq as n, repeat('x', 1000) as filling from seq_1_to_5000";
const core = (connection: Session): Core => connection.connection as unknown as Core;

/** What is left open; `lost`: that costs the session. */
const LEFT: Record<string, { lost?: true; leave(connection: Session): unknown }> = {
  "a transaction": { leave: (connection) => connection.beginTransaction() },
  "a transaction by a statement": { leave: (connection) => connection.query("begin") },
  "a transaction that nobody waits for": { leave: (connection) => void connection.query("begin") },
  "a transaction whose end nobody waits for": {
    async leave(connection) {
      await connection.query("begin");
      void connection.query("commit");
    },
  },
  "a transaction after a failure": {
    async leave(connection) {
      await connection.query("begin");
      await assertRejects(() => connection.query("select nothing"));
    },
  },
  "a transaction that fails in the procedure that begins it": {
    async leave(connection) {
      await assertRejects(() =>
        connection.query("begin not atomic start transaction; select nothing; end")
      );
    },
  },
  "a transaction in which each commits into the next": {
    async leave(connection) {
      await connection.query("set completion_type = 'chain'");
      await connection.query("begin");
    },
  },
  "a transaction, seen by a statement that is prepared": {
    async leave(connection) {
      await connection.query("begin");
      await connection.execute("select ? as n", [1]);
    },
  },
  "autocommit, off": { leave: (connection) => connection.query("set autocommit = 0") },
  "autocommit, off, with a transaction": {
    async leave(connection) {
      await connection.query("set autocommit = 0");
      await connection.query("select * from numbers");
    },
  },
  "a failure without autocommit": {
    async leave(connection) {
      await connection.query("set autocommit = 0");
      await assertRejects(() => connection.query("select nothing"));
    },
  },
  "a lock on a row that its error has not given up": {
    async leave(connection) {
      await connection.query("set autocommit = 0");
      await connection.query("insert into numbers values (1)");
      await assertRejects(() => connection.query("insert into numbers values (1)"));
    },
  },
  "a long query": { leave: (connection) => void connection.query("select sleep(0.1)") },
  "many queries that nobody waits for": {
    leave(connection) {
      for (let i = 0; i < 20; i++) void connection.query("begin");
    },
  },
  "statements that nobody waits for": {
    leave(connection) {
      for (let i = 0; i < 5; i++) void connection.execute("select ? as n", [i]);
    },
  },
  "a query that fails while nobody waits": {
    leave: (connection) => void connection.query("select nothing").catch(() => {}),
  },
  "a stream in the middle": {
    async leave(connection) {
      const stream = core(connection).query(ROWS).stream({ highWaterMark: 5 });
      await new Promise((resolve) => stream.once("readable", resolve));
    },
  },
  "a stream that nobody reads": {
    leave: (connection) => void core(connection).query(ROWS).stream(),
  },
  "streams, one behind the other": {
    leave(connection) {
      for (let i = 0; i < 3; i++) core(connection).query(ROWS).stream();
    },
  },
  "a stream that was destroyed": {
    leave: (connection) => void core(connection).query(ROWS).stream().destroy(),
  },
  "a stream that fails": {
    leave: (connection) => void core(connection).query("select nothing").stream(),
  },
  "a session that is paused": {
    async leave(connection) {
      const rows = core(connection).query(ROWS);
      await new Promise((resolve) => rows.once("result", resolve));
      connection.pause();
    },
  },
  "a session that is paused while nothing is asked": {
    leave: (connection) => connection.pause(),
  },
  "rows that are heard": {
    leave: (connection) => void core(connection).query(ROWS).on("result", () => {}),
  },
  "a stream that does not end": {
    lost: true,
    leave: (connection) => void core(connection).query("select sleep(9)").stream(),
  },
  "an open XA transaction": {
    lost: true,
    leave: (connection) => connection.query("xa start 'mysql2_reset_test'"),
  },
  "another user": {
    lost: true,
    leave: (connection) => connection.changeUser({ database: "information_schema" }),
  },
};

const opener = (connection: Session) =>
  connection.query("create table if not exists numbers (n int primary key) engine = innodb");

for (const [what, { leave, lost = false }] of Object.entries(LEFT)) {
  test(`${what}, left open, is nobody else's`, { opener }, async (pool, server) => {
    for (let i = 0; i < (lost ? 1 : 5); i++) {
      const { id } = await rowOf(pool, STATE);
      await borrow(pool, leave);
      const state = await rowOf(pool, STATE);
      if (lost) assert(state.id !== id);
      else assertEquals(state, { id, open: 0, auto: 1 });
      assertEquals(await rowOf(pool, "select count(*) as n from numbers"), { n: 0 });
    }
    const { hookErrors, doubleReturns, discarded, leaked } = pool.pool.stats();
    assertEquals([hookErrors, doubleReturns, discarded, leaked], [lost ? 1 : 0, 0, 0, 0]);
    if (lost) await server.terminate(); // it may still be at work
  });
}

test("with nothing to do there is no round trip", { opener }, async (pool) => {
  const count = () => borrow(pool, countOf);
  const before = await count();
  assertEquals(await count(), before + 1);
  await borrow(pool, async (connection) => {
    await connection.query("begin");
    await connection.query("insert into numbers values (7)");
    await connection.query("rollback");
    await connection.execute("select ? as n", [1]);
    await connection.ping();
  });
  await pool.query("select 1");
  const between = await count(); // 6, prepared ones count twice, and itself
  assert(between - before <= 10, `${between - before}`);
  await borrow(pool, (connection) => connection.query("begin"));
  assertEquals(await count(), between + 3); // begin, rollback, and itself
});

test("what has committed itself is not rolled back", { opener }, async (pool) => {
  const before = await borrow(pool, countOf);
  await borrow(pool, async (connection) => {
    await connection.query("begin");
    await connection.query("insert into numbers values (8)");
    await connection.query("create table others (n int)");
  });
  assertEquals(await borrow(pool, countOf), before + 4);
  assertEquals(await rowOf(pool, "select n from numbers"), { n: 8 });
});

test(
  "autocommit is off again if it was off at first",
  { opener: (connection) => connection.query("set autocommit = 0") },
  async (pool) => {
    await borrow(pool, (connection) => connection.query("set autocommit = 1"));
    assertEquals((await rowOf(pool, STATE)).auto, 0);
    assertEquals((await rowOf(pool, STATE)).open, 0);
    assertEquals(pool.pool.stats().created, 1);
  },
);

test("so it is if a listener of connection has turned it off", {}, async (pool) => {
  pool.on("connection", (connection) => void connection.query("set autocommit = 0"));
  await borrow(pool, (connection) => connection.query("set autocommit = 1"));
  assertEquals((await rowOf(pool, STATE)).auto, 0);
});

test("transactions that fail, by hundreds, are nobody else's", { maxSize: 2 }, async (pool) => {
  await Promise.all(Array.from({ length: 20 }, async (_, user) => {
    for (let i = 0; i < 30; i++) {
      await borrow(pool, async (connection) => {
        assertEquals((await rowOf(connection, STATE)).open, 0);
        if ((user + i) % 2 === 0) await connection.query("begin");
        if (i % 3 === 0) await connection.query("select nothing").catch(() => {});
        if (i % 5 === 0) void connection.query("begin");
      });
    }
  }));
  assertEquals([pool.pool.stats().created, pool.pool.stats().hookErrors], [2, 0]);
});

test("who reads on after the release is told, not given a part", {}, async (pool) => {
  const connection = await pool.getConnection();
  const stream = core(connection).query(ROWS).stream({ highWaterMark: 5 });
  await new Promise((resolve) => stream.once("readable", resolve));
  connection.release();
  await assertRejects(() => stream.toArray(), Error, "the session was released");
  assertEquals((await rowOf(pool, "select 1 as one")).one, 1);
});

test("a stream of the pool gives its session back", { maxSize: 2 }, async (pool) => {
  const callback = pool.pool as unknown as typeof pool["pool"] & Core;
  for (let i = 0; i < 5; i++) {
    const rows = await callback.query(ROWS).stream().toArray() as RowDataPacket[];
    assertEquals(rows.length, 5_000);
    const part = callback.query(ROWS).stream();
    await new Promise((resolve) => part.once("readable", resolve));
    part.destroy();
  }
  while (pool.pool.using > 0) await sleep(5);
  assertEquals(pool.pool.stats().discarded, 0);
});

test("listeners of a borrower go, the pool's own stay", {}, async (pool, server) => {
  const connection = await pool.getConnection();
  const heard: unknown[] = [];
  for (const on of [connection, core(connection)]) {
    on.on("error", (error) => heard.push(error));
    on.on("mine", () => {});
  }
  core(connection).removeAllListeners("end");
  connection.release();
  assertEquals([core(connection).listenerCount("mine"), connection.listenerCount("mine")], [0, 0]);
  assertEquals([connection.listenerCount("error"), core(connection).listenerCount("end")], [0, 2]);
  await server.terminate();
  while (pool.pool.size > 0) await sleep(5);
  assertEquals(heard, []);
});

test("so do those that a listener of acquire has added, also for a query", {}, async (pool) => {
  const connection = await pool.getConnection();
  connection.release();
  pool.on("acquire", (session) => session.on("mine", () => {}));
  await pool.query("select 1");
  await pool.execute("select 1");
  assertEquals(core(connection).listenerCount("mine"), 0);
});

test("so do those of a callback of use after a query", {}, async (pool) => {
  await pool.query("select 1");
  const seen = await pool.pool.use((session) => session.on("error", () => {}));
  assertEquals(seen.listenerCount("error"), 0);
});

test(
  "reset as a function is called with no transaction open; if it fails, the session is closed",
  {
    reset: async (connection) => {
      const { open } = await rowOf(connection, STATE);
      await connection.query(`set @seen = ${open}`);
      if ((await rowOf(connection, "select @fail as fail")).fail) throw new Error("as it should");
    },
  },
  async (pool) => {
    const { id } = await rowOf(pool, STATE);
    await borrow(pool, (connection) => connection.query("begin"));
    assertEquals(await rowOf(pool, "select @seen as seen, connection_id() as id"), { seen: 0, id });
    await borrow(pool, (connection) => connection.query("set @fail = 1"));
    assert((await rowOf(pool, STATE)).id !== id);
    assertEquals(pool.pool.stats().hookErrors, 1);
  },
);

test("release, again and again, does nothing, and is counted", {}, async (pool) => {
  const connection = await pool.getConnection();
  connection.release();
  connection.release();
  pool.releaseConnection(connection);
  await connection.end();
  assertEquals([pool.pool.available, pool.pool.stats().doubleReturns], [1, 3]);
  assertEquals(await pool.getConnection(), connection);
  await connection.end(); // which is a release
  assertEquals(pool.pool.available, 1);
});
