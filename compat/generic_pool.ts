/**
 * The shape of generic-pool 3.9 over our `Pool`: in an import, put this in the place of `generic-pool`.
 *
 * What is stricter here than there:
 *
 * - `max` holds for all resources, also for those that are being destroyed.
 * - A `create` that fails is tried again after a rest, which gets longer (`createBackoff`), not at once. As
 *   there, `acquire` goes on waiting, and `factoryCreateError` tells of each failure.
 * - A `create` may take 30 s, a `validate` 5 s, and a `destroy` 5 s unless `destroyTimeoutMillis` says
 *   otherwise: then each counts as failed. There they have no limit.
 * - `create` must make another resource each time, and neither null nor undefined.
 * - `testOnBorrow` does not validate a resource that was just made. A `validate` that fails destroys the
 *   resource; there it is an unhandled rejection. `testOnReturn` works; there it does nothing.
 * - An unused resource is destroyed at its own moment. `evictionRunIntervalMillis` only says whether that is
 *   done at all, and `numTestsPerEvictionRun` nothing. What `min` needs is not destroyed for being unused.
 * - `clear` replaces also what is borrowed, when it comes back. There, without `drain`, `clear` leaves what it
 *   has destroyed in the pool.
 * - `use` takes also a function that is synchronous, or throws at once.
 * - Options that are wrong are refused by the constructor. `Promise` is ignored. `Pool` takes no `Evictor`,
 *   `Deque` or `PriorityQueue`, which are not there.
 *
 * As there, a resource is known by itself: whoever releases it twice may release the next borrower's.
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
  /** The pool under it: for `stats`, `observe`, `invalidate` and all else that generic-pool lacks. */
  readonly pool: OurPool<T>;
  /** How many resources there may be. */
  readonly max: number;
  readonly #min: number;
  readonly #priorities: number;
  /** NaN: no limit. */
  readonly #maxWaiting: number;
  readonly #lender: Lender<T>;

  /**
   * Makes one, and starts it unless `autostart` is false.
   *
   * @param factory makes and destroys resources
   * @param options those of generic-pool
   * @param extras options of our own `Pool`, which generic-pool lacks
   * @throws {TypeError} a function of `factory` is missing
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

  /** How many are made at the start, and kept up. */
  get min(): number {
    return this.#min;
  }

  /** How many resources there are: unused, borrowed and being made. */
  get size(): number {
    const { available, creating, using } = this.pool;
    return available + using + creating;
  }

  /** How many are unused. */
  get available(): number {
    return this.pool.available;
  }

  /** How many are borrowed, or being validated. */
  get borrowed(): number {
    return this.pool.using;
  }

  /** How many `acquire`s wait. */
  get pending(): number {
    return this.pool.waiting;
  }

  /** How many more could be made now: those being destroyed still have their places. */
  get spareResourceCapacity(): number {
    return this.max - this.pool.size;
  }

  /** Starts the pool: `min` resources are made. */
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
   * @returns the resource: `release` or `destroy` it
   * @throws {TimeoutError} it took longer than `acquireTimeoutMillis`
   * @throws {PoolFullError} `maxWaitingClients` wait already
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
   * Gives a resource back.
   *
   * @returns resolves once it is back, and validated if `testOnReturn`
   * @throws {PoolError} it is not borrowed from this pool
   */
  release(resource: T): Promise<void> {
    return this.#lender.take(resource)?.release() ?? Promise.reject(unknownError("release"));
  }

  /**
   * Gives a resource back to be destroyed.
   *
   * @returns resolves at once: `factoryDestroyError` tells if that fails
   * @throws {PoolError} it is not borrowed from this pool
   */
  destroy(resource: T): Promise<void> {
    const loan = this.#lender.take(resource);
    if (loan === undefined) return Promise.reject(unknownError("destroy"));
    void loan.discard();
    return Promise.resolve();
  }

  /**
   * Borrows a resource for `fn`; it is released when `fn` is done, and destroyed if that fails.
   *
   * @returns what `fn` gives
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
   * From now on nothing more is lent, and `min` not kept up; who waits already is served.
   *
   * @returns resolves once nobody waits and nothing is borrowed
   */
  drain(): Promise<void> {
    return this.#lender.drain();
  }

  /**
   * Destroys what is unused, and what is borrowed when it comes back; without `drain`, `min` is made again.
   * After `drain` that is the end of the pool.
   *
   * @returns resolves once what was unused is destroyed
   */
  clear(): Promise<void> {
    return this.#lender.clear();
  }

  /** Tells of a failure of `work`, and if its time is over before: then the signal aborts. */
  #watch<V>(event: keyof Events, work: Promise<V>, signal: AbortSignal): Promise<V> {
    let told = false;
    const tell = (error: Error) => {
      // Later, for a listener that throws to do no harm to the pool.
      if (!told) queueMicrotask(() => this.emit(event, error));
      told = true;
    };
    signal.addEventListener("abort", () => tell(signal.reason), { once: true });
    work.catch(tell);
    return work;
  }
}

/**
 * Makes a pool in the shape of generic-pool's.
 *
 * @param factory makes and destroys resources
 * @param options those of generic-pool
 * @param extras options of our own `Pool`, which generic-pool lacks
 * @returns the pool
 * @throws {TypeError} a function of `factory` is missing
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
