// Sessions of mysqlPool that die, in all places where they may: nothing ends the process, all else goes on.

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Connection as Core } from "mysql2";
import mysql, { type PoolConnection } from "mysql2/promise";
import { mysqlPool } from "../../../adapters/mysql2.ts";
import { sleep } from "../../helpers/until.ts";
import { type OurPool, rowOf, test } from "./mysql2_stage.ts";
import { killed } from "./killed.ts";
import { soon } from "./soon.ts";

const SIZE = 8;
const USERS = 32;
const SLEEP = "select sleep(0.002)";

const core = (connection: PoolConnection) => connection.connection as unknown as Core;
const callbacks = (pool: OurPool) => pool.pool as unknown as Core;

const WORKS: Record<string, (pool: OurPool) => Promise<unknown>> = {
  query: (pool) => pool.query(SLEEP),
  execute: (pool) => pool.execute(SLEEP),
  async transaction(pool) {
    const connection = await pool.getConnection();
    try {
      await connection.beginTransaction();
      await connection.query(SLEEP);
      await connection.commit();
    } finally {
      connection.release();
    }
  },
  callback: (pool) =>
    new Promise<void>((resolve, reject) => {
      callbacks(pool).query(SLEEP, (error) => error ? reject(error) : resolve());
    }),
  stream: async (pool) => {
    const sql = "select seq, sleep(0.0002) from seq_1_to_10";
    for await (const _row of callbacks(pool).query(sql).stream({ highWaterMark: 3 }));
  },
  use: (pool) => pool.pool.use((connection) => connection.query(SLEEP)),
};

for (const reset of ["rollback", "session"] as const) {
  for (const [name, work] of Object.entries(WORKS)) {
    test(
      `${name}, all sessions are killed under load, reset: "${reset}"`,
      { reset, maxSize: SIZE },
      async (pool, server) => {
        await killed({
          size: SIZE,
          users: USERS,
          each: 1, // what comes later has a new one
          within: 5_000,
          ask: () => work(pool),
          terminate: () => server.terminate(),
          show: () => `${pool.pool}`,
        });
        await soon(() => pool.pool.using + pool.pool.creating === 0, () => `${pool.pool}`, 1_000);
        assertEquals(pool.pool.stats().hookErrors, 0);
        assert(await server.count() <= SIZE);
      },
    );
  }
}

test(
  "a session that is killed on loan, while its borrower does something else",
  {},
  async (pool, server) => {
    const connection = await pool.getConnection();
    await server.terminate();
    // Its place is free, though some, such as Drizzle, never give back what fails at once.
    await soon(() => pool.pool.size === 0, () => `${pool.pool}`, 1_000);
    await assertRejects(() => connection.query("select 1"));
    assertEquals((await rowOf(pool, "select 1 as one")).one, 1);
    connection.release();
    assertEquals([pool.pool.available, pool.pool.stats().doubleReturns], [1, 0]);
  },
);

test("idle sessions that are killed", { maxSize: 3 }, async (pool, server) => {
  const all = await Promise.all(Array.from({ length: 3 }, () => pool.getConnection()));
  for (const connection of all) connection.release();
  await server.terminate();
  await soon(() => pool.pool.size === 0, () => `${pool.pool}`, 1_000);
  assertEquals(pool.pool.stats().invalidated, 3);
});

test(
  "a borrower hears the error of its session, and nobody else does",
  {},
  async (pool, server) => {
    const connection = await pool.getConnection();
    const heard: unknown[] = [];
    connection.on("error", (error) => heard.push(error));
    await server.terminate();
    await soon(() => heard.length > 0, () => "it is not told", 1_000);
    assertEquals(heard.length, 1);
  },
);

for (const asked of ["nothing", "a query"]) {
  test(`a borrower destroys its session, which is asked ${asked}`, {}, async (pool, server) => {
    for (let i = 0; i < 3; i++) {
      const connection = await pool.getConnection();
      const failing = asked === "nothing"
        ? undefined
        : assertRejects(() => connection.query("select sleep(9)"), Error, "is closed");
      await sleep(5);
      connection.destroy();
      await failing;
      assertEquals(connection.config.user, server.account); // Kysely reads it
      connection.release();
      await soon(() => pool.pool.size === 0, () => `${pool.pool}`, 1_000);
    }
    await server.terminate(); // it does not know of it
    assertEquals((await rowOf(pool, "select 1 as one")).one, 1);
  });
}

test("in use, destroy closes the session, too", {}, async (pool, server) => {
  await pool.pool.use(async (connection) => {
    const asked = assertRejects(() => connection.query("select sleep(9)"), Error, "is closed");
    await sleep(5);
    connection.destroy();
    await asked;
  });
  await soon(() => pool.pool.size === 0, () => `${pool.pool}`, 1_000);
  await server.terminate();
});

test("what is asked of a session that is discarded fails at once", {}, async (pool, server) => {
  const loan = await pool.pool.borrow();
  const asked = assertRejects(() => loan.object.query("select sleep(9)"), Error, "is closed");
  await sleep(5);
  const begun = performance.now();
  await loan.discard();
  await asked;
  assert(performance.now() - begun < 4_000); // and not after closeTimeout
  await server.terminate();
});

test("errors of a session are heard again and again", {}, async (pool) => {
  const connection = await pool.getConnection();
  for (let i = 0; i < 3; i++) core(connection).emit("error", new Error("as it should"));
  connection.release();
  await soon(() => pool.pool.size === 0, () => `${pool.pool}`, 1_000);
});

test(
  "a stream that nobody hears when its session is killed",
  { maxSize: 2 },
  async (pool, server) => {
    const { port } = await rowOf(pool, "select @@port as port");
    const stream = callbacks(pool).query("select seq, sleep(0.01) from seq_1_to_1000").stream();
    const closed = new Promise((resolve) => stream.once("close", resolve));
    await soon(() => pool.pool.using === 1, () => "it has not begun", 1_000);
    await sleep(20);
    await server.terminate();
    await closed;
    assertEquals((await rowOf(pool, "select @@port as port")).port, port);
  },
);

test(
  "sessions that are killed while they are reset",
  { reset: "session" },
  async (pool, server) => {
    for (let i = 0; i < 5; i++) {
      const connection = await pool.getConnection();
      await connection.query("begin");
      void connection.query("select sleep(0.05)").catch(() => {});
      connection.release();
      await server.terminate();
      await soon(() => pool.pool.size === 0, () => `${pool.pool}`, 1_000);
    }
    assertEquals((await rowOf(pool, "select 1 as one")).one, 1);
    assertEquals(pool.pool.stats().hookErrors, 0);
  },
);

test(
  "sessions that are killed while they are opened",
  { reset: "session" },
  async (pool, server) => {
    for (let i = 0; i < 10; i++) {
      const asked = pool.query("select 1").catch(() => {});
      await sleep(i);
      await server.terminate();
      await asked;
    }
    await pool.query("select 1").catch(() => {});
    assertEquals((await rowOf(pool, "select 1 as one")).one, 1);
  },
);

test("a shutdown closes what is in the middle of a query", {}, async (pool, server) => {
  const asked = assertRejects(() => pool.query("select sleep(9)"));
  await soon(() => pool.pool.using === 1, () => "it has not begun", 1_000);
  const begun = performance.now();
  await pool.pool.shutdown({ timeout: 20 });
  await asked;
  assert(performance.now() - begun < 2_000);
  await server.terminate();
});

Deno.test("mysqlPool: a shutdown does not wait for a server that says nothing", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const mute = mysqlPool(mysql, { host: "127.0.0.1", port, logLevel: "silent" });
  const waiting = assertRejects(() => mute.query("select 1"));
  using socket = await listener.accept();
  const begun = performance.now();
  await mute.pool.shutdown();
  await waiting;
  assert(performance.now() - begun < 5_000); // mysql2 itself waits for 10 s
  assertEquals(await socket.read(new Uint8Array(9)), null);
  listener.close();
});
