// Drizzle and Kysely over a pooled proxy, with a real PostgreSQL: each request has its own transaction.

import { assertEquals, assertRejects } from "@std/assert";
import { sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import { Kysely, PostgresDialect, type PostgresPool, sql as kyselySql } from "kysely";
// @ts-types="@types/pg"
import pg from "pg";
import { type PooledProxy, Proxy } from "../../../mod.ts";
import { flow } from "../../helpers/flow.ts";
import { postgres } from "../servers/postgres.ts";
import { whySkipped } from "../servers/register.ts";
import type { Server } from "../servers/server.ts";

const SIZE = 4;
const PID = "select pg_backend_pid() as pid, pg_sleep(0.01)";

type Clients = PooledProxy<pg.Client>;
/** Asks for the session's number, twice in a transaction that then fails if it is told to. */
type Transaction = (client: Clients, fails: boolean) => Promise<number[]>;

const WAYS: Record<string, Transaction> = {
  async drizzle(client, fails) {
    await client._getObj(); // what a driver is asked at once, it must have by then
    const db = drizzle({ client: client as unknown as pg.Client });
    return await db.transaction(async (transaction) => {
      const one = async () => Number((await transaction.execute(sql.raw(PID))).rows[0]!.pid);
      return ended([await one(), await one()], fails);
    });
  },
  async kysely(client, fails) {
    const release = () => {};
    const pool = { options: {}, connect: () => ({ query: client.query, release }), end: () => {} };
    const dialect = new PostgresDialect({ pool: pool as unknown as PostgresPool });
    await using db = new Kysely({ dialect });
    const query = kyselySql.raw<{ pid: number }>(PID);
    return await db.transaction().execute(async (transaction) => {
      const one = async () => (await query.execute(transaction)).rows[0]!.pid;
      return ended([await one(), await one()], fails);
    });
  },
};

function ended(pids: number[], fails: boolean): number[] {
  if (fails) throw new Error("as it should");
  return pids;
}

const skipped = await whySkipped(postgres);

for (const [name, transaction] of Object.entries(WAYS)) {
  Deno.test({
    name: `${name} over a pooled proxy: transactions side by side, some of which fail${skipped}`,
    ignore: skipped !== "",
    async fn() {
      await using server = await postgres.open(SIZE);
      const db = clients(server);
      const all = Array.from({ length: 30 }, (_, i) =>
        flow.run(async () => {
          if (i % 3 === 0) {
            await assertRejects(() => transaction(db, true), Error, "as it should");
          } else {
            const [one, two] = await transaction(db, false);
            assertEquals(one, two);
          }
        }));
      await Promise.all(all);
      const { size, created, returned, discarded } = db._pool!.stats();
      // They roll back themselves: no call has failed, nor any frame.
      assertEquals([size, created, returned, discarded], [SIZE, SIZE, 30, 0]);
      await db._pool!.shutdown();
    },
  });

  Deno.test({
    name: `${name} over a pooled proxy: a statement that fails costs its session${skipped}`,
    ignore: skipped !== "",
    async fn() {
      await using server = await postgres.open(SIZE);
      const db = clients(server);
      await flow.run(async () => {
        await transaction(db, false);
        await assertRejects(() => db.query("select 1/0"), Error, "division by zero");
      });
      assertEquals([db._pool!.stats().discarded, db._pool!.available], [1, 0]);
      await db._pool!.shutdown();
    },
  });
}

Deno.test({
  name: `drizzle over a pooled proxy sees the client that its frame holds${skipped}`,
  ignore: skipped !== "",
  async fn() {
    await using server = await postgres.open(SIZE);
    const db = clients(server);
    await flow.run(async () => {
      await db.query("select 1");
      assertEquals(db instanceof pg.Client, true);
      assertEquals(Object.getPrototypeOf(db), pg.Client.prototype);
      assertEquals(typeof (db as unknown as { promise: unknown }).promise, "undefined");
    });
    await db._pool!.shutdown();
  },
});

function clients({ account, port }: Server): Clients {
  return new Proxy({
    fun: async () => {
      const client = new pg.Client({ host: "127.0.0.1", port, user: account, database: "test" });
      client.on("error", () => {});
      await client.connect();
      return client;
    },
    maxSize: SIZE,
    scope: flow,
    closer: (client) => client.end(),
  });
}
