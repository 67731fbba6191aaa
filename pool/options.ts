// The options of a pool, and of its methods.

import type { Logger, LogLevel } from "./log.ts";

/** What the function that makes objects is told besides the number of the attempt. */
export interface CreateContext {
  /**
   * Aborts at `createTimeout` and when the pool shuts down; of a proxy without a pool, at the end of
   * the frame, on `_retObj()`, and when the proxy is filled anew. Pass it on to whatever connects.
   */
  readonly signal: AbortSignal;
}

/**
 * Makes an object; may be async. `n` counts the attempts: 0, 1, 2 …, never the same twice.
 *
 * It must make another object each time: one that the pool has already, null or undefined is a
 * failure.
 */
export type Create<T> = (n: number, context: CreateContext) => T | PromiseLike<T>;

/**
 * A function of an object. It is written as a method so that a `Pool<Client>` passes for a
 * `Pool<unknown>`, which nobody can hand an object of theirs.
 */
export type Hook<T, R = unknown> = { hook(object: T): R }["hook"];

/**
 * The options of a pool. All delays are in milliseconds, up to 2³¹ − 1 (some 24.8 days); 0 means
 * unlimited, or never, unless said otherwise.
 */
export interface PoolOptions<T> {
  /**
   * Hard cap on live objects: those being made, available, in use and being closed.
   *
   * @default {0}, unlimited
   */
  maxSize?: number | undefined;
  /**
   * That many objects are made once the pool starts, and kept up. If that fails it is tried again
   * after 100 ms, then after twice as long each time, up to 30 s.
   *
   * @default {0}
   */
  minSize?: number | undefined;
  /**
   * How many `get`s may queue for an object that is not being made yet; one more fails at once with
   * {@linkcode PoolFullError}.
   *
   * @default {0}, unlimited
   */
  maxWaiting?: number | undefined;
  /**
   * How long one `get` may take in all (queueing, making and checking), in ms; then it rejects with
   * {@linkcode PoolTimeoutError}.
   *
   * @default {0}, no limit
   */
  timeout?: number | undefined;
  /**
   * How long `fun` and `opener` together may take, in ms; then the creation has failed.
   *
   * @default {0}, no limit
   */
  createTimeout?: number | undefined;
  /**
   * How long one `getter`, `retter` or `health` may take, in ms; then it has failed.
   *
   * @default {30_000}
   */
  hookTimeout?: number | undefined;
  /**
   * How long one `closer` may take, in ms; then the object counts as gone, and that is logged.
   *
   * @default {30_000}
   */
  closeTimeout?: number | undefined;
  /**
   * Discard an object after that many uses.
   *
   * @default {0}, never
   */
  maxUse?: number | undefined;
  /**
   * Discard an object that is that old, in ms.
   *
   * @default {0}, never
   */
  maxLifetime?: number | undefined;
  /**
   * By up to which part of `maxLifetime` an object's life is shortened at random, 0 to 1, so that
   * those made together do not all go together.
   *
   * @default {0.1}
   */
  lifetimeJitter?: number | undefined;
  /**
   * Discard an object unused for that long, in ms, as long as there are more than `minSize`.
   *
   * @default {0}, never
   */
  maxAvailDelay?: number | undefined;
  /**
   * Warn, once, of an object kept in use for that long, in ms, in the first housekeeping round after
   * that: up to `hkDelay` later, by default up to half as long again.
   *
   * @default {0}, never
   */
  maxUsingDelay?: number | undefined;
  /**
   * Take away an object kept in use for that long, in ms, in the first housekeeping round after that:
   * up to `hkDelay` later, by default up to half as long again. Its lease throws from then on, it is
   * closed, and its place is free.
   *
   * @default {0}, never
   */
  maxUsingDelayKill?: number | undefined;
  /**
   * Time between housekeeping rounds, in ms; 0: half the shortest of `maxLifetime` and the three delays
   * above, 60 s if there is only `health`, no rounds if nothing needs them.
   *
   * @default {0}
   */
  hkDelay?: number | undefined;
  /**
   * Ask for the health of the available objects every that many rounds, 1 or more.
   *
   * @default {1}
   */
  healthFreq?: number | undefined;
  /**
   * Ask for the health of an object unused for at least that long, in ms, before it is lent; 0:
   * always. Needs `health`.
   *
   * @default {undefined}, never
   */
  healthAfter?: number | undefined;
  /**
   * Whether {@linkcode Pool.use} discards the object when its callback fails; a function decides by
   * the error.
   *
   * @default {false}
   */
  discardOnError?: boolean | ((error: unknown) => boolean) | undefined;
  /** Called with each new object, once; may be async. If it fails the creation has failed. */
  opener?: Hook<T> | undefined;
  /** Called with an object each time before it is lent; may be async. If it fails, the object is closed. */
  getter?: Hook<T> | undefined;
  /** Called with an object each time it is given back; may be async. If it fails, the object is closed. */
  retter?: Hook<T> | undefined;
  /** Called with each object when the pool is done with it, once; may be async. */
  closer?: Hook<T> | undefined;
  /** Tells whether an available object is still good; may be async. False, or failing: it is closed. */
  health?: Hook<T, boolean | void | PromiseLike<boolean | void>> | undefined;
  /** What `stats()` shows of an object; something that JSON can express. */
  stats?: Hook<T> | undefined;
  /** What logs and errors call an object. */
  tracer?: Hook<T, string> | undefined;
  /**
   * The least severe messages that are logged: `"debug"`, `"info"`, `"warn"`, `"error"`, or
   * `"silent"`.
   *
   * @default {"warn"}
   */
  logLevel?: LogLevel | undefined;
  /**
   * Where they are logged.
   *
   * @default {console}
   */
  logger?: Logger | undefined;
}

/** The options of one {@linkcode Pool.get} or {@linkcode Pool.use}. */
export interface GetOptions {
  /** Gives up, rejecting with `signal.reason`. */
  signal?: AbortSignal | undefined;
  /**
   * How long it may take in all, in ms; 0: no limit.
   *
   * @default the pool's `timeout`
   */
  timeout?: number | undefined;
}

/** The options of {@linkcode Pool.resize}. */
export type ResizeOptions = Pick<PoolOptions<unknown>, "minSize" | "maxSize">;

/** The options of {@linkcode Pool.shutdown}. */
export interface ShutdownOptions {
  /**
   * After that many ms objects still in use are taken away and closed, and creations still under way
   * abandoned.
   *
   * @default {0}: it waits for them, however long that takes
   */
  timeout?: number | undefined;
}

/** The options with their defaults, as a pool keeps them. */
export type Settings<T> =
  & {
    -readonly [K in NumberOption]: number;
  }
  & Pick<PoolOptions<T>, HookOption>
  & {
    healthAfter: number | undefined;
    discardOnError: boolean | ((error: unknown) => boolean);
    logLevel: LogLevel;
    logger: Logger | undefined;
  };

/** The options that are numbers, with their defaults. */
export const NUMBERS = {
  maxSize: 0,
  minSize: 0,
  maxWaiting: 0,
  timeout: 0,
  createTimeout: 0,
  hookTimeout: 30_000,
  closeTimeout: 30_000,
  maxUse: 0,
  maxLifetime: 0,
  lifetimeJitter: 0.1,
  maxAvailDelay: 0,
  maxUsingDelay: 0,
  maxUsingDelayKill: 0,
  hkDelay: 0,
  healthFreq: 1,
};

/** The options that are functions. */
export const HOOKS = [
  "opener",
  "getter",
  "retter",
  "closer",
  "health",
  "stats",
  "tracer",
] as const;

export type NumberOption = keyof typeof NUMBERS;
export type HookOption = typeof HOOKS[number];
