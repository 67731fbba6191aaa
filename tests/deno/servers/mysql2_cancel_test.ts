// cancel: true: the server ends a query that nobody waits for, and nothing else.

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Connection as Core } from "mysql2";
import { sleep } from "../../helpers/until.ts";
import type { MariaDb } from "./mariadb.ts";
import { type OurPool, rowOf, test } from "./mysql2_stage.ts";
import { soon } from "./soon.ts";

const SLEEP = "select sleep(9)";

/** How many queries of the account are under way at the server. */
async function running(server: MariaDb): Promise<number> {
  const [rows] = await server.ask(
    `select count(*) as n from information_schema.processlist
      where user = '${server.account}' and info like 'select sleep%'`,
  );
  return (rows as { n: number }[])[0]!.n;
}

const begun = (server: MariaDb) =>
  soon(async () => await running(server) === 1, () => "it has not begun", 2_000);

test("an aborted use ends its query, and the session is kept", {
  cancel: true,
}, async (pool, server) => {
  const { id } = await rowOf(pool, "select connection_id() as id");
  for (let i = 0; i < 5; i++) {
    const aborting = new AbortController();
    let error: unknown;
    const used = pool.pool.use(
      (connection) =>
        connection.query(SLEEP).catch((given) => (error = given, Promise.reject(given))),
      { signal: aborting.signal },
    );
    await begun(server);
    const at = performance.now();
    aborting.abort();
    await assertRejects(() => used, DOMException);
    assert(performance.now() - at < 1_000);
    await soon(() => pool.pool.available === 1, () => `${pool.pool}`, 2_000);
    assertEquals((error as { code?: string }).code, "ER_QUERY_INTERRUPTED");
    assertEquals(await running(server), 0);
    assertEquals(await rowOf(pool, "select connection_id() as id"), { id });
  }
  assertEquals([pool.pool.size, pool.pool.stats().created], [1, 1]);
});

test("cancel hits nobody else's query", { cancel: true, maxSize: 2 }, async (pool) => {
  let cancelled = 0;
  const users = Array.from({ length: 8 }, async (_, user) => {
    for (let i = 0; i < 40; i++) {
      const signal = AbortSignal.timeout(1 + (user + i) % 5);
      await pool.pool.use((connection) => connection.query("select sleep(0.003)"), { signal })
        .catch((error) => {
          assert(error instanceof DOMException, `${error}`);
          cancelled++;
        });
      // A sleep that is interrupted gives 1 on MySQL, and fails on MariaDB.
      assertEquals(await rowOf(pool, "select 1 as one, sleep(0.002) as hit"), { one: 1, hit: 0 });
    }
  });
  await Promise.all(users);
  assert(cancelled > 10, `only ${cancelled}`);
});

test("a session that is destroyed ends its query", { cancel: true }, async (pool, server) => {
  const connection = await pool.getConnection();
  const asked = assertRejects(() => connection.query(SLEEP));
  await begun(server);
  connection.destroy();
  await asked;
  await soon(async () => await running(server) === 0, () => "it goes on", 1_000);
});

test("so does one that is taken away", {
  cancel: true,
  maxUsingDelayKill: 60,
  hkDelay: 30,
}, async (pool, server) => {
  await assertRejects(() => pool.query(SLEEP));
  await soon(async () => await running(server) === 0, () => "it goes on", 2_000);
});

test("without it, the query goes on", {}, async (pool, server) => {
  const connection = await pool.getConnection();
  const asked = assertRejects(() => connection.query("select sleep(0.7)"));
  await begun(server);
  connection.destroy();
  await asked;
  await sleep(50);
  assertEquals(await running(server), 1);
  await server.terminate();
});

/** Has the pool take another server for that of its sessions. */
async function elsewhere(pool: OurPool): Promise<Core> {
  const connection = await pool.getConnection();
  connection.release();
  return connection.connection as unknown as Core;
}

const warnings: string[] = [];

test("a session at another server behind the same address is left alone", {
  cancel: true,
  logLevel: "warn",
  logger: { ...console, warn: (text: string) => void warnings.push(text) },
  opener: async (connection) => {
    // As a balancer would: the second session, which is to cancel, is somewhere else.
    const query = connection.query.bind(connection);
    await query("set @first = 1");
  },
}, async (pool, server) => {
  const core = await elsewhere(pool);
  const { createConnection } = await import("mysql2");
  const { prototype } = createConnection({ host: "127.0.0.1", user: server.account })
    .on("connect", function (this: Core) {
      this.destroy();
    }).constructor as unknown as { prototype: Core };
  const { query } = prototype;
  const aborting = new AbortController();
  const used = assertRejects(() =>
    pool.pool.use((connection) => connection.query("select sleep(1)"), {
      signal: aborting.signal,
    })
  );
  await begun(server);
  prototype.query = function (this: Core, asked: unknown, ...others: unknown[]) {
    const sql = (asked as { sql?: string }).sql;
    const other = sql?.includes("@@hostname")
      ? { ...asked as object, sql: "select 'b', 1" }
      : asked;
    return Reflect.apply(query, this, [other, ...others]);
  } as Core["query"];
  try {
    aborting.abort();
    await used;
    await soon(() => warnings.length > 0, () => "nothing is said", 2_000);
  } finally {
    prototype.query = query;
  }
  assert(warnings[0]!.includes("the session is at another server"), warnings[0]);
  assert(core.threadId > 0);
});
