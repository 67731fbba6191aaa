// reset: "session": nothing that a borrower does to a session outlives the loan, and what was there stays.

import { assert, assertEquals } from "@std/assert";
// @ts-types="@types/pg"
import pg from "pg";
import { type PgPool, pgPool, type PgPoolOptions, type PgSession } from "../../../adapters/pg.ts";
import { type Postgres, postgres } from "./postgres.ts";
import { whySkipped } from "./register.ts";
import { soon } from "./soon.ts";

type Options = Partial<PgPoolOptions<typeof pg>>;
type OurPool = PgPool<typeof pg>;

const skipped = await whySkipped(postgres);

function test(
  name: string,
  options: Options,
  fn: (pool: OurPool, server: Postgres, config: pg.ClientConfig) => unknown,
) {
  Deno.test({
    name: `pgPool, reset "session": ${name}${skipped}`,
    ignore: skipped !== "",
    async fn() {
      await using server = await postgres.open(4) as Postgres;
      const { account: user } = server;
      const own = { host: "127.0.0.1", user, database: "test", application_name: user };
      const reset = "session";
      const pool = pgPool(pg, { ...own, maxSize: 1, logLevel: "silent", reset, ...options });
      try {
        await fn(pool, server, own);
      } finally {
        await pool.pool.shutdown({ timeout: 500 });
      }
      await soon(async () => await server.count() === 0, () => "sessions are left", 1_000);
    },
  });
}

async function borrow<R>(
  pool: OurPool,
  fn: (client: PgSession<typeof pg>) => R | Promise<R>,
): Promise<R> {
  const client = await pool.connect();
  try {
    return await fn(client);
  } finally {
    client.release();
  }
}

/** All that a session shows of itself, but for what no reset is about. */
const STATE = `select pg_backend_pid() as pid, now() = statement_timestamp() as fresh,
  current_user, session_user, current_setting('role') as role, current_schemas(false) as schemas,
  (select json_object_agg(name, setting order by name) from pg_settings
    where source = 'session' and name !~ '^transaction_') as settings,
  nullif(current_setting('custom.tenant', true), '') as custom,
  (select count(*)::int from pg_prepared_statements) as prepared,
  (select count(*)::int from pg_cursors) as cursors,
  (select json_agg(channel) from pg_listening_channels() as channel) as channels,
  (select json_agg(row(classid, objid, objsubid, mode) order by objid) from pg_locks
    where locktype = 'advisory' and pid = pg_backend_pid()) as locks,
  to_regclass('pg_temp.mine') as temporary`;

async function state(pool: OurPool): Promise<Record<string, unknown>> {
  return await borrow(pool, async (client) => (await client.query(STATE)).rows[0]);
}

/** What borrowers do. */
const DEEDS: Record<string, string | string[]> = {
  "a transaction": "begin",
  "a transaction that fails": ["begin", "select 1/0"],
  "settings":
    `set search_path = pg_temp; set timezone = 'Asia/Tokyo'; set application_name = 'it''s';
    set statement_timeout = '9s'; set work_mem = '9MB'; set custom.tenant = 'theirs'`,
  "settings that change how a reset is read": `set standard_conforming_strings = off;
    set client_encoding = 'LATIN1'; set default_transaction_read_only = on;
    set default_transaction_isolation = serializable; set backslash_quote = off`,
  "temporary tables": "create temp table mine (n int)",
  "prepared statements": "prepare mine as select 1",
  "cursors that outlive their transaction": "declare mine cursor with hold for select 1",
  "LISTEN": `listen "mine""too"; listen other`,
  "advisory locks": `select pg_advisory_lock(7), pg_advisory_lock(7), pg_advisory_lock_shared(8),
    pg_advisory_lock(1, -2), pg_advisory_lock_shared(-3, 4), pg_advisory_lock(-5000000000)`,
  "sequences": "create temp sequence mine; select nextval('mine')",
  "a role": `set role none; set session authorization default`,
};

/** What a session is given when it is new. */
const SETUP = `set search_path = pg_catalog, "a tenant's \\ é"; set timezone = 'Europe/Paris';
  set custom.tenant = 'ours ''\\ü'; set statement_timeout = '5s'; set extra_float_digits = 0;
  listen "ours""too"`;

for (const [setup, opener] of Object.entries({ "": "select 1", " after a setup": SETUP })) {
  for (const [what, deed] of Object.entries(DEEDS)) {
    test(`${what}${setup}`, { opener: (client) => client.query(opener) }, async (pool) => {
      const before = await state(pool);
      for (let i = 0; i < 2; i++) {
        await borrow(pool, async (client) => {
          for (const sql of [deed].flat()) await client.query(sql).catch(() => {});
        });
        assertEquals(await state(pool), before);
      }
    });
  }
}

test("what the deeds of these tests do can be seen", { reset: "rollback" }, async (pool) => {
  const { fresh: _fresh, ...before } = await state(pool);
  const deeds = Object.entries(DEEDS).filter(([name]) => !/transaction|sequence|role/.test(name));
  for (const [what, deed] of deeds) {
    await borrow(pool, (client) => client.query([deed].flat().join(";")));
    const { fresh: _fresh, ...after } = await state(pool);
    assert(JSON.stringify(after) !== JSON.stringify(before), what);
    await borrow(pool, (client) => client.query("discard all"));
  }
});

test("it takes one round trip", {}, async (pool) => {
  const sent: string[] = [];
  await borrow(pool, (client) => {
    const { connection } = client as unknown as { connection: { query(sql: string): void } };
    const { query } = connection;
    connection.query = (sql) => (sent.push(sql), Reflect.apply(query, connection, [sql]));
  });
  await borrow(pool, (client) => client.query("begin"));
  await soon(() => pool.idleCount === 1, () => `${pool.pool}`, 1_000);
  assertEquals(sent.length, 3);
  assert(sent[0]!.startsWith("close all") && sent[1] === "begin");
  assert(sent[2]!.startsWith("rollback;\nclose all"));
});

test("named statements of pg's are sent again", {}, async (pool) => {
  for (let n = 1; n <= 3; n++) {
    const named = { name: "mine", text: "select $1::int as n", values: [n] };
    assertEquals((await pool.query(named)).rows, [{ n }]);
    // By the same name, as another statement: nobody else's is in the way.
    const other = { name: "mine", text: "select $1::text as t", values: [`${n}`] };
    assertEquals((await pool.query(other)).rows, [{ t: `${n}` }]);
  }
  assertEquals((await state(pool)).prepared, 0);
});

test("what listeners of `connect` set, stays", {}, async (pool) => {
  pool.on("connect", (client) => void client.query("set search_path = 'a_tenant'"));
  for (let i = 0; i < 3; i++) {
    assertEquals((await pool.query("show search_path")).rows, [{ search_path: "a_tenant" }]);
    await pool.query("set search_path = 'another'");
  }
});

test(
  "what the config sets, stays",
  { options: "-c work_mem=7MB", statement_timeout: 7_000 },
  async (pool, server) => {
    await pool.query("set work_mem = '9MB'; set statement_timeout = 0; set application_name = 'x'");
    const sql =
      `select current_setting('work_mem') as memory, current_setting('statement_timeout') as time,
    current_setting('application_name') as name`;
    assertEquals((await pool.query(sql)).rows, [{
      memory: "7MB",
      time: "7s",
      name: server.account,
    }]);
  },
);

test("advisory locks of its own are held throughout", {
  opener: (client) => client.query("select pg_advisory_lock(77), pg_advisory_lock_shared(7, 8)"),
}, async (pool, server) => {
  const before = await state(pool);
  assertEquals((before.locks as unknown[]).length, 2);
  const rival = `select pg_try_advisory_lock(77) as got`;
  let tries = 0;
  const trying = (async () => {
    while (tries >= 0) {
      assertEquals((await server.ask(rival)).rows, [{ got: false }]);
      tries++;
    }
  })();
  for (let i = 0; i < 10; i++) {
    await borrow(pool, (client) => client.query(DEEDS["advisory locks"] as string));
    assertEquals(await state(pool), before);
  }
  assert(tries > 0);
  tries = -Infinity;
  await trying;
});

test("an advisory lock of its own that a borrower gave up is taken again, or the session closed", {
  opener: (client) => client.query("select pg_advisory_lock(77)"),
}, async (pool, server) => {
  const before = await state(pool);
  await borrow(pool, (client) => client.query("select pg_advisory_unlock_all()"));
  assertEquals(await state(pool), before);
  await borrow(pool, async (client) => {
    await client.query("select pg_advisory_unlock(77)");
    await server.ask("select pg_advisory_lock(77)");
  });
  await soon(() => pool.pool.stats().hookErrors === 1, () => "it was reset", 1_000);
  await server.ask("select pg_advisory_unlock(77)");
  assertEquals((await state(pool)).locks, before.locks);
});

test(
  "roles: who the opener has made a session is who it is again",
  {},
  async (_pool, server, config) => {
    const role = `${server.account}_tenant`;
    await server.ask(`create role ${role}; grant ${role} to ${server.account}`);
    const opener = (client: pg.Client) => client.query(`set role ${role}`);
    await using own = pgPool(pg, { ...config, maxSize: 1, reset: "session", opener });
    const before = await state(own);
    assertEquals([before.current_user, before.session_user], [role, server.account]);
    await borrow(own, (client) => client.query("reset role"));
    assertEquals(await state(own), before);
    await own.end();
    await server.ask(`drop role ${role}`);
  },
);
