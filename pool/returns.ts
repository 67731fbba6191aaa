// Returns: takes objects back from their borrowers.

import { outside } from "../context.ts";
import { isThenable, reason } from "../values.ts";
import type { Core } from "./core.ts";
import type { Entry } from "./entry.ts";
import type { Exit } from "./exit.ts";
import { foreignError } from "./explain.ts";
import { type Lender, type Loan, loanOf } from "./lease.ts";

/** Who has what came back. */
export interface Receiver<T> {
  /** An object is in use by nobody. */
  offer(entry: Entry<T>): void;
}

/** From a borrower's hands to whoever is next. */
export class Returns<T> implements Lender<T> {
  readonly name: string;
  readonly #core: Core<T>;
  readonly #exit: Exit<T>;
  readonly #receiver: Receiver<T>;
  readonly #done = Promise.resolve();

  constructor(core: Core<T>, exit: Exit<T>, receiver: Receiver<T>) {
    this.name = core.name;
    this.#core = core;
    this.#exit = exit;
    this.#receiver = receiver;
  }

  /** The loan behind a lease of this pool. */
  loan(method: string, lease: unknown): Loan<T> {
    const loan = loanOf(lease);
    if (loan?.lender !== this) throw foreignError(this.name, method, lease);
    return loan as Loan<T>;
  }

  ret(loan: Loan<T>): Promise<void> {
    if (loan.end !== undefined) return this.#again("given back", loan);
    this.#exit.end(loan, "returned");
    this.#core.totals.returned++;
    return this.giveBack(loan.entry);
  }

  dispose(loan: Loan<T>): Promise<void> {
    const silent = loan.end !== undefined && loan.end !== "returned";
    return silent ? this.#done : this.ret(loan);
  }

  discard(loan: Loan<T>, why: unknown): Promise<void> {
    const { hooks, log } = this.#core;
    if (loan.end !== undefined) return this.#again("discarded", loan);
    this.#exit.end(loan, "discarded");
    if (why !== undefined) {
      log.info(() => `${hooks.label(loan.entry)} is discarded: ${reason(why)}`);
    }
    return this.#exit.retire(loan.entry, "discarded");
  }

  detach(loan: Loan<T>): T {
    const object = loan.bare();
    this.#exit.end(loan, "detached");
    this.#exit.detach(loan.entry);
    return object;
  }

  /** A lease is given back that has come to its end. */
  #again(how: string, loan: Loan<T>): Promise<void> {
    const { hooks, log, totals } = this.#core;
    totals.doubleReturns++;
    log.warn(() => `a lease of ${hooks.label(loan.entry)} is ${how}, but was ${loan.end} before`);
    return this.#done;
  }

  giveBackUsed(entry: Entry<T>): Promise<void> | undefined {
    this.#core.totals.returned++;
    const returned = this.giveBack(entry);
    return returned === this.#done ? undefined : returned;
  }

  /** Through `retter`, then to whoever is next. Until that is done the object counts as in use. */
  giveBack(entry: Entry<T>): Promise<void> {
    const { hooks, settings } = this.#core;
    if (entry.state !== "using") return this.#done; // a shutdown that ran out of time has taken it
    if (settings.retter === undefined) {
      this.readmit(entry);
      return this.#done;
    }
    try {
      const reset = hooks.run("retter", entry);
      if (isThenable(reset)) {
        const then = [() => this.readmit(entry), () => this.#exit.dismiss(entry)] as const;
        return outside(() => (reset as Promise<unknown>).then(...then));
      }
      this.readmit(entry);
    } catch {
      this.#exit.dismiss(entry);
    }
    return this.#done;
  }

  /** To whoever is next, without `retter`. */
  readmit(entry: Entry<T>): void {
    if (entry.state !== "using") return; // taken away while a hook ran
    this.#core.bag.takeBack(entry);
    this.#receiver.offer(entry);
  }
}
