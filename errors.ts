/**
 * The errors of the library.
 *
 * @module
 */

/** The base class of all errors of this library. */
export class ProxyPoolError extends Error {
  /** The name of the class. */
  override name = "ProxyPoolError";
}

/** A pool failed, or was used wrongly: the base class of the errors of pools. */
export class PoolError extends ProxyPoolError {
  /** The name of the class. */
  override name = "PoolError";
}

/** A borrower that holds an object while others wait. */
export interface Holder {
  /** The object: its number, and what `tracer`, else `String`, makes of it. */
  readonly object: string;
  /**
   * How long the object has been held, in milliseconds; null if the pool does not know. If
   * `atLeast` is set, it may be longer.
   */
  readonly held: number | null;
  /**
   * Whether `held` counts only from when the pool noticed the loan: no clock was read at its start.
   */
  readonly atLeast: boolean;
  /** The `label` of the borrower; undefined if it gave none. */
  readonly label: string | undefined;
  /** The line that borrowed the object; undefined if it was not recorded (`traceHolders`). */
  readonly line: string | undefined;
  /** The name of the pool that lent the object, if it is another pool of the quota, or of another key. */
  readonly pool?: string;
}

/** The fields of a {@linkcode PoolTimeoutError}. */
export interface PoolTimeoutDetails {
  /** The time limit, in milliseconds. */
  readonly timeout: number;
  /** How long the operation had taken when it failed, in milliseconds. */
  readonly waited: number;
  /** How many `get`s already waited when this one began to wait; 0 for a creation or a hook. */
  readonly ahead: number;
  /** What took the time: waiting, a creation, or a hook. */
  readonly phase: "wait" | "create" | "check";
  /**
   * The holders of objects, the longest held first, at most five. If the `get` waited for a permit of the
   * quota or a place for its key, holders in other pools of that quota, or of other keys, follow.
   */
  readonly holders: readonly Holder[];
}

/** A `get`, a creation or a hook exceeded its time limit. */
export class PoolTimeoutError extends PoolError implements PoolTimeoutDetails {
  /** The name of the class. */
  override name = "PoolTimeoutError";
  /** The time limit, in milliseconds. */
  readonly timeout: number;
  /** How long the operation had taken when it failed, in milliseconds. */
  readonly waited: number;
  /** How many `get`s already waited when this one began to wait; 0 for a creation or a hook. */
  readonly ahead: number;
  /** What took the time: waiting, a creation, or a hook. */
  readonly phase: "wait" | "create" | "check";
  /** The holders of objects, the longest held first, at most five. */
  readonly holders: readonly Holder[];

  /**
   * Creates an error.
   *
   * @param message which limit was exceeded, and why
   * @param details the fields
   * @param options `cause`: the last failed creation, if there was one
   */
  constructor(message: string, details: PoolTimeoutDetails, options?: ErrorOptions) {
    super(message, options);
    this.timeout = details.timeout;
    this.waited = details.waited;
    this.ahead = details.ahead;
    this.phase = details.phase;
    this.holders = details.holders;
  }
}

/** `maxWaiting` `get`s already wait, so one more was refused. */
export class PoolFullError extends PoolError {
  /** The name of the class. */
  override name = "PoolFullError";
}

/**
 * The pool is overloaded, and this `get` has waited for over twice `queueTarget`.
 *
 * Answer an HTTP request with status 503 and `Retry-After: Math.ceil(error.retryAfter / 1000)`.
 */
export class PoolOverloadError extends PoolError {
  /** The name of the class. */
  override name = "PoolOverloadError";
  /**
   * After how many milliseconds to try again. It is random, so that callers do not return together.
   */
  readonly retryAfter: number;
  /** How long the `get` has waited, in milliseconds. */
  readonly waited: number;

  /**
   * Creates an error.
   *
   * @param message the limit, and the way out
   * @param details the fields
   * @param options `cause`: the last failed creation, in an outage
   */
  constructor(
    message: string,
    details: { readonly retryAfter: number; readonly waited: number },
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.retryAfter = details.retryAfter;
    this.waited = details.waited;
  }
}

/**
 * Each object is held by a `use` whose callback waits for another one. The newest of these `get`s
 * fails.
 */
export class PoolDeadlockError extends PoolError {
  /** The name of the class. */
  override name = "PoolDeadlockError";
  /** The holders of objects, the longest held first, at most five. */
  readonly holders: readonly Holder[];

  /**
   * Creates an error.
   *
   * @param message the holders, and the way out
   * @param holders the holders of objects
   */
  constructor(message: string, holders: readonly Holder[]) {
    super(message);
    this.holders = holders;
  }
}

/** The pool is shut down, or its shutdown has begun. */
export class PoolClosedError extends PoolError {
  /** The name of the class. */
  override name = "PoolClosedError";
}

/** A lease was used after its end, or passed to a pool that did not lend it. */
export class LeaseError extends PoolError {
  /** The name of the class. */
  override name = "LeaseError";
}

/** A proxy failed, or was used wrongly. */
export class ProxyError extends ProxyPoolError {
  /** The name of the class. */
  override name = "ProxyError";
}
