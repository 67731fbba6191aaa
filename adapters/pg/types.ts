// Types: the types of pg by shape, derived from the module that the user passes. Nothing is
// imported.

import type { Pool } from "../../pool.ts";

import type { GetOptions, PoolOptions } from "../../pool/options.ts";

/** The least that the type of a session must have. */
export interface PgClientShape {
  /** Connects. */
  connect(...args: never[]): unknown;
  /** Sends a query. */
  query(...args: never[]): unknown;
  /** Ends the session. */
  end(...args: never[]): unknown;
}

/** The module `pg`, or any object with such a `Client`. */
export interface PgModule {
  /** The class of the sessions. */
  readonly Client: new (config?: never) => PgClientShape;
}

/** A session in the pool: pg's own `Client`. */
export type PgConnection<M extends PgModule> = InstanceType<M["Client"]>;

/** A session on loan: pg's own `Client` with `release`. */
export type PgSession<M extends PgModule> = PgConnection<M> & {
  /**
   * Returns the session. A second call does nothing; it is logged and counted.
   *
   * @param error an error, or true: the session is closed instead
   */
  release(error?: Error | boolean): void;
};

/** The options of `new pg.Client`. */
export type PgConfig<M extends PgModule> = Exclude<
  ConstructorParameters<M["Client"]>[0],
  string | undefined
>;

/** The options of {@linkcode pgPool} that are not pg's. */
export interface PgOwnOptions<M extends PgModule>
  extends Omit<PoolOptions<PgConnection<M>>, "retter" | "closer"> {
  /**
   * How a returned session is reset. In each case the pool waits for a running query, closes an
   * open cursor or stream, and rolls back an open transaction.
   *
   * - `"rollback"`: does no more. No round trip if there is nothing to do.
   * - `"session"`: resets the whole state of the session, in one round trip. Restores the settings
   *   that it had after its connection, `opener` and the listeners of `connect`.
   * - A function is called with the session after that; may be async. If it fails, the session is
   *   closed.
   *
   * @default {"rollback"}
   */
  reset?: "rollback" | "session" | ((client: PgConnection<M>) => unknown) | undefined;
  /**
   * Whether the pool cancels a running query at the server, when the signal of `pool.pool.use`
   * aborts, or when it closes the session. Each cancellation needs a short connection, which counts
   * for no limit of the server.
   *
   * @default {false}
   */
  cancel?: boolean | undefined;
}

/** The options of {@linkcode pgPool}: those of pg and of the pool in one object. */
export type PgPoolOptions<M extends PgModule> = PgConfig<M> & PgOwnOptions<M>;

/** The other members of `pg.Pool`: those of an `EventEmitter`, if `M` declares that class. */
export type PgPoolOf<M extends PgModule> = M extends
  { readonly Pool: abstract new (...args: never[]) => infer P } ? P : PgEmitter;

/** The part of an `EventEmitter` that the events of a pool need. */
export interface PgEmitter {
  /** Adds a listener. */
  on(event: string, listener: (...args: never[]) => void): this;
  /** Adds a listener for one event. */
  once(event: string, listener: (...args: never[]) => void): this;
  /** Removes a listener. */
  off(event: string, listener: (...args: never[]) => void): this;
  /** Removes a listener. */
  removeListener(event: string, listener: (...args: never[]) => void): this;
  /** The number of listeners of an event. */
  listenerCount(event: string): number;
}

/** Returns the session of a callback of `connect`. */
export type PgDone = (error?: Error | boolean) => void;

/** The members of {@linkcode PgPool}. */
export interface PgPoolMembers<M extends PgModule> extends AsyncDisposable {
  /** The `Pool`: `use` with a signal, `stats`, `observe`, `resize`, `reset`, `shutdown`. */
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
  /** How many sessions there are, including those being connected. */
  readonly totalCount: number;
  /** How many sessions are idle. */
  readonly idleCount: number;
  /** How many borrowers wait, apart from those for which a session is being connected. */
  readonly waitingCount: number;
  /** How many sessions on loan will be closed at their return. */
  readonly expiredCount: number;
  /** Whether `end` was called. */
  readonly ending: boolean;
  /** Whether all sessions are closed. */
  readonly ended: boolean;
  /**
   * Lends a session.
   *
   * @returns the session; return it by its `release`
   * @throws as {@linkcode Pool.borrow}
   */
  connect(): Promise<PgSession<M>>;
  /** The same with a callback, which gets the session and its `release`. */
  connect(
    callback: (error: Error | undefined, client: PgSession<M> | undefined, done: PgDone) => void,
  ): void;
  /**
   * Sends a query on a session of the pool, which is returned after the answer. An object with
   * `submit`, such as a `QueryStream` or a `Cursor`, is the result itself, at once; its session is
   * returned when it has ended, failed or was closed.
   */
  readonly query: PgConnection<M>["query"];
  /**
   * Returns a session, as its own `release` does.
   *
   * @param client what `connect` returned
   * @param error an error, or true: the session is closed instead
   */
  release(client: PgSession<M>, error?: Error | boolean): void;
  /**
   * Ends the pool. It serves waiters first, and waits for sessions on loan.
   *
   * @returns resolves when all sessions are closed
   * @throws {PoolClosedError} `end` was called before
   */
  end(): Promise<void>;
  /** The same with a callback. */
  end(callback: () => void): void;
}

/** What {@linkcode pgPool} returns. You can pass it wherever a `pg.Pool` is expected. */
export type PgPool<M extends PgModule> = PgPoolMembers<M> & PgPoolOf<M>;

/** A pooled proxy of sessions. */
export interface PgProxy<C extends PgClientShape> {
  /** The session of the frame. */
  _getObj(options?: GetOptions): Promise<C>;
  /** The pool, once it exists. */
  readonly _pool: Pool<C> | undefined;
}

/**
 * The session of a frame. Its `release` does nothing: the session is returned at the end of the
 * frame.
 */
export type ScopedPgSession<C extends PgClientShape> = C & {
  /** Does nothing. */
  release(error?: Error | boolean): void;
};

/** What {@linkcode scopedPgPool} returns. */
export interface ScopedPgPool<C extends PgClientShape> {
  /** Empty: for code that reads options. */
  readonly options: Record<string, unknown>;
  /** How many sessions there are. */
  readonly totalCount: number;
  /** How many sessions are idle. */
  readonly idleCount: number;
  /** How many frames wait for a session. */
  readonly waitingCount: number;
  /** The session of this frame, the same one each time. */
  connect(): Promise<ScopedPgSession<C>>;
  /** The same with a callback. */
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
  /** The same with a callback. */
  end(callback: () => void): void;
}
