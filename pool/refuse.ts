// Refuse: rejects waiters.

import { situation, timeoutError } from "./explain.ts";
import type { RefuseReason, Totals } from "./observe.ts";
import type { Terms, Waiter } from "./queue.ts";
import type { State } from "./state.ts";

/** Rejects a waiter. */
export function refuse<T>(
  pool: State<T>,
  waiter: Waiter<unknown>,
  error: unknown,
  why: RefuseReason,
): void {
  if (!waiter.waits) return; // refused by a hook meanwhile
  const { checks, queue } = pool;
  queue.remove(waiter);
  // The check for it must not count for the next waiter.
  if (checks.size > queue.size) {
    for (const oldest of checks) {
      pool.discount(oldest);
      pool.orphans.add(oldest);
      break;
    }
  }
  tellRefused(pool, waiter.terms, error, why);
  waiter.reject(error);
  // It may have been the last waiter, or a permit is no longer needed.
  if (pool.permits !== undefined || pool.ending?.draining) pool.dispatch();
}

/** Rejects all waiters. */
export function refuseAll<T>(pool: State<T>, error: unknown, why: RefuseReason): void {
  for (const waiter of pool.queue.all()) refuse(pool, waiter, error, why);
}

/** Rejects waiters whose time is over. */
export function refuseLate<T>(pool: State<T>, late: Waiter<unknown>[]): void {
  const at = situation(pool); // calls `tracer`, which may do anything
  for (const waiter of late) refuse(pool, waiter, timeoutError(pool, waiter, at), "timeout");
  pool.trouble();
}

/** Which total counts those refused for a reason. */
export const REFUSED: Readonly<Record<RefuseReason, keyof Totals>> = {
  timeout: "timeouts",
  aborted: "aborted",
  overload: "overloaded",
  deadlock: "deadlocks",
  full: "rejected",
  closed: "rejected",
  failed: "rejected",
};

/** Counts a refusal, and tells observers. */
export function tellRefused<T>(
  { clock, observed, observers, totals }: State<T>,
  { begun, borrower, earlier }: Terms,
  error: unknown,
  why: RefuseReason,
): void {
  totals[REFUSED[why]]++;
  if (!observed) return;
  const waited = begun === undefined ? 0 : clock.awake() - begun;
  observers.refused(waited + (earlier?.waited ?? 0), borrower?.label, error, why);
}
