// sessionSlot: each session of a pool holds a slot, for exactly as long as it lives.

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
// @ts-types="@types/pg"
import pg from "pg";
import { type PgPool, pgPool, type PgPoolOptions } from "../../../adapters/pg.ts";
import { classOf } from "../../../quota/postgres/options.ts";
import { postgresQuota, sessionSlot } from "../../../quota/postgres.ts";
import { sleep } from "../../helpers/until.ts";
import { type Postgres, postgres } from "../servers/postgres.ts";
import { whySkipped } from "../servers/register.ts";
import { soon } from "../servers/soon.ts";

type Options = Partial<PgPoolOptions<typeof pg>>;
type OurPool = PgPool<typeof pg>;

const skipped = await whySkipped(postgres);

/** What a test has at hand. */
class Stage {
  readonly server: Postgres;
  readonly key: string = crypto.randomUUID();
  readonly pools: OurPool[] = [];

  constructor(server: Postgres) {
    this.server = server;
  }

  /** A pool of sessions each of which has one of `max` slots. */
  pool(max: number, options: Options = {}): OurPool {
    const { account: user } = this.server;
    const pool = pgPool(pg, {
      host: "127.0.0.1",
      user,
      database: "test",
      application_name: user,
      maxSize: 20,
      timeout: 10_000,
      logLevel: "silent",
      opener: sessionSlot({ max, key: this.key }),
      ...options,
    });
    pool.on("error", () => {});
    this.pools.push(pool);
    return pool;
  }

  /** The sessions that hold a slot, in the server's eyes. */
  async holders(): Promise<number[]> {
    const { rows } = await this.server.ask(
      `select pid from pg_locks where locktype = 'advisory' and granted
       and classid = ${classOf(`slot ${this.key}`) >>> 0} order by pid`,
    );
    return rows.map(({ pid }) => pid);
  }
}

function test(name: string, fn: (stage: Stage) => Promise<void>): void {
  Deno.test({
    name: `sessionSlot: ${name}${skipped}`,
    ignore: skipped !== "",
    async fn() {
      await using server = await postgres.open(30) as Postgres;
      const stage = new Stage(server);
      try {
        await fn(stage);
      } finally {
        await Promise.all(stage.pools.map(({ pool }) => pool.shutdown({ timeout: 500 })));
      }
      await soon(async () => await server.count() === 0, () => "sessions are left", 2_000);
      assertEquals(await stage.holders(), []);
    },
  });
}

const pidOf = async (pool: OurPool): Promise<number> =>
  (await pool.query("select pg_backend_pid() as pid")).rows[0].pid;

test("of twenty sessions of four pools, five get a slot; the others hear why", async (stage) => {
  const pools = [1, 2, 3, 4].map(() => stage.pool(5, { createBackoff: 0 }));
  const got = await Promise.allSettled(
    Array.from({ length: 20 }, (_, i) => pools[i % 4]!.connect()),
  );
  const reasons = got.flatMap((one) => one.status === "rejected" ? [one.reason.message] : []);
  assertEquals(reasons.length, 15);
  assertEquals((await stage.holders()).length, 5);
  assertEquals(
    reasons[0],
    `sessionSlot: no slot of "${stage.key}" is free: all 5 are held by other sessions; ` +
      "createRetry or a quota waits for one",
  );
  for (const one of got) if (one.status === "fulfilled") one.value.release();
});

for (const reset of ["rollback", "session"] as const) {
  test(`it stays with its session, with reset "${reset}"`, async (stage) => {
    const pool = stage.pool(1, { reset });
    const pid = await pidOf(pool);
    let over = false;
    const rival = (async () => {
      const other = stage.pool(1, { createBackoff: 0 });
      for (; !over; await sleep(1)) await assertRejects(() => other.connect(), Error, "no slot");
    })();
    for (let i = 0; i < 20; i++) {
      const client = await pool.connect();
      await client.query("begin; select pg_advisory_lock(7), pg_try_advisory_xact_lock(8)");
      client.release();
      assertEquals(await stage.holders(), [pid]);
    }
    over = true;
    await rival;
    assertEquals(await pidOf(pool), pid);
  });
}

const GIVE_UP = {
  "DISCARD ALL": "discard all",
  pg_advisory_unlock_all: "select pg_advisory_unlock_all()",
};

for (const [what, sql] of Object.entries(GIVE_UP)) {
  test(`a session whose slot was given up by ${what} is ended`, async (stage) => {
    const pool = stage.pool(1);
    const pid = await pidOf(pool);
    const session = await pool.connect();
    const died = new Promise<Error>((resolve) => session.once("error", resolve));
    await session.query(sql);
    assertMatch((await died).message, new RegExp(`^sessionSlot: ${what} released the slot`));
    session.release();
    await soon(async () => (await stage.holders()).length === 0, () => "it is held", 1_000);
    const next = await pidOf(pool);
    assert(next !== pid);
    assertEquals(await stage.holders(), [next]);
  });
}

test("a reset that discards all costs each session, and no cap", async (stage) => {
  const pool = stage.pool(2, { reset: (client) => client.query("discard all"), createRetry: true });
  const pids = [];
  for (let i = 0; i < 5; i++) {
    pids.push(await pidOf(pool));
    assert((await stage.holders()).length <= 2);
  }
  assertEquals(new Set(pids).size, 5);
});

test("who holds one dies: the slot is free", async (stage) => {
  const [one, two] = [stage.pool(1), stage.pool(1, { createRetry: true, createBackoff: 20 })];
  const pid = await pidOf(one);
  const waits = pidOf(two);
  await sleep(50);
  assertEquals(await stage.holders(), [pid]);
  await stage.server.ask(`select pg_terminate_backend(${pid})`);
  const next = await waits;
  assertEquals(await stage.holders(), [next]);
});

test("with a quota of the same key, who waits is called, and no session fails", async (stage) => {
  const { key, server } = stage;
  const client = async () => {
    const client = new pg.Client({
      host: "127.0.0.1",
      user: server.account,
      database: "test",
      application_name: server.account,
    });
    await client.connect();
    return client;
  };
  const pools = [1, 2, 3].map(() =>
    stage.pool(2, { quota: postgresQuota({ max: 2, key, client }) })
  );
  await Promise.all(pools.flatMap((pool) =>
    Array.from({ length: 10 }, async () => {
      const client = await pool.connect();
      assert((await stage.holders()).length <= 2);
      await sleep(2);
      client.release();
    })
  ));
  for (const { pool } of pools) assertEquals(pool.stats().createFailed, 0);
});

test("an object that is no session is refused", async () => {
  const open = sessionSlot({ max: 1, key: "key" });
  await assertRejects(
    () => open({}),
    Error,
    "sessionSlot: the object must be a session of pg's shape",
  );
});
