// Overload: refuses who has waited for too long, and serves the newest first, while all wait for long.

import { overloadError } from "./explain.ts";
import type { Waiter } from "./queue.ts";
import { refuse } from "./refuse.ts";
import { isOverloaded } from "./rules.ts";
import type { State } from "./state.ts";

/** Somebody begins to wait. */
export function beginWaiting<T>(pool: State<T>): void {
  const { attempts, checks, clock, queue, settings: { queueTarget }, shed } = pool;
  const now = clock.awake();
  // Those ahead, if any, wait for what is being made for them, and not for others.
  if (queue.size - 1 <= attempts.size + checks.size) pool.calm = now;
  if (pool.shedAt < Infinity) return;
  pool.shedAt = now + queueTarget;
  shed.start(queueTarget, false);
}

/** A waiter is about to be served. */
export function endWaiting<T>(pool: State<T>, { begun, turn }: Waiter<unknown>): void {
  const { clock, overload, queue: { oldest }, settings: { queueTarget } } = pool;
  // That urgent ones are served at once says nothing of those that they overtake.
  if (overload !== undefined || oldest !== undefined && oldest.turn < turn) return;
  const now = clock.awake();
  if (begun < 0 || now - begun <= queueTarget) pool.calm = now; // below 0: it has just come
}

/** Nobody waits any more. */
export function endOverload<T>(pool: State<T>): void {
  const { clock, log, overload } = pool;
  if (overload === undefined) return;
  pool.overload = undefined;
  const lasted = Math.round(clock.awake() - overload.since);
  log.info(() => `is no longer overloaded, after ${lasted} ms; ${overload.refused} were refused`);
}

/** Finds out whether the pool is overloaded, and refuses who has waited for too long. */
export function lookAtQueue<T>(pool: State<T>, late: number): void {
  const { attempts, checks, clock, queue, settings: { queueInterval, queueTarget }, shed } = pool;
  pool.shedAt = Infinity;
  if (queue.size === 0 || pool.ending !== undefined) return; // a shutdown that drains serves them
  const now = clock.awake();
  // While the event loop stood still nobody could be served.
  pool.calm = Math.min(now, pool.calm + late);
  // Who waits for an object that is being made for it waits for the server, and not for others.
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
  if (next >= pool.shedAt) return; // by who hears of it, and comes
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

/** Before an object goes to whose turn it is: refuses who has waited for too long, if anybody has. */
export function shedFirst<T>(pool: State<T>): void {
  const { clock, ending, overload, shedAt } = pool;
  if (overload === undefined || ending !== undefined) return;
  // Looking takes time, and while it is looked `shedAt` is Infinity.
  if (shedAt === Infinity || clock.awake() >= shedAt) refuseOld(pool, 1);
}

/**
 * Refuses who has waited for twice the target; `inHand`: so many objects are about to be lent. True: those
 * that are left are spared, for there is an object to come for each. Else there may be more to refuse.
 */
function refuseOld<T>(pool: State<T>, inHand: number): boolean {
  const { attempts, checks, clock, queue, settings: { queueTarget } } = pool;
  const now = clock.awake();
  for (const waiter of queue.by(now - 2 * queueTarget)) {
    if (queue.size <= attempts.size + checks.size + inHand) return true;
    if (!waiter.waits || pool.overload === undefined) continue; // by who has heard of the others
    pool.overload.refused++;
    refuse(pool, waiter, overloadError(pool, now - waiter.begun), "overload");
  }
  return false;
}
