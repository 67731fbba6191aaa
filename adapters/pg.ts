/**
 * A pool of PostgreSQL sessions of the driver `pg`, in the shape of `pg.Pool`: for Kysely, Drizzle,
 * TypeORM, job queues and others.
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

/** One class for each EventEmitter; most programs have only one. */
const classes = new WeakMap<object, ReturnType<typeof poolClass>>();

/**
 * Creates a pool of sessions in the shape of `pg.Pool`: an EventEmitter with `connect`, `query` and
 * `end`, with promises and callbacks, its counts and its events.
 *
 * Differences from pg-pool:
 *
 * - `maxSize` is a hard maximum: it includes sessions that are being closed.
 * - If a borrower leaves a transaction open, it is rolled back before the session is lent again.
 * - The pool always listens to `error` of a session: a killed session does not end the process. For
 *   an idle session the pool emits `error`, if it has a listener.
 * - A failed query does not close its session.
 * - Listeners that a borrower adds to a session are removed at its return.
 * - A second `release` does nothing: it is logged and counted.
 * - `pool.query` takes a `QueryStream`, a `Cursor` or a `Query`, and returns it.
 * - `end` serves present waiters. Later calls are refused.
 * - `timeout` bounds `connect`. Its default is `connectionTimeoutMillis`, if that is given.
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
 * @param options pg's options, and those of a `Pool` except `retter` and `closer`
 * @returns the pool; {@linkcode PgPoolMembers.pool} is the `Pool` under it
 * @throws {TypeError} an option is unknown or wrong, or `pg` has no such `Client`
 * @throws {RangeError} an option is out of bounds
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
 * Returns the options for a pooled `Proxy` of sessions: `fun` and the hooks that {@linkcode pgPool}
 * uses.
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
 * @param pg as for {@linkcode pgPool}
 * @param options as for {@linkcode pgPool}
 * @returns the options of a `Proxy` with a pool
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
 * Gives a pooled proxy the shape of `pg.Pool`. In each frame of its scope, such as a request, all
 * code shares one session, and so one transaction. `release` does nothing: the session is returned
 * at the end of the frame.
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
 * @returns the pool
 * @throws {ProxyError} the argument is no proxy
 */
export function scopedPgPool<C extends PgClientShape>(proxy: PgProxy<C>): ScopedPgPool<C>;
/**
 * The same, as an EventEmitter: you can pass it wherever a `pg.Pool` is expected.
 *
 * @param proxy a `Proxy` with a pool of sessions
 * @param pg the module `pg`
 * @returns the pool
 * @throws {ProxyError} the argument is no proxy
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
