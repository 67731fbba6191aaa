// Release: how objects come back from their borrowers, and to whom they go next.

import { outside } from "../context.ts";
import { isThenable, reason } from "../values.ts";
import type { Entry, Lending, Watched } from "./entry.ts";
import { endLoan, evict, evictUsing, letGo } from "./evict.ts";
import { holderOf, holding } from "./explain.ts";
import { notice } from "./health.ts";
import { DONE } from "./hooks.ts";
import type { CloseReason } from "./observe.ts";
import type { Permits } from "./permits.ts";
import { isReplacing, restore, store } from "./recycle.ts";
import { isSpare, wornOut } from "./rules.ts";
import type { State } from "./state.ts";

/** A borrower gives its object back; resolves once `retter` is done, also if that failed. */
export function release<T>(pool: State<T>, loan: Lending<T>): Promise<void> {
  if (loan.end !== undefined) return again(pool, "returned", loan);
  const { failure, entry } = loan;
  const spoilt = failure !== undefined && failure.spoilt;
  if (pool.bag.overdue.size > 0 && entry.list === pool.bag.overdue) cameBack(pool, entry);
  if (loan.end !== undefined) return DONE; // `tracer` and a logger may do anything
  endLoan(pool, entry, loan, spoilt ? "discarded" : "returned");
  if (spoilt) {
    const { hooks, log } = pool;
    log.info(() => `${hooks.label(entry)} is discarded: ${reason(failure.error)}`);
    return entry.state === "using" ? evict(pool, entry, "discarded") : DONE; // a logger does anything
  }
  pool.totals.returned++;
  return giveBack(pool, entry);
}

/** The same by disposal: silent if the loan has ended in another way. */
export function dispose<T>(pool: State<T>, loan: Lending<T>): Promise<void> {
  const silent = loan.end !== undefined && loan.end !== "returned";
  return silent ? DONE : release(pool, loan);
}

/** A borrower gives its object back to be closed; resolves when it is closed. */
export function discard<T>(pool: State<T>, loan: Lending<T>, why: unknown): Promise<void> {
  if (loan.end !== undefined) return again(pool, "discarded", loan);
  const { hooks, log } = pool;
  const { entry } = loan;
  endLoan(pool, entry, loan, "discarded");
  if (why !== undefined) log.info(() => `${hooks.label(entry)} is discarded: ${reason(why)}`);
  return entry.state === "using" ? evict(pool, entry, "discarded") : DONE; // a logger does anything
}

/** A borrower keeps its object for good. */
export function detach<T>(pool: State<T>, loan: Lending<T>): T {
  const { entry } = loan;
  endLoan(pool, entry, loan, "detached");
  letGo(pool, entry);
  return entry.object;
}

/** A loan is given back that has ended. */
function again<T>({ hooks, log, totals }: State<T>, how: string, loan: Lending<T>): Promise<void> {
  totals.doubleReturns++;
  log.warn(() => `a lease of ${hooks.label(loan.entry)} is ${how}, but was already ${loan.end}`);
  return DONE;
}

/** What was kept for longer than `maxUsingDelay` is not lost after all. */
function cameBack<T>(pool: State<T>, entry: Entry<T>): void {
  pool.log.warn(() => {
    const holder = holderOf(pool, entry);
    return `${holder.object} was returned late (held ${holding(holder)})`;
  });
}

/** A loan was garbage-collected. */
export function lost<T>(pool: State<T>, watched: Watched<T>): void {
  const { entry } = watched;
  if (entry.watched !== watched) return; // it has ended in another way
  const { log } = pool;
  const holder = holderOf(pool, entry);
  if (entry.watched !== watched) return; // `tracer` may do anything
  endLoan(pool, entry, undefined, "leaked");
  void evict(pool, entry, "leaked");
  log.warn(() =>
    `${holder.object} has leaked: its lease was never returned (held ${holding(holder)})`
  );
  pool.trouble();
}

/** Calls `retter`, then passes the object on. Until `retter` is done the object counts as in use. */
export function giveBack<T>(pool: State<T>, entry: Entry<T>): Promise<void> {
  if (pool.settings.retter === undefined || entry.invalid) {
    readmit(pool, entry); // which closes what is invalid: there is nothing to be reset
    return DONE;
  }
  if (entry.state !== "using") return DONE; // taken away meanwhile
  try {
    const reset = pool.hooks.run("retter", entry);
    if (isThenable(reset)) {
      const then = [
        () => readmit(pool, entry),
        () => evictUsing(pool, entry, "unfit"),
      ] as const;
      return outside(() => (reset as Promise<unknown>).then(...then));
    }
    readmit(pool, entry);
  } catch {
    evictUsing(pool, entry, "unfit");
  }
  return DONE;
}

/** An object that is new or returned goes to the next waiter, or becomes available. */
export function readmit<T>(pool: State<T>, entry: Entry<T>): void {
  if (entry.state !== "using") return; // taken away while a hook ran
  const { bag, clock } = pool;
  bag.takeBack(entry);
  if (pool.timed) {
    entry.coarse = false;
    notice(pool, entry.since = pool.now = clock.now());
  }
  const fault = pool.careful ? obsolete(pool, entry, pool.now) : undefined;
  if (fault !== undefined) void evict(pool, entry, fault);
  else if (pool.queue.size === 0) store(pool, entry);
  else pool.dispatch(entry);
}

/** An object that was picked goes back unused: it is as long unused as it was. */
export function putBack<T>(pool: State<T>, entry: Entry<T>): void {
  if (entry.state !== "using") return;
  const fault = pool.careful ? obsolete(pool, entry, pool.now) : undefined;
  if (fault !== undefined) void evict(pool, entry, fault);
  else restore(pool, entry);
}

/** Whether an object has died, or is from before a reset. */
export function isDead<T>(pool: State<T>, entry: Entry<T>): boolean {
  return entry.invalid || entry.epoch !== pool.epoch;
}

/** Why an object is not to be kept, if there is a reason. */
export function obsolete<T>(
  pool: State<T>,
  entry: Entry<T>,
  now: number,
): CloseReason | undefined {
  if (pool.ending !== undefined && !pool.ending.draining) return "shutdown";
  if (entry.invalid) return "invalidated";
  if (entry.epoch !== pool.epoch) return "reset";
  if (pool.surplus > 0) return "resized";
  if (entry.ageing && isReplacing(pool)) return entry.ends;
  const worn = wornOut(entry, pool.settings, now);
  if (worn !== undefined || pool.permits === undefined) return worn;
  return isOwed(pool, pool.permits, entry) ? "reclaimed" : undefined;
}

/** Whether it is closed for those who wait for a permit elsewhere; never one just made for who waits here. */
function isOwed<T>(
  { bag, queue, settings: { minSize } }: State<T>,
  permits: Permits<T>,
  entry: Entry<T>,
): boolean {
  const needed = queue.size > 0;
  const fresh = !entry.stored && entry.uses === 0;
  return isSpare(entry, bag, minSize) && !(fresh && needed) && permits.owes(needed);
}
