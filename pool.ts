/**
 * Pool: makes few objects and lends them out. This is its public face; the parts in `pool/` do the work.
 *
 * @module
 */

import { LeaseError } from "./errors.ts";
import { checkBounds, checkFun, checkNames, checkShutdown, settingsOf } from "./pool/check.ts";
import { Keeper } from "./pool/keeper.ts";
import { type Lease, loanOf } from "./pool/lease.ts";
import type {
  Create,
  GetOptions,
  PoolOptions,
  ResizeOptions,
  ShutdownOptions,
} from "./pool/options.ts";
import { type PoolStats, statsOf } from "./pool/stats.ts";
import { shown } from "./values.ts";

let pools = 0;

/**
 * A pool of objects that are expensive to make.
 *
 * The constructor only checks and remembers; the pool starts with the first {@linkcode Pool.ready},
 * {@linkcode Pool.get}, {@linkcode Pool.tryGet} or {@linkcode Pool.use}.
 *
 * @example
 * ```ts
 * import { Pool } from "@x/proxypool";
 *
 * const pool = new Pool((n) => ({ n, greet: () => `hello from ${n}` }), { maxSize: 2 });
 * {
 *   await using one = await pool.get();
 *   console.assert(one.greet() === "hello from 0");
 * }
 * await pool.shutdown();
 * ```
 *
 * @typeParam T what the objects are
 */
export class Pool<T> {
  readonly #keeper: Keeper<T>;

  /**
   * Checks and remembers; does nothing yet.
   *
   * @param fun makes an object
   * @param options see {@linkcode PoolOptions}
   * @throws {TypeError} an option is unknown, or is not of its type
   * @throws {RangeError} an option is out of its bounds
   */
  constructor(fun: Create<T>, options: PoolOptions<T> = {}) {
    checkFun(fun);
    this.#keeper = new Keeper(++pools, fun, settingsOf(options));
  }

  /** How many objects count for `maxSize`: available, in use, being made and being closed. */
  get size(): number {
    return this.#keeper.size;
  }

  /** How many objects are in nobody's hands; `health` may be looking at some of them. */
  get available(): number {
    return this.#keeper.core.bag.idle.size;
  }

  /** How many objects are in use, or being looked at by a hook. */
  get using(): number {
    return this.#keeper.core.bag.using;
  }

  /** How many `get`s wait: queued, or while a hook looks at an object for them. */
  get waiting(): number {
    return this.#keeper.waiting;
  }

  /** How many objects are being made. */
  get creating(): number {
    return this.#keeper.creating;
  }

  /**
   * The object of a live lease, itself.
   *
   * @param lease a lease of any pool
   * @returns the object: use it only while the lease is alive
   * @throws {LeaseError} it is no lease, or one that has come to its end
   */
  static unwrap<T>(lease: Lease<T>): T {
    const loan = loanOf(lease);
    if (loan === undefined) throw new LeaseError(`Pool.unwrap takes a lease, got ${shown(lease)}`);
    return loan.bare() as T;
  }

  /**
   * Lends an object: the most recently returned one, else a new one, else the next one that is
   * returned or made. First come, first served.
   *
   * @example
   * ```ts
   * import { Pool } from "@x/proxypool";
   *
   * const pool = new Pool(() => new Map<string, number>(), { maxSize: 1 });
   * {
   *   await using map = await pool.get({ signal: AbortSignal.timeout(1_000) });
   *   map.set("a", 1);
   * }
   * await pool.shutdown();
   * ```
   *
   * @param options `signal`, `timeout` (ms)
   * @returns the lease; dispose of it, or {@linkcode Pool.ret} it
   * @throws {PoolTimeoutError} it took longer than `timeout`
   * @throws {PoolFullError} `maxWaiting` others wait
   * @throws {PoolClosedError} the pool has been shut down
   * @throws what `signal` was aborted with, or what `fun`, `opener` or `getter` failed with
   */
  get(options?: GetOptions): Promise<Lease<T>> {
    return options === undefined
      ? this.#keeper.lending.get()
      : this.#keeper.lending.acquire("get", options, false) as Promise<Lease<T>>;
  }

  /**
   * Lends an object that is available and needs no check, now or not at all. Where `getter` turns out
   * to be asynchronous that is not at all, and the object goes back once it is done.
   *
   * @returns the lease, or undefined
   * @throws {PoolClosedError} the pool has been shut down
   */
  tryGet(): Lease<T> | undefined {
    return this.#keeper.lending.tryGet();
  }

  /**
   * Lends an object to `fn` and takes it back when `fn` is done: the fastest way. `fn` gets the object
   * itself, and must not keep it.
   *
   * If `signal` aborts while `fn` runs, the object is in a state nobody knows: it is discarded when
   * `fn` is done. `fn`'s own signal aborts on that, when the object is taken away by
   * `maxUsingDelayKill`, and by a shutdown that runs out of time. It costs more than all the rest, and
   * is made only for a callback whose `length` is not 1: `(object, signal) => …`, `(...args) => …`,
   * not `(object, signal = none) => …`.
   *
   * @example
   * ```ts
   * import { Pool } from "@x/proxypool";
   *
   * const pool = new Pool(() => ({ add: (a: number, b: number) => a + b }));
   * const sum = await pool.use((adder) => adder.add(1, 2));
   * console.assert(sum === 3);
   * await pool.shutdown();
   * ```
   *
   * @param fn what to do with the object
   * @param options as of {@linkcode Pool.get}
   * @returns what `fn` gives
   * @throws as {@linkcode Pool.get}, and what `fn` throws
   */
  use<R>(
    fn: (object: T, signal: AbortSignal) => R | PromiseLike<R>,
    options?: GetOptions,
  ): Promise<R> {
    if (typeof fn === "function") return this.#keeper.usages.use(fn, options);
    return Promise.reject(new TypeError(`use: fn must be a function, got ${shown(fn)}`));
  }

  /**
   * Gives an object back. With a synchronous `retter` or none, the next who waits has it before this
   * returns. Giving back twice changes nothing, and is logged and counted.
   *
   * @param lease what `get` gave
   * @returns resolves once `retter` is done, also if that failed
   * @throws {LeaseError} it is no lease of this pool
   */
  ret(lease: Lease<T>): Promise<void> {
    const { returns } = this.#keeper;
    try {
      return returns.ret(returns.loan("ret", lease));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Gives an object back to be closed, not lent again.
   *
   * @param lease what `get` gave
   * @param why for the log
   * @returns resolves once the object is closed
   * @throws {LeaseError} it is no lease of this pool
   */
  discard(lease: Lease<T>, why?: unknown): Promise<void> {
    const { returns } = this.#keeper;
    try {
      return returns.discard(returns.loan("discard", lease), why);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Takes an object out of the pool for good: it is the caller's from now on, and its place is free.
   *
   * @param lease what `get` gave
   * @returns the object itself
   * @throws {LeaseError} it is no lease of this pool, or has come to its end
   */
  detach(lease: Lease<T>): T {
    const { returns } = this.#keeper;
    return returns.detach(returns.loan("detach", lease));
  }

  /**
   * Starts the pool and waits until it has `minSize` objects.
   *
   * @returns resolves once they exist; may be called again
   * @throws the first failure to make them
   * @throws {PoolClosedError} the pool has been shut down
   */
  ready(): Promise<void> {
    return this.#keeper.ready();
  }

  /**
   * Changes the bounds. Objects over a lower `maxSize` are closed, those in use when they return.
   *
   * @param options `minSize`, `maxSize`; what is not given stays
   * @throws {RangeError} they are out of bounds, or do not fit each other
   * @throws {TypeError} they are no numbers, or another option is given
   */
  resize(options: ResizeOptions): void {
    checkNames("resize", options, ["minSize", "maxSize"]);
    const { settings } = this.#keeper.core;
    const { minSize = settings.minSize, maxSize = settings.maxSize } = options;
    checkBounds(minSize, maxSize);
    this.#keeper.resize(minSize, maxSize);
  }

  /** Makes every present object obsolete: available ones are closed now, others when they return. */
  reset(): void {
    this.#keeper.reset();
  }

  /**
   * Ends the pool: who waits fails with {@linkcode PoolClosedError}, creations under way are aborted,
   * and each object is closed, those in use when they return. A second call joins the first, and may
   * shorten its `timeout`.
   *
   * @param options `timeout` (ms): then objects still in use are taken away and closed
   * @returns resolves when all is closed
   * @throws {RangeError} `timeout` is out of bounds
   * @throws {TypeError} `timeout` is no number, or another option is given
   */
  shutdown(options: ShutdownOptions = {}): Promise<void> {
    try {
      checkShutdown(options);
      return this.#keeper.shutdown(options.timeout ?? 0);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** {@linkcode Pool.shutdown}, without a timeout: for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  /**
   * A picture of the pool.
   *
   * @returns counts, options and objects, as JSON can express them
   */
  stats(): PoolStats {
    return statsOf(this.#keeper.core, this.#keeper);
  }

  /** The same as {@linkcode Pool.stats}: for `JSON.stringify`. */
  toJSON(): PoolStats {
    return this.stats();
  }

  /** {@linkcode Pool.stats} as JSON. */
  toString(): string {
    return JSON.stringify(this);
  }
}
