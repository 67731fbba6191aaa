// The options of a pool, and of its methods.

import type { Logger, LogLevel } from "./log.ts";
import type { CloseReason } from "./observe.ts";
import type { Quota } from "./quota.ts";

/** What the function that makes objects is given besides the number of the attempt. */
export interface CreateContext {
  /**
   * Aborts at `createTimeout` and when the pool shuts down. In a proxy without a pool, it aborts at the
   * end of the frame, on `_retObj()`, and when the proxy is filled again. Pass it to what connects.
   */
  readonly signal: AbortSignal;
  /**
   * Tells the pool that the object has died: `client.once("error", invalidate)`. An available object is
   * closed at once, and replaced up to `minSize`. One in use is closed when it comes back. It may be
   * called at any time, and more than once. In a proxy without a pool, the frame's next use of the
   * proxy makes another object.
   *
   * @param why for the log
   */
  readonly invalidate: (why?: unknown) => void;
}

/** What `closer` is given besides the object. */
export interface CloseContext {
  /**
   * Aborts at `closeTimeout`, when a shutdown runs out of time, and if `closer` fails: close by force
   * then.
   */
  readonly signal: AbortSignal;
  /** Why the object is closed. */
  readonly reason: CloseReason;
}

/** What the callback of {@linkcode Pool.use} is given besides the object. */
export interface UseContext {
  /**
   * Aborts when the caller's signal does, when the object is invalidated or taken away, and by a
   * shutdown that runs out of time. It is made when it is read: what does not read it costs nothing.
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

/** Closes an object; may be async. Written as a method, as {@linkcode Hook} is. */
export type Closer<T> = { close(object: T, context: CloseContext): unknown }["close"];

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
   * That many objects are made once the pool starts, and kept up. If that fails it is tried again as
   * `createBackoff` says; with `createBackoff: 0` after 100 ms, then after twice as long each time, up
   * to 30 s.
   *
   * @default {0}
   */
  minSize?: number | undefined;
  /**
   * That many objects are kept available besides those in use, as far as `maxSize` allows.
   *
   * @default {0}
   */
  minAvailable?: number | undefined;
  /**
   * How many objects may be in the making at once.
   *
   * @default {0}, unlimited
   */
  maxCreating?: number | undefined;
  /**
   * Bounds how many objects several pools have together, such as `localQuota({ max })` of
   * `@x/proxypool/quota`. The pool asks it for a permit before each call of `fun`, which `createTimeout`
   * does not count, and releases the permit once the object is gone.
   *
   * @default {undefined}, none
   */
  quota?: Quota | undefined;
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
   * How long `fun` and `opener` together may take, in ms; then the creation has failed. 0: no limit.
   *
   * @default {30_000}
   */
  createTimeout?: number | undefined;
  /**
   * The longest rest between attempts to make an object while they fail, in ms. From the second failure
   * in a row on the pool rests for a random time, of up to 50 ms, then up to twice as long each time.
   * After each rest it tries one at a time, until one succeeds. A `get` may wait for that long to hear
   * of a failure. 0: only `minSize` and `minAvailable` are made again after a rest.
   *
   * @default {5_000}
   */
  createBackoff?: number | undefined;
  /**
   * Whether a failed attempt to make an object is tried again for as long as the `get` may wait, instead
   * of failing the `get`; {@linkcode Pool.ready} then waits until the shutdown. A function decides by the
   * error, and must be synchronous: `(error) => (error as { code?: string }).code === "53300"` waits out
   * PostgreSQL's "too many connections".
   *
   * @default {false}
   */
  createRetry?: boolean | ((error: unknown) => boolean) | undefined;
  /**
   * Sheds load. The pool is overloaded once every `get` of the last `queueInterval` ms has waited longer
   * than this, in ms, until nobody waits. Meanwhile a `get` that has waited twice as long fails with
   * {@linkcode PoolOverloadError}, and the newest is served first.
   *
   * @default {0}, never
   */
  queueTarget?: number | undefined;
  /**
   * For how long every `get` must have waited longer than `queueTarget`, in ms.
   *
   * @default {500}
   */
  queueInterval?: number | undefined;
  /**
   * How long one `getter`, `retter` or `health` may take, in ms; then it has failed. 0: no limit.
   *
   * @default {5_000}
   */
  hookTimeout?: number | undefined;
  /**
   * How long one `closer` may take, in ms; then the object counts as gone, and that is logged. 0: no
   * limit.
   *
   * @default {5_000}
   */
  closeTimeout?: number | undefined;
  /**
   * How long a callback of {@linkcode Pool.use} may go on with its object after its signal has aborted,
   * in ms; then the object is closed. 0: at once.
   *
   * @default {1_000}
   */
  abortGrace?: number | undefined;
  /**
   * Discard an object after that many uses.
   *
   * @default {0}, never
   */
  maxUse?: number | undefined;
  /**
   * Close an object that is that old, in ms, shortened at random by up to `lifetimeJitter`, a tenth by
   * default. One that is needed for `minSize` has its successor made before.
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
   * Discard an object unused for that long, in ms, as long as there are more than `minSize`, and more than
   * `minAvailable` are available.
   *
   * @default {0}, never
   */
  maxAvailDelay?: number | undefined;
  /**
   * Which available object is lent: the one that was returned last (`"lifo"`), or the one that is unused
   * for longest (`"fifo"`), which takes turns among replicas.
   *
   * @default {"lifo"}
   */
  idleOrder?: "lifo" | "fifo" | undefined;
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
   * Time between housekeeping rounds, in ms; 0: half the shortest of `maxAvailDelay`, `maxUsingDelay` and
   * `maxUsingDelayKill`, with `health` 60 s at the most, no rounds if nothing needs them. `maxLifetime`
   * and `maxAvailDelay` wait for no round.
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
   * Whether an object is closed whose borrower failed: the callback of {@linkcode Pool.use}, a call
   * through a lease, a frame of a pooled proxy. A function decides by the error. Without a `retter`
   * nothing resets the object, and the next borrower would inherit an open transaction.
   *
   * @default {true} without a `retter`, else false
   */
  discardOnError?: boolean | ((error: unknown) => boolean) | undefined;
  /** Called with each new object, once; may be async. If it fails the creation has failed. */
  opener?: Hook<T> | undefined;
  /** Called with an object each time before it is lent; may be async. If it fails, the object is closed. */
  getter?: Hook<T> | undefined;
  /** Called with an object each time it is given back; may be async. If it fails, the object is closed. */
  retter?: Hook<T> | undefined;
  /** Called with each object when the pool is done with it, once; may be async. */
  closer?: Closer<T> | undefined;
  /**
   * Tells whether an available object is still good; may be async. The object is closed if it gives
   * false or fails. Whatever else it gives means good.
   */
  health?: Hook<T> | undefined;
  /** What `stats()` shows of an object; something that JSON can express. */
  stats?: Hook<T> | undefined;
  /** What logs and errors call an object. */
  tracer?: Hook<T, string> | undefined;
  /**
   * What logs, errors, `stats()` and metrics call the pool.
   *
   * @default {"proxypool#1"}, and so on
   */
  name?: string | undefined;
  /**
   * Whether the pool records from which line an object was borrowed: `true` for each `get`, which
   * costs the recording of a stack; `"auto"` from the first leak, overdue object or timeout on, for the
   * next 100 `get`s, and again after the next; `false`: never.
   *
   * `true` also finds out when every object is held by a `use` that waits for another one: the last to
   * come fails with {@linkcode PoolDeadlockError}. A `use` that is started in another's callback, but not
   * awaited there, may be taken for such a one. On Node 20 this makes each `await` slower.
   *
   * @default {"auto"}
   */
  traceHolders?: boolean | "auto" | undefined;
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

/** The options of one {@linkcode Pool.get}, {@linkcode Pool.borrow} or {@linkcode Pool.use}. */
export interface GetOptions {
  /** Gives up, rejecting with `signal.reason`. */
  signal?: AbortSignal | undefined;
  /**
   * How long it may take in all, in ms; 0: no limit.
   *
   * @default the pool's `timeout`
   */
  timeout?: number | undefined;
  /**
   * A whole number. A higher one is served first; within one, first come, first served. While higher
   * ones keep coming, the lowest is never served.
   *
   * @default {0}
   */
  priority?: number | undefined;
  /** What errors, logs, `stats()` and observers call the borrower. */
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
   * Spreads the closing evenly over that many ms, those that are available first. Until these are closed
   * the process stays up, unless the pool is shut down.
   *
   * @default {0}, all at once
   */
  spread?: number | undefined;
}

/** The options of {@linkcode Pool.shutdown}. */
export interface ShutdownOptions {
  /**
   * After that many ms objects still in use are taken away and closed, and creations still under way
   * are abandoned. All is over within half a second of it: `closer`s still at work are abandoned, too.
   *
   * @default {0}: it waits for them, however long that takes
   */
  timeout?: number | undefined;
  /**
   * Whether those who wait already are served first, as far as the `timeout` allows.
   *
   * @default {false}: they fail with {@linkcode PoolClosedError}
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
