// Overload: detects it, refuses waiters that have waited too long, and serves the newest first.

import { overloadError } from "./explain.ts";
import type { Waiter } from "./queue.ts";
import { refuse } from "./refuse.ts";
import { isOverloaded } from "./rules.ts";
import type { State } from "./state.ts";

/** Called when a borrower begins to wait. */
export function beginWaiting<T>(pool: State<T>): void {
  const { attempts, checks, clock, queue, settings: { queueTarget }, shed } = pool;
  const now = clock.awake();
  // All waiters ahead wait for a creation or a check of their own, not for other borrowers.
  if (queue.size - 1 <= attempts.size + checks.size) pool.calm = now;
  if (pool.shedAt < Infinity) return;
  pool.shedAt = now + queueTarget;
  shed.start(queueTarget, false);
}

/** Called when a waiter is about to be served. */
export function endWaiting<T>(pool: State<T>, { begun, turn }: Waiter<unknown>): void {
  const { clock, overload, queue: { oldest }, settings: { queueTarget } } = pool;
  // A waiter that overtakes others says nothing about their waits.
  if (overload !== undefined || oldest !== undefined && oldest.turn < turn) return;
  const now = clock.awake();
  if (begun < 0 || now - begun <= queueTarget) pool.calm = now; // below 0: it has just begun to wait
}

/** Ends an overload: the queue is empty. */
export function endOverload<T>(pool: State<T>): void {
  const { clock, log, overload } = pool;
  if (overload === undefined) return;
  pool.overload = undefined;
  const lasted = Math.round(clock.awake() - overload.since);
  log.info(() => `is no longer overloaded, after ${lasted} ms; ${overload.refused} were refused`);
}

/** Finds out whether the pool is overloaded, and refuses waiters that have waited too long. */
export function lookAtQueue<T>(pool: State<T>, late: number): void {
  const { attempts, checks, clock, queue, settings: { queueInterval, queueTarget }, shed } = pool;
  pool.shedAt = Infinity;
  if (queue.size === 0 || pool.ending !== undefined) return; // a draining shutdown serves all waiters
  const now = clock.awake();
  // While the event loop was blocked, no waiter could be served.
  pool.calm = Math.min(now, pool.calm + late);
  // A waiter for a creation or a check of its own does not wait for other borrowers.
  if (queue.size <= attempts.size + checks.size) pool.calm = now;
  const longest = now - queue.oldest!.begun;
  if (
    pool.overload === undefined &&
    isOverloaded({ calm: pool.calm, longest }, now, queueTarget, queueInterval)
  ) begin(pool, now);
  const isSpared = pool.overload === undefined || refuseOld(pool, 0);
  const { oldest } = queue;
  if (oldest === undefined) return;
  const due = pool.overload === undefined
    ? Math.max(oldest.begun + queueTarget + 1, pool.calm + queueInterval)
    : oldest.begun + 2 * queueTarget;
  const next = due > now ? due : isSpared ? now + queueTarget : now;
  if (next >= pool.shedAt) return; // set by a `get` of a refused caller
  pool.shedAt = next;
  shed.start(Math.max(1, Math.ceil(pool.shedAt - clock.awake())), false);
}

function begin<T>(pool: State<T>, now: number): void {
  const { log, queue, settings: { queueInterval, queueTarget } } = pool;
  pool.overload = { since: now, refused: 0 };
  queue.newestFirst = true;
  log.warn(() =>
    `is overloaded: for ${queueInterval} ms each get has waited longer than ${queueTarget} ms ` +
    `(queueTarget); ${queue.size} wait`
  );
}

/** Refuses waiters that have waited too long, before an object goes to the next one. */
export function shedFirst<T>(pool: State<T>): void {
  const { clock, ending, overload, shedAt } = pool;
  if (overload === undefined || ending !== undefined) return;
  // Called only when due: `refuseOld` takes time. During `lookAtQueue`, `shedAt` is Infinity.
  if (shedAt === Infinity || clock.awake() >= shedAt) refuseOld(pool, 1);
}

/**
 * Refuses waiters that have waited for twice the target. `inHand`: how many objects are about to be
 * lent. Returns true if the rest is spared, because an object is on its way for each; else there
 * may be more to refuse.
 */
function refuseOld<T>(pool: State<T>, inHand: number): boolean {
  const { attempts, checks, clock, queue, settings: { queueTarget } } = pool;
  const now = clock.awake();
  for (const waiter of queue.by(now - 2 * queueTarget)) {
    if (queue.size <= attempts.size + checks.size + inHand) return true;
    if (!waiter.waits || pool.overload === undefined) continue; // changed by a refused caller
    pool.overload.refused++;
    refuse(pool, waiter, overloadError(pool, now - waiter.begun), "overload");
  }
  return false;
}
