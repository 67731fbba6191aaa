/**
 * The shape of sequelize-pool 8 over our `Pool`: in an import, put this in the place of `sequelize-pool`; and
 * `useWithSequelize`, which has Sequelize 6 use it.
 *
 * What is stricter here than there:
 *
 * - `max` holds for all resources, also for those that are being destroyed.
 * - `min` resources are made with the first `acquire`; there after the first `destroy`.
 * - A `create` that fails rejects the oldest `acquire` that waited when it began. After the second failure in
 *   a row the pool rests before it tries again, up to 5 s (`createBackoff`).
 * - A `create` may take 30 s, and a `destroy` 5 s: then each counts as failed. There they have no limit.
 * - `create` must make another resource each time, and neither null nor undefined.
 * - A `validate` that throws destroys the resource; there the resource stays, and `acquire` throws. It may be
 *   async, too.
 * - An unused resource is destroyed at its own moment: `reapIntervalMillis` has no effect.
 * - `acquireTimeoutMillis: 0` is no limit; there it is over at once.
 * - `destroyAllNow` destroys also what is borrowed, when it comes back.
 *
 * As there, a resource is known by itself: whoever releases it twice may release the next borrower's.
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
  /** The pool under it: for `stats`, `observe`, `invalidate` and all else that sequelize-pool lacks. */
  readonly pool: OurPool<T>;
  readonly #options: FactoryOptions<T>;
  readonly #lender: Lender<T>;
  /** Those being destroyed. */
  readonly #closings: Map<T, Promise<void>> = new Map();

  /**
   * Checks the options; starts nothing.
   *
   * @param options those of sequelize-pool
   * @param extras options of our own `Pool`, which sequelize-pool lacks
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

  /** How many resources there are: unused, in use and being made. */
  get size(): number {
    const { available, creating, using } = this.pool;
    return available + using + creating;
  }

  /** What messages call the pool. */
  get name(): string | undefined {
    return this.#options.name;
  }

  /** How many are unused. */
  get available(): number {
    return this.pool.available;
  }

  /** How many are in use. */
  get using(): number {
    return this.pool.using;
  }

  /** How many `acquire`s wait. */
  get waiting(): number {
    return this.pool.waiting;
  }

  /** How many there may be. */
  get maxSize(): number {
    return this.#options.max;
  }

  /** How many are kept up. */
  get minSize(): number {
    return this.#options.min;
  }

  /**
   * Borrows a resource.
   *
   * @returns the resource: `release` or `destroy` it
   * @throws {TimeoutError} it took longer than `acquireTimeoutMillis`
   * @throws {PoolClosedError} `drain` was called
   * @throws what `create` failed with
   */
  acquire(): Promise<T> {
    return this.#lender.borrow();
  }

  /** Gives a resource back; one that is not in use is logged, no more. */
  release(resource: T): void {
    const loan = this.#lender.take(resource);
    if (loan === undefined) {
      this.#log("release: that resource is not in use, or no longer", "error");
    } else void loan.release();
  }

  /**
   * Destroys a resource, whether it is in use or not; one that is not the pool's is let alone.
   *
   * @returns resolves when it is gone
   * @throws what the factory's `destroy` failed with
   */
  async destroy(resource: T): Promise<void> {
    const loan = this.#lender.take(resource);
    if (loan === undefined) this.pool.invalidate(resource);
    else void loan.discard();
    await this.#closings.get(resource);
  }

  /**
   * From now on nothing more is lent, and `min` not kept up; who waits already is served.
   *
   * @returns resolves once nobody waits and nothing is in use
   */
  drain(): Promise<void> {
    return this.#lender.drain();
  }

  /**
   * Destroys all that are unused, and those in use when they come back.
   *
   * @returns resolves when the unused ones are gone
   * @throws {AggregateError} some could not be destroyed
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
 * Has an instance of Sequelize 6 use pools of ours in the place of its own: right after it is made.
 *
 * A `TimeoutError` reaches its users as Sequelize's own `ConnectionAcquireTimeoutError`. With `replication`
 * there are two pools, as before.
 *
 * @param sequelize the instance
 * @param options what to change of its options of the pool, and options of our own `Pool`
 * @returns the pools; without `replication` one for both
 * @throws {TypeError} it is no instance of Sequelize 6, or has connections already
 */
export function useWithSequelize(
  sequelize: object,
  options: SequelizeOptions & Extras<object> = {},
): { readonly read: Pool<object>; readonly write: Pool<object> } {
  const { acquire, idle, max, maxUses, min, validate, ...extras } = options;
  const changed = { acquire, idle, max, maxUses, min, validate };
  return install(sequelize, changed, ({ late, ...factory }) => new Late(factory, extras, late));
}

/** A pool whose users know a `TimeoutError` by another name. */
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
