/**
 * Pool: creates few objects and lends them. This file is the public face; the files in `pool/` do
 * the work.
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
 * A pool of objects that are expensive to create.
 *
 * The constructor only checks its arguments. The pool starts with the first {@linkcode Pool.ready},
 * {@linkcode Pool.get}, {@linkcode Pool.borrow}, {@linkcode Pool.tryGet} or {@linkcode Pool.use}.
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
 * @typeParam T the type of the objects
 */
export class Pool<T> {
  readonly #state: State<T>;

  static {
    stateOf = (pool) => #state in pool ? pool.#state : undefined;
    tellMethods(Pool.prototype);
  }

  /**
   * Checks its arguments; creates nothing yet.
   *
   * @param fun creates an object
   * @param options see {@linkcode PoolOptions}
   * @throws {TypeError} an option is unknown or of the wrong type
   * @throws {RangeError} an option is out of bounds
   */
  constructor(fun: Create<T>, options: PoolOptions<T> = {}) {
    adoptDisposal(Pool.prototype);
    adoptDisposal(PoolLoan.prototype);
    this.#state = assemble(fun, options);
  }

  /** How many objects count for `maxSize`: available, in use, being created and being closed. */
  get size(): number {
    return this.#state.size;
  }

  /** How many objects are idle; `health` may be checking some of them. */
  get available(): number {
    return this.#state.bag.idle.size;
  }

  /** How many objects are in use, by a borrower or by a hook. */
  get using(): number {
    return this.#state.bag.using;
  }

  /** How many borrowers wait for an object. */
  get waiting(): number {
    return this.#state.queue.size;
  }

  /** How many objects are being created. */
  get creating(): number {
    return this.#state.attempts.size;
  }

  /**
   * The bare object of a live lease.
   *
   * @param lease a lease of any pool
   * @returns the object: use it only until the lease ends
   * @throws {LeaseError} the argument is no lease, or its lease has ended
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
   * Lends an object: an idle one (`idleOrder` chooses it), else a new one, else the next one that
   * is returned or created. Waiters of one `priority` are served in order; during an overload the
   * newest is first.
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
   * @returns the lease; return it by `await using` or {@linkcode Pool.ret}
   * @throws {PoolTimeoutError} no object within `timeout`
   * @throws {PoolFullError} `maxWaiting` others already wait
   * @throws {PoolOverloadError} the pool is overloaded (`queueTarget`)
   * @throws {PoolDeadlockError} all holders wait for another object (`traceHolders: true`)
   * @throws {PoolClosedError} the pool is shut down
   * @throws the reason of `signal`, or the failure of `fun`, `opener` or `getter`
   */
  get(options?: GetOptions): Promise<Lease<T>> {
    const below = Pool.prototype.get;
    const given = options === undefined
      ? acquireQuickly(this.#state, this.#state.usual.lease, below)
      : acquire(this.#state, this.#state.usual.lease, options, below);
    return given as Promise<Lease<T>>;
  }

  /**
   * Lends the bare object by a plain handle, the loan. Keep the loan as long as you use its object:
   * a loan that is garbage-collected is a leak, even if its object is in use. It is for adapters,
   * and the fastest way to hold an object over several statements.
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
   * @param options as for {@linkcode Pool.get}
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
   * Lends an idle object that needs no check, at once or not at all. With an asynchronous `getter`
   * it returns undefined, and the object is idle again once `getter` is done.
   *
   * @returns the lease, or undefined
   * @throws {PoolClosedError} the pool is shut down
   */
  tryGet(): Lease<T> | undefined {
    checkNoOptions("tryGet", arguments);
    return acquireNow(this.#state, Pool.prototype.tryGet);
  }

  /**
   * Lends an object to `fn` and takes it back when `fn` has settled. `fn` gets the bare object, and
   * must not keep it.
   *
   * If `fn` fails, `discardOnError` decides whether the object is closed. If `signal` aborts while
   * `fn` runs, `use` rejects at once, and the signal of `fn` aborts. The object is returned once
   * `fn` has settled, as after a failure; it is closed if `fn` has not settled after `abortGrace`
   * ms. The result of `fn` is then ignored. If the object is taken away, by `maxUsingDelayKill` or
   * by a shutdown that runs out of time, `use` also rejects at once.
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
   * @param fn uses the object; its `signal` tells it to stop
   * @param options as for {@linkcode Pool.get}
   * @returns what `fn` returns
   * @throws {LeaseError} the object was taken away
   * @throws as {@linkcode Pool.get}, and the failure of `fn`
   */
  use<R>(
    fn: (object: T, context: UseContext) => R | PromiseLike<R>,
    options?: GetOptions,
  ): Promise<R> {
    if (typeof fn === "function") return use(this.#state, fn, options, Pool.prototype.use);
    return Promise.reject(new TypeError(`use: fn must be a function, got ${shown(fn)}`));
  }

  /**
   * Returns an object to the pool. With a synchronous `retter` or none, the next waiter has it
   * before `ret` returns. A second return changes nothing; it is logged and counted.
   *
   * @param lease what `get` returned
   * @returns resolves once `retter` is done, also if `retter` failed
   * @throws {LeaseError} the argument is no lease of this pool
   */
  ret(lease: Lease<T>): Promise<void> {
    try {
      return this.#loan("ret", lease).release();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Returns an object to be closed: it is not lent again.
   *
   * @param lease what `get` returned
   * @param why for the log
   * @returns resolves once the object is closed
   * @throws {LeaseError} the argument is no lease of this pool
   */
  discard(lease: Lease<T>, why?: unknown): Promise<void> {
    try {
      return this.#loan("discard", lease).discard(why);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Takes an object out of the pool for good. The caller owns it, and its place is free.
   *
   * @param lease what `get` returned
   * @returns the bare object
   * @throws {LeaseError} the argument is no lease of this pool, or has ended
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
   * Finds the loan of a lent object: for code that returns objects by identity.
   *
   * @param object the object, not a lease of it
   * @returns the loan; undefined if this pool has not lent the object by {@linkcode Pool.get} or
   * {@linkcode Pool.borrow}
   */
  loanOf(object: T): Loan<T> | undefined {
    const lending = this.#state.lendingOf(object);
    // The object of a `use` is returned by `use` alone.
    return lending instanceof PoolLoan && !(lending instanceof Usage) ? lending : undefined;
  }

  /**
   * Tells the pool that an object has died. An idle object is closed at once, and replaced up to
   * `minSize`; an object in use is closed when it is returned. The `invalidate` that `fun` gets
   * does the same.
   *
   * @param object the object, or a lease of it
   * @param why for the log
   * @returns whether the pool has this object
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
   * @returns resolves once these objects exist; may be called again
   * @throws the first failed creation, unless `createRetry` retries it
   * @throws {PoolClosedError} the pool is shut down
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
   * Changes the bounds. Objects over a lower `maxSize` are closed: idle ones now, objects in use
   * when they are returned.
   *
   * @param options `minSize`, `maxSize`; an option that is not given stays as it is
   * @throws {RangeError} a bound is out of range, or `minSize` is over `maxSize`
   * @throws {TypeError} a bound is no number, or another option is given
   */
  resize(options: ResizeOptions): void {
    checkNames("resize", options, ["minSize", "maxSize"]);
    const { settings } = this.#state;
    const { minSize = settings.minSize, maxSize = settings.maxSize } = options;
    checkBounds(minSize, maxSize);
    resize(this.#state, minSize, maxSize);
  }

  /**
   * Makes every present object obsolete: idle objects are closed now, others when they are
   * returned. With `spread` each object has its own moment within that time, and successors keep up
   * `minSize`.
   *
   * @param options `spread` (ms)
   * @returns resolves once the idle objects are closed
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
   * Ends the pool. Waiters fail with {@linkcode PoolClosedError}, running creations are aborted,
   * and each object is closed, objects in use when they are returned. A second call joins the
   * first: it may shorten the `timeout`, and its `drain` has no effect. Every 10 s the log says
   * what the shutdown waits for.
   *
   * @param options `timeout` (ms): after it, objects still in use are taken away and closed;
   * `drain`: waiters are served first
   * @returns resolves when all objects are closed; with a `timeout`, at most half a second after it
   * @throws {RangeError} `timeout` is out of bounds
   * @throws {TypeError} `timeout` is no number, `drain` no boolean, or another option is given
   */
  shutdown(options: ShutdownOptions = {}): Promise<void> {
    try {
      checkShutdown(options);
      return shutdown(this.#state, options.timeout ?? 0, options.drain ?? false);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Calls {@linkcode Pool.shutdown} without a timeout: for `await using`. */
  [asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  /**
   * Adds an observer, which is told what happens in the pool from now on. There may be any number.
   * Without an observer, `get` and `ret` pay nothing for this.
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
   * @returns dispose of it to remove the observer
   * @throws {TypeError} the observer has none of these methods, or an unknown one
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
   * Describes the pool now.
   *
   * @returns counts, totals, options and objects, all of them JSON-compatible
   */
  stats(): PoolStats {
    return statsOf(this.#state);
  }

  /** {@linkcode Pool.stats}, for `JSON.stringify`. */
  toJSON(): PoolStats {
    return this.stats();
  }

  /** {@linkcode Pool.stats} as JSON. */
  toString(): string {
    return JSON.stringify(this);
  }

  /** What `console.log` shows on Node and Bun: the pool's name and counts. */
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

/** The state of a pool, for the other entry points; throws if `pool` is no pool. */
export function insideOf<T>(pool: Pool<T>): State<T> {
  const state = Object(pool) === pool ? stateOf(pool) : undefined;
  if (state !== undefined) return state;
  throw new TypeError(`a Pool is needed, got ${shown(pool)}: pass what new Pool() returned`);
}
