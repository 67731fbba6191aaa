// Evict: how objects leave a pool: closed, taken from their borrower, or detached.

import { PoolError } from "../errors.ts";
import { reason } from "../values.ts";
import type { Entry, Lending, LoanEnd } from "./entry.ts";
import { type Closing, DONE } from "./hooks.ts";
import { type CloseReason, COUNTED, type ReturnEnd } from "./observe.ts";
import type { State } from "./state.ts";
import { inTurns } from "./turns.ts";

/** The end of a loan, as observers get it. */
const TOLD: Readonly<Record<LoanEnd | "leaked", ReturnEnd>> = {
  "returned": "returned",
  "discarded": "discarded",
  "detached": "detached",
  "killed": "killed",
  "leaked": "leaked",
  "revoked by shutdown": "killed",
  "revoked by its quota": "killed",
};

/** Closes an object that has no loan (any more); resolves when it is closed. */
export function evict<T>(pool: State<T>, entry: Entry<T>, why: CloseReason): Promise<void> {
  startClosing(pool, entry, why);
  return close(pool, entry, why);
}

/** From now on the object counts as being closed. */
function startClosing<T>({ bag, totals }: State<T>, entry: Entry<T>, why: CloseReason): void {
  const total = COUNTED[why];
  if (total !== undefined) totals[total]++;
  bag.startClosing(entry);
}

/** Calls `closer`. */
function close<T>(pool: State<T>, entry: Entry<T>, why: CloseReason): Promise<void> {
  const { closings, hooks, log, settings } = pool;
  entry.giveUp?.(new PoolError(`the object is being closed: ${why}`));
  let closed = DONE;
  if (settings.closer === undefined) gone(pool, entry, why);
  else {
    const closing = hooks.close(entry.object, why, () => hooks.label(entry), (closing) => {
      closings.delete(closing);
      gone(pool, entry, why);
    });
    awaitClosing(pool, closing);
    closed = closing.promise;
    pool.dispatch(); // there may be room for another
  }
  log.debug(() => `${hooks.label(entry)} is closed: ${why}`);
  return closed;
}

function gone<T>(pool: State<T>, entry: Entry<T>, why: CloseReason): void {
  pool.bag.closed(entry);
  pool.totals.closed++;
  entry.permit?.release(); // before observers are told: they may end the pool
  if (pool.observers.hear("closed")) {
    const age = Math.round(pool.clock.now() - entry.born);
    pool.observers.closed({ n: entry.n, age, uses: entry.uses, reason: why });
  }
  vacated(pool);
}

/** Continues after a place has become free. */
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
 * Closes an object if it is still idle: hooks may have done anything meanwhile. If a round checks
 * the object, the check decides about idleness and lifetime limits: then does nothing.
 */
export function evictIdle<T>(
  pool: State<T>,
  entry: Entry<T>,
  why: CloseReason,
): Promise<void> | undefined {
  return isEvictable(entry, why) ? evict(pool, entry, why) : undefined;
}

/** Whether an object is idle, and no check decides about it. */
export function isEvictable<T>(entry: Entry<T>, why: CloseReason): boolean {
  const undecided = entry.checking && (why === "expired" || why === "recycled");
  return entry.state === "available" && !undecided;
}

/** Closes an object that a hook has rejected, unless it was taken away meanwhile. */
export function evictUsing<T>(pool: State<T>, entry: Entry<T>, why: CloseReason): void {
  if (entry.state === "using") void evict(pool, entry, why);
}

/** A condemned object, and its pool. */
export type Victim<T> = readonly [State<T>, Entry<T>];

/** From now on an idle object counts as being closed. {@linkcode evictBatch} closes it. */
export function condemn<T>(pool: State<T>, entry: Entry<T>, why: CloseReason): Victim<T> {
  startClosing(pool, entry, why);
  pool.condemned.set(entry, why);
  return [pool, entry];
}

/** Closes all idle objects of these pools, the longest idle first. */
export function evictAll<T>(pools: readonly State<T>[], why: CloseReason): Promise<unknown> {
  // All are condemned first: a `closer` that calls `get` must not get one of them.
  return evictBatch(
    pools.flatMap((pool) => [...pool.bag.idle].map((entry) => condemn(pool, entry, why))),
  );
}

/** Closes condemned objects, in as many turns of the event loop as it takes. */
export function evictBatch<T>(victims: Victim<T>[]): Promise<unknown> {
  return inTurns(victims, ([pool, entry]) => {
    const why = pool.condemned.get(entry)!;
    pool.condemned.delete(entry);
    return close(pool, entry, why);
  });
}

/** Invalidates an object: it has died. */
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

/** Takes an object away from its borrower or from a running hook, and closes it. */
export function kill<T>(pool: State<T>, entry: Entry<T>, end: LoanEnd): void {
  const { lending } = entry;
  if (entry.borrowed) endLoan(pool, entry, lending, end);
  lending?.interrupt(end); // before its place is reused
  evictUsing(pool, entry, "killed");
}

/**
 * Ends the loan of an object; the caller decides about the object. `loan` is undefined if it was
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

/** Gives an object to its borrower for good. */
export function letGo<T>(pool: State<T>, entry: Entry<T>): void {
  pool.totals.detached++;
  pool.bag.detach(entry);
  entry.permit?.release();
  vacated(pool);
}

/** Has a shutdown await a closer that begins now, as far as it still has time for that. */
export function awaitClosing<T>({ closings, ending }: State<T>, closing: Closing): void {
  closings.add(closing);
  if (ending?.forced !== undefined) closing.abort(ending.forced);
  if (ending?.abandoned !== undefined) closing.giveUp?.(ending.abandoned);
}

/** The shutdown has run out of time: closers must close by force, also those that begin later. */
export function forceClosings<T>({ closings, ending }: State<T>, error: Error): void {
  ending!.forced = error;
  void inTurns([...closings], (closing) => {
    if (closings.has(closing)) closing.abort(error);
  });
}

/** The shutdown awaits no closers any longer, nor those that begin later. */
export function abandonClosings<T>({ closings, ending, name }: State<T>): void {
  // One for all: an error is slow to create.
  const error = new PoolError(`${name}: closer was still running when shutdown ran out of time`);
  ending!.abandoned = error;
  void inTurns([...closings], (closing) => {
    closing.giveUp?.(error);
  });
}
