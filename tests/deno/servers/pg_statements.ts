// What the types of the pg adapter promise: compiled, by old and new compilers, and never run.

// @ts-types="@types/pg"
import pg from "pg";
import { Proxy } from "../../../mod.ts";
import {
  type PgPool,
  pgPool,
  type PgSession,
  pgSessions,
  scopedPgPool,
} from "../../../adapters/pg.ts";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;
function is<_A, _B>(_same: Same<_A, _B>): void {}
/** Whether it is any, which would hide all else. */
type IsAny<T> = 0 extends 1 & T ? true : false;

export async function statements(): Promise<void> {
  const pool = pgPool(pg, {
    connectionString: "postgres://",
    maxSize: 3,
    ssl: true,
    reset: "session",
  });
  is<IsAny<typeof pool>, false>(true);

  // It passes for pg's own.
  const theirs: pg.Pool = pool;
  const kept: PgPool<typeof pg> = pool;

  const client = await pool.connect();
  is<IsAny<typeof client>, false>(true);
  const session: PgSession<typeof pg> = client;
  const plain: pg.Client = client;
  const lent: pg.PoolClient = client;
  client.release();
  client.release(true);
  client.release(new Error("broken"));
  // @ts-expect-error: a text is no error
  client.release("broken");
  client.on("notification", ({ channel, payload }) => channel + payload);

  // All overloads of `query`, on the session and on the pool.
  for (const on of [client, pool] as const) {
    const { rows } = await on.query<{ n: number }>("select 1 as n");
    is<typeof rows, { n: number }[]>(true);
    const arrays = await on.query<[number]>({ text: "select 1", rowMode: "array" });
    is<typeof arrays.rows, [number][]>(true);
    const named = await on.query<{ n: number }, [number]>("select $1 as n", [1]);
    is<typeof named.rows, { n: number }[]>(true);
    const query = on.query(new pg.Query("select 1"));
    is<typeof query, pg.Query>(true);
    on.query("select 1", (error, { rows }) => [error.message, rows]);
    on.query("select $1", [1], (error, { rows }) => [error.message, rows]);
    // @ts-expect-error: a query is no number
    void on.query(1);
  }

  pool.connect((error, client, done) => {
    is<typeof error, Error | undefined>(true);
    client?.query("select 1");
    done();
    done(error);
  });
  pool.on("error", (error, client) => [error.message, client.release]);
  pool.on("connect", (client) => client.query("select 1"));
  await pool.end();
  pool.end(() => {});

  const used = await pool.pool.use((client, { signal }) => {
    is<typeof client, pg.Client>(true);
    signal.throwIfAborted();
    return client.query<{ n: number }>("select 1 as n");
  }, { signal: AbortSignal.timeout(1) });
  is<typeof used.rows, { n: number }[]>(true);
  const loan = await pool.pool.borrow();
  is<typeof loan.object, pg.Client>(true);

  pgPool(pg, {
    host: "localhost",
    password: () => Promise.resolve("secret"),
    opener: (client) => client.query("select 1"),
    reset: (client) => client.query("discard all"),
    health: (client) => client.query("select 1"),
    createRetry: (error) => error instanceof pg.DatabaseError && error.code === "53300",
    timeout: undefined,
    cancel: undefined,
  });
  // @ts-expect-error: it is called maxSize here
  pgPool(pg, { max: 3 });
  // @ts-expect-error: it is called reset here
  pgPool(pg, { retter: () => {} });
  // @ts-expect-error: there is no such reset
  pgPool(pg, { reset: "all" });
  // @ts-expect-error: that is a number
  pgPool(pg, { port: "5432" });
  // @ts-expect-error: it has no Client
  pgPool({}, {});

  // With nothing but a class of sessions.
  class Own extends pg.Client {
    readonly own = 1;
  }
  const others = pgPool({ Client: Own }, { host: "localhost" });
  const other = await others.connect();
  is<typeof other.own, 1>(true);
  others.on("error", () => {}).once("remove", () => {});
  const answer = await others.query<{ n: number }>("select 1 as n");
  is<typeof answer.rows, { n: number }[]>(true);

  const proxy = new Proxy(pgSessions(pg, { host: "localhost", maxSize: 3 }));
  const scoped = scopedPgPool(proxy);
  const own = await scoped.connect();
  own.release();
  const { rows } = await scoped.query<{ n: number }>("select 1 as n");
  is<typeof rows, { n: number }[]>(true);
  const full: pg.Pool = scopedPgPool(proxy, pg);

  void [theirs, kept, session, plain, lent, full];
}
