// pgPool over pg.native, as a program for Node: says what fails, and "ok".

import process from "node:process";
import { assert, assertEquals, assertRejects } from "@std/assert";
// @ts-types="@types/pg"
import pg from "pg";
import { type PgPool, pgPool, type PgPoolOptions } from "../../../adapters/pg.ts";
import { sleep } from "../../helpers/until.ts";
import { played } from "./pg_stage.ts";
import { ended, PID, quiet, type Stage, transactions } from "./pg_using.ts";
import { soon } from "./soon.ts";

/** Its types are those of pg. */
const native = pg.native as unknown as typeof pg;

function open({ config }: Stage, options: Partial<PgPoolOptions<typeof pg>> = {}) {
  const bounds = { maxSize: 4, maxUsingDelayKill: 500, hkDelay: 100 };
  return pgPool(native, { ...config, ...bounds, cancel: true, logLevel: "silent", ...options });
}

/** All sessions are killed under load. The driver may never tell of it: then the pool ends them. */
async function killed(stage: Stage, pool: PgPool<typeof pg>, ask: () => Promise<unknown>) {
  let served = 0;
  let over = false;
  const users = Array.from({ length: 12 }, async () => {
    while (!over) await ask().then(() => served++, () => sleep(1));
  });
  for (let round = 0; round < 3; round++) {
    const enough = served + 36;
    await soon(() => served >= enough, () => `it does not answer: ${pool.pool}`, 5_000);
    await stage.terminate();
  }
  over = true;
  await Promise.all(users);
}

const TESTS: Record<string, (stage: Stage) => Promise<void>> = {
  async "what would never hear of a session that has died is refused"(stage) {
    const unlimited = { maxUsingDelayKill: 0 };
    const error = await assertRejects(async () => await open(stage, unlimited), TypeError);
    assert(error.message.includes("give maxUsingDelayKill"), `${error}`);
  },

  async "sessions are lent, rolled back, killed and closed"(stage) {
    const pool = open(stage);
    const transaction = async (fails: boolean) => {
      const client = await pool.connect();
      try {
        const pid = async () => (await client.query(PID)).rows[0].pid as number;
        await client.query("begin");
        return ended([await pid(), await pid()], fails);
      } finally {
        client.release(); // with its transaction open
      }
    };
    await transactions(transaction);
    await quiet(pool);
    const sql = "select now() = statement_timestamp() as fresh";
    assertEquals((await pool.query(sql)).rows, [{ fresh: true }]);
    await killed(stage, pool, () => transaction(false));
    await killed(stage, pool, () => pool.query("select pg_sleep(0.002)"));
    await quiet(pool);
    await pool.end();
  },

  async "a session costs no round trip that has nothing to be reset"(stage) {
    const pool = open(stage, { maxSize: 1 });
    const asked: unknown[] = [];
    pool.on("connect", (client) => {
      const query = client.query.bind(client) as (...args: unknown[]) => never;
      client.query = (...args: unknown[]) => (asked.push(args[0]), query(...args));
    });
    for (let n = 0; n < 3; n++) await pool.query("select 1");
    assertEquals(asked, ["select 1", "select 1", "select 1"]);
    await pool.end();
  },

  async "all of a session is reset, and statements are prepared again"(stage) {
    const pool = open(stage, { maxSize: 1, reset: "session" });
    for (let n = 0; n < 3; n++) {
      const named = { name: "named", text: "select $1::int as n", values: [n] };
      assertEquals((await pool.query(named)).rows, [{ n }]);
      const { rows } = await pool.query("show search_path");
      assert(rows[0].search_path !== "pg_temp");
      await pool.query("set search_path = pg_temp");
    }
    assertEquals(pool.pool.stats().created, 1);
    await pool.end();
  },

  async "the server cancels a query that nobody waits for"(stage) {
    const pool = open(stage, { maxSize: 1 });
    const { rows: [session] } = await pool.query(PID);
    let code: unknown;
    const signal = AbortSignal.timeout(50);
    const used = pool.pool.use(
      (client) => client.query("select pg_sleep(9)").catch((error) => code = error.code),
      { signal },
    );
    await assertRejects(() => used, DOMException);
    await soon(() => pool.idleCount === 1, () => `${pool.pool}`, 2_000);
    assertEquals([code, (await pool.query(PID)).rows], ["57014", [session]]);
    await pool.end();
  },
};

async function main(): Promise<void> {
  for (const [name, test] of Object.entries(TESTS)) {
    try {
      await played(test);
    } catch (error) {
      console.log(`${name}\n${(error as Error).stack}`);
      process.exitCode = 1;
    }
  }
  console.log(process.exitCode ? "failed" : "ok");
}

void main();
