// What the types of the mysql2 adapter promise: compiled, by old and new compilers, and never run.

import mysql from "mysql2";
import promises from "mysql2/promise";
import {
  type MysqlConnection,
  type MysqlPool,
  mysqlPool,
  type MysqlPoolOptions,
} from "../../../adapters/mysql2.ts";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;
function is<_A, _B>(_same: Same<_A, _B>): void {}
/** Whether it is any, which would hide all else. */
type IsAny<T> = 0 extends 1 & T ? true : false;

interface Row extends mysql.RowDataPacket {
  n: number;
}

export async function byPromises(): Promise<void> {
  const pool = mysqlPool(promises, {
    uri: "mysql://",
    maxSize: 3,
    ssl: { rejectUnauthorized: true },
    reset: "session",
  });
  is<IsAny<typeof pool>, false>(true);

  // It passes for mysql2's own.
  const theirs: promises.Pool = pool;
  const kept: MysqlPool<typeof promises> = pool;

  const connection = await pool.getConnection();
  is<typeof connection, promises.PoolConnection>(true);
  is<MysqlConnection<typeof promises>, promises.PoolConnection>(true);
  connection.release();
  await connection.beginTransaction();

  // All overloads of `query` and `execute`, on the session and on the pool.
  for (const on of [connection, pool] as const) {
    const [rows, fields] = await on.query<Row[]>("select ? as n", [1]);
    is<typeof rows, Row[]>(true);
    is<typeof fields, mysql.FieldPacket[]>(true);
    const [result] = await on.execute<mysql.ResultSetHeader>({ sql: "do ?", values: [1] });
    is<typeof result, mysql.ResultSetHeader>(true);
    // @ts-expect-error: a query is no number
    void on.query(1);
  }
  pool.on("connection", (connection) => void connection.query("select 1"));
  pool.releaseConnection(connection);
  const text: string = pool.escape("a") + pool.escapeId("a") + pool.format("?", [1]);
  await pool.end();
  await pool[Symbol.asyncDispose]();

  const used = await pool.pool.use((connection, { signal }) => {
    is<typeof connection, promises.PoolConnection>(true);
    signal.throwIfAborted();
    return connection.query<Row[]>("select 1 as n");
  }, { signal: AbortSignal.timeout(1) });
  is<typeof used, [Row[], mysql.FieldPacket[]]>(true);
  const loan = await pool.pool.borrow();
  is<typeof loan.object, promises.PoolConnection>(true);
  // It answers as the callback pool, as mysql2's own has one there.
  const core: mysql.Pool = pool.pool;
  pool.pool.getConnection((error, connection) => [error?.code, connection.release()]);

  mysqlPool(promises, {
    host: "localhost",
    password: undefined,
    namedPlaceholders: true,
    opener: (connection) => connection.query("select 1"),
    reset: (connection) => connection.query("do release_all_locks()"),
    health: (connection) => connection.ping(),
    createRetry: (error) => (error as { errno?: number }).errno === 1040,
    timeout: undefined,
    cancel: undefined,
  });
  // @ts-expect-error: it is called maxSize here
  mysqlPool(promises, { connectionLimit: 3 });
  // @ts-expect-error: it is called reset here
  mysqlPool(promises, { retter: () => {} });
  // @ts-expect-error: there is no such reset
  mysqlPool(promises, { reset: "all" });
  // @ts-expect-error: that is a number
  mysqlPool(promises, { port: "3306" });
  // @ts-expect-error: it makes no pool
  mysqlPool({}, {});
  void [theirs, kept, text, core];
}

export async function byCallbacks(options: MysqlPoolOptions<typeof mysql>): Promise<void> {
  const pool = mysqlPool(mysql, options);
  is<IsAny<typeof pool>, false>(true);
  const theirs: mysql.Pool = pool;
  is<MysqlConnection<typeof mysql>, mysql.PoolConnection>(true);
  pool.getConnection((error, connection) => {
    is<typeof error, NodeJS.ErrnoException | null>(true);
    is<typeof connection, mysql.PoolConnection>(true);
    connection.query<Row[]>("select 1 as n", (error, rows) => [error?.code, rows[0]!.n]);
    connection.release();
  });
  pool.query<Row[]>("select ?", [1], (_error, rows, fields) => [rows[0]!.n, fields[0]!.name]);
  pool.execute<Row[]>({ sql: "select 1" }, (_error, rows) => rows[0]!.n);
  pool.query("select 1").stream();
  const promised: promises.Pool = pool.promise();
  pool.on("release", (connection) => connection.threadId);
  pool.end((error) => error?.message);
  await pool[Symbol.asyncDispose]();
  const used = await pool.pool.use((connection) => {
    is<typeof connection, mysql.PoolConnection>(true);
    return connection.promise().query<Row[]>("select 1 as n");
  });
  is<typeof used, [Row[], mysql.FieldPacket[]]>(true);

  // With nothing but what makes a pool.
  const others = mysqlPool({ createPool: promises.createPool }, { host: "localhost" });
  await (await others.getConnection()).ping();
  void [theirs, promised];
}
