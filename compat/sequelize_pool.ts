/**
 * The shape of sequelize-pool 8 over our `Pool`: import it instead of `sequelize-pool`.
 * `useWithSequelize` lets Sequelize 6 use it.
 *
 * Differences from sequelize-pool:
 *
 * - `max` includes resources that are being destroyed.
 * - `min` resources are created at the first `acquire`; there after the first `destroy`.
 * - A failed `create` rejects the oldest `acquire` that waited at its begin. From the second
 *   failure in a row the pool rests before the next attempt, up to 5 s (`createBackoff`).
 * - The functions have time limits, after which they have failed: `create` 30 s, `destroy` 5 s.
 * - `create` must return a new resource each time, not null or undefined.
 * - If `validate` throws, the resource is destroyed; there it stays, and `acquire` throws.
 *   `validate` may be async.
 * - An idle resource is destroyed when its own time is over: `reapIntervalMillis` has no effect.
 * - `acquireTimeoutMillis: 0` means no limit; there `acquire` fails at once.
 * - `destroyAllNow` also destroys borrowed resources, at their release.
 *
 * As there, resources are known by identity: a second `release` may release the next borrower's
 * resource.
 *
 * @example
 * ```ts
 * import { Pool } from "@x/proxypool/compat/sequelize-pool";
 *
 * const pool = new Pool({
 *   create: () => Promise.resolve({ query: (sql: string) => `done: ${sql}`, open: true }),
 *   destroy: (client) => void (client.open = false),
 *   validate: (client) => client.open,
 *   min: 0,
 *   max: 10,
 * });
 * const client = await pool.acquire();
 * console.assert(client.query("select 1") === "done: select 1");
 * pool.release(client);
 * await pool.drain();
 * await pool.destroyAllNow();
 * ```
 *
 * @module
 */

import { Pool as OurPool } from "../pool.ts";
import { MAX_DELAY } from "../pool/clock.ts";
import { type Extras, Lender, silent, TimeoutError, truth } from "./lender.ts";
import {
  check,
  type FactoryOptions,
  loggerOf,
  type LogLevel,
  writerOf,
} from "./sequelize_pool_options.ts";
import { install, type SequelizeOptions, type SequelizePool } from "./sequelize.ts";

export { type Extras, type SequelizeOptions, type SequelizePool, TimeoutError };
export type { FactoryLogger, FactoryOptions, LogLevel } from "./sequelize_pool_options.ts";

/** Several resources could not be destroyed. */
export const AggregateError: AggregateErrorConstructor = globalThis.AggregateError;
/** Several resources could not be destroyed. */
export type AggregateError = globalThis.AggregateError;

/** A pool in the shape of sequelize-pool's. */
export class Pool<T> {
  /** Our `Pool`: for `stats`, `observe`, `invalidate` and the rest that sequelize-pool lacks. */
  readonly pool: OurPool<T>;
  readonly #options: FactoryOptions<T>;
  readonly #lender: Lender<T>;
  /** The resources that are being destroyed. */
  readonly #closings: Map<T, Promise<void>> = new Map();

  /**
   * Checks the options; starts nothing.
   *
   * @param options the options of sequelize-pool
   * @param extras options of our `Pool` that sequelize-pool lacks
   * @throws {TypeError} a function is missing
   * @throws {RangeError} a number is out of bounds
   */
  constructor(options: FactoryOptions<T>, extras: Extras<T> = {}) {
    check(options);
    const { idleTimeoutMillis, log, max, maxUses = Infinity, min, name } = this.#options = options;
    this.pool = new OurPool<T>(() => options.create(), {
      closer: (resource) => this.#close(resource),
      health: (resource) => truth(options.validate(resource)),
      healthAfter: 0,
      healthFreq: MAX_DELAY,
      maxSize: max,
      minSize: min,
      maxUse: maxUses === Infinity ? 0 : Math.max(Math.ceil(maxUses), 1),
      maxAvailDelay: Math.min(Math.max(idleTimeoutMillis ?? 30_000, 1), MAX_DELAY),
      timeout: options.acquireTimeoutMillis ?? 30_000,
      ...(name === undefined ? {} : { name }),
      ...(log ? { logger: loggerOf(writerOf(log)), logLevel: "debug" } : silent(extras)),
      ...extras,
    });
    this.#lender = new Lender(this.pool);
  }

  /** How many resources there are: idle, in use and being created. */
  get size(): number {
    const { available, creating, using } = this.pool;
    return available + using + creating;
  }

  /** The name of the pool in messages. */
  get name(): string | undefined {
    return this.#options.name;
  }

  /** How many resources are idle. */
  get available(): number {
    return this.pool.available;
  }

  /** How many resources are in use. */
  get using(): number {
    return this.pool.using;
  }

  /** How many `acquire`s wait. */
  get waiting(): number {
    return this.pool.waiting;
  }

  /** How many resources there may be. */
  get maxSize(): number {
    return this.#options.max;
  }

  /** How many resources are kept up. */
  get minSize(): number {
    return this.#options.min;
  }

  /**
   * Borrows a resource.
   *
   * @returns the resource; `release` or `destroy` it
   * @throws {TimeoutError} no resource within `acquireTimeoutMillis`
   * @throws {PoolClosedError} `drain` was called
   * @throws the failure of `create`
   */
  acquire(): Promise<T> {
    return this.#lender.borrow();
  }

  /** Returns a resource to the pool. A resource that is not in use is only logged. */
  release(resource: T): void {
    const loan = this.#lender.take(resource);
    if (loan === undefined) {
      this.#log("release: that resource is not in use, or no longer", "error");
    } else void loan.release();
  }

  /**
   * Destroys a resource, in use or idle. A resource of another pool is ignored.
   *
   * @returns resolves when it is destroyed
   * @throws the failure of the factory's `destroy`
   */
  async destroy(resource: T): Promise<void> {
    const loan = this.#lender.take(resource);
    if (loan === undefined) this.pool.invalidate(resource);
    else void loan.discard();
    await this.#closings.get(resource);
  }

  /**
   * Serves present waiters, and then lends no more. `min` is no longer kept up.
   *
   * @returns resolves once no `acquire` waits and no resource is in use
   */
  drain(): Promise<void> {
    return this.#lender.drain();
  }

  /**
   * Destroys idle resources now, and resources in use at their release.
   *
   * @returns resolves when the idle resources are destroyed
   * @throws {AggregateError} some resources could not be destroyed
   */
  async destroyAllNow(): Promise<void> {
    const cleared = this.#lender.clear();
    const ends = await Promise.allSettled(this.#closings.values());
    await cleared;
    const errors = ends.flatMap((end) => end.status === "rejected" ? [end.reason] : []);
    if (errors.length > 0) {
      throw new AggregateError(errors, `${errors.length} resources could not be destroyed`);
    }
  }

  #close(resource: T): Promise<void> {
    const closing = (async () => void await this.#options.destroy(resource))()
      .finally(() => this.#closings.delete(resource));
    this.#closings.set(resource, closing);
    return closing;
  }

  #log(message: string, level: LogLevel): void {
    const { log, name = "" } = this.#options;
    if (log) writerOf(log)(`${name}: ${message}`, level);
  }
}

/**
 * Replaces the pools of an instance of Sequelize 6 by ours. Call it right after `new Sequelize()`.
 *
 * A `TimeoutError` becomes Sequelize's own `ConnectionAcquireTimeoutError`. With `replication`
 * there are two pools, as before.
 *
 * @param sequelize the instance
 * @param options changes of its pool options, and options of our `Pool`
 * @returns the pools; without `replication`, both are the same
 * @throws {TypeError} the argument is no instance of Sequelize 6, or already has connections
 */
export function useWithSequelize(
  sequelize: object,
  options: SequelizeOptions & Extras<object> = {},
): { readonly read: Pool<object>; readonly write: Pool<object> } {
  const { acquire, idle, max, maxUses, min, validate, ...extras } = options;
  const changed = { acquire, idle, max, maxUses, min, validate };
  return install(sequelize, changed, ({ late, ...factory }) => new Late(factory, extras, late));
}

/** A pool with another class for a `TimeoutError`. */
class Late extends Pool<object> {
  readonly #late: (error: TimeoutError) => Error;

  constructor(
    options: FactoryOptions<object>,
    extras: Extras<object>,
    late: (error: TimeoutError) => Error,
  ) {
    super(options, extras);
    this.#late = late;
  }

  override acquire(): Promise<object> {
    return super.acquire().catch((error) => {
      throw error instanceof TimeoutError ? this.#late(error) : error;
    });
  }
}
