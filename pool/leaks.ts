// LeakWatch: notices leases that were garbage-collected without having been given back.

import type { Entry } from "./entry.ts";
import { outside, requestBound } from "../context.ts";
import { after } from "./clock.ts";
import { Loan } from "./lease.ts";
import type { List } from "./list.ts";
import type { Hook } from "./options.ts";

/** On Workers: how often to see what finalizers have found, in ms. */
const PATIENCE = 100;

/**
 * Registering costs more than the rest of a `get`. So a fresh lease is held instead, and registered
 * when the pool looks at what is still out.
 */
export class LeakWatch<T> {
  readonly #lost: Hook<Loan<T>, void>;
  #registry: FinalizationRegistry<Loan<T>> | undefined;
  /** On Workers: what is registered, and what of that was found lost. */
  readonly #registered = new Set<Loan<T>>();
  readonly #found: Loan<T>[] = [];
  #cancel: (() => void) | undefined;

  constructor(lost: Hook<Loan<T>, void>) {
    this.#lost = lost;
  }

  /**
   * Notices all of `lent` that it has not noticed before, `clocked` or as out since `now` at least; and
   * deals with what has been found lost.
   */
  look(lent: List<Entry<T>>, now: number, clocked: boolean): void {
    this.#lose();
    let entry = lent.last;
    for (; entry !== undefined && !entry.noticed; entry = entry.prev as Entry<T> | undefined) {
      entry.noticed = true;
      if (!clocked) entry.since = now;
      if (entry.borrower instanceof Loan) this.#register(entry.borrower);
    }
  }

  /** `loan` has come to its end in another way. */
  forget(loan: Loan<T>): void {
    this.#registry?.unregister(loan);
    this.#unwait(loan);
  }

  #register(loan: Loan<T>): void {
    if (typeof FinalizationRegistry === "undefined" || loan.lease === undefined) return;
    this.#registry ??= new FinalizationRegistry((lost) => {
      if (requestBound) this.#found.push(lost);
      else outside(() => this.#lost(lost));
    });
    this.#registry.register(loan.lease as object, loan, loan);
    loan.lease = undefined;
    if (requestBound) this.#wait(loan);
  }

  /** A finalizer is part of no request, and so may not even start a timer: one is started now. */
  #wait(loan: Loan<T>): void {
    this.#registered.add(loan);
    this.#cancel ??= after(PATIENCE, false, () => {
      this.#cancel = undefined;
      this.#lose();
      const [next] = this.#registered;
      if (next !== undefined) this.#wait(next);
    });
  }

  #unwait(loan: Loan<T>): void {
    this.#registered.delete(loan);
    if (this.#registered.size > 0) return;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #lose(): void {
    for (const loan of this.#found.splice(0)) {
      this.#unwait(loan);
      this.#lost(loan);
    }
  }
}
