/**
 * The shape of generic-pool 3.9 over our `Pool`: import it instead of `generic-pool`.
 *
 * Differences from generic-pool:
 *
 * - `max` includes resources that are being destroyed.
 * - A failed `create` is retried after a growing rest (`createBackoff`), not at once. As there,
 *   `acquire` waits on, and each failure emits `factoryCreateError`.
 * - The functions have time limits, after which they have failed: `create` 30 s, `validate` 5 s,
 *   `destroy` `destroyTimeoutMillis` or 5 s.
 * - `create` must return a new resource each time, not null or undefined.
 * - `testOnBorrow` does not validate a new resource. If `validate` fails, the resource is
 *   destroyed; there the rejection is unhandled. `testOnReturn` works; there it has no effect.
 * - An idle resource is destroyed when its own time is over. `evictionRunIntervalMillis` only turns
 *   this on, and `numTestsPerEvictionRun` has no effect. `min` idle resources are kept.
 * - `clear` also replaces borrowed resources, at their release. There, without `drain`, destroyed
 *   resources stay in the pool.
 * - `use` also takes a synchronous function.
 * - The constructor throws for wrong options, and for those of our `Pool`, such as `maxSize`. It
 *   ignores others, such as `Promise`. There are no `Evictor`, `Deque` and `PriorityQueue`.
 *
 * As there, resources are known by identity: a second `release` may release the next borrower's
 * resource.
 *
 * @example
 * ```ts
 * import { createPool } from "@x/proxypool/compat/generic-pool";
 *
 * const pool = createPool({
 *   create: () => Promise.resolve({ query: (sql: string) => `done: ${sql}` }),
 *   destroy: () => Promise.resolve(),
 * }, { max: 10 });
 * const client = await pool.acquire();
 * console.assert(client.query("select 1") === "done: select 1");
 * await pool.release(client);
 * await pool.drain();
 * await pool.clear();
 * ```
 *
 * @module
 */

import { PoolError, PoolFullError } from "../errors.ts";
import { Pool as OurPool } from "../pool.ts";
import { Emitter } from "./emitter.ts";
import {
  check,
  type Events,
  type Factory,
  hooksOf,
  idleLimit,
  type Options,
  whole,
} from "./generic_pool_options.ts";
import { type Extras, Lender, silent, TimeoutError } from "./lender.ts";

export { Emitter, type Extras, TimeoutError };
export type { Listener } from "./emitter.ts";
export type { Events, Factory, Options } from "./generic_pool_options.ts";

/** A pool in the shape of generic-pool's. */
export class Pool<T> extends Emitter<Events> {
  /** Our `Pool`: for `stats`, `observe`, `invalidate` and the rest that generic-pool lacks. */
  readonly pool: OurPool<T>;
  /** How many resources there may be. */
  readonly max: number;
  readonly #min: number;
  readonly #priorities: number;
  /** NaN: no limit. */
  readonly #maxWaiting: number;
  readonly #lender: Lender<T>;

  /**
   * Creates a pool, and starts it unless `autostart` is false.
   *
   * @param factory creates and destroys resources
   * @param options the options of generic-pool
   * @param extras options of our `Pool` that generic-pool lacks
   * @throws {TypeError} a function of `factory` is missing, or `options` has one of our `Pool`
   * @throws {RangeError} a number is out of bounds
   */
  constructor(factory: Factory<T>, options?: Options | null, extras: Extras<T> = {}) {
    super();
    const given = options ?? {};
    check(factory, given);
    this.max = Math.max(whole(given.max) || 1, 1);
    this.#min = Math.min(whole(given.min) || 0, this.max);
    this.#priorities = Math.max(whole(given.priorityRange) || 1, 1);
    this.#maxWaiting = whole(given.maxWaitingClients);
    this.pool = new OurPool((_n, { signal }) => {
      const made = called(() => factory.create());
      return this.#watch("factoryCreateError", made, signal);
    }, {
      ...hooksOf(factory, given),
      closer: (resource, { signal }) => {
        const gone = called(() => factory.destroy(resource));
        return this.#watch("factoryDestroyError", gone, signal);
      },
      maxSize: this.max,
      minSize: Math.max(this.#min, 0),
      timeout: whole(given.acquireTimeoutMillis) || 0,
      createRetry: true,
      idleOrder: given.fifo === false ? "lifo" : "fifo",
      maxAvailDelay: idleLimit(given),
      ...(given.destroyTimeoutMillis ? { closeTimeout: whole(given.destroyTimeoutMillis) } : {}),
      ...silent(extras),
      ...extras,
    });
    this.#lender = new Lender(this.pool);
    if (given.autostart !== false) this.start();
  }

  /** How many resources are created at the start, and kept up. */
  get min(): number {
    return this.#min;
  }

  /** How many resources there are: idle, borrowed and being created. */
  get size(): number {
    const { available, creating, using } = this.pool;
    return available + using + creating;
  }

  /** How many resources are idle. */
  get available(): number {
    return this.pool.available;
  }

  /** How many resources are borrowed or being validated. */
  get borrowed(): number {
    return this.pool.using;
  }

  /** How many `acquire`s wait. */
  get pending(): number {
    return this.pool.waiting;
  }

  /** How many more resources could be created now. Those being destroyed still count for `max`. */
  get spareResourceCapacity(): number {
    return this.max - this.pool.size;
  }

  /** Starts the pool: creates `min` resources. */
  start(): void {
    if (this.#min > 0) this.pool.ready().catch(() => {});
  }

  /** Resolves once there are `min` resources. */
  ready(): Promise<void> {
    return this.pool.ready();
  }

  /**
   * Borrows a resource.
   *
   * @param priority from 0, which is served first, to `priorityRange - 1`; any other is the latter
   * @returns the resource; `release` or `destroy` it
   * @throws {TimeoutError} no resource within `acquireTimeoutMillis`
   * @throws {PoolFullError} `maxWaitingClients` already wait
   * @throws {PoolClosedError} `drain` was called
   */
  acquire(priority?: number): Promise<T> {
    const { available, pending, spareResourceCapacity } = this;
    const isFull = spareResourceCapacity < 1 && available < 1 && pending >= this.#maxWaiting;
    if (isFull && !this.#lender.draining) {
      return Promise.reject(
        new PoolFullError(
          `${pending} wait already (maxWaitingClients): try again later, or raise it`,
        ),
      );
    }
    const rank = Number(priority ?? 0) | 0;
    const lowest = this.#priorities - 1;
    return this.#lender.borrow({ priority: 0 - (rank < 0 ? lowest : Math.min(rank, lowest)) });
  }

  /** Whether a resource is borrowed from this pool. */
  isBorrowedResource(resource: T): boolean {
    return this.#lender.has(resource);
  }

  /**
   * Returns a resource to the pool.
   *
   * @returns resolves once it is returned, and validated if `testOnReturn`
   * @throws {PoolError} the resource is not borrowed from this pool
   */
  release(resource: T): Promise<void> {
    return this.#lender.take(resource)?.release() ?? Promise.reject(unknownError("release"));
  }

  /**
   * Destroys a borrowed resource.
   *
   * @returns resolves at once; a failure emits `factoryDestroyError`
   * @throws {PoolError} the resource is not borrowed from this pool
   */
  destroy(resource: T): Promise<void> {
    const loan = this.#lender.take(resource);
    if (loan === undefined) return Promise.reject(unknownError("destroy"));
    void loan.discard();
    return Promise.resolve();
  }

  /**
   * Borrows a resource for `fn`. It is released when `fn` is done, and destroyed if `fn` fails.
   *
   * @returns the result of `fn`
   */
  async use<U>(fn: (resource: T) => U | PromiseLike<U>, priority?: number): Promise<U> {
    const resource = await this.acquire(priority);
    try {
      const result = await fn(resource);
      void this.#lender.take(resource)?.release();
      return result;
    } catch (error) {
      void this.#lender.take(resource)?.discard(error);
      throw error;
    }
  }

  /**
   * Serves present waiters, and then lends no more. `min` is no longer kept up.
   *
   * @returns resolves once no `acquire` waits and no resource is borrowed
   */
  drain(): Promise<void> {
    return this.#lender.drain();
  }

  /**
   * Destroys idle resources now, and borrowed ones at their release. Without `drain`, `min` is
   * created again; after `drain`, the pool ends.
   *
   * @returns resolves once the idle resources are destroyed
   */
  clear(): Promise<void> {
    return this.#lender.clear();
  }

  /** Emits an event if `work` fails, or if the signal aborts at its time limit. */
  #watch<V>(event: keyof Events, work: Promise<V>, signal: AbortSignal): Promise<V> {
    let told = false;
    const tell = (error: Error) => {
      // Later, so that a listener that throws does not harm the pool.
      if (!told) queueMicrotask(() => this.emit(event, error));
      told = true;
    };
    signal.addEventListener("abort", () => tell(signal.reason), { once: true });
    work.catch(tell);
    return work;
  }
}

/**
 * Creates a pool in the shape of generic-pool's.
 *
 * @param factory creates and destroys resources
 * @param options the options of generic-pool
 * @param extras options of our `Pool` that generic-pool lacks
 * @returns the pool
 * @throws {TypeError} a function of `factory` is missing, or `options` has one of our `Pool`
 * @throws {RangeError} a number is out of bounds
 */
export function createPool<T>(
  factory: Factory<T>,
  options?: Options | null,
  extras?: Extras<T>,
): Pool<T> {
  return new Pool(factory, options, extras);
}

/** Calls an asynchronous function, which may throw at once. */
async function called<V>(fn: () => V | PromiseLike<V>): Promise<V> {
  return await fn();
}

function unknownError(method: string): PoolError {
  return new PoolError(`${method}: that resource is not, or no longer, borrowed from this pool`);
}
