/**
 * Keyed: a pool for each key, such as a tenant's database, with one cap over all keys.
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
import { PoolClosedError, PoolFullError } from "../errors.ts";
import { insideOf, Pool } from "../pool.ts";
import { checkGet, checkObserver, checkShutdown } from "../pool/check.ts";
import { after } from "../pool/clock.ts";
import { deadError, foreignError, loanError } from "../pool/explain.ts";
import { setGroup } from "../pool/group.ts";
import { type Lease, loanBehind } from "../pool/lease.ts";
import { isLoan, type Loan, type PoolLoan } from "../pool/loan.ts";
import { Log } from "../pool/log.ts";
import { resetAll, shutdownAll } from "../pool/manage.ts";
import type { RefuseReason } from "../pool/observe.ts";
import {
  EARLIER,
  type GetOptions,
  type ResumedOptions,
  type ShutdownOptions,
  type UseContext,
} from "../pool/options.ts";
import type { Quota } from "../pool/quota.ts";
import type { State } from "../pool/state.ts";
import { abortReason, shown } from "../values.ts";
import { type KeyedObserver, watcherOf } from "./keyed_events.ts";
import { KeyedGroup } from "./keyed_group.ts";
import {
  type KeyedCreate,
  type KeyedPoolOptions,
  type KeyedSettings,
  keyedSettingsOf,
} from "./keyed_options.ts";
import { type KeyedPoolStats, keyedStats } from "./keyed_stats.ts";
import { Keys } from "./keys.ts";
import { Cap } from "./local.ts";
import type { Place } from "./place.ts";

export type { Keyed, KeyedObserver } from "./keyed_events.ts";
export type { KeyedCreate, KeyedPoolOptions } from "./keyed_options.ts";
export type { KeyedPoolStats, KeyStats } from "./keyed_stats.ts";

let pools = 0;

const INSPECT: unique symbol = Symbol.for("nodejs.util.inspect.custom");
const DENO_INSPECT: unique symbol = Symbol.for("Deno.customInspect");

/**
 * A pool of objects for each key, with one cap over all keys.
 *
 * The cap is never exceeded. If a key needs an object while all places are taken, the longest idle
 * object of another key is closed. If none is idle, free places go to the keys in turn, so a key
 * with many waiters does not starve others.
 *
 * A key without objects, waiters and loans is dropped, and costs nothing. `n` counts the attempts
 * of a key, and begins at 0 again after the key was dropped. A key whose last creation failed is
 * kept for `createBackoff`, so that its attempts still rest.
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
 * @typeParam K the type of the keys; they are compared as in a `Map`
 * @typeParam T the type of the objects
 */
export class KeyedPool<K, T> {
  readonly #fun: KeyedCreate<K, T>;
  readonly #name: string;
  readonly #settings: KeyedSettings<T>;
  readonly #cap: Cap;
  readonly #keys: Keys<K, T>;
  /** The states of all pools that it has had: they identify its leases. */
  readonly #own = new WeakSet<object>();
  readonly #group: KeyedGroup<K, T>;
  #ending: Promise<void> | undefined;

  /**
   * Checks its arguments; creates nothing yet.
   *
   * @param fun creates an object for a key
   * @param options `maxSize`, `maxSizePerKey`, `maxKeys`, and the options of the pool of each key
   * @throws {TypeError} an option is unknown or of the wrong type
   * @throws {RangeError} an option is out of bounds
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
      forgotten: (place) => this.#group.dropped(place),
    });
    const log = new Log(this.#name, settings.logLevel, settings.logger);
    this.#group = new KeyedGroup(this.#name, maxSize, log, this.#keys);
    setGroup(this, this.#group);
  }

  /** How many objects count for `maxSize`: idle, in use, being created and being closed. */
  get size(): number {
    let size = 0;
    for (const { state } of this.#keys.places.values()) size += state.present;
    return size;
  }

  /** How many objects are idle. */
  get available(): number {
    return this.#sum("available");
  }

  /** How many objects are in use, by a borrower or by a hook. */
  get using(): number {
    return this.#sum("using");
  }

  /** How many borrowers wait, for an object or for a place for their key. */
  get waiting(): number {
    return this.#sum("waiting") + this.#keys.waiters;
  }

  /** How many objects are being created. */
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
   * @param options `signal`, `timeout` (ms, including the wait for a place for the key),
   * `priority`, `label`
   * @returns the lease; return it by `await using` or {@linkcode KeyedPool.ret}
   * @throws as {@linkcode Pool.get}
   */
  get(key: K, options?: GetOptions): Promise<Lease<T>> {
    return this.#take("get", key, options, (pool, options) => pool.get(options));
  }

  /**
   * Lends the bare object of a key by a loan, as {@linkcode Pool.borrow} does.
   *
   * @param key the key
   * @param options as for {@linkcode KeyedPool.get}
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
   * @param fn uses the object; its `signal` tells it to stop
   * @param options as for {@linkcode KeyedPool.get}
   * @returns what `fn` returns
   * @throws as {@linkcode Pool.use}
   */
  use<R>(
    key: K,
    fn: (object: T, context: UseContext) => R | PromiseLike<R>,
    options?: GetOptions,
  ): Promise<R> {
    if (typeof fn !== "function") {
      return Promise.reject(
        new TypeError(`use: fn, after the key, must be a function, got ${shown(fn)}`),
      );
    }
    return this.#take("use", key, options, (pool, options) => pool.use(fn, options));
  }

  /**
   * Lends an idle object of a key that needs no check, at once or not at all. It creates none.
   *
   * @param key the key
   * @returns the lease, or undefined
   * @throws {PoolClosedError} the pool is shut down
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
    const { timeout: usual } = this.#settings.settings;
    const { label, priority, signal, timeout = usual }: GetOptions = options ?? {}; // as they are now
    if (this.#ending !== undefined) return this.#refuse(key, label, this.#closedError(), "closed");
    const aborted = signal?.aborted === true;
    // An aborted `get` must not create a pool.
    const place = aborted ? this.#keys.places.get(key) : this.#keys.open(key);
    if (place !== undefined) return begin(place.pool, options);
    if (aborted) return this.#refuse(key, label, abortReason(signal), "aborted");
    const { maxWaiting } = this.#settings.settings;
    if (maxWaiting > 0 && this.#keys.waitersFor(key) >= maxWaiting) {
      return this.#refuse(key, label, this.#fullError(key, maxWaiting), "full");
    }
    return this.#keys.wait(
      key,
      { signal, timeout },
      ({ place: { pool }, left, waited }) => {
        const earlier = { timeout, waited, what: "for a place for its key" };
        const rest: ResumedOptions = { signal, timeout: left, priority, label, [EARLIER]: earlier };
        return begin(pool, rest);
      },
      (refusal) => this.#group.refused(key, label, refusal),
    );
  }

  #refuse(
    key: K,
    label: string | undefined,
    error: unknown,
    why: RefuseReason,
  ): Promise<never> {
    this.#group.refused(key, label, { error, why, waited: 0 });
    return Promise.reject(error);
  }

  /**
   * Returns an object, as {@linkcode Pool.ret} does.
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
   * Adds an observer, which is told what happens for all keys from now on.
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
   * @returns dispose of it to remove the observer
   * @throws {TypeError} the observer has none of these methods, or an unknown one
   */
  observe(observer: KeyedObserver<K>): Disposable {
    checkObserver(observer);
    return { [dispose]: this.#group.watch(watcherOf(observer, this.#group.log)) };
  }

  /**
   * Describes the pool, and the pool of each key.
   *
   * @returns counts and totals over all keys, JSON-compatible; the totals include dropped keys
   */
  stats(): KeyedPoolStats {
    const { maxKeys, maxSize, maxSizePerKey } = this.#settings;
    const shutdown = this.#ending !== undefined;
    const own = { name: this.#name, shutdown, maxSize, maxSizePerKey, maxKeys };
    return keyedStats(own, this.#group.past, this.#keys);
  }

  /** The same as {@linkcode KeyedPool.stats}: for `JSON.stringify`. */
  toJSON(): KeyedPoolStats {
    return this.stats();
  }

  /** {@linkcode KeyedPool.stats} as JSON. */
  toString(): string {
    return JSON.stringify(this);
  }

  /** What `console.log` shows on Node and Bun: its name and its counts. */
  [INSPECT](): string {
    const { size, available, using, creating, waiting } = this;
    const { places, waiters } = this.#keys;
    const shown = {
      keys: places.size,
      size,
      available,
      using,
      creating,
      requesting: this.#cap.waiting,
      waiting,
      waitingForKey: waiters,
    };
    const counts = Object.entries(shown).map(([name, count]) => `${name}: ${count}`).join(", ");
    return `KeyedPool ${this.#name} { ${counts}${
      this.#ending === undefined ? "" : ", shut down"
    } }`;
  }

  /** What `console.log` shows on Deno. */
  [DENO_INSPECT](): string {
    return this[INSPECT]();
  }

  /**
   * Makes every present object obsolete: idle objects are closed now, others when they are
   * returned.
   *
   * @param key the key; without it, all keys
   * @returns resolves once the idle objects are closed
   */
  async reset(key?: K): Promise<void> {
    const place = this.#keys.places.get(key as K);
    const one = place === undefined ? [] : [place.state];
    await resetAll(arguments.length === 0 ? this.#states() : one);
  }

  /** The keys that have objects, waiters or loans. */
  keys(): IterableIterator<K> {
    return this.#keys.places.keys();
  }

  /**
   * The pool of a key, for inspection and management. It is shut down when the key is dropped. Get
   * objects by {@linkcode KeyedPool.get}.
   *
   * @param key the key
   * @returns its pool; undefined if the key has none at present
   */
  pool(key: K): Pool<T> | undefined {
    return this.#keys.places.get(key)?.pool;
  }

  /**
   * Ends the pools of all keys, as {@linkcode Pool.shutdown} does. A second call joins the first,
   * and may shorten its `timeout`.
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
    } catch (error) {
      return Promise.reject(error);
    }
    const { drain = false, timeout = 0 } = options;
    if (this.#ending === undefined && !drain) this.#keys.refuseAll(this.#closedError(true));
    // First: a waiter for a place must not get that of a pool whose time is also over.
    const cancel = timeout > 0 ? after(timeout, true, () => this.#force()) : undefined;
    shutdownAll(this.#states(), timeout, drain);
    this.#group.closed = true;
    this.#ending ??= this.#end();
    if (cancel !== undefined) void this.#ending.then(cancel);
    return this.#ending;
  }

  /** Shuts down the pools of all keys, including those that waited for a place. */
  async #end(): Promise<void> {
    const { places } = this.#keys;
    while (places.size > 0) {
      for (const place of [...places.values()]) {
        while (place.coming > 0) await undefined; // they call `get` at once
        await place.pool.shutdown();
        this.#keys.forget(place);
      }
    }
  }

  /** A shutdown has run out of time. */
  #force(): void {
    this.#keys.refuseAll(this.#closedError(true));
    shutdownAll(this.#states(), 1, false);
  }

  #states(): State<T>[] {
    return [...this.#keys.places.values()].map(({ state }) => state);
  }

  /** Calls {@linkcode KeyedPool.shutdown} without a timeout: for `await using`. */
  [asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  #closedError(waited = false): PoolClosedError {
    const advice = waited
      ? "this get still waited; shutdown({ drain: true }) serves waiters first"
      : "create another pool";
    return new PoolClosedError(`${this.#name} is shut down: ${advice}`);
  }

  #fullError(key: K, maxWaiting: number): PoolFullError {
    return new PoolFullError(
      `${this.#name}: ${maxWaiting} wait already for a place for the key ${shown(key)} ` +
        "(maxWaiting): try again later, or raise maxKeys or maxWaiting",
    );
  }

  #make(key: K): Pool<T> {
    const name = `${this.#name}[${shown(key)}]`;
    const fun = this.#fun;
    const pool = new Pool<T>((n, context) => fun(key, n, context), {
      ...this.#settings.each,
      name,
      quota: this.#quota(key),
    });
    const state = insideOf(pool);
    this.#own.add(state);
    this.#group.began(key, state);
    return pool;
  }

  /** The quota of the pool of a key. */
  #quota(key: K): Quota {
    return {
      attach: (client) => {
        const member = this.#cap.attach(client);
        return {
          acquire: (options) => member.acquire(options),
          yields: (needed) => {
            if (!needed) this.#keys.returned(key);
            return member.yields(needed);
          },
          shares: (most) => member.shares(most),
          [asyncDispose]: () => member[asyncDispose](),
        };
      },
    };
  }

  /** Waiters for a place have called `get` by now: a draining shutdown goes on. */
  #served({ pool }: Place<K, T>): void {
    if (this.#ending !== undefined) void pool.shutdown({ drain: true });
  }
}
