/**
 * The shape of tarn 3.1 over our `Pool`: import it instead of `tarn`. Knex takes such a pool as its
 * `connectionPool`.
 *
 * Differences from tarn:
 *
 * - `max` includes resources that are being destroyed.
 * - A new resource is not validated. A returned one is, each time before it is lent. After 5 s a
 *   `validate` has failed (`hookTimeout`).
 * - An idle resource is destroyed when its own time is over, so `reapIntervalMillis` and `check`
 *   have no effect.
 * - A failed `create` is retried after a random rest, which grows up to
 *   `createRetryIntervalMillis`; one attempt at a time until one succeeds. With
 *   `propagateCreateError` it rejects the oldest `acquire` that waited at its begin.
 * - `create` must return a new resource each time, not null or undefined.
 * - `destroy` rejects waiting and later `acquire`s at once; there they wait until their timeout.
 * - The result of `acquire` has `promise`, `abort`, `reject` and `isRejected`, but no `resolve` and
 *   no `possibleTimeoutCause`. `destroy` resolves to nothing.
 * - After `abort`, the rejection of an `acquire` need not be handled.
 *
 * As there, resources are known by identity: a second `release` may release the next borrower's
 * resource.
 *
 * @example
 * ```ts
 * import { Pool } from "@x/proxypool/compat/tarn";
 *
 * const pool = new Pool({
 *   create: () => Promise.resolve({ query: (sql: string) => `done: ${sql}`, end() {} }),
 *   destroy: (client) => client.end(),
 *   min: 0,
 *   max: 10,
 * });
 * const client = await pool.acquire().promise;
 * console.assert(client.query("select 1") === "done: select 1");
 * pool.release(client);
 * await pool.destroy();
 * ```
 *
 * @module
 */

import { PoolTimeoutError } from "../errors.ts";
import { Pool as OurPool } from "../pool.ts";
import { MAX_DELAY } from "../pool/clock.ts";
import { isThenable } from "../values.ts";
import { Emitter, type Listener } from "./emitter.ts";
import { type Extras, late, Lender, silent, TimeoutError, truth } from "./lender.ts";
import { PendingOperation } from "./pending_operation.ts";
import { check, delay, type Events, loggerOf, made, type PoolOptions } from "./tarn_options.ts";

export { type Extras, type Listener, PendingOperation, TimeoutError };
export type { Callback, CallbackOrPromise, Events, PoolOptions } from "./tarn_options.ts";

/** A pool in the shape of tarn's. */
export class Pool<T> {
  /** Our `Pool`: for `stats`, `observe`, `invalidate` and the rest that tarn lacks. */
  readonly pool: OurPool<T>;
  readonly #options: PoolOptions<T>;
  readonly #lender: Lender<T>;
  readonly #events: Emitter<Events<T>> = new Emitter();
  #lastId = 0;
  #validating = 0;
  #reaping = false;
  #kept = 0;
  /** The last failure of `create`. */
  #failure: { readonly error: unknown } | undefined;

  /**
   * Checks the options; starts nothing.
   *
   * @param options the options of tarn
   * @param extras options of our `Pool` that tarn lacks
   * @throws {TypeError} an option is missing, unknown or of the wrong type
   * @throws {RangeError} a number is out of bounds
   */
  constructor(options: PoolOptions<T>, extras: Extras<T> = {}) {
    check(options);
    const { log, max, validate } = this.#options = options;
    this.pool = new OurPool<T>((_n, { signal }) => this.#create(signal), {
      closer: (resource, { signal }) => this.#destroy(resource, signal),
      ...(validate === undefined ? {} : {
        // Rounds need not validate: each resource is validated before it is lent.
        health: (resource) => this.#validate(validate(resource)),
        healthAfter: 0,
        healthFreq: MAX_DELAY,
      }),
      maxSize: max,
      timeout: delay(options.acquireTimeoutMillis, 30_000),
      createTimeout: delay(options.createTimeoutMillis, 30_000),
      closeTimeout: delay(options.destroyTimeoutMillis, 5_000),
      maxAvailDelay: delay(options.idleTimeoutMillis, 30_000),
      createBackoff: delay(options.createRetryIntervalMillis, 200),
      createRetry: !options.propagateCreateError,
      ...(log === undefined ? silent(extras) : { logger: loggerOf(log) }),
      ...extras,
    });
    this.#lender = new Lender(this.pool);
  }

  /** How many resources are lent or being validated. */
  numUsed(): number {
    return this.pool.using;
  }

  /** How many resources are idle. */
  numFree(): number {
    return this.pool.available;
  }

  /** How many `acquire`s wait, apart from those for which a resource is being validated. */
  numPendingAcquires(): number {
    return Math.max(0, this.pool.waiting - this.#validating);
  }

  /** How many resources are being validated. */
  numPendingValidations(): number {
    return this.#validating;
  }

  /** How many resources are being created. */
  numPendingCreates(): number {
    return this.pool.creating;
  }

  /** Whether the pool has no resources and no waiters. */
  isEmpty(): boolean {
    const { available, creating, using, waiting } = this.pool;
    return available + creating + using + waiting === 0;
  }

  /**
   * Borrows a resource.
   *
   * @returns an operation with `promise` and `abort`. The promise rejects with a
   * {@linkcode TimeoutError} after `acquireTimeoutMillis`, with the failure of `create` if
   * `propagateCreateError`, and with a `PoolClosedError` after `destroy`
   */
  acquire(): PendingOperation<T> {
    const id = this.#request("acquireRequest");
    return new PendingOperation((signal) => this.#acquire(id, signal));
  }

  /**
   * Returns a resource to the pool.
   *
   * @returns whether it was lent
   */
  release(resource: T): boolean {
    this.#tell("release", resource);
    const loan = this.#lender.take(resource);
    void loan?.release();
    return loan !== undefined;
  }

  /** Has no effect: resources that are idle for too long are destroyed anyway. */
  check(): void {}

  /**
   * Destroys the pool: rejects waiting `acquire`s, and destroys each resource, borrowed ones at
   * their release.
   *
   * @returns resolves when all resources are destroyed; then listeners are removed
   */
  async destroy(): Promise<void> {
    const id = this.#request("poolDestroyRequest");
    this.#reap(false);
    await this.pool.shutdown();
    this.#tell("poolDestroySuccess", id);
    this.#events.removeAllListeners();
  }

  /** Adds a listener; an error that it throws is logged. */
  on<E extends keyof Events<T>>(event: E, listener: Listener<Events<T>[E]>): void {
    this.#events.on(event, listener);
  }

  /** Removes a listener. */
  removeListener<E extends keyof Events<T>>(event: E, listener: Listener<Events<T>[E]>): void {
    this.#events.removeListener(event, listener);
  }

  /** Removes all listeners, of one event or of all. */
  removeAllListeners(event?: keyof Events<T>): void {
    this.#events.removeAllListeners(event);
  }

  async #acquire(id: number, signal: AbortSignal): Promise<T> {
    const before = this.#failure;
    try {
      const resource = await this.#lender.borrow({ signal });
      this.#fit();
      this.#reap(true);
      this.#tell("acquireSuccess", id, resource);
      return resource;
    } catch (thrown) {
      // Only a failure during this wait is its cause.
      const cause = this.#failure === before ? undefined : this.#failure?.error;
      const error = late(thrown, cause instanceof Error ? cause.message : undefined) as Error;
      this.#tell("acquireFail", id, error);
      throw error;
    }
  }

  async #create(signal: AbortSignal): Promise<T> {
    const id = this.#request("createRequest");
    let over = false;
    const failed = (thrown: unknown) => {
      const error = late(thrown) as Error;
      this.#failure = { error };
      if (!over) this.#tell("createFail", id, error);
      over = true;
    };
    // The signal aborts at the time limit, and when the pool is destroyed; then the creation is
    // awaited.
    const expired = () => signal.reason instanceof PoolTimeoutError && failed(signal.reason);
    signal.addEventListener("abort", expired, { once: true });
    try {
      const resource = await made(this.#options.create);
      if (!over) this.#tell("createSuccess", id, resource);
      return resource;
    } catch (error) {
      failed(error);
      throw error;
    }
  }

  async #destroy(resource: T, signal: AbortSignal): Promise<void> {
    this.#fit();
    const id = this.#request("destroyRequest", resource);
    if (this.isEmpty()) this.#reap(false);
    // The signal aborts with the error if `destroy` fails or exceeds its time limit.
    const failed = () => this.#tell("destroyFail", id, resource, late(signal.reason) as Error);
    signal.addEventListener("abort", failed, { once: true });
    await this.#options.destroy(resource);
    if (!signal.aborted) this.#tell("destroySuccess", id, resource);
  }

  /**
   * tarn keeps `min` resources but does not create them: so `minSize` follows the number of
   * resources, up to `min`.
   */
  #fit(): void {
    const { available, using } = this.pool;
    const minSize = Math.min(this.#options.min, available + using);
    if (minSize !== this.#kept) this.pool.resize({ minSize: this.#kept = minSize });
  }

  #validate(answer: PromiseLike<boolean> | boolean): PromiseLike<boolean> | boolean {
    const good = truth(answer);
    if (!isThenable(good)) return good;
    this.#validating++;
    return Promise.resolve(good).finally(() => this.#validating--);
  }

  #reap(reaping: boolean): void {
    if (this.#reaping === reaping) return;
    this.#reaping = reaping;
    this.#tell(reaping ? "startReaping" : "stopReaping");
  }

  /** Emits a request event; returns its id for the event of its end. */
  #request<E extends keyof Events<T>>(event: E, ...more: unknown[]): number {
    const id = ++this.#lastId;
    this.#tell(event, ...[id, ...more] as unknown as Events<T>[E]);
    return id;
  }

  #tell<E extends keyof Events<T>>(event: E, ...args: Events<T>[E]): void {
    for (const listener of this.#events.listeners(event)) {
      try {
        listener(...args);
      } catch (error) {
        this.#options.log?.(`a listener of ${event} failed: ${error}`, "warn");
      }
    }
  }
}
