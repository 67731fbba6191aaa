// The recipes for PostgreSQL, with a real one: what borrowers leave behind, and each way to lose a session.

import { assert, assertEquals, assertRejects } from "@std/assert";
// @ts-types="@types/pg"
import type { Submittable } from "pg";
import Cursor from "pg-cursor";
import { cancelling, openPool as openJs } from "../../../examples/recipes/postgres_js.ts";
import { openPool as openPg } from "../../../examples/recipes/postgres_pg.ts";
import { until } from "../../helpers/until.ts";
import { postgres } from "../servers/postgres.ts";
import type { Server } from "../servers/server.ts";
import { register, type Scene } from "./sessions.ts";

/** pg-cursor has no types of its own. */
interface CursorLike {
  read(rows: number): Promise<unknown[]>;
}

/** What a session is asked, in one query: by either driver. */
const STATE = `select pg_backend_pid() as pid, current_user::text as role,
  current_setting('search_path') as path, to_regclass('pg_temp.things') is null as tidy,
  now() = statement_timestamp() as fresh,
  (select count(*)::int from pg_listening_channels()) as channels,
  (select count(*)::int from pg_cursors where is_holdable) as cursors,
  (select count(*)::int from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) as locks`;

/** What a borrower does to a session, each in a query of its own. */
const DOINGS = [
  "create temporary table things(n int)",
  "set search_path = pg_temp",
  "set role pg_read_all_stats",
  "listen news",
  "select pg_advisory_lock(pg_backend_pid())",
  "begin",
  "declare numbers cursor with hold for select generate_series(1, 9)",
  "commit",
  "begin",
];

type Ask = (sql: string) => Promise<Record<string, unknown>[]>;

/** Leaves all of that behind, and tells what the next borrower finds of it. */
async function leftBehind(use: (fn: (ask: Ask) => Promise<unknown>) => Promise<unknown>) {
  let before, after;
  await use(async (ask) => {
    [before] = await ask(STATE);
    for (const sql of DOINGS) await ask(sql);
    const [dirty] = await ask(STATE);
    const { fresh, tidy, channels, cursors, locks } = dirty!;
    assertEquals([fresh, tidy, channels, cursors, locks], [false, false, 1, 1, 1]);
  });
  await use(async (ask) => [after] = await ask(STATE));
  assertEquals(after, before);
}

/** What the server's superuser may, which `things` above needs: the role is the test's own. */
async function grant({ server }: { server: Server }): Promise<void> {
  await (server as Server & { ask(sql: string): Promise<unknown> })
    .ask(`grant pg_read_all_stats to ${server.account}`);
}

const urlOf = (account: string, port: number) =>
  `postgres://${account}@127.0.0.1:${port}/test?application_name=${account}`;

const env = ({ account, port }: Server) => ({ DATABASE_URL: urlOf(account, port) });

const late = "took too long: TimeoutError";
/** The query was cancelled, and the session reset. */
const kept = "0 discarded, 0 in use";

await register({
  file: "postgres_pg.ts",
  kind: postgres,
  open: (account, port) => openPg(urlOf(account, port)).pool,
  ask: (client) => client.query("select 1"),
  program: (server) => ({
    env: env(server),
    prints: [`the next borrower: {"fresh":true,"schema":"public"}`, late, kept],
  }),
}, {
  async "nothing of one borrower is left for the next"(scene) {
    await grant(scene);
    await leftBehind((fn) =>
      scene.pool.use((client) => fn(async (sql) => (await client.query(sql)).rows))
    );
    assertEquals(scene.pool.stats().created, 1);
  },

  async "a transaction that has failed is no harm either, nor are prepared statements"(
    { pool },
  ) {
    const named = { name: "seven", text: "select 7 as n" };
    for (let i = 0; i < 2; i++) {
      await pool.use(async (client) => {
        assertEquals((await client.query(named)).rows, [{ n: 7 }]);
        await client.query("begin");
        client.on("notification", () => {});
        await assertRejects(() => client.query("select 1/0"), Error, "division by zero");
      });
    }
    await pool.use((client) => {
      assertEquals([client.getTransactionStatus(), client.listenerCount("notification")], ["I", 0]);
      return Promise.resolve();
    });
    assertEquals(pool.stats().created, 1);
  },

  async "what was set at first is set again, and nobody sees another's schema"({ server }) {
    await using own = openPg(urlOf(server.account, server.port), "set search_path = tenant");
    const { pool } = own;
    const path = async () => {
      const { rows } = await pool.use((client) => client.query("show search_path"));
      return rows[0].search_path;
    };
    assertEquals(await path(), "tenant");
    await pool.use((client) => client.query("set search_path = other"));
    assertEquals(await path(), "tenant");
    await pool.use((client) => client.query("begin; set local search_path = other"));
    assertEquals(await path(), "tenant");
    await assertRejects(() => pool.use((client) => client.query("begin; set search_path = a; no")));
    assertEquals(await path(), "tenant");
    assertEquals(pool.stats().created, 1);
  },

  async "a query that nobody waits for is nobody else's"({ pool }) {
    for (let i = 0; i < 20; i++) {
      await pool.use((client) => void client.query("begin"));
      const { rows } = await pool.use((client) =>
        client.query("select now() = statement_timestamp() as fresh")
      );
      assertEquals(rows, [{ fresh: true }]);
    }
    assertEquals(pool.stats().created, 1);
  },

  async "a cursor that was left open is closed, and nobody waits behind it"({ pool }) {
    await pool.use(async (client) => {
      const cursor = client.query(new Cursor("select generate_series(1, 9) as n") as Submittable);
      assertEquals(await (cursor as unknown as CursorLike).read(1), [{ n: 1 }]);
    });
    const { rows } = await pool.use((client) => client.query("select 1 as n"));
    const { created, hookErrors } = pool.stats();
    assertEquals([rows, created, hookErrors], [[{ n: 1 }], 1, 0]);
  },

  async "who gives up has the server cancel the query"({ pool }) {
    const { rows: [{ pid }] } = await pool.use((client) =>
      client.query("select pg_backend_pid() as pid")
    );
    const begun = performance.now();
    const signal = AbortSignal.timeout(50);
    const use = () => pool.use((client) => client.query("select pg_sleep(9)"), { signal });
    assertEquals((await assertRejects(use, DOMException)).name, "TimeoutError");
    await until(() => pool.using === 0, "its callback has ended, and the session is back");
    assert(performance.now() - begun < 2_000, "it takes too long");
    const again = await pool.use((client) => client.query("select pg_backend_pid() as pid"));
    assertEquals(again.rows, [{ pid }]);
  },
});

await register({
  file: "postgres_js.ts",
  kind: postgres,
  open: (account, port) => openJs(urlOf(account, port)),
  ask: (sql) => sql`select 1`.execute(),
  program: (server) => ({
    env: env(server),
    prints: [
      `the next borrower: {"schema":"public"}`,
      late,
      kept,
    ],
  }),
}, {
  async "nothing of one borrower is left for the next"(scene) {
    await grant(scene);
    await leftBehind((fn) => scene.pool.use((sql) => fn((text) => sql.unsafe(text).execute())));
    assertEquals(scene.pool.stats().created, 1);
  },

  async "what a connection began with is there again"({ server }) {
    await using pool = openJs(`${urlOf(server.account, server.port)}&search_path=tenant`);
    const path = () => pool.use(async (sql) => (await sql`show search_path`)[0]!.search_path);
    assertEquals(await path(), "tenant");
    await pool.use((sql) => sql`set search_path = other`.execute());
    assertEquals(await path(), "tenant");
  },

  async "a cursor that was left open costs the connection"({ pool }) {
    await pool.use(async (sql) => {
      const cursor = sql`select generate_series(1, 9) as n`.cursor(1)[Symbol.asyncIterator]();
      assertEquals((await cursor.next()).value?.[0], { n: 1 });
    });
    const [row] = await pool.use((sql) => sql`select 1 as n`);
    const { created, hookErrors } = pool.stats();
    assertEquals([row, created, hookErrors], [{ n: 1 }, 2, 1]);
  },

  async "a transaction that has failed and is left open costs the connection"({ pool }) {
    await pool.use(async (sql) => {
      await sql`begin`;
      await assertRejects(() => sql`select 1/0`.execute(), Error, "division by zero");
    });
    const [row] = await pool.use((sql) =>
      sql.unsafe("select now() = statement_timestamp() as fresh").execute()
    );
    const { created, hookErrors } = pool.stats();
    assertEquals([row, created, hookErrors], [{ fresh: true }, 2, 1]);
  },

  async "its own transactions end by themselves, and prepared statements are kept"({ pool }) {
    for (let i = 0; i < 2; i++) {
      const failed = pool.use((sql) =>
        sql.begin(async (sql) => {
          assertEquals([...await sql`select ${7 + i}::int as n`], [{ n: 7 + i }]);
          await sql`select 1/0`;
        })
      );
      await assertRejects(() => failed, Error, "division by zero");
    }
    const [row] = await pool.use((sql) =>
      sql`select count(*)::int as n from pg_prepared_statements where statement like '%::int as n'`
    );
    assert(row!.n === 1 && pool.stats().created === 1, JSON.stringify(row));
  },

  async "who gives up has the server cancel the query"({ pool }) {
    await givesUp(pool, (sql, signal) => cancelling(sql`select pg_sleep(9)`, signal));
    assertEquals([pool.stats().discarded, pool.available], [0, 1]);
  },
});

/** Before it has begun, and in the middle of it. */
async function givesUp<T>(
  pool: Scene<T>["pool"],
  ask: (session: T, signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  await pool.use((session) => assertRejects(() => ask(session, AbortSignal.abort()), DOMException));
  assertEquals(pool.available, 1);
  const begun = performance.now();
  const use = () =>
    pool.use((session, { signal }) => ask(session, signal), { signal: AbortSignal.timeout(50) });
  assertEquals((await assertRejects(use, DOMException)).name, "TimeoutError");
  await until(() => pool.using === 0, "its callback has ended, and the session is back");
  assert(performance.now() - begun < 2_000, "it takes too long");
}
