// LeakWatch: notices leases that were garbage-collected without having been given back.

import type { Entry } from "./entry.ts";
import { outside } from "../context.ts";
import { Loan } from "./lease.ts";
import type { List } from "./list.ts";
import type { Hook } from "./options.ts";

/**
 * Registering costs more than the rest of a `get`. So a fresh lease is held instead, and registered
 * when the pool looks at what is still out.
 */
export class LeakWatch<T> {
  readonly #lost: Hook<Loan<T>, void>;
  #registry: FinalizationRegistry<Loan<T>> | undefined;

  constructor(lost: Hook<Loan<T>, void>) {
    this.#lost = lost;
  }

  /** Notices all of `lent` that it has not noticed before, `clocked` or as out since `now` at least. */
  look(lent: List<Entry<T>>, now: number, clocked: boolean): void {
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
  }

  #register(loan: Loan<T>): void {
    if (typeof FinalizationRegistry === "undefined" || loan.lease === undefined) return;
    this.#registry ??= new FinalizationRegistry((lost) => outside(() => this.#lost(lost)));
    this.#registry.register(loan.lease as object, loan, loan);
    loan.lease = undefined;
  }
}
