// cancel: true: the server ends a query that nobody waits for, and nothing else.

import { assert, assertEquals, assertRejects } from "@std/assert";
// @ts-types="@types/pg"
import pg from "pg";
import { type PgPool, pgPool, type PgPoolOptions } from "../../../adapters/pg.ts";
import { sleep } from "../../helpers/until.ts";
import { type Postgres, postgres } from "./postgres.ts";
import { whySkipped } from "./register.ts";
import { soon } from "./soon.ts";

type Options = Partial<PgPoolOptions<typeof pg>>;
type OurPool = PgPool<typeof pg>;

const skipped = await whySkipped(postgres);
const SLEEP = "select pg_sleep(9)";

function test(
  name: string,
  options: Options,
  fn: (pool: OurPool, server: Postgres) => unknown,
) {
  Deno.test({
    name: `pgPool, cancel: ${name}${skipped}`,
    ignore: skipped !== "",
    async fn() {
      await using server = await postgres.open(2) as Postgres;
      const { account: user } = server;
      const own = { host: "127.0.0.1", user, database: "test" };
      const pool = pgPool(pg, {
        ...own,
        application_name: user,
        maxSize: 2,
        cancel: true,
        logLevel: "silent",
        ...options,
      });
      try {
        await fn(pool, server);
      } finally {
        await pool.pool.shutdown({ timeout: 500 });
      }
      await soon(async () => await server.count() === 0, () => "sessions are left", 1_000);
    },
  });
}

/** How many queries of the account are under way at the server. */
async function running(server: Postgres): Promise<number> {
  const { rows } = await server.ask(
    `select count(*)::int as n from pg_stat_activity
      where application_name = '${server.account}' and state = 'active'`,
  );
  return rows[0].n;
}

test("an aborted use ends its query, and the session is kept", {}, async (pool, server) => {
  const { rows: [{ pid }] } = await pool.query("select pg_backend_pid() as pid");
  for (let i = 0; i < 5; i++) {
    const aborting = new AbortController();
    let error: unknown;
    const used = pool.pool.use(
      (client) => client.query(SLEEP).catch((given) => (error = given, Promise.reject(given))),
      { signal: aborting.signal },
    );
    await soon(async () => await running(server) === 1, () => "it has not begun", 1_000);
    const begun = performance.now();
    aborting.abort();
    await assertRejects(() => used, DOMException);
    assert(performance.now() - begun < 500);
    await soon(() => pool.idleCount === 1, () => `${pool.pool}`, 1_000);
    assertEquals((error as pg.DatabaseError).code, "57014");
    assertEquals(await running(server), 0);
    assertEquals((await pool.query("select pg_backend_pid() as pid")).rows, [{ pid }]);
  }
  assertEquals([pool.totalCount, pool.pool.stats().created], [1, 1]);
});

test("it hits nobody else's query", {}, async (pool) => {
  let cancelled = 0;
  const users = Array.from({ length: 8 }, async (_, user) => {
    for (let i = 0; i < 40; i++) {
      const signal = AbortSignal.timeout(1 + (user + i) % 5);
      await pool.pool.use((client) => client.query("select pg_sleep(0.003)"), { signal })
        .catch((error) => {
          assert(error instanceof DOMException, `${error}`);
          cancelled++;
        });
      const { rows } = await pool.query("select 1 as one, pg_sleep(0.002)");
      assertEquals(rows[0].one, 1);
    }
  });
  await Promise.all(users);
  assert(cancelled > 10, `only ${cancelled}`);
});

test("a session that is discarded ends its query", {}, async (pool, server) => {
  const client = await pool.connect();
  const asked = assertRejects(() => client.query(SLEEP));
  await soon(async () => await running(server) === 1, () => "it has not begun", 1_000);
  client.release(true);
  await asked;
  await soon(async () => await running(server) === 0, () => "it goes on", 500);
});

test(
  "so does one that is taken away",
  { maxUsingDelayKill: 60, hkDelay: 30 },
  async (pool, server) => {
    await assertRejects(() => pool.query(SLEEP));
    await soon(async () => await running(server) === 0, () => "it goes on", 1_000);
  },
);

test("without it, the query goes on", { cancel: false }, async (pool, server) => {
  const client = await pool.connect();
  const asked = assertRejects(() => client.query("select pg_sleep(0.5)"));
  await soon(async () => await running(server) === 1, () => "it has not begun", 1_000);
  client.release(true);
  await asked;
  await sleep(50);
  assertEquals(await running(server), 1);
});
