// Lease: what a borrower holds, and what becomes of it.

import { LeaseError } from "../errors.ts";
import { Forward, HANDLER, handlerOf, Label, standIn } from "../forward.ts";
import type { Borrower, Entry, LeaseEnd } from "./entry.ts";

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

/** Whom a loan goes back to. */
export interface Lender<T> {
  /** The pool's name, for messages. */
  readonly name: string;
  /** The borrower disposes of its lease. */
  dispose(loan: Loan<T>): Promise<void>;
}

const { asyncDispose, dispose } = Symbol;

/**
 * One lending of an entry's object: the handler, and mostly the target too, of a lease. There is one
 * for each `get`: so its fields are set once, and it has no private methods, each of which would mark
 * every instance.
 */
export class Loan<T> extends Forward implements Borrower {
  declare readonly lender: Lender<T>;
  declare readonly entry: Entry<T>;
  /** How it ended; undefined while it is alive. */
  declare end: LeaseEnd | undefined;
  /** The lease, held so that it cannot be lost unnoticed; undefined once the leak registry has it. */
  declare lease: Lease<T> | undefined;

  constructor(lender: Lender<T>, entry: Entry<T>) {
    super();
    this.lender = lender;
    this.entry = entry;
    this.end = undefined;
    this.lease = standIn(this, entry.object) as Lease<T>;
  }

  bare(): T {
    if (this.end !== undefined) throw deadError(this.lender.name, this.end);
    return this.entry.object;
  }

  override get(_shadow: object, key: PropertyKey, stand: unknown): unknown {
    if (key === "then") return undefined; // first: every promise of a lease asks for it
    if (typeof key === "symbol") {
      if (key === asyncDispose) return disposer(this, stand);
      if (key === HANDLER) return this;
      if (key === dispose) return syncDisposer(this, stand);
    }
    return this.read(this.bare(), key, stand);
  }

  /** Ends the loan: from now on the lease throws. */
  revoke(end: LeaseEnd): void {
    this.end = end;
    this.lease = undefined;
  }

  protected shown(): unknown {
    if (this.end === undefined) return this.entry.object;
    return new Label(`[Lease of ${this.lender.name}: ${this.end}]`);
  }
}

// Functions of their own, or else each `get` of a lease would set up what these two need. Whoever can
// still dispose of a lease has not lost it: `stand` is held for that.

function disposer<T>(loan: Loan<T>, stand: unknown): () => Promise<void> {
  return () => returned(loan, stand);
}

function syncDisposer<T>(loan: Loan<T>, stand: unknown): () => void {
  return () => void returned(loan, stand);
}

function returned<T>(loan: Loan<T>, _stand: unknown): Promise<void> {
  return loan.lender.dispose(loan);
}

function deadError(name: string, end: LeaseEnd): LeaseError {
  return new LeaseError(
    `this lease of ${name} was ${end} and cannot be used any more: ${ADVICE[end]}`,
  );
}

const KEEP = "get another one, or keep this one for longer";

const ADVICE: Readonly<Record<LeaseEnd, string>> = {
  returned: KEEP,
  discarded: KEEP,
  detached: "use what detach() gave",
  killed: "give it back sooner, or raise maxUsingDelayKill",
  leaked: KEEP,
  "revoked by shutdown": "give it back sooner, or give shutdown() a longer timeout",
};

/** The loan behind a lease, dead or alive; undefined of anything else. */
export function loanOf(lease: unknown): Loan<unknown> | undefined {
  const handler = handlerOf(lease);
  return handler instanceof Loan ? handler : undefined;
}
