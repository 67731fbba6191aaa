// What a borrower leaves behind in a real PostgreSQL, `retter` clears away: nobody inherits it.

import { assert, assertEquals } from "@std/assert";
import type { PoolOptions } from "../../../mod.ts";
import { Bench } from "./bench.ts";
import { postgres, type PostgresConnection } from "./postgres.ts";
import { register } from "./register.ts";
import type { Connection } from "./server.ts";

/** One connection, for there to be no doubt who has it next; nothing but `retter` looks at it. */
const OPTIONS: PoolOptions<Connection> = {
  minSize: 1,
  maxSize: 1,
  hkDelay: 60_000,
  healthAfter: 60_000,
  maxUsingDelayKill: 0,
  discardOnError: false,
  retter: (connection) => (connection as PostgresConnection).ask("rollback"),
};

await register(postgres, [
  ["PostgreSQL: a transaction that was left open or has failed is nobody else's", leftOpen],
  ["PostgreSQL: one that died unnoticed in its borrower's hands is not lent again", died],
]);

async function leftOpen(): Promise<void> {
  await using bench = await Bench.open(postgres, OPTIONS);
  const pids = new Set<number>();
  for (const last of ["select 1", "select 1/0"]) {
    await borrow(bench, async (connection) => {
      await connection.ask("begin");
      await connection.ask(`select set_config('proxypool.borrower', 'first', true)`);
      await connection.ask(last);
    }).catch(({ message }) => assertEquals(message, "division by zero"));
    const [row] = await borrow(bench, async (connection) => {
      assertEquals(connection.client.getTransactionStatus(), "I");
      const sql =
        "select pg_backend_pid() as pid, current_setting('proxypool.borrower', true) as it";
      return (await connection.ask(sql)).rows;
    });
    assert(row.it !== "first");
    pids.add(row.pid);
  }
  assertEquals(pids.size, 1, "it was replaced");
  await bench.end();
}

async function died(): Promise<void> {
  await using bench = await Bench.open(postgres, OPTIONS);
  const { pool, server } = bench;
  const lease = await pool.get();
  await server.terminate();
  await pool.ret(lease);
  assertEquals(await pool.use((connection) => connection.echo(1)), 1);
  const { hookErrors, created, closed } = pool.stats();
  assertEquals([hookErrors, created, closed], [1, 2, 1]);
  await bench.end();
}

function borrow<R>({ pool }: Bench, fn: (connection: PostgresConnection) => Promise<R>) {
  return pool.use((connection) => fn(connection as PostgresConnection));
}
