/**
 * A pool of PostgreSQL sessions of the driver `pg`, in the shape of its own `pg.Pool`: for Kysely,
 * Drizzle, TypeORM, job queues, and whatever else asks for one.
 *
 * ```ts
 * import pg from "pg";
 * import { pgPool } from "@x/proxypool/pg";
 *
 * const pool = pgPool(pg, {
 *   connectionString: "postgres://app@localhost/app", // pg's own options, and
 *   maxSize: 10, //                                      those of a Pool
 *   timeout: 2_000,
 * });
 * export const now = () => pool.query("select now()");
 * ```
 *
 * @module
 */

import { type Client, type ClientClass, emitterOf } from "./pg/driver.ts";
import { optionsOf } from "./pg/options.ts";
import { poolClass } from "./pg/pool.ts";
import { newScopedPool } from "./pg/scoped.ts";
import { Sessions } from "./pg/sessions.ts";
import type { Create, PoolOptions } from "../pool/options.ts";
import { shown } from "../values.ts";
import type {
  PgClientShape,
  PgConnection,
  PgModule,
  PgPool,
  PgPoolOf,
  PgPoolOptions,
  PgProxy,
  ScopedPgPool,
} from "./pg/types.ts";

export type {
  PgClientShape,
  PgConfig,
  PgConnection,
  PgDone,
  PgEmitter,
  PgModule,
  PgOwnOptions,
  PgPool,
  PgPoolMembers,
  PgPoolOf,
  PgPoolOptions,
  PgProxy,
  PgSession,
  ScopedPgPool,
  ScopedPgSession,
} from "./pg/types.ts";

/** One class for each EventEmitter: there is hardly ever more than one. */
const classes = new WeakMap<object, ReturnType<typeof poolClass>>();

/**
 * A pool of sessions in the shape of `pg.Pool`: an EventEmitter with `connect`, `query`, `end`, their
 * callbacks, its counts and its events.
 *
 * Where it differs from pg-pool:
 *
 * - `maxSize` is a hard maximum: a session that is being closed counts.
 * - A session whose borrower has left a transaction open is rolled back before it is lent again.
 * - `error` of a session is always heard: a session that is killed ends no process. The pool itself emits
 *   `error` for an idle one, if somebody listens.
 * - A query that fails does not cost its session.
 * - Listeners that a borrower has added to a session are removed when it goes back.
 * - A second `release` does nothing: it is logged and counted.
 * - `pool.query` takes a `QueryStream`, a `Cursor` or a `Query`, and gives it back.
 * - `end` serves those who wait already. Who comes later is refused.
 * - `connect` goes by `timeout`. It is `connectionTimeoutMillis`, if that alone is given.
 *
 * @example
 * ```ts
 * import pg from "pg";
 * import { pgPool } from "@x/proxypool/pg";
 *
 * const pool = pgPool(pg, { host: "localhost", database: "app", maxSize: 10 });
 *
 * export async function order(): Promise<void> {
 *   const client = await pool.connect();
 *   try {
 *     await client.query("begin");
 *     await client.query("insert into orders values (1)");
 *     await client.query("commit");
 *   } finally {
 *     client.release(); // what is still open is rolled back
 *   }
 * }
 *
 * await pool.end();
 * ```
 *
 * @typeParam M the type of the module
 * @param pg the module `pg`, or any object with a `Client` like its own
 * @param options pg's options, and those of a `Pool` but `retter` and `closer`
 * @returns the pool; {@linkcode PgPoolMembers.pool} is the `Pool` under it
 * @throws {TypeError} an option is unknown or wrong, or `pg` has no such `Client`
 * @throws {RangeError} an option is out of its bounds
 */
export function pgPool<M extends PgModule>(pg: M, options: PgPoolOptions<M>): PgPool<M> {
  const Base = emitterOf(clientOf("pgPool", pg));
  if (Base === undefined) {
    throw new TypeError("pgPool: pg.Client must be a class of EventEmitters");
  }
  let PgPool = classes.get(Base);
  if (PgPool === undefined) classes.set(Base, PgPool = poolClass(Base));
  return new PgPool(clientOf("pgPool", pg), optionsOf(options)) as PgPool<M>;
}

/**
 * What makes a pooled `Proxy` one of sessions: `fun` and the hooks that {@linkcode pgPool} uses itself.
 *
 * @example
 * ```ts
 * import pg from "pg";
 * import { Proxy } from "@x/proxypool";
 * import { pgSessions, scopedPgPool } from "@x/proxypool/pg";
 *
 * const sessions = new Proxy(pgSessions(pg, { database: "app", maxSize: 10 }));
 * export const pool = scopedPgPool(sessions, pg);
 * ```
 *
 * @typeParam M the type of the module
 * @param pg as of {@linkcode pgPool}
 * @param options as of {@linkcode pgPool}
 * @returns options of a `Proxy` with a pool
 * @throws {TypeError} as {@linkcode pgPool}
 */
export function pgSessions<M extends PgModule>(
  pg: M,
  options: PgPoolOptions<M>,
): PoolOptions<PgConnection<M>> & { fun: Create<PgConnection<M>>; maxSize: number } {
  const sessions = new Sessions(clientOf("pgSessions", pg), optionsOf(options));
  const all: PoolOptions<Client> = sessions.options;
  return { ...all, fun: sessions.create } as unknown as ReturnType<typeof pgSessions<M>>;
}

/**
 * The shape of `pg.Pool` over a pooled proxy: in each frame of its scope, such as a request, all who use
 * it share one session, and so one transaction. `release` does nothing: the session goes back at the end
 * of the frame.
 *
 * @example
 * ```ts
 * import pg from "pg";
 * import { Proxy } from "@x/proxypool";
 * import { pgSessions, scopedPgPool } from "@x/proxypool/pg";
 * import { versatile } from "@x/proxypool/scopes";
 *
 * const pool = scopedPgPool(new Proxy(pgSessions(pg, { database: "app", maxSize: 10 })), pg);
 *
 * export const order = () =>
 *   versatile.run(async () => {
 *     await pool.query("begin");
 *     await pool.query("insert into orders values (1)"); // in that transaction
 *     await pool.query("commit");
 *   });
 * ```
 *
 * @param proxy a `Proxy` with a pool of sessions
 * @returns the shape
 * @throws {ProxyError} it is no proxy
 */
export function scopedPgPool<C extends PgClientShape>(proxy: PgProxy<C>): ScopedPgPool<C>;
/**
 * The same, which is an EventEmitter, too, and may be passed wherever a `pg.Pool` is asked for.
 *
 * @param proxy a `Proxy` with a pool of sessions
 * @param pg the module `pg`
 * @returns the shape
 * @throws {ProxyError} it is no proxy
 */
export function scopedPgPool<C extends PgClientShape, M extends PgModule>(
  proxy: PgProxy<C>,
  pg: M,
): ScopedPgPool<C> & PgPoolOf<M>;
export function scopedPgPool<C extends PgClientShape>(
  proxy: PgProxy<C>,
  pg?: PgModule,
): ScopedPgPool<C> {
  return newScopedPool(proxy, pg === undefined ? undefined : clientOf("scopedPgPool", pg));
}

function clientOf(where: string, pg: PgModule): ClientClass {
  const Client: unknown = Object(pg).Client;
  if (typeof Client === "function") return Client as ClientClass;
  throw new TypeError(`${where}: the first argument must be the module pg, got ${shown(pg)}`);
}
