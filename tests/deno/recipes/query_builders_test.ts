// The recipes for Kysely and Drizzle, with a real PostgreSQL: each query and transaction has its session.

import { assertEquals, assertRejects } from "@std/assert";
import { sql } from "drizzle-orm";
import { Kysely, PostgresDialect, sql as kyselySql } from "kysely";
import { drizzle } from "drizzle-orm/node-postgres";
import { openPool } from "../../../examples/recipes/postgres_pg.ts";
import { postgres } from "../servers/postgres.ts";
import { whySkipped } from "../servers/register.ts";
import { soon } from "../servers/soon.ts";
import { printed, takers } from "./run.ts";

type Pool = ReturnType<typeof openPool>;
/** Asks for the session's number, twice in a transaction that then fails if it is told to. */
type Transaction = (fails: boolean) => Promise<number[]>;

const skipped = await whySkipped(postgres);
const PID = "select pg_backend_pid() as pid, pg_sleep(0.01)";

/** Has it work over a pool, which is shut down afterwards: nothing may be left. */
function test(
  recipe: string,
  make: (pool: Pool) => { transaction: Transaction; end?: () => Promise<void> },
): void {
  Deno.test({
    name: `${recipe}: transactions side by side, some of which fail${skipped}`,
    ignore: skipped !== "",
    async fn() {
      await using server = await postgres.open(10);
      const url = urlOf(server.account);
      await using pool = openPool(url);
      const { transaction, end = () => pool.end() } = make(pool);
      const all = Array.from({ length: 30 }, (_, i) =>
        (async () => {
          const fails = i % 3 === 0;
          const pids = fails
            ? await assertRejects(() => transaction(true), Error, "as it should").then(() => [1, 1])
            : await transaction(false);
          assertEquals(pids[0], pids[1]);
        })());
      await Promise.all(all);
      await end();
      const { size, created, returned, discarded } = pool.pool.stats();
      assertEquals([size, created, returned, discarded], [0, 10, 30, 0]);
      await soon(async () => await server.count() === 0, () => "sessions are left", 1_000);
    },
  });
  for (const runner of takers().filter(({ there }) => there)) {
    Deno.test({
      name: `${recipe}: the program on ${runner.label}${skipped}`,
      ignore: skipped !== "",
      async fn() {
        await using server = await postgres.open(10);
        const [query, transaction] = await printed(runner, recipe, {
          env: { DATABASE_URL: urlOf(server.account) },
        });
        assertEquals(query?.startsWith("a query: {"), true, query);
        assertEquals(transaction, "a transaction: 1 session, 2 returned");
      },
    });
  }
}

const urlOf = (account: string) =>
  `postgres://${account}@127.0.0.1:${postgres.port}/test?application_name=${account}`;

function failing(pids: number[], fails: boolean): number[] {
  if (fails) throw new Error("as it should");
  return pids;
}

test("kysely.ts", (pool) => {
  const db = new Kysely({ dialect: new PostgresDialect({ pool }) });
  const query = kyselySql.raw<{ pid: number }>(PID);
  return {
    transaction: (fails) =>
      db.transaction().execute(async (transaction) => {
        const one = async () => (await query.execute(transaction)).rows[0]!.pid;
        return failing([await one(), await one()], fails);
      }),
    end: () => db.destroy(),
  };
});

test("drizzle.ts", (pool) => {
  const db = drizzle({ client: pool });
  return {
    transaction: (fails) =>
      db.transaction(async (transaction) => {
        const one = async () => Number((await transaction.execute(sql.raw(PID))).rows[0]!.pid);
        return failing([await one(), await one()], fails);
      }),
  };
});
