// Lease: a loan that stands for its object, and is refused once it has ended.

import { Forward, HANDLER, handlerOf, Label, standIn } from "../forward.ts";
import { deadError } from "./explain.ts";
import type { PoolLoan } from "./loan.ts";
import { dispose } from "./release.ts";

/**
 * An object on loan from a pool. Use it as the object itself; dispose of it, by `await using` or
 * {@linkcode Pool.ret}, to give it back. Once given back, any use of it throws a
 * {@linkcode LeaseError}.
 *
 * What no forwarding can do, and what there is {@linkcode Pool.unwrap} for: a lease is not `===` its
 * object, a method read from it is another function each time, native code, `structuredClone` and
 * `Object.isFrozen` see the lease, and a method whose promise resolves to its own object resolves to
 * the bare one. A lease is never a thenable: `then` reads as undefined.
 */
export type Lease<T> = T & {
  /** Gives the object back; resolves once `retter` is done. Never rejects. */
  [Symbol.asyncDispose](): Promise<void>;
  /** Gives the object back, without waiting for an asynchronous `retter`. */
  [Symbol.dispose](): void;
};

/** The handler, and mostly the target too, of a lease. There is one for each `get`. */
class LeaseHandler<T> extends Forward {
  declare readonly loan: PoolLoan<T>;

  constructor(loan: PoolLoan<T>) {
    super();
    this.loan = loan;
  }

  bare(): T {
    const { loan } = this;
    if (loan.end !== undefined) throw deadError(loan.pool.name, "lease", loan.end);
    return loan.entry.object;
  }

  override get(_shadow: object, key: PropertyKey, stand: unknown): unknown {
    if (key === "then") return undefined; // first: every promise of a lease asks for it
    if (typeof key === "symbol") {
      if (key === Symbol.asyncDispose) return disposer(this.loan);
      if (key === HANDLER) return this;
      const disposal = disposalOf(key);
      if (disposal === "async") return disposer(this.loan);
      if (disposal === "sync") return syncDisposer(this.loan);
    }
    return this.read(this.bare(), key, stand);
  }

  protected shown(): unknown {
    const { loan } = this;
    if (loan.end === undefined) return loan.entry.object;
    return new Label(`[Lease of ${loan.pool.name}: ${loan.end}]`);
  }
}

/** A lease of `loan`. */
export function leaseOf<T>(loan: PoolLoan<T>): Lease<T> {
  return standIn(new LeaseHandler(loan), loan.entry.object) as Lease<T>;
}

/** The loan behind a lease, ended or not; undefined of anything else. */
export function loanBehind(lease: unknown): PoolLoan<unknown> | undefined {
  const handler = handlerOf(lease);
  return handler instanceof LeaseHandler ? handler.loan : undefined;
}

/**
 * Read at the time, and known by their names, too: a polyfill may bring the symbols after this module
 * was loaded, and another realm has others. The object's own disposal must never be called instead.
 */
function disposalOf(key: symbol): "async" | "sync" | undefined {
  if (key === Symbol.dispose || key.description === "Symbol.dispose") return "sync";
  return key.description === "Symbol.asyncDispose" ? "async" : undefined;
}

// Functions of their own, or else each `get` of a lease would set up what these two need.

function disposer<T>(loan: PoolLoan<T>): () => Promise<void> {
  return () => dispose(loan.pool, loan);
}

function syncDisposer<T>(loan: PoolLoan<T>): () => void {
  return () => void dispose(loan.pool, loan);
}
