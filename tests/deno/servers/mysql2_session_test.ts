// reset: "session": nothing that a borrower leaves in a session of mysqlPool is found by the next one, and what
// was there at first is there again.

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Connection as Core } from "mysql2";
import type mysql from "mysql2/promise";
import type { MariaDb } from "./mariadb.ts";
import { borrow, countOf, type OurPool, rowOf, test } from "./mysql2_stage.ts";

type Session = mysql.PoolConnection;

const STATE = `select connection_id() as id, user() as user, current_user() as account,
  database() as db, current_role() as role, @@in_transaction as open,
  @tenant as tenant, @other as other, @n as n, @blob as bytes, collation(@tenant) as letters, hex(@n) as number,
  last_insert_id() as last, @@last_insert_id as last2, is_used_lock(user()) as locked`;

/** All variables but those that say what has happened. */
async function variables(on: mysql.Connection): Promise<unknown> {
  const [rows] = await on.query<mysql.RowDataPacket[]>("show session variables");
  const told = /^(timestamp|last_insert_id|identity|insert_id|rand_seed|last_gtid|gtid_|innodb_)/;
  return rows.filter(({ Variable_name: name }) => !told.test(name));
}

const HOSTILE: Record<string, string[]> = {
  transactions: ["begin", "set completion_type = 'chain'", "set autocommit = 0", "begin"],
  variables: [
    "set @tenant = 'mine', @other = 'mine', @n = 7, @blob = 'mine'",
    "set time_zone = '+09:00', sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'",
    "set sql_select_limit = 1, group_concat_max_len = 4, lc_time_names = 'de_DE'",
    "set max_statement_time = 3, foreign_key_checks = 0, unique_checks = 0",
    "set session transaction isolation level serializable, read only",
  ],
  "the database": ["use information_schema"],
  "the database, unseen": ["set session_track_schema = 0", "use information_schema"],
  "the database, gone": [
    "create database ACCOUNT_gone",
    "use ACCOUNT_gone",
    "drop database ACCOUNT_gone",
  ],
  "the character set": ["set names latin1"],
  "the character set, in part": ["set character_set_client = latin1"],
  "the character set of results": ["set character_set_results = null"],
  tables: ["create temporary table passing (n int)"],
  locks: ["select get_lock(user(), 0)"],
  "locked tables": ["lock tables numbers write"],
  "a handler": ["handler numbers open"],
  statements: ["prepare mine from 'select 1'"],
  "the role": ["set role ACCOUNT_role"],
  "an id": ["insert into numbers values (null)", "set insert_id = 77"],
  "a failure": ["begin", "select nothing"],
};

/** What a session begins with. */
const SETUPS: Record<string, (connection: Session) => unknown> = {
  nothing: () => {},
  "a tenant": async (connection) => {
    await say(connection, "use ACCOUNT_tenant");
    await connection.query("set @tenant = ?, @n = 1.50, @blob = x'00ff'", ['O\'Höney \\ "x"']);
    await connection.query("set time_zone = '+05:30', sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT'");
    await connection.query("set sql_select_limit = 1000, group_concat_max_len = 2048");
    await connection.query("set session transaction isolation level read committed");
    await connection.query("set long_query_time = 2.5, foreign_key_checks = off");
  },
  "latin1": async (connection) => {
    await connection.query("set names latin1 collate latin1_german2_ci");
    await connection.query("set @tenant = 'Höney'");
  },
  "latin1, in part": (connection) => connection.query("set character_set_client = latin1"),
  "no results' character set": (connection) => connection.query("set character_set_results = null"),
  "no autocommit": (connection) => connection.query("set autocommit = 0"),
  "a role": (connection) => say(connection, "set role ACCOUNT_role2"),
};

/** What they need. */
async function stage(server: MariaDb): Promise<void> {
  const { account } = server;
  await server.ask(`create database ${account}_tenant`);
  await server.ask(`create table ${account}.numbers (n int auto_increment primary key)`);
  await server.ask(`create table ${account}_tenant.numbers (n int auto_increment primary key)`);
  for (const role of [`${account}_role`, `${account}_role2`]) {
    await server.ask(`create role ${role}`);
    await server.ask(`grant ${role} to ${account}`);
  }
  await server.ask(`grant all on *.* to ${account}`);
}

async function leave(server: MariaDb): Promise<void> {
  const { account } = server;
  await server.ask(`drop database ${account}_tenant`);
  await server.ask(`drop role ${account}_role, ${account}_role2`);
}

/** Has a session say it, with the account's name in it. */
async function say(connection: Session, sql: string, values?: unknown[]): Promise<void> {
  await connection.query(sql.replaceAll("ACCOUNT", connection.config.user!), values as never);
}

for (const [what, setup] of Object.entries(SETUPS)) {
  let seen: unknown;
  test(
    `reset: "session", which begins with ${what}`,
    {
      reset: "session",
      opener: async (connection) => {
        await setup(connection);
        seen = await all(connection);
      },
    },
    async (pool, server) => {
      await stage(server);
      await using _leaving = { [Symbol.asyncDispose]: () => leave(server) };
      const first = await borrow(pool, all);
      assertEquals(first, seen);
      for (const [name, statements] of Object.entries(HOSTILE)) {
        await borrow(pool, async (connection) => {
          for (const sql of statements) {
            if (name === "a failure") await connection.query(sql).catch(() => {});
            else await say(connection, sql);
          }
        });
        assertEquals(await borrow(pool, all), first, name);
        assertEquals(pool.pool.stats().hookErrors, 0, name);
      }
      await gone(pool);
      assertEquals(pool.pool.stats().created, 1);
    },
  );
}

async function all(connection: Session): Promise<unknown> {
  return [await rowOf(connection, STATE), await variables(connection), config(connection)];
}

/** What mysql2 notes of the session, by which it writes what it sends. */
function config({ connection }: Session): unknown {
  const { config, clientEncoding } = connection as unknown as {
    config: Record<string, unknown>;
    clientEncoding: unknown;
  };
  const { user, database, charsetNumber } = config;
  return { user, database, charsetNumber, clientEncoding };
}

/** What was made for the moment. */
async function gone(pool: OurPool): Promise<void> {
  await borrow(pool, async (connection) => {
    for (const sql of ["select * from passing", "execute mine"]) {
      await assertRejects(() => connection.query(sql));
    }
  });
}

test("texts go on to be right", { reset: "session" }, async (pool) => {
  await borrow(pool, (connection) => connection.query("set names latin1"));
  const [[row]] = await pool.query<mysql.RowDataPacket[]>("select ? as text, hex(?) as bytes", [
    "Höney €",
    "ö",
  ]);
  assertEquals(row as unknown, { text: "Höney €", bytes: "C3B6" });
});

test("a session without a database has none again", {
  reset: "session",
  database: "",
  opener: (connection) => connection.query("set @tenant = 'a'"),
}, async (pool) => {
  const { id } = await rowOf(pool, STATE);
  await borrow(pool, (connection) => say(connection, "use ACCOUNT"));
  const { db, tenant, id: again } = await rowOf(pool, STATE);
  assertEquals([db, tenant, again], [null, "a", id]);
});

test("another user is nobody else's", { reset: "session" }, async (pool, server) => {
  const first = await rowOf(pool, STATE);
  for (const database of ["information_schema", server.account]) {
    await borrow(pool, (connection) => connection.changeUser({ database, charset: "latin1" }));
    assertEquals(await rowOf(pool, STATE), first);
  }
  await server.ask(`create user ${server.account}_2`);
  await server.ask(`grant all on ${server.account}.* to ${server.account}_2`);
  try {
    const user = `${server.account}_2`;
    await borrow(pool, (connection) => connection.changeUser({ user }));
    assertEquals(await rowOf(pool, STATE), first);
  } finally {
    await server.ask(`drop user ${server.account}_2`);
  }
  assertEquals(pool.pool.stats().created, 1);
});

test("prepared statements are made again", { reset: "session" }, async (pool) => {
  for (let i = 0; i < 4; i++) {
    await borrow(pool, async (connection) => {
      for (let n = 0; n < 5; n++) {
        const [[row]] = await connection.execute<mysql.RowDataPacket[]>(`select ? + ${n} as n`, [
          i,
        ]);
        assertEquals(Number(row!.n), i + n);
      }
      void connection.execute("select ? as late", [i]);
    });
  }
  assertEquals([pool.pool.stats().created, pool.pool.stats().hookErrors], [1, 0]);
});

test("a driver without reset logs in again", { reset: "session" }, async (pool) => {
  const first = await borrow(pool, (connection) => {
    Object.assign(connection.connection, { reset: undefined });
    return rowOf(connection, STATE);
  });
  await borrow(pool, async (connection) => {
    await connection.query("set names latin1");
    await connection.query("set @tenant = 'x'");
    await connection.query("use information_schema");
    await connection.execute("select ? as n", [1]);
  });
  assertEquals(await rowOf(pool, STATE), first);
  assertEquals((await pool.execute("select ? as n", [2]))[0], [{ n: 2 }] as never);
});

test("what listeners of connection have set is set again", { reset: "session" }, async (pool) => {
  pool.on("connection", (connection) => {
    (connection as unknown as Core).query("set @tenant = 'heard', time_zone = '+03:00'");
  });
  const seen = async () => {
    const { tenant, zone } = await rowOf(pool, "select @tenant as tenant, @@time_zone as zone");
    assertEquals([tenant, zone], ["heard", "+03:00"]);
  };
  await seen();
  await borrow(pool, (connection) => connection.query("set @tenant = 'x', time_zone = '+04:00'"));
  await seen();
});

test("it takes two round trips, or three", { reset: "session" }, async (pool) => {
  const before = await borrow(pool, countOf);
  const between = await borrow(pool, countOf);
  assert(between - before <= 2, `${between - before}`); // the check, and itself
});

test(
  "queries and streams that nobody waits for are waited for",
  { reset: "session" },
  async (pool, server) => {
    const { id } = await rowOf(pool, STATE);
    await borrow(pool, (connection) => {
      const core = connection.connection as unknown as Core;
      core.query("select seq, repeat('x', 1000) from seq_1_to_5000").stream();
      void connection.query("set @tenant = 'late'");
      void connection.query("use information_schema");
    });
    const { db, tenant, id: again } = await rowOf(pool, STATE);
    assertEquals([db, tenant, again], [server.account, null, id]);
  },
);
