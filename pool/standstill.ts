// Standstill: notices that somebody waits and nothing moves: a deadlock is ended, other cases are logged.

import { requestBound } from "../context.ts";
import { deadlockError, stillness } from "./explain.ts";
import { cycle, heldBy } from "./nesting.ts";
import type { Waiter } from "./queue.ts";
import { refuse } from "./refuse.ts";
import type { State } from "./state.ts";

/** For how long nothing must have moved, in ms, for a deadlock; and for a warning. */
const STUCK = 200;
const STILL = 10_000;

/** How often it is looked whether anything has moved, in ms, where no deadlock can be told. */
const OFTEN = 2_000;

/** A borrower begins to wait: looks later whether anything has moved. */
export function watch<T>(pool: State<T>, waiter: Waiter<unknown>): void {
  const { terms: { borrower, timeout } } = waiter;
  const nested = borrower?.within !== undefined && pool.settings.traceHolders === true;
  // On Workers a timer would keep the runtime from telling who waits in vain.
  const endless = timeout === 0 && !requestBound;
  if (nested) {
    pool.nestedAt = pool.clock.awake();
    look(pool, STUCK);
  } else if (endless && pool.stillAt === Infinity) look(pool, OFTEN);
}

/** Looks again in `delay` ms, unless it does so earlier. */
function look<T>(pool: State<T>, delay: number): void {
  const now = pool.clock.awake();
  if (pool.stillAt <= now + delay) return;
  if (pool.stillAt === Infinity) moved(pool, now);
  pool.stillAt = now + delay;
  pool.still.start(delay, false);
}

/** Notes how much has moved by now; whether that is more than before. */
function moved<T>(pool: State<T>, now: number): boolean {
  const { totals } = pool;
  const moves = totals.gets + totals.created + totals.createFailed + totals.closed +
    totals.detached;
  if (pool.standstill?.moves === moves) return false;
  pool.standstill = { moves, since: now, told: false };
  return true;
}

/** Nobody may get on: what then? */
export function lookAtStandstill<T>(pool: State<T>): void {
  const { clock, queue, settings: { traceHolders } } = pool;
  pool.stillAt = Infinity;
  if (queue.size === 0) return;
  const now = clock.awake();
  moved(pool, now);
  const passed = now - pool.standstill!.since;
  const waiters = traceHolders === true ? cycle(pool) : [];
  const last = waiters.at(-1);
  // The last one, too, has had that long: who holds the object may be done by then.
  const stuck = Math.min(passed, now - pool.nestedAt);
  if (last !== undefined && stuck >= STUCK) {
    refuse(pool, last, deadlockError(pool, waiters.length), "deadlock");
  }
  const all = queue.all();
  if (passed >= STILL && all.some(({ terms }) => terms.timeout === 0)) warn(pool, passed);
  const nested = traceHolders === true && all.some((waiter) => heldBy(waiter).length > 0);
  if (nested) look(pool, stuck < STUCK ? Math.ceil(STUCK - stuck) : STUCK);
  else if (all.length > 0 && !requestBound) look(pool, OFTEN);
}

/** Who waits without a timeout would never say so. */
function warn<T>(pool: State<T>, passed: number): void {
  const { standstill } = pool;
  if (standstill === undefined || standstill.told) return;
  standstill.told = true;
  pool.log.warn(() => `nothing has moved for ${Math.round(passed)} ms: ${stillness(pool)}`);
}
