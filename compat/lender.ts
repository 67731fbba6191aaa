// Lender: what the facades have in common. They lend the object itself, and take it back by its identity.

import { PoolClosedError, PoolTimeoutError } from "../errors.ts";
import type { Pool } from "../pool.ts";
import type { Loan } from "../pool/loan.ts";
import type { GetOptions, PoolOptions } from "../pool/options.ts";
import { isThenable } from "../values.ts";

/** What may be given besides the peer's own options: options of our own `Pool` that the peer lacks. */
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

/** It took too long: by this name peers' users know a `PoolTimeoutError`, of which it has all fields. */
export class TimeoutError extends PoolTimeoutError {
  /** The name of the error's class. */
  override name = "TimeoutError";
}

/** A `PoolTimeoutError` by the peers' name; any other error as it is. `message`: instead of its own. */
export function late(error: unknown, message?: string): unknown {
  if (!(error instanceof PoolTimeoutError)) return error;
  const { cause } = error;
  const options = cause === undefined ? undefined : { cause };
  const Renamed = TimeoutError; // it has the message of another
  return new Renamed(message ?? error.message, error, options);
}

/** What the peers take for true, of an answer that may be a promise. */
export function truth(answer: unknown): boolean | PromiseLike<boolean> {
  return isThenable(answer) ? answer.then(Boolean) : Boolean(answer);
}

/** The peers say nothing: nor do facades, unless they are told where or how much. */
export function silent<T>({ logger, logLevel }: Extras<T>): Pick<PoolOptions<T>, "logLevel"> {
  return logger === undefined && logLevel === undefined ? { logLevel: "silent" } : {};
}

/** Throws unless these functions are there. */
export function checkFunctions(functions: Readonly<Record<string, unknown>>): void {
  for (const [name, given] of Object.entries(functions)) {
    if (typeof given !== "function") throw new TypeError(`new Pool: ${name} must be a function`);
  }
}

/** Throws unless the bounds are such, as tarn and sequelize-pool want them. */
export function checkBounds({ max, min }: { readonly max: number; readonly min: number }): void {
  if (!Number.isInteger(min) || min < 0) {
    throw new RangeError(`new Pool: min must be a whole number from 0 on, got ${min}`);
  }
  if (!Number.isInteger(max) || max < Math.max(min, 1)) {
    throw new RangeError(`new Pool: max must be a whole number from 1 and min on, got ${max}`);
  }
}

/** Lends the objects of a pool by themselves. */
export class Lender<T> {
  readonly #pool: Pool<T>;
  /** A loan that nobody holds is a leak, and borrowers hold but its object. */
  readonly #loans: Map<T, Loan<T>> = new Map();
  /** How many borrowers wait or have an object, and who waits for there to be none. */
  #busy = 0;
  #settling: (() => void)[] = [];
  #draining = false;

  constructor(pool: Pool<T>) {
    this.#pool = pool;
  }

  /** Whether nothing more is lent. */
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

  /** The loan of an object, to be ended; undefined if it is not lent. */
  take(object: T): Loan<T> | undefined {
    const loan = this.#loans.get(object);
    if (this.#loans.delete(object)) this.#done();
    return loan;
  }

  /** Lends nothing more, and keeps nothing up; resolves once nobody waits and nothing is lent. */
  async drain(): Promise<void> {
    this.#draining = true;
    this.#pool.resize({ minSize: 0 });
    if (this.#busy > 0) await new Promise<void>((resolve) => this.#settling.push(resolve));
  }

  /** Closes what is unused. After `drain`, once all is back, the pool is over. */
  clear(): Promise<void> {
    return this.#draining && this.#busy === 0 ? this.#pool.shutdown() : this.#pool.reset();
  }

  #done(): void {
    if (--this.#busy > 0) return;
    for (const resolve of this.#settling.splice(0)) resolve();
  }
}
