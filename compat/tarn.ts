/**
 * The shape of tarn 3.1 over our `Pool`: in an import, put this in the place of `tarn`; and the pool that
 * Knex takes as its `connectionPool`.
 *
 * What is stricter here than there:
 *
 * - `max` holds for all resources, also for those that are being destroyed.
 * - A resource that was just made is not validated; one that was given back is, each time before it is lent.
 *   A `validate` may take 5 s, then it counts as failed (`hookTimeout`).
 * - An unused resource is destroyed at its own moment, so that `reapIntervalMillis` and `check` have no
 *   effect.
 * - A creation that fails is tried again after a random rest, which gets longer up to
 *   `createRetryIntervalMillis`; one at a time until one succeeds. With `propagateCreateError` it rejects the
 *   oldest `acquire` that waited when it began.
 * - `create` must make another resource each time, and neither null nor undefined.
 * - `destroy` rejects at once all that wait, and an `acquire` afterwards; there these wait out their timeout.
 * - What `acquire` gives has `promise`, `abort`, `reject` and `isRejected`, but neither `resolve` nor
 *   `possibleTimeoutCause`. `destroy` gives nothing.
 * - A promise of `acquire` that rejects, and that nobody looks at, is no unhandled rejection once `abort` was
 *   called.
 *
 * As there, a resource is known by itself: whoever releases it twice may release the next borrower's.
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
  /** The pool under it: for `stats`, `observe`, `invalidate` and all else that tarn lacks. */
  readonly pool: OurPool<T>;
  readonly #options: PoolOptions<T>;
  readonly #lender: Lender<T>;
  readonly #events: Emitter<Events<T>> = new Emitter();
  #lastId = 0;
  #validating = 0;
  #reaping = false;
  #kept = 0;
  /** The last failure to make one. */
  #failure: { readonly error: unknown } | undefined;

  /**
   * Checks the options; starts nothing.
   *
   * @param options those of tarn
   * @param extras options of our own `Pool`, which tarn lacks
   * @throws {TypeError} an option is missing, unknown or not of its type
   * @throws {RangeError} a number is out of bounds
   */
  constructor(options: PoolOptions<T>, extras: Extras<T> = {}) {
    check(options);
    const { log, max, validate } = this.#options = options;
    this.pool = new OurPool<T>((_n, { signal }) => this.#create(signal), {
      closer: (resource, { signal }) => this.#destroy(resource, signal),
      ...(validate === undefined ? {} : {
        // Rounds are not to ask: each resource is asked before it is lent.
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

  /** How many resources are lent, or being validated. */
  numUsed(): number {
    return this.pool.using;
  }

  /** How many are unused. */
  numFree(): number {
    return this.pool.available;
  }

  /** How many `acquire`s wait; those for which a resource is being validated do not count. */
  numPendingAcquires(): number {
    return Math.max(0, this.pool.waiting - this.#validating);
  }

  /** How many resources are being validated. */
  numPendingValidations(): number {
    return this.#validating;
  }

  /** How many are being made. */
  numPendingCreates(): number {
    return this.pool.creating;
  }

  /** Whether there is nothing and nobody in the pool. */
  isEmpty(): boolean {
    const { available, creating, using, waiting } = this.pool;
    return available + creating + using + waiting === 0;
  }

  /**
   * Borrows a resource.
   *
   * @returns its `promise`, and `abort` to give up; the promise rejects with a {@linkcode TimeoutError} after
   * `acquireTimeoutMillis`, with what `create` failed with if `propagateCreateError`, and with a
   * `PoolClosedError` after `destroy`
   */
  acquire(): PendingOperation<T> {
    const id = this.#request("acquireRequest");
    return new PendingOperation((signal) => this.#acquire(id, signal));
  }

  /**
   * Gives a resource back.
   *
   * @returns whether it was lent
   */
  release(resource: T): boolean {
    this.#tell("release", resource);
    const loan = this.#lender.take(resource);
    void loan?.release();
    return loan !== undefined;
  }

  /** Has no effect: what is unused for too long is destroyed by itself. */
  check(): void {}

  /**
   * Destroys the pool: all that wait are rejected, and each resource is destroyed once it is back.
   *
   * @returns resolves when all are gone; listeners are removed then
   */
  async destroy(): Promise<void> {
    const id = this.#request("poolDestroyRequest");
    this.#reap(false);
    await this.pool.shutdown();
    this.#tell("poolDestroySuccess", id);
    this.#events.removeAllListeners();
  }

  /** Adds a listener; what it throws is logged. */
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
      // What kept this one from being served, not an older one.
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
    // It aborts when its time is over; when the pool is destroyed, too, and then it is waited for.
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
    // It aborts if this fails, and when its time is over: with the failure.
    const failed = () => this.#tell("destroyFail", id, resource, late(signal.reason) as Error);
    signal.addEventListener("abort", failed, { once: true });
    await this.#options.destroy(resource);
    if (!signal.aborted) this.#tell("destroySuccess", id, resource);
  }

  /** `min` are kept, not made: the pool's `minSize` is how many there are, up to `min`. */
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

  /** Tells of the begin of something; gives the number by which its end is told, too. */
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
