// Evict: how objects leave a pool: closed, taken from their borrower, or detached.

import { PoolError } from "../errors.ts";
import { reason } from "../values.ts";
import type { Entry, Lending, LoanEnd } from "./entry.ts";
import { DONE } from "./hooks.ts";
import { type CloseReason, COUNTED, type ReturnEnd } from "./observe.ts";
import type { State } from "./state.ts";

/** How observers hear of the end of a loan. */
const TOLD: Readonly<Record<LoanEnd | "leaked", ReturnEnd>> = {
  "returned": "returned",
  "discarded": "discarded",
  "detached": "detached",
  "killed": "killed",
  "leaked": "leaked",
  "revoked by shutdown": "killed",
  "revoked by its quota": "killed",
};

/** Closes an object, whose loan, if there was one, has ended; resolves when it is closed. */
export function evict<T>(pool: State<T>, entry: Entry<T>, why: CloseReason): Promise<void> {
  const { totals, bag, hooks, log, settings, closings } = pool;
  const total = COUNTED[why];
  if (total !== undefined) totals[total]++;
  bag.startClosing(entry);
  entry.giveUp?.(new PoolError(`the object is being closed: ${why}`));
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
  entry.permit?.release(); // before observers hear of it, who may end the pool
  if (pool.observers.hear("closed")) {
    const age = Math.round(pool.clock.now() - entry.born);
    pool.observers.closed({ n: entry.n, age, uses: entry.uses, reason: why });
  }
  vacated(pool);
}

/** A place is free. */
export function vacated<T>(pool: State<T>): void {
  if (pool.rotating && pool.bag.outdated === 0) pool.endRotation();
  if (pool.present === 0) {
    pool.rounds.stop();
    pool.wake.stop();
    pool.wakeAt = Infinity;
    if (pool.ending !== undefined && !pool.ending.draining) pool.ending.resolve();
  }
  pool.dispatch();
}

/**
 * Closes an available object, unless it is available no longer: hooks of others may have done
 * anything. Of one that a round checks, the check decides, unless it goes in any case.
 */
export function evictIdle<T>(
  pool: State<T>,
  entry: Entry<T>,
  why: CloseReason,
): Promise<void> | undefined {
  const undecided = entry.checking && (why === "expired" || why === "recycled");
  return entry.state === "available" && !undecided ? evict(pool, entry, why) : undefined;
}

/** Closes what hooks do not let be lent or kept, unless it has been taken away meanwhile. */
export function evictUsing<T>(pool: State<T>, entry: Entry<T>, why: CloseReason): void {
  if (entry.state === "using") void evict(pool, entry, why);
}

/** Closes what is available, the longest unused first. */
export function evictAll<T>(pool: State<T>, why: CloseReason): Promise<unknown> {
  const { bag } = pool;
  // Taken first: a `closer` that asks for an object must not get one of these.
  const victims = [...bag.idle];
  for (const entry of victims) bag.take(entry);
  const closed: Promise<void>[] = [];
  for (const entry of victims) {
    if (entry.state !== "using") continue; // by a shutdown that a hook has begun
    const closing = evict(pool, entry, why);
    if (closing !== DONE) closed.push(closing);
  }
  return closed.length === 0 ? DONE : Promise.all(closed);
}

/** The pool is told that an object has died. */
export function invalidate<T>(pool: State<T>, entry: Entry<T>, why: unknown): void {
  const { hooks, log } = pool;
  if (!entry.live || entry.invalid) return;
  entry.invalid = true;
  pool.careful = true;
  if (evictIdle(pool, entry, "invalidated") === undefined) {
    entry.lending?.interrupt("invalidated", why);
  }
  log.info(() =>
    `${hooks.label(entry)} is invalidated${why === undefined ? "" : `: ${reason(why)}`}`
  );
}

/** Takes an object away from its borrower, or from the hook that is at work on it. */
export function kill<T>(pool: State<T>, entry: Entry<T>, end: LoanEnd): void {
  const { lending } = entry;
  if (entry.borrowed) endLoan(pool, entry, lending, end);
  lending?.interrupt(end); // before its place is another's
  evictUsing(pool, entry, "killed");
}

/**
 * The loan of an object ends; what becomes of the object is up to the caller. `loan`: unless it was
 * garbage-collected.
 */
export function endLoan<T>(
  pool: State<T>,
  entry: Entry<T>,
  loan: Lending<T> | undefined,
  end: LoanEnd | "leaked",
): void {
  if (loan !== undefined && end !== "leaked") {
    loan.end = end;
    loan.over();
  }
  const borrower = (loan ?? entry.watched)?.borrower;
  if (borrower !== undefined) borrower.trace = undefined;
  entry.loan = undefined;
  if (entry.noticed) pool.leaks.forget(entry);
  pool.seam?.returning();
  if (!pool.observed) return;
  const { clock, hooks, observers } = pool;
  const held = clock.awake() - entry.since;
  observers.returned(held, borrower?.label, TOLD[end], () => hooks.label(entry));
}

/** The borrower keeps the object. */
export function letGo<T>(pool: State<T>, entry: Entry<T>): void {
  pool.totals.detached++;
  pool.bag.detach(entry);
  entry.permit?.release();
  vacated(pool);
}

/** Gives up all closers that are still at work. */
export function abandonClosings<T>(pool: State<T>): void {
  const error = new PoolError(
    `${pool.name}: closer was still running when shutdown ran out of time`,
  );
  for (const closing of [...pool.closings]) closing.giveUp?.(error);
}

/** Aborts the signals of all closers at work: they are to close by force. */
export function abortClosings<T>(pool: State<T>, error: unknown): void {
  for (const closing of [...pool.closings]) closing.abort(error);
}
