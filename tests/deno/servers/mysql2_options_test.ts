// The options of mysqlPool: mysql2's and the pool's in one object, and a hint for each that is meant otherwise.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { EventEmitter } from "node:events";
import mysql from "mysql2";
import promises from "mysql2/promise";
import { Pool } from "../../../mod.ts";
import { type MysqlPool, mysqlPool } from "../../../adapters/mysql2.ts";
import { type MariaDb, mariadb } from "./mariadb.ts";
import { whySkipped } from "./register.ts";

const anyPool = mysqlPool as unknown as (
  module: unknown,
  options: unknown,
) => MysqlPool<typeof mysql>;

const HINTS: Record<string, string> = {
  connectionLimit: "maxSize",
  poolSize: "maxSize",
  maxIdle: "maxAvailDelay",
  idleTimeout: "maxAvailDelay",
  queueLimit: "maxWaiting",
  waitForConnections: "timeout",
  resetOnRelease: 'reset: "session"',
  gracefulEnd: "gives it back",
  acquireTimeout: "timeout",
  Promise: "language's own",
  pool: "belong to this pool",
  retter: "reset",
  closer: "ends its sessions",
  maxSizes: "did you mean maxSize?",
  max_size: "maxSize",
  rest: "did you mean reset?",
};

Deno.test("mysqlPool refuses what others call its options, and says what it is called here", () => {
  for (const [name, hint] of Object.entries(HINTS)) {
    const error = assertThrows(() => anyPool(mysql, { [name]: 1 }), TypeError) as Error;
    assert(error.message.startsWith(`mysqlPool: unknown option "${name}": `), error.message);
    assert(error.message.includes(hint), error.message);
    anyPool(mysql, { [name]: undefined }); // as ORMs pass on what they were not given
  }
});

Deno.test("mysqlPool refuses them in a uri, too", () => {
  const uri = "mysql://me@localhost/test?connectionLimit=3";
  assertThrows(() => anyPool(mysql, { uri }), TypeError, "it is called maxSize here");
});

Deno.test("mysqlPool takes all options of mysql2's", () => {
  const names = `authSwitchHandler bigNumberStrings compress connectAttributes connectTimeout
    database dateStrings decimalNumbers enableKeepAlive flags host insecureAuth
    infileStreamFactory keepAliveInitialDelay localAddress maxPreparedStatements
    multipleStatements namedPlaceholders nestTables password passwordSha1 port queryFormat rowsAsArray
    socketPath stringifyObjects supportBigNumbers trace typeCast user disableEval debug ssl
    enableCleartextPlugin jsonStrings charsetNumber stream timezone charset uri authPlugins
    password1 password2 password3 isServer`;
  const values: Record<string, unknown> = {
    charset: "latin1",
    timezone: "Z",
    uri: "mysql://localhost/test",
    ssl: {},
    debug: false,
    compress: false,
    flags: "",
  };
  for (const name of names.split(/\s+/)) anyPool(mysql, { [name]: values[name] ?? 1 });
  const { config } = anyPool(mysql, { host: "here", database: "test", charset: "latin1" });
  const { host, database } = Reflect.get(config, "connectionConfig");
  assertEquals([host, database], ["here", "test"]);
});

Deno.test("mysqlPool checks its options", () => {
  const wrong = (options: unknown, message: string, module: unknown = mysql) =>
    assertThrows(() => anyPool(module, options), Error, message);
  wrong({ reset: "all" }, 'reset must be "rollback", "session" or a function');
  wrong({ cancel: 1 }, "cancel must be true or false, got 1");
  wrong({ maxSize: -1 }, "maxSize");
  wrong(undefined, "options must be an object, got undefined");
  wrong("mysql://", 'options must be an object, got "mysql://"');
  wrong({}, "the first argument must be the module mysql2, got an object", {});
  wrong({}, "the first argument must be the module mysql2, got null", null);
  wrong({}, "createPool must return a pool, as mysql2's does, got an object", {
    createPool: () => ({}),
  });
});

Deno.test("mysqlPool has defaults as mysql2 has, and options may be inherited", () => {
  const { pool } = mysqlPool(promises, {});
  const { maxSize, maxAvailDelay, timeout } = pool.stats().config;
  assertEquals([maxSize, maxAvailDelay, timeout], [10, 60_000, 0]);
  const own = mysqlPool(mysql, Object.create({ maxSize: 3, user: "me" }));
  assertEquals(own.config.connectionLimit, 3);
  assertEquals(Reflect.get(own.config, "connectionConfig").user, "me");
});

Deno.test("mysqlPool shows no password", () => {
  for (const options of [{ password: "secret" }, { uri: "mysql://me:secret@localhost/test" }]) {
    for (const module of [mysql, promises]) {
      const pool = anyPool(module, options) as unknown as { config?: unknown; pool: mysql.Pool };
      const config = (pool.config ?? pool.pool.config) as {
        connectionConfig: { password: string };
      };
      assertEquals(config.connectionConfig.password, "secret");
      const { connectionConfig: { pool: _, ...shown } } = config as never as {
        connectionConfig: Record<string, unknown>;
      };
      assertEquals(JSON.stringify(shown).includes("secret"), false);
      assertEquals(Deno.inspect(pool, { depth: 9 }).includes("secret"), false);
    }
  }
});

Deno.test("the pool under mysqlPool has all members of a Pool", () => {
  for (const pool of [mysqlPool(mysql, {}).pool, mysqlPool(promises, {}).pool]) {
    assertEquals(`${pool}`, JSON.stringify(pool.stats()));
    assertEquals([pool.constructor, Object.hasOwn(pool, "end")], [Pool, true]);
  }
});

Deno.test("mysqlPool is mysql2's own class, of the kind of the module", () => {
  const { Pool } = mysql as unknown as { Pool: new () => object };
  const { PromisePool } = promises as unknown as { PromisePool: new () => object };
  const callback = mysqlPool(mysql, {});
  assert(callback instanceof Pool && callback instanceof EventEmitter);
  assert(mysqlPool(promises, {}) instanceof PromisePool);
  assert(callback.promise() instanceof PromisePool);
  assertEquals(callback.constructor, mysqlPool(mysql, {}).constructor);
  // With nothing but what makes a pool.
  assert(mysqlPool({ createPool: mysql.createPool }, {}) instanceof Pool);
});

const skipped = await whySkipped(mariadb);

Deno.test({
  name: `mysqlPool: a connection that does not tell of transactions is refused${skipped}`,
  ignore: skipped !== "",
  async fn() {
    await using server = await mariadb.open(0);
    const createPool = (config: object) => {
      const pool = mysql.createPool(config);
      const getConnection = pool.getConnection.bind(pool);
      pool.getConnection = (callback) => {
        getConnection(callback);
        Reflect.get(pool, "_allConnections").get(0).handlePacket = undefined;
      };
      return pool;
    };
    await using mute = mysqlPool({ createPool }, {
      host: "127.0.0.1",
      user: server.account,
      createBackoff: 0,
    } as object);
    const lent = new Promise((resolve, reject) =>
      mute.getConnection((error: unknown, lent: unknown) => error ? reject(error) : resolve(lent))
    );
    await assertRejects(() => lent, Error, "it must have handlePacket");
  },
});

Deno.test({
  name:
    `mysqlPool: a password in a uri, and one that is not enumerable, reach the server${skipped}`,
  ignore: skipped !== "",
  async fn() {
    await using server = await mariadb.open(0) as MariaDb;
    await server.ask(`alter user ${server.account} identified by 'secret'`);
    const uri = `mysql://${server.account}:secret@127.0.0.1/test`;
    const hidden = Object.defineProperty(
      { host: "127.0.0.1", user: server.account, maxSize: 1 },
      "password",
      { value: "secret", enumerable: false },
    );
    for (const options of [{ uri }, hidden]) {
      await using pool = mysqlPool(promises, options);
      const connection = await pool.getConnection();
      await connection.changeUser({}); // which reads it again
      assertEquals((await connection.query("select 1 as one"))[0], [{ one: 1 }] as never);
      assertEquals(Deno.inspect(connection, { depth: 9 }).includes("secret"), false);
      connection.release();
    }
  },
});
