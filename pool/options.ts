// The options of a pool, and of its methods.

import type { Logger, LogLevel } from "./log.ts";
import type { CloseReason } from "./observe.ts";
import type { Quota } from "./quota.ts";

/** What `fun` gets besides the number of the attempt. */
export interface CreateContext {
  /**
   * Aborts at `createTimeout` and when the pool shuts down. In a proxy without a pool, it aborts at
   * the end of the frame, on `_retObj()`, and when the proxy is set again. Pass it to the driver's
   * connect.
   */
  readonly signal: AbortSignal;
  /**
   * Tells the pool that the object has died: `client.once("error", invalidate)`. An idle object is
   * closed at once, and replaced up to `minSize`. An object in use is closed when it is returned.
   * You may call it at any time, and more than once. In a proxy without a pool, the frame's next
   * use of the proxy creates another object.
   *
   * @param why for the log
   */
  readonly invalidate: (why?: unknown) => void;
}

/** What `closer` gets besides the object. */
export interface CloseContext {
  /**
   * Aborts at `closeTimeout`, when a shutdown runs out of time, and if `closer` fails: then close
   * the object by force.
   */
  readonly signal: AbortSignal;
  /** Why the object is closed. */
  readonly reason: CloseReason;
}

/** What the callback of {@linkcode Pool.use} gets besides the object. */
export interface UseContext {
  /**
   * Aborts when the caller's signal aborts, when the object is invalidated or taken away, and when
   * a shutdown runs out of time. It is created when it is first read, so it costs nothing
   * otherwise.
   */
  readonly signal: AbortSignal;
}

/**
 * Creates an object; may be async. `n` counts the attempts: 0, 1, 2 …, never the same twice.
 *
 * It must return a new object each time. Null, undefined or an object that the pool already has is
 * a failure.
 */
export type Create<T> = (n: number, context: CreateContext) => T | PromiseLike<T>;

/** Closes an object; may be async. Written as a method, as {@linkcode Hook} is. */
export type Closer<T> = { close(object: T, context: CloseContext): unknown }["close"];

/**
 * A function of an object. It is declared as a method so that a `Pool<Client>` is assignable to
 * `Pool<unknown>`. That is safe, because a pool takes no objects from callers.
 */
export type Hook<T, R = unknown> = { hook(object: T): R }["hook"];

/**
 * The options of a pool. All delays are in milliseconds, up to 2³¹ − 1 (about 24.8 days). 0 means
 * unlimited or never, if nothing else is said.
 */
export interface PoolOptions<T> {
  /**
   * Hard cap on live objects: being created, idle, in use and being closed.
   *
   * @default {0}, unlimited
   */
  maxSize?: number | undefined;
  /**
   * How many objects the pool creates when it starts, and keeps up. A failed creation is retried as
   * `createBackoff` says; with `createBackoff: 0` after 100 ms, then after twice as long each time,
   * up to 30 s.
   *
   * @default {0}
   */
  minSize?: number | undefined;
  /**
   * How many idle objects are kept besides those in use, as far as `maxSize` allows.
   *
   * @default {0}
   */
  minAvailable?: number | undefined;
  /**
   * How many objects may be created at the same time.
   *
   * @default {0}, unlimited
   */
  maxCreating?: number | undefined;
  /**
   * Bounds how many objects several pools have together, such as `localQuota({ max })` of
   * `@x/proxypool/quota`. The pool acquires a permit before each call of `fun`, and releases it
   * once the object is gone. The wait for a permit does not count for `createTimeout`.
   *
   * @default {undefined}, none
   */
  quota?: Quota | undefined;
  /**
   * How many `get`s may queue, apart from those for which an object is being created. One more
   * fails at once with {@linkcode PoolFullError}.
   *
   * @default {0}, unlimited
   */
  maxWaiting?: number | undefined;
  /**
   * How long one `get` may take in all (queueing, creating and checking), in ms. Then it rejects
   * with {@linkcode PoolTimeoutError}.
   *
   * @default {0}, no limit
   */
  timeout?: number | undefined;
  /**
   * How long `fun` and `opener` together may take, in ms. Then the creation fails. 0: no limit.
   *
   * @default {30_000}
   */
  createTimeout?: number | undefined;
  /**
   * The longest rest between failed creations, in ms. From the second failure in a row the pool
   * rests for a random time: up to 50 ms, then up to twice as long each time. After each rest it
   * makes one attempt, until one succeeds. So a `get` may wait for this long until it fails. 0: the
   * pool rests only before it retries for `minSize` and `minAvailable`.
   *
   * @default {5_000}
   */
  createBackoff?: number | undefined;
  /**
   * Whether a failed creation is retried for as long as its `get` may wait, instead of failing the
   * `get`. {@linkcode Pool.ready} then waits until an attempt succeeds, or until shutdown. A
   * function decides by the error, and must be synchronous:
   * `(error) => (error as { code?: string }).code === "53300"` waits out PostgreSQL's "too many
   * connections".
   *
   * @default {false}
   */
  createRetry?: boolean | ((error: unknown) => boolean) | undefined;
  /**
   * Sheds load: how long a `get` should wait at most, in ms. The pool is overloaded once each `get`
   * of the last `queueInterval` ms has waited longer, until the queue is empty. Meanwhile a `get`
   * that has waited twice as long fails with {@linkcode PoolOverloadError}, and the newest waiter
   * is served first.
   *
   * @default {0}, never
   */
  queueTarget?: number | undefined;
  /**
   * For how long, in ms, each `get` must have waited longer than `queueTarget`: then the pool is
   * overloaded.
   *
   * @default {500}
   */
  queueInterval?: number | undefined;
  /**
   * How long one `getter`, `retter` or `health` may take, in ms. Then it has failed. 0: no limit.
   *
   * @default {5_000}
   */
  hookTimeout?: number | undefined;
  /**
   * How long one `closer` may take, in ms. Then the object counts as closed, and this is logged. 0:
   * no limit.
   *
   * @default {5_000}
   */
  closeTimeout?: number | undefined;
  /**
   * How long a callback of {@linkcode Pool.use} may go on after its signal has aborted, in ms. Then
   * its object is closed. 0: at once.
   *
   * @default {1_000}
   */
  abortGrace?: number | undefined;
  /**
   * Close an object after that many uses.
   *
   * @default {0}, never
   */
  maxUse?: number | undefined;
  /**
   * Close an object at this age, in ms, shortened at random by up to `lifetimeJitter`. The
   * successor of an object that `minSize` needs is created before.
   *
   * @default {0}, never
   */
  maxLifetime?: number | undefined;
  /**
   * The part of `maxLifetime`, 0 to 1, by up to which an object's life is shortened at random. So
   * objects that were created together are not closed together.
   *
   * @default {0.1}
   */
  lifetimeJitter?: number | undefined;
  /**
   * Close an object that has been idle for that long, in ms, as long as there are more than
   * `minSize` objects, and more than `minAvailable` idle ones.
   *
   * @default {0}, never
   */
  maxAvailDelay?: number | undefined;
  /**
   * Which idle object is lent: the last one returned (`"lifo"`), or the longest idle one
   * (`"fifo"`), which takes turns among replicas.
   *
   * @default {"lifo"}
   */
  idleOrder?: "lifo" | "fifo" | undefined;
  /**
   * Log a warning, once per lease, about an object in use for that long, in ms. It is logged by the
   * next housekeeping round: up to `hkDelay` later, by default up to half as long again.
   *
   * @default {0}, never
   */
  maxUsingDelay?: number | undefined;
  /**
   * Take away an object in use for that long, in ms: its lease throws from then on, the object is
   * closed, and its place is free. The next housekeeping round does it: up to `hkDelay` later, by
   * default up to half as long again.
   *
   * @default {0}, never
   */
  maxUsingDelayKill?: number | undefined;
  /**
   * Time between housekeeping rounds, in ms. 0: half the shortest of `maxAvailDelay`,
   * `maxUsingDelay` and `maxUsingDelayKill`, with `health` at most 60 s; no rounds if no option
   * needs them. `maxLifetime` and `maxAvailDelay` do not wait for a round.
   *
   * @default {0}
   */
  hkDelay?: number | undefined;
  /**
   * Call `health` for idle objects in every that many rounds, 1 or more.
   *
   * @default {1}
   */
  healthFreq?: number | undefined;
  /**
   * Call `health` before lending an object that has been idle for at least that long, in ms. 0:
   * always. Needs `health`.
   *
   * @default {undefined}, never
   */
  healthAfter?: number | undefined;
  /**
   * Whether the object of a borrower that failed is closed. A failure is that of the callback of
   * {@linkcode Pool.use}, of a call through a lease, or of a frame of a pooled proxy. A function
   * decides by the error, and must be synchronous. Without a `retter` nothing resets the object,
   * and the next borrower would inherit an open transaction.
   *
   * @default {true} without a `retter`, else false
   */
  discardOnError?: boolean | ((error: unknown) => boolean) | undefined;
  /** Called once with each new object; may be async. If it fails, the creation has failed. */
  opener?: Hook<T> | undefined;
  /** Called with an object before each loan; may be async. If it fails, the object is closed. */
  getter?: Hook<T> | undefined;
  /**
   * Called with an object each time it is returned; may be async. If it fails, the object is
   * closed.
   */
  retter?: Hook<T> | undefined;
  /** Called once with each object that leaves the pool, unless it is detached; may be async. */
  closer?: Closer<T> | undefined;
  /**
   * Tells whether an object is still good; may be async. If it returns false or fails, the object
   * is closed. Any other result means good.
   */
  health?: Hook<T> | undefined;
  /** What `stats()` shows of an object: a JSON-compatible value. Must be synchronous. */
  stats?: Hook<T> | undefined;
  /** What logs and errors call an object. Must be synchronous. */
  tracer?: Hook<T, string> | undefined;
  /**
   * The name of the pool in logs, errors, `stats()` and metrics.
   *
   * @default {"proxypool#1"}, and so on
   */
  name?: string | undefined;
  /**
   * Whether the pool records the line of a `get`. `true`: of each `get`, which costs a stack trace.
   * `"auto"`: of the next 100 `get`s after each leak, overdue object or timeout. `false`: never.
   *
   * `true` also detects deadlocks: if each object is held by a `use` in whose callback a `get`
   * waits for another object, the newest such `get` fails with {@linkcode PoolDeadlockError}. A
   * `use` that a callback starts but does not await may count, too. On Node 20 `true` makes each
   * `await` slower.
   *
   * @default {"auto"}
   */
  traceHolders?: boolean | "auto" | undefined;
  /**
   * The least severe level that is logged: `"debug"`, `"info"`, `"warn"`, `"error"`, or `"silent"`.
   *
   * @default {"warn"}
   */
  logLevel?: LogLevel | undefined;
  /**
   * The logger to use.
   *
   * @default {console}
   */
  logger?: Logger | undefined;
}

/** The options of one {@linkcode Pool.get}, {@linkcode Pool.borrow} or {@linkcode Pool.use}. */
export interface GetOptions {
  /** Aborts the `get`, which rejects with `signal.reason`. */
  signal?: AbortSignal | undefined;
  /**
   * How long the `get` may take in all, in ms. 0: no limit.
   *
   * @default the pool's `timeout`
   */
  timeout?: number | undefined;
  /**
   * A whole number. Higher priorities are served first, waiters of one priority in order. While
   * waiters of higher priorities keep coming, lower ones are not served.
   *
   * @default {0}
   */
  priority?: number | undefined;
  /** The name of the borrower in errors, logs, `stats()` and for observers. */
  label?: string | undefined;
}

/** Under which options say what their borrower waited for before. */
export const EARLIER: unique symbol = Symbol("earlier");

/** Those of a borrower that waited elsewhere before. */
export interface ResumedOptions extends GetOptions {
  /** What it waited for. */
  [EARLIER]?: Earlier | undefined;
}

/** Of a borrower that waited elsewhere before: the `timeout` of its options is what was left. */
export interface Earlier {
  /** The `timeout` it asked for, in ms; 0: no limit. */
  readonly timeout: number;
  /** How long it waited there, in ms, and for what. */
  readonly waited: number;
  readonly what: string;
}

/** The options of {@linkcode Pool.resize}. */
export type ResizeOptions = Pick<PoolOptions<unknown>, "minSize" | "maxSize">;

/** The options of {@linkcode Pool.reset}. */
export interface ResetOptions {
  /**
   * Spreads the closing evenly over that many ms, idle objects first. The process stays alive until
   * the idle objects are closed, unless the pool is shut down.
   *
   * @default {0}, all at once
   */
  spread?: number | undefined;
}

/** The options of {@linkcode Pool.shutdown}. */
export interface ShutdownOptions {
  /**
   * After that many ms, objects still in use are taken away and closed, and running creations are
   * abandoned. Half a second later at most, calls of `closer` that still run are abandoned, too,
   * and the shutdown is over.
   *
   * @default {0}: it waits for them without limit
   */
  timeout?: number | undefined;
  /**
   * Whether present waiters are served first, as far as the `timeout` allows.
   *
   * @default {false}: waiters fail with {@linkcode PoolClosedError}
   */
  drain?: boolean | undefined;
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
    createRetry: boolean | ((error: unknown) => boolean);
    idleOrder: "lifo" | "fifo";
    name: string | undefined;
    quota: Quota | undefined;
    traceHolders: boolean | "auto";
    logLevel: LogLevel;
    logger: Logger | undefined;
  };

/** The options that are numbers, with their defaults. */
export const NUMBERS = {
  maxSize: 0,
  minSize: 0,
  minAvailable: 0,
  maxCreating: 0,
  maxWaiting: 0,
  timeout: 0,
  createTimeout: 30_000,
  createBackoff: 5_000,
  queueTarget: 0,
  queueInterval: 500,
  hookTimeout: 5_000,
  closeTimeout: 5_000,
  abortGrace: 1_000,
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
