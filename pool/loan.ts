// Loan: an object on loan, as its borrower holds it.

import { asyncDispose, dispose as disposeSymbol } from "../disposal.ts";
import { type Borrower, type Entry, Lending } from "./entry.ts";
import { deadError } from "./explain.ts";
import { detach, discard, dispose, release } from "./release.ts";
import type { State } from "./state.ts";

/**
 * An object on loan from a pool, as {@linkcode Pool.borrow} returns it.
 *
 * Keep the loan as long as you use its object. If the loan is garbage-collected, the pool counts a
 * leak and closes the object, even if you still use it. A `const` that is not read again does not
 * keep the loan.
 *
 * The object is the bare one: the pool cannot refuse its use after the end of the loan.
 */
export interface Loan<T> extends AsyncDisposable, Disposable {
  /**
   * The object.
   *
   * @throws {LeaseError} the loan has ended
   */
  readonly object: T;
  /** Whether the loan has ended: the object was returned, discarded, detached or taken away. */
  readonly ended: boolean;
  /**
   * Returns the object to the pool. A second call changes nothing; it is logged and counted.
   *
   * @returns resolves once `retter` is done, also if `retter` failed
   */
  release(): Promise<void>;
  /**
   * Returns the object to be closed: it is not lent again.
   *
   * @param why for the log
   * @returns resolves once the object is closed
   */
  discard(why?: unknown): Promise<void>;
  /**
   * Takes the object out of the pool for good. The caller owns it, and its place is free.
   *
   * @returns the object
   * @throws {LeaseError} the loan has ended
   */
  detach(): T;
}

const INSPECT = Symbol.for("nodejs.util.inspect.custom");
const DENO_INSPECT = Symbol.for("Deno.customInspect");

/** There is one for each `get`: so its fields are set once. */
export class PoolLoan<T> extends Lending<T> implements Loan<T> {
  declare readonly pool: State<T>;

  constructor(pool: State<T>, entry: Entry<T>, borrower: Borrower | undefined) {
    super(entry, borrower);
    this.pool = pool;
  }

  get object(): T {
    if (this.end !== undefined) throw deadError(this.pool.name, "loan", this.end);
    return this.entry.object;
  }

  get ended(): boolean {
    return this.end !== undefined;
  }

  release(): Promise<void> {
    return release(this.pool, this);
  }

  discard(why?: unknown): Promise<void> {
    return discard(this.pool, this, why);
  }

  detach(): T {
    if (this.end !== undefined) throw deadError(this.pool.name, "loan", this.end);
    return detach(this.pool, this);
  }

  /** A call through it has failed, or its user otherwise: `discardOnError` decides what that means. */
  fail(error: unknown): void {
    const { end, failure, pool } = this;
    // Each failure is asked about once: the first may be harmless, and the next one not.
    const isKnown = failure !== undefined && (failure.spoilt || failure.error === error);
    if (end !== undefined || isKnown) return;
    this.failure = { error, spoilt: true }; // for as long as it is asked, which may end the loan
    this.failure = { error, spoilt: pool.hooks.discardsAfter(error) };
  }

  [asyncDispose](): Promise<void> {
    return dispose(this.pool, this);
  }

  [disposeSymbol](): void {
    void dispose(this.pool, this);
  }

  /** What JSON shows: a loan is no data. */
  toJSON(): string {
    return this[INSPECT]();
  }

  [INSPECT](): string {
    const { end, entry, pool } = this;
    return `Loan of ${pool.name}: ${end ?? pool.hooks.label(entry)}`;
  }

  [DENO_INSPECT](): string {
    return this[INSPECT]();
  }
}

/** Whether it is a loan; a proxy may refuse to tell. */
export function isLoan(value: unknown): boolean {
  try {
    return value instanceof PoolLoan;
  } catch {
    return false;
  }
}
