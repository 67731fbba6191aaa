// mysqlPool beside mysql2's own pools: the same steps, on a real MariaDB, must come to the same.

import { assertEquals, assertRejects } from "@std/assert";
import mysql from "mysql2";
import promises from "mysql2/promise";
import { mysqlPool } from "../../../adapters/mysql2.ts";
import { sleep } from "../../helpers/until.ts";
import { type MariaDb, mariadb } from "./mariadb.ts";
import { whySkipped } from "./register.ts";
import { soon } from "./soon.ts";

const SIZE = 2;
const skipped = await whySkipped(mariadb);

/** What a script has seen: it must be the same with both pools. */
type See = (...what: unknown[]) => void;
interface Stage {
  config: mysql.ConnectionOptions;
  /** Has the server terminate a session. */
  kill(id: number): Promise<unknown>;
}
type Script<P> = (pool: P, see: See, stage: Stage) => unknown;

type Asked = Promise<[mysql.RowDataPacket[], mysql.FieldPacket[]]>;

const ID = "select connection_id() as id";
const idOf = async (on: promises.Pool | promises.Connection): Promise<number> => {
  const [[row]] = await on.query<mysql.RowDataPacket[]>(ID);
  return row!.id;
};
const codeOf = (error: unknown) => (error as { code?: string }).code;

const PROMISES: Record<string, Script<promises.Pool>> = {
  async "what it is"(pool, see, { config: { user } }) {
    see(["getConnection", "on", "emit"].map((name) => name in pool), "promise" in pool);
    const { config } = pool.pool;
    see(config.connectionLimit, config.queueLimit);
    see(Reflect.get(config, "connectionConfig").user === user);
    see(pool.escape("a'b"), pool.escapeId("a`b"), pool.format("select ?, ??", [1, "b"]));
    const connection = await pool.getConnection();
    see(connection.constructor.name, connection.connection.constructor.name);
    see(connection.config.user === user, typeof connection.threadId);
    connection.release();
  },

  async "queries and statements"(pool, see) {
    for (const name of ["query", "execute"] as const) {
      const ask = (...args: unknown[]) => Reflect.apply(pool[name], pool, args) as Asked;
      const [rows, fields] = await ask("select ? as n, 'a' as a", [2]);
      see(rows, fields.map(({ name }) => name));
      see((await ask({ sql: "select ? as n", values: [3], rowsAsArray: true }))[0]);
      const error = await assertRejects(() => ask("select nothing"));
      see(codeOf(error), `${error}`, (error as Error).stack?.includes("mysql2_pool_test.ts"));
      see(codeOf(await assertRejects(() => ask("no sql"))));
      see(`${await assertRejects(async () => await ask("do 0", () => {}))}`);
    }
    see((await pool.query("do 0"))[0]);
    see(`${await assertRejects(() => pool.execute("select ?", [undefined as never]))}`);
  },

  async "getConnection and release"(pool, see) {
    const one = await pool.getConnection();
    const two = await pool.getConnection();
    see(await idOf(one) !== await idOf(two));
    const waiting = pool.getConnection();
    await sleep(10);
    one.release();
    one.release();
    const three = await waiting;
    see(await idOf(three) === one.threadId);
    pool.releaseConnection(three);
    two.release();
    see(await idOf(pool) === await idOf(pool));
    await using four = await pool.getConnection();
    see(await idOf(four) > 0);
  },

  async "transactions"(pool, see) {
    const connection = await pool.getConnection();
    await connection.beginTransaction();
    see((await connection.query("select @@in_transaction as open"))[0]);
    await connection.rollback();
    see((await connection.query("select @@in_transaction as open"))[0]);
    see(await connection.ping());
    const statement = await connection.prepare("select ? as n");
    see((await statement.execute([1]))[0]);
    await statement.close();
    connection.unprepare("select ? as n");
    await connection.changeUser({});
    await connection.reset();
    connection.release();
  },

  async "a session that is destroyed"(pool, see) {
    const connection = await pool.getConnection();
    const id = await idOf(connection);
    connection.destroy();
    see(typeof connection.config.user, `${await assertRejects(() => connection.query(ID))}`);
    connection.release();
    see(await idOf(pool) !== id);
  },

  async events(pool, see) {
    const heard: unknown[] = [];
    for (const event of ["connection", "acquire", "release"] as const) {
      pool.on(event as "release", (connection) => heard.push(event, connection.constructor.name));
    }
    pool.on("enqueue", () => heard.push("enqueue"));
    await pool.query("select 1");
    see(heard.splice(0));
    const one = await pool.getConnection();
    const two = await pool.getConnection();
    see(heard.splice(0));
    const asked = pool.query("select 1");
    see(heard.splice(0));
    one.release();
    await asked;
    see(heard.pop());
    two.release();
  },

  async "the first query of a session may be a listener's"(pool, see) {
    pool.on("connection", (connection) => void connection.query("set @first = 1"));
    see((await pool.query("select @first as first"))[0]);
  },

  async "a failure to connect"(_pool, see, { config }) {
    const make = _pool.constructor.name === "PromisePool"
      ? promises.createPool
      : (config: object) => mysqlPool(promises, { ...config, logLevel: "silent" });
    const other = make({ host: "127.0.0.1", port: 1 });
    see(codeOf(await assertRejects(() => other.getConnection())));
    see(codeOf(await assertRejects(() => other.query("select 1"))));
    see(codeOf(await assertRejects(() => other.execute("select 1"))));
    await other.end();
    const stranger = make({ ...config, password: "wrong" });
    see(codeOf(await assertRejects(() => stranger.query("select 1"))));
    await stranger.end();
  },

  async "the end"(pool, see) {
    await pool.query("select 1");
    await pool.end();
    see((await assertRejects(() => pool.getConnection())) instanceof Error);
    see((await assertRejects(() => pool.query("select 1"))) instanceof Error);
    await pool[Symbol.asyncDispose]();
  },

  async "a session that is killed while idle"(pool, see, { kill }) {
    const id = await idOf(pool);
    await kill(id);
    await sleep(50);
    see(id !== await idOf(pool));
  },

  async "a session that is killed under a query"(pool, see, { kill }) {
    const id = await idOf(pool);
    const asked = pool.query("select sleep(9)").catch((error) => see(codeOf(error)));
    await sleep(20);
    await kill(id);
    await asked;
    see(id !== await idOf(pool));
  },

  async "its callback pool"(pool, see) {
    const core = pool.pool;
    see(await new Promise((resolve) => core.query("select 1 as one", (_, rows) => resolve(rows))));
    see(await new Promise((resolve) => core.execute("select 2 as n", (_, rows) => resolve(rows))));
    await new Promise<void>((resolve) =>
      core.getConnection((error, connection) => {
        see(error, connection.constructor.name);
        connection.release();
        resolve();
      })
    );
    see(core.escape(1), (await core.promise().query("select 1 as one"))[0]);
  },
};

const CALLBACKS: Record<string, Script<mysql.Pool>> = {
  async "what it is"(pool, see) {
    see(pool instanceof (mysql as unknown as { Pool: new () => object }).Pool, "promise" in pool);
    see(pool.config.connectionLimit, pool.escape("a'b"), pool.escapeId("a`b"));
    see(pool.format("select ?", ["x"]));
    const connection = await lent(pool);
    const { PoolConnection } = mysql as unknown as { PoolConnection: new () => object };
    see(connection instanceof PoolConnection);
    see(connection.release(), connection.release());
  },

  async "queries and statements"(pool, see) {
    for (const ask of ["query", "execute"] as const) {
      const asked = (...args: unknown[]) =>
        new Promise<void>((resolve) => {
          const callback = (error: unknown, rows: unknown, fields?: mysql.FieldPacket[]) => {
            see(codeOf(error ?? {}), rows, fields?.map(({ name }) => name));
            resolve();
          };
          Reflect.apply(pool[ask], pool, [...args, callback]);
        });
      await asked("select 1 as one");
      await asked("select ? as n", [2]);
      await asked({ sql: "select ? as n", values: [3] });
      await asked("select nothing");
    }
  },

  async "a stream"(pool, see) {
    const numbers: unknown[] = [];
    const asked = pool.query("select seq as n from seq_1_to_1000");
    for await (const row of asked.stream({ highWaterMark: 5 })) numbers.push(row.n);
    see(numbers.length, numbers.at(-1));
    const failing = pool.query("select nothing").stream();
    see(codeOf(await assertRejects(() => failing.toArray())));
    await new Promise<void>((resolve) => {
      const query = pool.query("select 1 as one");
      query.on("fields", (fields) => see(fields.length)).on("result", (row) => see(row));
      query.on("end", () => resolve());
    });
  },

  async "by promises"(pool, see) {
    const promised = pool.promise();
    see((await promised.query("select 1 as one"))[0]);
    const connection = await promised.getConnection();
    see((await connection.query("select 1 as one"))[0], connection.connection.constructor.name);
    connection.release();
    pool.releaseConnection(await lent(pool));
    pool.releaseConnection(await promised.getConnection());
    const core = await lent(pool);
    see((await core.promise().query("select 1 as one"))[0]);
    core.release();
  },

  async "the end"(pool, see) {
    await pool.promise().query("select 1");
    await new Promise<void>((resolve) =>
      pool.end((error) => {
        see(error ?? undefined);
        resolve();
      })
    );
    await new Promise<void>((resolve) =>
      pool.getConnection((error, connection) => {
        see(error instanceof Error, connection);
        resolve();
      })
    );
    pool[Symbol.dispose]();
  },
};

function lent(pool: mysql.Pool): Promise<mysql.PoolConnection> {
  return new Promise((resolve, reject) => {
    pool.getConnection((error, connection) => error ? reject(error) : resolve(connection));
  });
}

interface Kind<P> {
  scripts: Record<string, Script<P>>;
  theirs(config: mysql.PoolOptions): P;
  ours(config: mysql.ConnectionOptions): P;
  end(pool: P): Promise<unknown>;
}

function compare<P extends object>(kind: string, { scripts, theirs, ours, end }: Kind<P>): void {
  for (const [name, script] of Object.entries(scripts)) {
    Deno.test({
      name: `mysqlPool as mysql2's ${kind} pool: ${name}${skipped}`,
      ignore: skipped !== "",
      async fn() {
        await using server = await mariadb.open(0) as MariaDb;
        const config = { host: "127.0.0.1", user: server.account, database: "test" };
        const kill = (id: number) => server.ask(`kill connection ${id}`);
        const seen = async (pool: P) => {
          const all: unknown[][] = [];
          try {
            await script(pool, (...what) => all.push(what), { config, kill });
          } finally {
            await end(pool).catch(() => {}); // mysql2's own fails a second time
          }
          return all;
        };
        const own = await seen(theirs({ ...config, connectionLimit: SIZE }));
        assertEquals(await seen(ours(config)), own);
        await soon(async () => await server.count() === 0, () => "sessions are left", 1_000);
      },
    });
  }
}

compare<promises.Pool>("promise", {
  scripts: PROMISES,
  theirs: promises.createPool,
  ours: (config) => mysqlPool(promises, { ...config, maxSize: SIZE }),
  end: (pool) => pool.end(),
});

compare<mysql.Pool>("callback", {
  scripts: CALLBACKS,
  theirs: mysql.createPool,
  ours: (config) => mysqlPool(mysql, { ...config, maxSize: SIZE }),
  end: (pool) => new Promise((resolve) => pool.end(resolve)),
});
