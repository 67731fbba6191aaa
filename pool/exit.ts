// Exit: how objects leave a pool.

import { PoolError } from "../errors.ts";
import type { Core } from "./core.ts";
import type { Entry, LeaseEnd } from "./entry.ts";
import { LeakWatch } from "./leaks.ts";
import { Loan } from "./lease.ts";
import { type Reason, REASONS } from "./limits.ts";

/** Who hears of it. */
export interface Doorkeeper {
  /** One is being closed: there may be room for another. */
  closing(): void;
  /** A place is free. */
  vacated(): void;
}

/** The ways out. */
export class Exit<T> {
  readonly #core: Core<T>;
  readonly #doorkeeper: Doorkeeper;
  readonly #leaks = new LeakWatch<T>((loan) => this.#lost(loan));
  readonly #done = Promise.resolve();

  constructor(core: Core<T>, doorkeeper: Doorkeeper) {
    this.#core = core;
    this.#doorkeeper = doorkeeper;
  }

  /** Closes an object; resolves when that is done. */
  retire(entry: Entry<T>, why: Reason): Promise<void> {
    const { totals, bag, hooks, log, settings } = this.#core;
    const total = REASONS[why];
    if (total !== undefined) totals[total]++;
    bag.startClosing(entry);
    entry.giveUp?.(new PoolError(`the object is closed meanwhile: ${why}`));
    let closing = this.#done;
    if (settings.closer === undefined) this.#gone(entry);
    else {
      closing = hooks.close(entry.object, () => hooks.label(entry), () => this.#gone(entry));
      this.#doorkeeper.closing();
    }
    log.debug(() => `${hooks.label(entry)} is closed: ${why}`);
    return closing;
  }

  /**
   * Unless it is not available after all: hooks of the others may have done anything. A shutdown waits
   * for no `health` of a round, whose answer nobody needs.
   */
  retireIdle(entry: Entry<T>, why: Reason): void {
    const busy = entry.checking && why !== "shutdown";
    if (entry.state === "available" && !busy) void this.retire(entry, why);
  }

  /** Closes what hooks do not let be lent or kept, unless somebody has taken it away meanwhile. */
  dismiss(entry: Entry<T>, why: Reason = "unfit"): void {
    if (entry.state === "using") void this.retire(entry, why);
  }

  /** All that is available, the longest unused first, as long as `more` says so. */
  clear(why: Reason, more = () => true): void {
    for (const entry of [...this.#core.bag.idle]) {
      if (!more()) return;
      this.retireIdle(entry, why);
    }
  }

  /** Takes an object away from its borrower. */
  kill(entry: Entry<T>, end: LeaseEnd): void {
    const { borrower } = entry;
    if (!(borrower instanceof Loan)) borrower?.revoke(end);
    else if (borrower.end === undefined) this.end(borrower, end);
    void this.retire(entry, "killed");
  }

  /** A loan comes to its end, its object being dealt with by the caller. */
  end(loan: Loan<T>, end: LeaseEnd): void {
    if (loan.entry.noticed) this.#leaks.forget(loan);
    loan.revoke(end);
  }

  /** The borrower keeps it. */
  detach(entry: Entry<T>): void {
    this.#core.totals.detached++;
    this.#core.bag.detach(entry);
    this.#doorkeeper.vacated();
  }

  /** Looks after what is out, for it to be noticed if it is lost. */
  look(): void {
    const { bag, clock, clocked } = this.#core;
    this.#leaks.look(bag.lent, clock.awake(), clocked);
  }

  #lost(loan: Loan<T>): void {
    if (loan.end !== undefined) return;
    const { hooks, log } = this.#core;
    loan.revoke("leaked");
    void this.retire(loan.entry, "lost");
    log.warn(() => `${hooks.label(loan.entry)} was lost: its lease was never given back`);
  }

  #gone(entry: Entry<T>): void {
    this.#core.bag.closed(entry);
    this.#core.totals.closed++;
    this.#doorkeeper.vacated();
  }
}
