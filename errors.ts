/**
 * Every error that the library throws.
 *
 * @module
 */

/** What all errors of this library have in common: `catch` it to catch them all. */
export class ProxyPoolError extends Error {
  /** The name of the error's class. */
  override name = "ProxyPoolError";
}

/** Something is wrong with a pool, or with the use that is made of one. */
export class PoolError extends ProxyPoolError {
  /** The name of the error's class. */
  override name = "PoolError";
}

/** Who holds an object that others wait for. */
export interface Holder {
  /** What `tracer`, else `String`, makes of the object, after its number. */
  readonly object: string;
  /**
   * For how long it has been held, in milliseconds; at least that long where `atLeast` is set, and
   * null if it has not been noticed yet.
   */
  readonly held: number | null;
  /** The clock was not read when it was lent, so that `held` counts from when it was first noticed. */
  readonly atLeast: boolean;
  /** What its borrower gave as `label`; undefined if that is none. */
  readonly label: string | undefined;
  /** The line that borrowed it; undefined if that was not recorded (`traceHolders`). */
  readonly line: string | undefined;
  /** The name of the pool that lent it, if that is another pool of the same quota or another key. */
  readonly pool?: string;
}

/** What a {@linkcode PoolTimeoutError} knows of the delay that ran out. */
export interface PoolTimeoutDetails {
  /** The delay that ran out, in milliseconds. */
  readonly timeout: number;
  /** How long it took until it was given up, in milliseconds. */
  readonly waited: number;
  /** How many `get`s waited already when this one came; 0 for a creation or a hook. */
  readonly ahead: number;
  /** What was going on: queueing, making an object, or running a hook on one. */
  readonly phase: "wait" | "create" | "check";
  /**
   * Who holds objects, the longest held first, five at the most. Then, if a permit of the quota or a place
   * for a key was waited for, who holds objects of other pools of that quota, or of other keys.
   */
  readonly holders: readonly Holder[];
}

/** A `get`, a creation or a hook took longer than it may. */
export class PoolTimeoutError extends PoolError implements PoolTimeoutDetails {
  /** The name of the error's class. */
  override name = "PoolTimeoutError";
  /** The delay that ran out, in milliseconds. */
  readonly timeout: number;
  /** How long it took until it was given up, in milliseconds. */
  readonly waited: number;
  /** How many `get`s waited already when this one came; 0 for a creation or a hook. */
  readonly ahead: number;
  /** What was going on: queueing, making an object, or running a hook on one. */
  readonly phase: "wait" | "create" | "check";
  /** Who holds objects, the longest held first, five at the most. */
  readonly holders: readonly Holder[];

  /**
   * Makes one.
   *
   * @param message what ran out, and why
   * @param details the same as fields
   * @param options `cause`: the last failure to make an object, where there was one
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

/** As many `get`s wait as `maxWaiting` allows, so that one more is refused. */
export class PoolFullError extends PoolError {
  /** The name of the error's class. */
  override name = "PoolFullError";
}

/**
 * The pool is overloaded, as `queueTarget` says, and this `get` has waited for too long.
 *
 * Answer an HTTP request with status 503 and `Retry-After: Math.ceil(error.retryAfter / 1000)`.
 */
export class PoolOverloadError extends PoolError {
  /** The name of the error's class. */
  override name = "PoolOverloadError";
  /** After how many milliseconds to try again: at random, for callers not to come back together. */
  readonly retryAfter: number;
  /** How long it has waited, in milliseconds. */
  readonly waited: number;

  /**
   * Makes one.
   *
   * @param message what is too much, and the way out
   * @param details the same as fields
   * @param options `cause`: the last failure to make an object, while these fail
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

/** Every object is held by a `use` that waits for another one: this `get` was the last to come. */
export class PoolDeadlockError extends PoolError {
  /** The name of the error's class. */
  override name = "PoolDeadlockError";
  /** Who holds objects, the longest held first, five at the most. */
  readonly holders: readonly Holder[];

  /**
   * Makes one.
   *
   * @param message who waits for whom, and the way out
   * @param holders the same as a field
   */
  constructor(message: string, holders: readonly Holder[]) {
    super(message);
    this.holders = holders;
  }
}

/** The pool is shut down, or is being. */
export class PoolClosedError extends PoolError {
  /** The name of the error's class. */
  override name = "PoolClosedError";
}

/** A lease was used after its end, or given to a pool that did not lend it. */
export class LeaseError extends PoolError {
  /** The name of the error's class. */
  override name = "LeaseError";
}

/** Something is wrong with a proxy, or with the use that is made of one. */
export class ProxyError extends ProxyPoolError {
  /** The name of the error's class. */
  override name = "ProxyError";
}
