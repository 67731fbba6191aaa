// Lender: the base of the facades. It lends bare objects, and takes them back by identity.

import { PoolClosedError, PoolTimeoutError } from "../errors.ts";
import type { Pool } from "../pool.ts";
import type { Loan } from "../pool/loan.ts";
import type { GetOptions, PoolOptions } from "../pool/options.ts";
import { isThenable } from "../values.ts";

/** Options of our `Pool` that the other pool lacks. */
export type Extras<T> = Pick<
  PoolOptions<T>,
  | "name"
  | "logger"
  | "logLevel"
  | "tracer"
  | "stats"
  | "traceHolders"
  | "createTimeout"
  | "createBackoff"
  | "hookTimeout"
  | "closeTimeout"
  | "maxLifetime"
  | "lifetimeJitter"
  | "maxUsingDelay"
  | "minAvailable"
  | "maxCreating"
  | "queueTarget"
  | "queueInterval"
>;

/** A `PoolTimeoutError` by the name that other pools use. It has the same fields. */
export class TimeoutError extends PoolTimeoutError {
  /** The name of the class. */
  override name = "TimeoutError";
}

/**
 * Turns a `PoolTimeoutError` into a `TimeoutError`; returns other errors unchanged. `message`
 * replaces its own.
 */
export function late(error: unknown, message?: string): unknown {
  if (!(error instanceof PoolTimeoutError)) return error;
  const { cause } = error;
  const options = cause === undefined ? undefined : { cause };
  const Renamed = TimeoutError; // its message is given
  return new Renamed(message ?? error.message, error, options);
}

/** Whether an answer, or that of a promise, is truthy: so the other pools decide. */
export function truth(answer: unknown): boolean | PromiseLike<boolean> {
  return isThenable(answer) ? answer.then(Boolean) : Boolean(answer);
}

/** Other pools log nothing. Facades log only if `logger` or `logLevel` is given. */
export function silent<T>({ logger, logLevel }: Extras<T>): Pick<PoolOptions<T>, "logLevel"> {
  return logger === undefined && logLevel === undefined ? { logLevel: "silent" } : {};
}

/** Throws unless all of these are functions. */
export function checkFunctions(functions: Readonly<Record<string, unknown>>): void {
  for (const [name, given] of Object.entries(functions)) {
    if (typeof given !== "function") throw new TypeError(`new Pool: ${name} must be a function`);
  }
}

/** Throws unless the bounds are valid for tarn and sequelize-pool. */
export function checkBounds({ max, min }: { readonly max: number; readonly min: number }): void {
  if (!Number.isInteger(min) || min < 0) {
    throw new RangeError(`new Pool: min must be a whole number from 0 on, got ${min}`);
  }
  if (!Number.isInteger(max) || max < Math.max(min, 1)) {
    throw new RangeError(`new Pool: max must be a whole number from 1 and min on, got ${max}`);
  }
}

/** Lends the bare objects of a pool. */
export class Lender<T> {
  readonly #pool: Pool<T>;
  /** Keeps the loans: borrowers keep only the object, and a collected loan is a leak. */
  readonly #loans: Map<T, Loan<T>> = new Map();
  /** How many borrowers wait or have an object, and what is called when there are none. */
  #busy = 0;
  #settling: (() => void)[] = [];
  #draining = false;

  constructor(pool: Pool<T>) {
    this.#pool = pool;
  }

  /** Whether `drain` was called. */
  get draining(): boolean {
    return this.#draining;
  }

  /** Borrows an object. */
  async borrow(options?: GetOptions): Promise<T> {
    if (this.#draining) {
      throw new PoolClosedError("this pool is drained: create another one");
    }
    this.#busy++;
    try {
      const loan = await this.#pool.borrow(options);
      const { object } = loan;
      this.#loans.set(object, loan);
      return object;
    } catch (error) {
      this.#done();
      throw late(error);
    }
  }

  /** Whether an object is lent. */
  has(object: T): boolean {
    return this.#loans.has(object);
  }

  /** Removes and returns the loan of an object; undefined if it is not lent. */
  take(object: T): Loan<T> | undefined {
    const loan = this.#loans.get(object);
    if (this.#loans.delete(object)) this.#done();
    return loan;
  }

  /** Ends lending, and keeps no minimum; resolves once no borrower waits and no object is lent. */
  async drain(): Promise<void> {
    this.#draining = true;
    this.#pool.resize({ minSize: 0 });
    if (this.#busy > 0) await new Promise<void>((resolve) => this.#settling.push(resolve));
  }

  /** Closes idle objects. After `drain` it shuts the pool down. */
  clear(): Promise<void> {
    return this.#draining && this.#busy === 0 ? this.#pool.shutdown() : this.#pool.reset();
  }

  #done(): void {
    if (--this.#busy > 0) return;
    for (const resolve of this.#settling.splice(0)) resolve();
  }
}
