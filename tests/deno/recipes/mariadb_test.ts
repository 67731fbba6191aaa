// The recipe for MariaDB, with a real one: what borrowers leave behind, and each way to lose a session.

import { assertEquals, assertRejects } from "@std/assert";
import type { Connection } from "mysql2/promise";
import { openPool } from "../../../examples/recipes/mariadb.ts";
import { sleep } from "../../helpers/until.ts";
import { mariadb } from "../servers/mariadb.ts";
import { soon } from "../servers/soon.ts";
import { register } from "./sessions.ts";

const STATE = `select connection_id() as id, @mine as mine, @@session.time_zone as zone,
  @@in_transaction as open, @@autocommit as auto, @@character_set_client as charset,
  @@collation_connection as collation, database() as db, is_used_lock(concat(connection_id())) as locked`;

const LOG = "select @@log_error as file";

const DOINGS = [
  "create temporary table test.things(n int)",
  "set @mine = 'a secret', time_zone = '+05:00', autocommit = 0",
  "set names latin1",
  "select get_lock(concat(connection_id()), 0)",
  "begin",
  "insert into test.things values (1)",
  "use information_schema",
];

const urlOf = (account: string, port: number) => `mysql://${account}@127.0.0.1:${port}/test`;

async function ask(connection: Connection, sql: string): Promise<unknown> {
  const [[row]] = await connection.query(sql) as unknown as [[unknown]];
  return row;
}

await register({
  file: "mariadb.ts",
  kind: mariadb,
  open: (account, port) => openPool(urlOf(account, port)).pool,
  ask: (connection) => connection.ping(),
  program: ({ account, port }) => ({
    env: { MARIADB_URL: urlOf(account, port) },
    prints: [
      'the next borrower: [{"discount":null,"open":0}]',
      "took too long: TimeoutError",
      "0 discarded, 0 in use",
    ],
  }),
}, {
  async "nothing of one borrower is left for the next"({ pool }) {
    const before = await pool.use(async (connection) => {
      const state = await ask(connection, STATE);
      for (const sql of DOINGS) await connection.query(sql);
      return state;
    });
    await pool.use(async (connection) => {
      assertEquals(await ask(connection, STATE), before);
      const gone = { code: "ER_NO_SUCH_TABLE" };
      const { code } = await assertRejects(
        () => connection.query("select * from test.things"),
        Error,
      ) as Error & typeof gone;
      assertEquals(code, gone.code);
    });
    assertEquals(pool.stats().created, 1);
  },

  async "nor who it was, and prepared statements are made again"({ pool, server }) {
    for (let n = 0; n < 2; n++) {
      await pool.use(async (connection) => {
        assertEquals((await connection.execute("select ? as n", [n]))[0], [{ n }] as never);
        const { user } = await ask(connection, "select user() as user") as { user: string };
        assertEquals(user.split("@")[0], server.account);
        await connection.changeUser({ user: server.account, database: "information_schema" });
      });
    }
    assertEquals(pool.stats().created, 1);
  },

  async "its log has no warning of sessions that were closed in order"({ pool, server }) {
    const { file } = await pool.use((connection) => ask(connection, LOG)) as { file: string };
    const all = Array.from({ length: 20 }, () => pool.use((connection) => connection.ping()));
    await Promise.all(all);
    await pool.shutdown();
    await soon(async () => await server.count() === 0, () => "sessions are left", 1_000);
    const log = await Deno.readTextFile(file).catch(() => ""); // it may be on another machine
    assertEquals(log.split("\n").filter((line) => line.includes(server.account)), []);
  },

  async "destroy() fails a query that is pending"({ pool, server }) {
    await using lease = await pool.get();
    const asked = assertRejects(() => lease.query("select sleep(9)"));
    await sleep(50);
    lease.destroy();
    await asked;
    await server.terminate();
  },

  async "an error of the server's costs no connection, a fatal one does"({ pool, server }) {
    await assertRejects(() => pool.use((connection) => connection.query("no sql")));
    assertEquals([pool.available, pool.stats().discarded], [1, 0]);
    await assertRejects(() =>
      pool.use(async (connection) => {
        const asked = connection.query("select sleep(9)");
        await Promise.all([asked, server.terminate()]);
      })
    );
    assertEquals([pool.available, pool.stats().closed], [0, 1]);
  },
});
