// Standstill: notices waiters without progress: ends a deadlock, and logs other cases.

import { requestBound } from "../context.ts";
import { deadlockError, stillness } from "./explain.ts";
import { cycle, isNested } from "./nesting.ts";
import type { Waiter } from "./queue.ts";
import { refuse } from "./refuse.ts";
import type { State } from "./state.ts";

/** How long there must be no progress, in ms: for a deadlock, and for a warning. */
const STUCK = 200;
const STILL = 10_000;

/** How often to look for progress, in ms, if deadlocks are not traced. */
const OFTEN = 2_000;

/** A borrower begins to wait: plans a look for progress. */
export function watch<T>(pool: State<T>, waiter: Waiter<unknown>): void {
  const { terms: { timeout } } = waiter;
  const nested = pool.settings.traceHolders === true && isNested(waiter);
  // On Workers a timer would hide the runtime's own error for a request that hangs.
  const endless = timeout === 0 && !requestBound;
  if (nested) {
    const now = pool.clock.awake();
    if (timeout === 0) waiter.begun = Math.ceil(now); // else the queue has set it
    moved(pool, now);
    look(pool, STUCK);
  } else if (endless && pool.stillAt === Infinity) look(pool, OFTEN);
}

/** Plans a look in `delay` ms, unless an earlier one is planned. */
function look<T>(pool: State<T>, delay: number): void {
  const now = pool.clock.awake();
  if (pool.stillAt <= now + delay) return;
  if (pool.stillAt === Infinity) moved(pool, now);
  pool.stillAt = now + delay;
  pool.still.start(delay, false);
}

/** Notes the progress so far; returns whether there was any. */
function moved<T>(pool: State<T>, now: number): boolean {
  const { totals } = pool;
  const moves = totals.gets + totals.created + totals.createFailed + totals.closed +
    totals.detached;
  if (pool.standstill?.moves === moves) return false;
  pool.standstill = { moves, since: now, closed: undefined, told: false };
  return true;
}

/** Looks for progress; without any, ends a deadlock or warns. */
export function lookAtStandstill<T>(pool: State<T>, late: number): void {
  const { clock, queue, settings: { traceHolders } } = pool;
  pool.stillAt = Infinity;
  if (queue.size === 0) return;
  const now = clock.awake();
  if (!moved(pool, now)) excuse(pool, late, now);
  const passed = now - pool.standstill!.since;
  const wait = traceHolders === true && passed >= STUCK ? endDeadlock(pool, now) : STUCK - passed;
  if (passed >= STILL && queue.some(({ terms }) => terms.timeout === 0)) warn(pool, passed);
  if (traceHolders === true && queue.some(isNested)) {
    look(pool, Math.max(1, Math.ceil(wait)));
  } else if (queue.size > 0 && !requestBound) look(pool, OFTEN);
}

/** Excludes a time in which the event loop was blocked: there could be no progress. */
function excuse<T>(pool: State<T>, late: number, now: number): void {
  const standstill = pool.standstill!;
  const later = (moment: number) => Math.min(now, moment + late);
  standstill.since = later(standstill.since);
  if (standstill.closed !== undefined) standstill.closed = later(standstill.closed);
}

/**
 * Rejects the newest waiter of a cycle, so that the others go on. It must have waited for long. So
 * must the others, unless new ones keep coming: a holder may be done soon. Returns in how many ms
 * to look again.
 */
function endDeadlock<T>(pool: State<T>, now: number): number {
  const standstill = pool.standstill!;
  const waiters = cycle(pool);
  if (waiters.length === 0) {
    standstill.closed = undefined;
    return STUCK;
  }
  standstill.closed ??= now;
  const newest = Math.max(...waiters.map(({ begun }) => begun < 0 ? now : begun));
  const old = waiters.filter(({ begun }) => begun >= 0 && begun <= now - STUCK);
  const last = old.at(-1);
  const lasting = old.length === waiters.length || now - standstill.closed >= STUCK;
  if (last === undefined || !lasting) return newest + STUCK - now;
  refuse(pool, last, deadlockError(pool, waiters.length), "deadlock");
  return STUCK;
}

/** Logs the waiters: without a timeout they would never fail. */
function warn<T>(pool: State<T>, passed: number): void {
  const { standstill } = pool;
  if (standstill === undefined || standstill.told) return;
  standstill.told = true;
  pool.log.warn(() => `no progress for ${Math.round(passed)} ms: ${stillness(pool)}`);
}
