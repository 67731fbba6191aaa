// The types of pg, by their shape: they are derived from what the user passes, and nothing is imported.

import type { Pool } from "../../pool.ts";

import type { GetOptions, PoolOptions } from "../../pool/options.ts";

/** What a session must have at least, in the types. */
export interface PgClientShape {
  /** Connects. */
  connect(...args: never[]): unknown;
  /** Sends a query. */
  query(...args: never[]): unknown;
  /** Ends the session. */
  end(...args: never[]): unknown;
}

/** The module `pg`, or any object with a `Client` that does what pg's does. */
export interface PgModule {
  /** The class of the sessions. */
  readonly Client: new (config?: never) => PgClientShape;
}

/** A session, as the pool keeps it: pg's own `Client`. */
export type PgConnection<M extends PgModule> = InstanceType<M["Client"]>;

/** A session on loan: pg's own `Client`, and how to give it back. */
export type PgSession<M extends PgModule> = PgConnection<M> & {
  /**
   * Gives the session back. A second time does nothing, which is logged and counted.
   *
   * @param error an error, or true: the session is closed, not lent again
   */
  release(error?: Error | boolean): void;
};

/** What `new pg.Client` takes as an object. */
export type PgConfig<M extends PgModule> = Exclude<
  ConstructorParameters<M["Client"]>[0],
  string | undefined
>;

/** The options of {@linkcode pgPool} that are not pg's. */
export interface PgOwnOptions<M extends PgModule>
  extends Omit<PoolOptions<PgConnection<M>>, "retter" | "closer"> {
  /**
   * What becomes of a session when it is given back. In each case a query that is still under way is
   * waited for, a cursor or stream that was left open is closed, and an open transaction is rolled back.
   *
   * - `"rollback"`: nothing else. No round trip if there is nothing to do.
   * - `"session"`: all that a session can keep is reset, in one round trip. Settings that were there when
   *   it was connected, after `opener` and the listeners of `connect`, are set again.
   * - A function: is called with the session after that; may be async. If it fails, the session is closed.
   *
   * @default {"rollback"}
   */
  reset?: "rollback" | "session" | ((client: PgConnection<M>) => unknown) | undefined;
  /**
   * Whether the server is told to cancel the query of a session that nobody waits for any more: by the
   * signal of `pool.pool.use`, or because the session is closed. That takes a short connection of its own,
   * which counts for no limit of the server's.
   *
   * @default {false}
   */
  cancel?: boolean | undefined;
}

/** The options of {@linkcode pgPool}: pg's and the pool's in one object. */
export type PgPoolOptions<M extends PgModule> = PgConfig<M> & PgOwnOptions<M>;

/** What `pg.Pool` has besides: the methods of an `EventEmitter`, if `M` declares that class. */
export type PgPoolOf<M extends PgModule> = M extends
  { readonly Pool: abstract new (...args: never[]) => infer P } ? P : PgEmitter;

/** An `EventEmitter`, as far as the events of a pool need one. */
export interface PgEmitter {
  /** Hears an event. */
  on(event: string, listener: (...args: never[]) => void): this;
  /** Hears an event once. */
  once(event: string, listener: (...args: never[]) => void): this;
  /** Hears it no more. */
  off(event: string, listener: (...args: never[]) => void): this;
  /** Hears it no more. */
  removeListener(event: string, listener: (...args: never[]) => void): this;
  /** How many hear an event. */
  listenerCount(event: string): number;
}

/** How a callback of `connect` gives its session back. */
export type PgDone = (error?: Error | boolean) => void;

/** What {@linkcode pgPool} gives, as far as its shape is written here. */
export interface PgPoolMembers<M extends PgModule> extends AsyncDisposable {
  /** The pool under it: `use` with a signal, `stats`, `observe`, `resize`, `reset`, `shutdown`. */
  readonly pool: Pool<PgConnection<M>>;
  /** The class of the sessions. */
  readonly Client: M["Client"];
  /** pg's config, and the bounds by the names of pg-pool. A password is not enumerable. */
  readonly options: PgConfig<M> & {
    max: number;
    min: number;
    maxUses: number;
    maxLifetimeSeconds: number;
    idleTimeoutMillis: number | null;
    allowExitOnIdle: boolean;
  };
  /** How many sessions there are, those being connected included. */
  readonly totalCount: number;
  /** How many sessions are idle. */
  readonly idleCount: number;
  /** How many borrowers wait for whom no session is being connected. */
  readonly waitingCount: number;
  /** How many sessions are on loan that are to be closed when they come back. */
  readonly expiredCount: number;
  /** Whether `end` was called. */
  readonly ending: boolean;
  /** Whether all is closed. */
  readonly ended: boolean;
  /**
   * Lends a session.
   *
   * @returns the session; give it back by its `release`
   * @throws as {@linkcode Pool.borrow}
   */
  connect(): Promise<PgSession<M>>;
  /** The same by a callback, which is given the session and its `release`. */
  connect(
    callback: (error: Error | undefined, client: PgSession<M> | undefined, done: PgDone) => void,
  ): void;
  /**
   * Sends a query on a session of the pool, which goes back when it is done. What has a `submit`, such as
   * a `QueryStream` or a `Cursor`, is given back at once; its session goes back when it has come to its
   * end, was closed or has failed.
   */
  readonly query: PgConnection<M>["query"];
  /**
   * Gives a session back, as its own `release` does.
   *
   * @param client what `connect` gave
   * @param error an error, or true: it is closed
   */
  release(client: PgSession<M>, error?: Error | boolean): void;
  /**
   * Ends the pool. Who waits is served first; sessions on loan are waited for.
   *
   * @returns resolves when all is closed
   * @throws it was called before
   */
  end(): Promise<void>;
  /** The same by a callback. */
  end(callback: () => void): void;
}

/** What {@linkcode pgPool} gives: it may be passed wherever a `pg.Pool` is asked for. */
export type PgPool<M extends PgModule> = PgPoolMembers<M> & PgPoolOf<M>;

/** A pooled proxy of sessions. */
export interface PgProxy<C extends PgClientShape> {
  /** The session of the frame. */
  _getObj(options?: GetOptions): Promise<C>;
  /** The pool, once there is one. */
  readonly _pool: Pool<C> | undefined;
}

/** The session of a frame: its `release` does nothing, for it goes back at the end of the frame. */
export type ScopedPgSession<C extends PgClientShape> = C & {
  /** Does nothing. */
  release(error?: Error | boolean): void;
};

/** What {@linkcode scopedPgPool} gives. */
export interface ScopedPgPool<C extends PgClientShape> {
  /** For those who look for options: there are none. */
  readonly options: Record<string, unknown>;
  /** How many sessions there are. */
  readonly totalCount: number;
  /** How many sessions are idle. */
  readonly idleCount: number;
  /** How many frames wait for one. */
  readonly waitingCount: number;
  /** The session of this frame, the same one each time. */
  connect(): Promise<ScopedPgSession<C>>;
  /** The same by a callback. */
  connect(
    callback: (
      error: Error | undefined,
      client: ScopedPgSession<C> | undefined,
      done: PgDone,
    ) => void,
  ): void;
  /** Sends a query on the session of this frame. */
  readonly query: C["query"];
  /** Shuts down the pool of the proxy. */
  end(): Promise<void>;
  /** The same by a callback. */
  end(callback: () => void): void;
}
