// Lease: a loan that stands for its object, and is refused once it has ended.

import { asyncDispose, dispose as disposeSymbol, isAsyncDispose, isDispose } from "../disposal.ts";
import { Forward, HANDLER, handlerOf, Label, standIn } from "../forward.ts";
import { learn, type Origin, UNREAD, WHENCE } from "../handed.ts";
import { deadError } from "./explain.ts";
import type { PoolLoan } from "./loan.ts";
import { dispose } from "./release.ts";

/**
 * An object on loan from a pool. Use the lease as the object itself. Return it by `await using` or
 * {@linkcode Pool.ret}; after that each use throws a {@linkcode LeaseError}.
 *
 * Forwarding has limits; where they matter, use {@linkcode Pool.unwrap}. A lease is not `===` its
 * object. Each read of a method gives a new function. Native code, `structuredClone` and
 * `Object.isFrozen` see the lease. A method whose promise resolves to its own object resolves to
 * the bare object. A lease is never a thenable: `then` reads as undefined.
 */
export type Lease<T> = T & {
  /** Returns the object; resolves once `retter` is done. Never rejects. */
  [Symbol.asyncDispose](): Promise<void>;
  /** Returns the object, without waiting for an asynchronous `retter`. */
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

  override standsFor(object: unknown): boolean {
    return this.loan.entry.object === object; // also when it has ended
  }

  override failed(error: unknown): void {
    this.loan.fail(error);
  }

  override get(_shadow: object, key: PropertyKey, stand: unknown): unknown {
    if (key === "then") return undefined; // first: every promise of a lease asks for it
    if (typeof key === "symbol") {
      // Never the object's own, whatever symbols a polyfill has brought.
      if (isAsyncDispose(key)) return disposer(this);
      if (key === HANDLER) return this;
      if (isDispose(key)) return syncDisposer(this);
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

// Functions of their own, or else each `get` of a lease would set up what these two need.

function disposer<T>(handler: LeaseHandler<T>): () => Promise<void> {
  return (asked?: unknown) =>
    asked === WHENCE ? own(handler, asyncDispose) : returned(handler.loan);
}

function syncDisposer<T>(handler: LeaseHandler<T>): () => void {
  return (asked?: unknown) =>
    asked === WHENCE ? own(handler, disposeSymbol) : void returned(handler.loan);
}

// Put back, they leave the object what it has of its own.
learn(disposer(undefined!));
learn(syncDisposer(undefined!));

function own<T>(giver: LeaseHandler<T>, key: symbol): never {
  return { giver, key, method: UNREAD } satisfies Origin as never;
}

function returned<T>(loan: PoolLoan<T>): Promise<void> {
  return dispose(loan.pool, loan);
}
