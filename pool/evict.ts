// Evict: how objects leave a pool: closed, taken from their borrower, or detached.

import { PoolError } from "../errors.ts";
import { reason } from "../values.ts";
import type { Entry, Lending, LoanEnd } from "./entry.ts";
import { DONE } from "./hooks.ts";
import { about, type CloseReason, COUNTED, type ReturnEnd } from "./observe.ts";
import type { State } from "./state.ts";

/** Closes an object, whose loan, if there was one, has ended; resolves when it is closed. */
export function evict<T>(pool: State<T>, entry: Entry<T>, why: CloseReason): Promise<void> {
  const { totals, bag, hooks, log, settings, closings } = pool;
  const total = COUNTED[why];
  if (total !== undefined) totals[total]++;
  if (entry.watched !== undefined) pool.leaks.forget(entry); // its loan is collected already
  bag.startClosing(entry);
  entry.giveUp?.(new PoolError(`the object is closed meanwhile: ${why}`));
  let closed = DONE;
  if (settings.closer === undefined) gone(pool, entry, why);
  else {
    const closing = hooks.close(entry.object, why, () => hooks.label(entry), (closing) => {
      closings.delete(closing);
      gone(pool, entry, why);
    });
    closings.add(closing);
    closed = closing.promise;
    pool.dispatch(); // there may be room for another
  }
  log.debug(() => `${hooks.label(entry)} is closed: ${why}`);
  return closed;
}

function gone<T>(pool: State<T>, entry: Entry<T>, why: CloseReason): void {
  pool.bag.closed(entry);
  pool.totals.closed++;
  if (pool.observed) {
    const age = Math.round(pool.clock.now() - entry.born);
    pool.observers.tell("closed", { n: entry.n, age, uses: entry.uses, reason: why });
  }
  vacated(pool);
}

/** A place is free. */
export function vacated<T>(pool: State<T>): void {
  if (pool.size === 0) {
    pool.rounds.stop();
    pool.lastRound = Infinity;
    if (pool.ending !== undefined && !pool.ending.draining) pool.ending.resolve();
  }
  pool.dispatch();
}

/**
 * Closes an available object, unless it is available no longer: hooks of others may have done
 * anything. A shutdown does not wait for the check of a round, whose answer nobody needs.
 */
export function evictIdle<T>(
  pool: State<T>,
  entry: Entry<T>,
  why: CloseReason,
): Promise<void> | undefined {
  const busy = entry.checking && why !== "shutdown";
  return entry.state === "available" && !busy ? evict(pool, entry, why) : undefined;
}

/** Closes what hooks do not let be lent or kept, unless it has been taken away meanwhile. */
export function evictUsing<T>(pool: State<T>, entry: Entry<T>, why: CloseReason): void {
  if (entry.state === "using") void evict(pool, entry, why);
}

/** Closes all that is available, the longest unused first, as long as `more` says so. */
export function evictAll<T>(
  pool: State<T>,
  why: CloseReason,
  more = () => true,
): Promise<unknown> {
  const closed: Promise<void>[] = [];
  for (const entry of [...pool.bag.idle]) {
    if (!more()) break;
    const closing = evictIdle(pool, entry, why);
    if (closing !== undefined && closing !== DONE) closed.push(closing);
  }
  return closed.length === 0 ? DONE : Promise.all(closed);
}

/** The pool is told that an object has died. */
export function invalidate<T>(pool: State<T>, entry: Entry<T>, why: unknown): void {
  const { hooks, log } = pool;
  if (!entry.live || entry.invalid) return;
  entry.invalid = true;
  pool.careful = true;
  log.info(() =>
    `${hooks.label(entry)} is invalidated${why === undefined ? "" : `: ${reason(why)}`}`
  );
  if (evictIdle(pool, entry, "invalidated") === undefined) entry.lending?.interrupt("invalidated");
}

/** Takes an object away from its borrower, or from the hook that is at work on it. */
export function kill<T>(pool: State<T>, entry: Entry<T>, end: LoanEnd): void {
  const { lending, watched } = entry;
  if (lending !== undefined) endLoan(pool, lending, end);
  else if (watched !== undefined) { // its loan is collected already
    pool.leaks.forget(entry);
    tellReturned(pool, entry, "killed", watched.borrower?.label);
  }
  lending?.interrupt(end); // before its place is another's
  evictUsing(pool, entry, "killed");
}

/** A loan ends; what becomes of its object is up to the caller. */
export function endLoan<T>(pool: State<T>, loan: Lending<T>, end: LoanEnd): void {
  const { entry } = loan;
  loan.end = end;
  loan.over();
  entry.loan = undefined;
  if (entry.noticed) pool.leaks.forget(entry);
  if (pool.observed) {
    const known = end === "revoked by shutdown" ? "killed" : end;
    tellReturned(pool, entry, known, loan.borrower?.label);
  }
}

/** Observers hear of it. */
export function tellReturned<T>(
  { clock, hooks, observed, observers }: State<T>,
  entry: Entry<T>,
  end: ReturnEnd,
  label: string | undefined,
): void {
  if (!observed) return;
  const held = Math.round(clock.awake() - entry.since);
  const event = { held, end, ...(label === undefined ? {} : { label }) };
  observers.tell("returned", about(() => hooks.label(entry), event));
}

/** The borrower keeps the object. */
export function letGo<T>(pool: State<T>, entry: Entry<T>): void {
  pool.totals.detached++;
  pool.bag.detach(entry);
  vacated(pool);
}

/** Gives up all closers that are still at work. */
export function abandonClosings<T>(pool: State<T>): void {
  const error = new PoolError(
    `${pool.name}: closer was still at work when shutdown ran out of time`,
  );
  for (const closing of [...pool.closings]) closing.giveUp?.(error);
}

/** Tells all closers at work to close by force. */
export function hurryClosings<T>(pool: State<T>, error: unknown): void {
  for (const closing of [...pool.closings]) closing.abort(error);
}
