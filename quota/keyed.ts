/**
 * A pool for each key, such as a tenant's database, with one cap over all of them.
 *
 * ```ts
 * import { KeyedPool } from "@x/proxypool/keyed";
 *
 * const connect = (tenant: string) => Promise.resolve({ tenant, query: (sql: string) => sql, end() {} });
 * const pool = new KeyedPool((tenant: string) => connect(tenant), {
 *   maxSize: 40,
 *   timeout: 5_000,
 *   closer: (client) => client.end(),
 * });
 * await pool.use("acme", (client) => client.query("select 1"));
 * await pool.shutdown();
 * ```
 *
 * @module
 */

import { adoptDisposal, asyncDispose, dispose } from "../disposal.ts";
import { PoolClosedError } from "../errors.ts";
import { insideOf, Pool } from "../pool.ts";
import { checkGet, checkObserver, checkShutdown } from "../pool/check.ts";
import { after } from "../pool/clock.ts";
import { deadError, foreignError, loanError } from "../pool/explain.ts";
import { type Lease, loanBehind } from "../pool/lease.ts";
import { isLoan, type Loan, type PoolLoan } from "../pool/loan.ts";
import { Totals } from "../pool/observe.ts";
import type { GetOptions, ShutdownOptions, UseContext } from "../pool/options.ts";
import type { Quota } from "../pool/quota.ts";
import { abortReason, shown } from "../values.ts";
import { type KeyedObserver, observerOf } from "./keyed_events.ts";
import {
  type KeyedCreate,
  type KeyedPoolOptions,
  type KeyedSettings,
  keyedSettingsOf,
} from "./keyed_options.ts";
import { addTotals, type KeyedPoolStats, keyedStats } from "./keyed_stats.ts";
import { Keys, type Place } from "./keys.ts";
import { Cap } from "./local.ts";

export type { Keyed, KeyedObserver } from "./keyed_events.ts";
export type { KeyedCreate, KeyedPoolOptions } from "./keyed_options.ts";
export type { KeyedPoolStats, KeyStats } from "./keyed_stats.ts";

let pools = 0;

/**
 * A pool of objects for each key, with one cap over all of them.
 *
 * The cap is never exceeded. A key that needs an object while all places are taken gets the place of the
 * longest unused object of another key. If none is unused, places go round by key, so that a key with many
 * waiters starves no other.
 *
 * A key without objects, waiters and loans is forgotten, and costs nothing. So `n` counts the attempts of
 * a key from 0 on, and begins again at 0 once the key has been forgotten. A key whose last attempt failed
 * is remembered for `createBackoff`, so that its server has its rest.
 *
 * @example
 * ```ts
 * import { KeyedPool } from "@x/proxypool/keyed";
 *
 * const pool = new KeyedPool((tenant: string, n) => ({ tenant, n }), { maxSize: 1 });
 * {
 *   await using one = await pool.get("a");
 *   console.assert(one.tenant === "a");
 * }
 * await pool.use("b", (other) => console.assert(other.tenant === "b")); // a's has made room
 * console.assert([...pool.keys()].join() === "b");
 * await pool.shutdown();
 * ```
 *
 * @typeParam K what the keys are; two are the same if a `Map` takes them for the same
 * @typeParam T what the objects are
 */
export class KeyedPool<K, T> {
  readonly #fun: KeyedCreate<K, T>;
  readonly #name: string;
  readonly #settings: KeyedSettings<T>;
  readonly #cap: Cap;
  readonly #keys: Keys<K, T>;
  /** The inside of each pool it has had: what its leases lead to. */
  readonly #own = new WeakSet<object>();
  /** What forgotten keys have had. */
  readonly #totals = new Totals();
  readonly #observers = new Set<{ observer: KeyedObserver<K>; all: Map<K, Disposable> }>();
  #ending: Promise<void> | undefined;

  /**
   * Checks and remembers; does nothing yet.
   *
   * @param fun makes an object for a key
   * @param options `maxSize`, `maxSizePerKey`, `maxKeys`, and those of a pool, for each key
   * @throws {TypeError} an option is unknown, or is not of its type
   * @throws {RangeError} an option is out of its bounds
   */
  constructor(fun: KeyedCreate<K, T>, options: KeyedPoolOptions<T> = {}) {
    adoptDisposal(KeyedPool.prototype);
    this.#settings = keyedSettingsOf(fun, options);
    const { maxKeys, maxSize, settings } = this.#settings;
    this.#fun = fun;
    this.#name = settings.name ?? `keyedpool#${++pools}`;
    this.#cap = new Cap(maxSize || Infinity);
    this.#keys = new Keys(this.#name, maxKeys, {
      make: (key) => this.#make(key),
      served: (place) => this.#served(place),
      forgotten: (place) => this.#forgotten(place),
    });
  }

  /** How many objects count for `maxSize`: available, in use, being made and being closed. */
  get size(): number {
    let size = 0;
    for (const { state } of this.#keys.places.values()) size += state.present;
    return size;
  }

  /** How many objects are in nobody's hands. */
  get available(): number {
    return this.#sum("available");
  }

  /** How many objects are in use, or being looked at by a hook. */
  get using(): number {
    return this.#sum("using");
  }

  /** How many borrowers wait, those for a key included. */
  get waiting(): number {
    return this.#sum("waiting") + this.#keys.waiters;
  }

  /** How many objects are being made. */
  get creating(): number {
    return this.#sum("creating");
  }

  #sum(name: "available" | "using" | "waiting" | "creating"): number {
    let sum = 0;
    for (const { pool } of this.#keys.places.values()) sum += pool[name];
    return sum;
  }

  /**
   * Lends an object of a key, as {@linkcode Pool.get} does.
   *
   * @param key the key
   * @param options `signal`, `timeout` (ms, waiting for a place for the key included), `priority`, `label`
   * @returns the lease; dispose of it, or {@linkcode KeyedPool.ret} it
   * @throws as {@linkcode Pool.get}
   */
  get(key: K, options?: GetOptions): Promise<Lease<T>> {
    return this.#take("get", key, options, (pool, options) => pool.get(options));
  }

  /**
   * Lends the object itself, by a plain handle, as {@linkcode Pool.borrow} does.
   *
   * @param key the key
   * @param options as of {@linkcode KeyedPool.get}
   * @returns the loan
   * @throws as {@linkcode Pool.get}
   */
  borrow(key: K, options?: GetOptions): Promise<Loan<T>> {
    return this.#take("borrow", key, options, (pool, options) => pool.borrow(options));
  }

  /**
   * Lends an object of a key to `fn` and takes it back, as {@linkcode Pool.use} does.
   *
   * @param key the key
   * @param fn what to do with the object; `signal` tells it to stop
   * @param options as of {@linkcode KeyedPool.get}
   * @returns what `fn` gives
   * @throws as {@linkcode Pool.use}
   */
  use<R>(
    key: K,
    fn: (object: T, context: UseContext) => R | PromiseLike<R>,
    options?: GetOptions,
  ): Promise<R> {
    if (typeof fn !== "function") {
      return Promise.reject(new TypeError(`use: fn must be a function, got ${shown(fn)}`));
    }
    return this.#take("use", key, options, (pool, options) => pool.use(fn, options));
  }

  /**
   * Lends an available object of a key that needs no check, now or not at all. It makes none.
   *
   * @param key the key
   * @returns the lease, or undefined
   * @throws {PoolClosedError} the pool has been shut down
   */
  tryGet(key: K): Lease<T> | undefined {
    if (this.#ending !== undefined) throw this.#closedError();
    return this.#keys.places.get(key)?.pool.tryGet();
  }

  #take<R>(
    method: string,
    key: K,
    options: GetOptions | undefined,
    begin: (pool: Pool<T>, options: GetOptions | undefined) => Promise<R>,
  ): Promise<R> {
    try {
      if (options !== undefined) checkGet(method, options);
    } catch (error) {
      return Promise.reject(error);
    }
    if (this.#ending !== undefined) return Promise.reject(this.#closedError());
    const { signal, timeout = this.#settings.settings.timeout }: GetOptions = options ?? {};
    // Here, for no pool to be made for it.
    if (signal?.aborted) return Promise.reject(abortReason(signal));
    const place = this.#keys.open(key);
    if (place !== undefined) return begin(place.pool, options);
    return this.#keys.wait(
      key,
      { signal, timeout },
      ({ pool }, left) => begin(pool, { ...options, timeout: left }),
    );
  }

  /**
   * Gives an object back, as {@linkcode Pool.ret} does.
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
    if (loan.end !== undefined) throw deadError(loan.pool.name, "lease", loan.end);
    return loan.detach();
  }

  #loan(method: string, lease: unknown): PoolLoan<T> {
    const loan = loanBehind(lease);
    if (loan !== undefined && this.#own.has(loan.pool)) return loan as PoolLoan<T>;
    if (isLoan(lease)) throw loanError(this.#name, method);
    throw foreignError(this.#name, method, lease, loan?.pool.name);
  }

  /**
   * Has an observer hear what happens with all keys, from now on.
   *
   * @example
   * ```ts
   * import { KeyedPool } from "@x/proxypool/keyed";
   *
   * const keys: string[] = [];
   * const pool = new KeyedPool((tenant: string) => ({ tenant }));
   * const observing = pool.observe({ lent: ({ key }) => keys.push(key) });
   * await pool.use("acme", () => {});
   * observing[Symbol.dispose]();
   * console.assert(keys.join() === "acme");
   * await pool.shutdown();
   * ```
   *
   * @param observer any of the methods of {@linkcode KeyedObserver}
   * @returns dispose of it to end that
   * @throws {TypeError} it has no such method, or another one
   */
  observe(observer: KeyedObserver<K>): Disposable {
    checkObserver(observer);
    const one = { observer, all: new Map<K, Disposable>() };
    this.#observers.add(one);
    for (const [key, { pool }] of this.#keys.places) {
      one.all.set(key, pool.observe(observerOf(observer, key)));
    }
    return {
      [dispose]: () => {
        this.#observers.delete(one);
        for (const observing of one.all.values()) observing[dispose]();
        one.all.clear();
      },
    };
  }

  /**
   * A picture of the pool, and of the pool of each key.
   *
   * @returns counts and totals over all keys, as JSON can express them; the totals count forgotten keys,
   * too
   */
  stats(): KeyedPoolStats {
    const { maxKeys, maxSize, maxSizePerKey } = this.#settings;
    const shutdown = this.#ending !== undefined;
    const own = { name: this.#name, shutdown, maxSize, maxSizePerKey, maxKeys };
    return keyedStats(own, this.#totals, this.#keys);
  }

  /**
   * Makes every present object obsolete: available ones are closed now, others when they return.
   *
   * @param key the key; without it those of all keys
   * @returns resolves once the available ones are closed
   */
  async reset(key?: K): Promise<void> {
    const all = arguments.length === 0 ? [...this.#keys.places.values()] : [
      this.#keys.places.get(key as K),
    ];
    await Promise.all(all.map((place) => place?.pool.reset()));
  }

  /** The keys that have objects, waiters or loans. */
  keys(): IterableIterator<K> {
    return this.#keys.places.keys();
  }

  /**
   * The pool of a key, to look at and to manage: it is shut down once the key is forgotten. Take objects by
   * {@linkcode KeyedPool.get}.
   *
   * @param key the key
   * @returns its pool; undefined if it has none at the moment
   */
  pool(key: K): Pool<T> | undefined {
    return this.#keys.places.get(key)?.pool;
  }

  /**
   * Ends the pools of all keys, as {@linkcode Pool.shutdown} does. A second call joins the first, and may
   * shorten its `timeout`.
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
    } catch (error) {
      return Promise.reject(error);
    }
    const { drain = false, timeout = 0 } = options;
    if (this.#ending === undefined && !drain) this.#keys.refuseAll(this.#closedError());
    // First: who waits for a key must not get that of another whose time is over, too.
    const cancel = timeout > 0 ? after(timeout, true, () => this.#force()) : undefined;
    for (const { pool } of this.#keys.places.values()) void pool.shutdown(options);
    this.#ending ??= this.#end();
    if (cancel !== undefined) void this.#ending.then(cancel);
    return this.#ending;
  }

  /** All keys come to their end, those that have waited for a place, too. */
  async #end(): Promise<void> {
    const { places } = this.#keys;
    while (places.size > 0) {
      for (const place of [...places.values()]) {
        while (place.coming > 0) await undefined; // they ask for an object at once
        await place.pool.shutdown();
        this.#keys.forget(place);
      }
    }
  }

  /** A shutdown has run out of time. */
  #force(): void {
    this.#keys.refuseAll(this.#closedError());
    for (const { pool } of this.#keys.places.values()) void pool.shutdown({ timeout: 1 });
  }

  /** {@linkcode KeyedPool.shutdown}, without a timeout: for `await using`. */
  [asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  #closedError(): PoolClosedError {
    const advice = "create another pool";
    return new PoolClosedError(`${this.#name} is shut down: ${advice}`);
  }

  #make(key: K): Pool<T> {
    const name = `${this.#name}[${shown(key)}]`;
    const fun = this.#fun;
    const pool = new Pool<T>((n, context) => fun(key, n, context), {
      ...this.#settings.each,
      name,
      quota: this.#quota(),
    });
    this.#own.add(insideOf(pool));
    for (const { all, observer } of this.#observers) {
      all.set(key, pool.observe(observerOf(observer, key)));
    }
    return pool;
  }

  /** What the pool of each key has as its quota. */
  #quota(): Quota {
    return {
      attach: (client) => {
        const member = this.#cap.attach(client);
        return {
          acquire: (options) => member.acquire(options),
          yields: (needed) => {
            if (!needed && this.#keys.waiting > 0) this.#keys.makeRoomSoon();
            return member.yields(needed);
          },
          [asyncDispose]: () => member[asyncDispose](),
        };
      },
    };
  }

  /** Who waited for a place has asked for an object: a shutdown that drains goes on. */
  #served({ pool }: Place<K, T>): void {
    if (this.#ending !== undefined) void pool.shutdown({ drain: true });
  }

  #forgotten({ key, state }: Place<K, T>): void {
    addTotals(this.#totals, state.totals);
    for (const { all } of this.#observers) {
      all.get(key)?.[dispose]();
      all.delete(key);
    }
  }
}
