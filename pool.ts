/**
 * Pool: makes few objects and lends them out. This is its public face; the files in `pool/` do the work.
 *
 * @module
 */

import { adoptDisposal, asyncDispose, dispose } from "./disposal.ts";
import { LeaseError } from "./errors.ts";
import { acquire, acquireNow, acquireQuickly } from "./pool/acquire.ts";
import { assemble } from "./pool/assemble.ts";
import {
  checkBounds,
  checkNames,
  checkNoOptions,
  checkObserver,
  checkReset,
  checkShutdown,
} from "./pool/check.ts";
import { invalidateOpening } from "./pool/create.ts";
import { invalidate } from "./pool/evict.ts";
import { deadError, foreignError, loanError } from "./pool/explain.ts";
import { type Lease, loanBehind } from "./pool/lease.ts";
import { isLoan, type Loan, PoolLoan } from "./pool/loan.ts";
import { ready, reset, resize, shutdown } from "./pool/manage.ts";
import { tellMethods } from "./pool/names.ts";
import type { Observer } from "./pool/observe.ts";
import type {
  Create,
  GetOptions,
  PoolOptions,
  ResetOptions,
  ResizeOptions,
  ShutdownOptions,
  UseContext,
} from "./pool/options.ts";
import type { State } from "./pool/state.ts";
import { type PoolStats, statsOf } from "./pool/stats.ts";
import { Usage } from "./pool/usage.ts";
import { use } from "./pool/use.ts";
import { shown } from "./values.ts";

const INSPECT: unique symbol = Symbol.for("nodejs.util.inspect.custom");
const DENO_INSPECT: unique symbol = Symbol.for("Deno.customInspect");

let stateOf: <T>(pool: Pool<T>) => State<T> | undefined;

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
  readonly #state: State<T>;

  static {
    stateOf = (pool) => #state in pool ? pool.#state : undefined;
    tellMethods(Pool.prototype);
  }

  /**
   * Checks and remembers; does nothing yet.
   *
   * @param fun makes an object
   * @param options see {@linkcode PoolOptions}
   * @throws {TypeError} an option is unknown, or is not of its type
   * @throws {RangeError} an option is out of its bounds
   */
  constructor(fun: Create<T>, options: PoolOptions<T> = {}) {
    adoptDisposal(Pool.prototype);
    adoptDisposal(PoolLoan.prototype);
    this.#state = assemble(fun, options);
  }

  /** How many objects count for `maxSize`: available, in use, being made and being closed. */
  get size(): number {
    return this.#state.size;
  }

  /** How many objects are in nobody's hands; `health` may be looking at some of them. */
  get available(): number {
    return this.#state.bag.idle.size;
  }

  /** How many objects are in use, or being looked at by a hook. */
  get using(): number {
    return this.#state.bag.using;
  }

  /** How many borrowers wait. */
  get waiting(): number {
    return this.#state.queue.size;
  }

  /** How many objects are being made. */
  get creating(): number {
    return this.#state.attempts.size;
  }

  /**
   * The object of a live lease, itself.
   *
   * @param lease a lease of any pool
   * @returns the object: use it only while the lease is alive
   * @throws {LeaseError} it is no lease, or one that has come to its end
   */
  static unwrap<T>(lease: Lease<T>): T {
    const loan = loanBehind(lease);
    if (loan === undefined) {
      const got = isLoan(lease) ? "a loan: its object is loan.object" : shown(lease);
      throw new LeaseError(`Pool.unwrap takes a lease, got ${got}`);
    }
    alive(loan);
    return loan.entry.object as T;
  }

  /**
   * Lends an object: an available one, as `idleOrder` has it, else a new one, else the next one that is
   * returned or made. First come, first served, within one `priority`; in an overload the newest first.
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
   * @param options `signal`, `timeout` (ms), `priority`, `label`
   * @returns the lease; dispose of it, or {@linkcode Pool.ret} it
   * @throws {PoolTimeoutError} it took longer than `timeout`
   * @throws {PoolFullError} `maxWaiting` others wait
   * @throws {PoolOverloadError} the pool is overloaded (`queueTarget`)
   * @throws {PoolDeadlockError} all objects are held by who waits (`traceHolders: true`)
   * @throws {PoolClosedError} the pool has been shut down
   * @throws what `signal` was aborted with, or what `fun`, `opener` or `getter` failed with
   */
  get(options?: GetOptions): Promise<Lease<T>> {
    const below = Pool.prototype.get;
    const given = options === undefined
      ? acquireQuickly(this.#state, this.#state.usual.lease, below)
      : acquire(this.#state, this.#state.usual.lease, options, below);
    return given as Promise<Lease<T>>;
  }

  /**
   * Lends the object itself, by a plain handle: for adapters, and the fastest way to hold an object over
   * several statements. Keep the loan as long as you use its object: a loan that is garbage-collected is
   * a leak, even if its object is in use.
   *
   * @example
   * ```ts
   * import { Pool } from "@x/proxypool";
   *
   * const pool = new Pool(() => ({ query: (sql: string) => `done: ${sql}` }), { maxSize: 1 });
   * const loan = await pool.borrow();
   * try {
   *   console.assert(loan.object.query("select 1") === "done: select 1");
   * } finally {
   *   await loan.release();
   * }
   * await pool.shutdown();
   * ```
   *
   * @param options as of {@linkcode Pool.get}
   * @returns the loan
   * @throws as {@linkcode Pool.get}
   */
  borrow(options?: GetOptions): Promise<Loan<T>> {
    const below = Pool.prototype.borrow;
    const given = options === undefined
      ? acquireQuickly(this.#state, this.#state.usual.loan, below)
      : acquire(this.#state, this.#state.usual.loan, options, below);
    return given as Promise<Loan<T>>;
  }

  /**
   * Lends an object that is available and needs no check, now or not at all. Where `getter` turns out
   * to be asynchronous that is not at all, and the object goes back once it is done.
   *
   * @returns the lease, or undefined
   * @throws {PoolClosedError} the pool has been shut down
   */
  tryGet(): Lease<T> | undefined {
    checkNoOptions("tryGet", arguments);
    return acquireNow(this.#state, Pool.prototype.tryGet);
  }

  /**
   * Lends an object to `fn` and takes it back when `fn` is done. `fn` gets the object itself, and must
   * not keep it.
   *
   * If `fn` fails, `discardOnError` decides what becomes of the object. If `signal` aborts while `fn`
   * runs, `use` rejects at once, and `fn`'s own signal aborts. Once `fn` has settled the object goes
   * back as after a failure; if it has not settled after `abortGrace` ms, the object is closed. What
   * `fn` gives or throws afterwards is ignored. If the object is taken away, by `maxUsingDelayKill` or
   * by a shutdown that runs out of time, `use` rejects at once, too.
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
   * @param fn what to do with the object; `signal` tells it to stop
   * @param options as of {@linkcode Pool.get}
   * @returns what `fn` gives
   * @throws {LeaseError} the object was taken away
   * @throws as {@linkcode Pool.get}, and what `fn` throws
   */
  use<R>(
    fn: (object: T, context: UseContext) => R | PromiseLike<R>,
    options?: GetOptions,
  ): Promise<R> {
    if (typeof fn === "function") return use(this.#state, fn, options, Pool.prototype.use);
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
    try {
      return this.#loan("ret", lease).release();
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
    try {
      return this.#loan("discard", lease).discard(why);
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
    const loan = this.#loan("detach", lease);
    alive(loan);
    return loan.detach();
  }

  /** The loan behind a lease of this pool. */
  #loan(method: string, lease: unknown): PoolLoan<T> {
    const loan = loanBehind(lease);
    if (loan?.pool === this.#state as State<unknown>) return loan as PoolLoan<T>;
    if (isLoan(lease)) throw loanError(this.#state.name, method);
    throw foreignError(this.#state.name, method, lease, loan?.pool.name);
  }

  /**
   * The loan of an object that is lent, by the object itself: for code that gives objects back by
   * identity.
   *
   * @param object the object, not a lease of it
   * @returns its loan; undefined if this pool does not have the object, or has not lent it by
   * {@linkcode Pool.get} or {@linkcode Pool.borrow}
   */
  loanOf(object: T): Loan<T> | undefined {
    const lending = this.#state.lendingOf(object);
    // The object of a `use` goes back with its callback, and not before.
    return lending instanceof PoolLoan && !(lending instanceof Usage) ? lending : undefined;
  }

  /**
   * Tells the pool that an object has died: an available one is closed at once, and replaced up to
   * `minSize`; one in use is closed when it comes back. What `fun` is given as `invalidate` does the
   * same.
   *
   * @param object the object, or a lease of it
   * @param why for the log
   * @returns whether the pool has that object
   */
  invalidate(object: T, why?: unknown): boolean {
    const pool = this.#state;
    const loan = loanBehind(object);
    const own = loan?.pool === pool as State<unknown> ? loan as PoolLoan<T> : undefined;
    const entry = own?.entry ?? pool.bag.find(object);
    if (entry === undefined || !entry.live) return invalidateOpening(pool, object, why);
    invalidate(pool, entry, why);
    return true;
  }

  /**
   * Starts the pool and waits until it has `minSize` objects.
   *
   * @returns resolves once they exist; may be called again
   * @throws the first failure to make them, unless `createRetry` says to go on
   * @throws {PoolClosedError} the pool has been shut down
   */
  ready(): Promise<void> {
    try {
      checkNoOptions("ready", arguments);
      return ready(this.#state);
    } catch (error) {
      return Promise.reject(error);
    }
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
    const { settings } = this.#state;
    const { minSize = settings.minSize, maxSize = settings.maxSize } = options;
    checkBounds(minSize, maxSize);
    resize(this.#state, minSize, maxSize);
  }

  /**
   * Makes every present object obsolete: available ones are closed now, others when they return. With
   * `spread` each has its own moment within that time, and `minSize` is kept up by successors.
   *
   * @param options `spread` (ms)
   * @returns resolves once the available ones are closed
   * @throws {RangeError} `spread` is out of bounds
   * @throws {TypeError} `spread` is no number, or another option is given
   */
  reset(options: ResetOptions = {}): Promise<void> {
    try {
      checkReset(options);
      return reset(this.#state, options.spread ?? 0);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Ends the pool: who waits fails with {@linkcode PoolClosedError}, creations under way are aborted,
   * and each object is closed, those in use when they return. A second call joins the first, and may
   * shorten its `timeout`; its `drain` changes nothing. Every 10 s it is logged for whom it waits.
   *
   * @param options `timeout` (ms): then objects still in use are taken away and closed; `drain`: who
   * waits is served first
   * @returns resolves when all is closed; with a `timeout`, within half a second of that
   * @throws {RangeError} `timeout` is out of bounds
   * @throws {TypeError} `timeout` is no number, or another option is given
   */
  shutdown(options: ShutdownOptions = {}): Promise<void> {
    try {
      checkShutdown(options);
      return shutdown(this.#state, options.timeout ?? 0, options.drain ?? false);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** {@linkcode Pool.shutdown}, without a timeout: for `await using`. */
  [asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  /**
   * Has an observer hear what happens in the pool, from now on. Any number may do so. Without one,
   * nothing of this costs anything on the path of `get` and `ret`.
   *
   * @example
   * ```ts
   * import { Pool } from "@x/proxypool";
   *
   * const waits: number[] = [];
   * const pool = new Pool(() => ({}), { maxSize: 1 });
   * const observing = pool.observe({ lent: ({ waited }) => waits.push(waited) });
   * await pool.use(() => {});
   * observing[Symbol.dispose]();
   * console.assert(waits.length === 1);
   * await pool.shutdown();
   * ```
   *
   * @param observer any of the methods of {@linkcode Observer}
   * @returns dispose of it to end that
   * @throws {TypeError} it has no such method, or another one
   */
  observe(observer: Observer): Disposable {
    checkObserver(observer);
    const pool = this.#state;
    pool.observers.add(observer);
    pool.refresh();
    let observing = true;
    return {
      [dispose]: () => {
        if (!observing) return;
        observing = false;
        pool.observers.remove(observer);
        pool.refresh();
      },
    };
  }

  /**
   * A picture of the pool.
   *
   * @returns counts, options and objects, as JSON can express them
   */
  stats(): PoolStats {
    return statsOf(this.#state);
  }

  /** The same as {@linkcode Pool.stats}: for `JSON.stringify`. */
  toJSON(): PoolStats {
    return this.stats();
  }

  /** {@linkcode Pool.stats} as JSON. */
  toString(): string {
    return JSON.stringify(this);
  }

  /** What `console.log` shows on Node and Bun: its name and its counts. */
  [INSPECT](): string {
    const { name, ending, permits } = this.#state;
    const { size, available, using, creating, waiting } = this;
    const requesting = permits === undefined ? {} : { requesting: permits.pending };
    const counts = Object.entries({ size, available, using, creating, ...requesting, waiting })
      .map(([name, count]) => `${name}: ${count}`).join(", ");
    return `Pool ${name} { ${counts}${ending === undefined ? "" : ", shut down"} }`;
  }

  /** What `console.log` shows on Deno. */
  [DENO_INSPECT](): string {
    return this[INSPECT]();
  }
}

/** Throws if a lease has ended. */
function alive<T>(loan: PoolLoan<T>): void {
  if (loan.end !== undefined) throw deadError(loan.pool.name, "lease", loan.end);
}

/** All that a pool knows, for the other entry points; throws if it is none. */
export function insideOf<T>(pool: Pool<T>): State<T> {
  const state = Object(pool) === pool ? stateOf(pool) : undefined;
  if (state !== undefined) return state;
  throw new TypeError(`a Pool is needed, got ${shown(pool)}: give what new Pool() has made`);
}
