// Manage: the operations on a whole pool: ready, resize, reset, shutdown.

import { after, Timer } from "./clock.ts";
import { abandon, abort, begin, isComplete, recount } from "./create.ts";
import {
  abandonClosings,
  awaitClosing,
  condemn,
  evictAll,
  evictBatch,
  forceClosings,
  kill,
} from "./evict.ts";
import { closedError, holderOf, holding } from "./explain.ts";
import { DONE } from "./hooks.ts";
import type { Permits } from "./permits.ts";
import { planIdle, rotate } from "./recycle.ts";
import { refuseAll } from "./refuse.ts";
import type { State } from "./state.ts";
import { inTurns } from "./turns.ts";

/** How often the log says what a shutdown waits for, in ms. */
const REPORT = 10_000;

/** How long closers are awaited after a shutdown has run out of time, in ms. */
const GRACE = 400;

/** How many holders are named. */
const NAMED = 5;

/** Starts the pool; resolves once there are `minSize` objects. */
export function ready<T>(pool: State<T>): Promise<void> {
  begin(pool); // its `fun` may end the pool
  if (pool.ending !== undefined) return Promise.reject(closedError(pool));
  if (isComplete(pool)) return DONE;
  if (pool.settings.createBackoff === 0) pool.rest.stop(); // `ready` tries again at once
  else pool.rest.keepAlive(true);
  const reached = new Promise<void>((resolve, reject) => pool.expecting.push({ resolve, reject }));
  for (const { timer } of pool.attempts) timer.keepAlive(true);
  pool.dispatch();
  return reached;
}

/** Changes the bounds. */
export function resize<T>(pool: State<T>, minSize: number, maxSize: number): void {
  Object.assign(pool.settings, { minSize, maxSize });
  pool.careful = true;
  const surplus = pool.surplus > 0 ? [...pool.bag.idle].slice(0, pool.surplus) : [];
  void evictBatch(surplus.map((entry) => condemn(pool, entry, "resized")));
  recount(pool);
  planIdle(pool);
  if (pool.started !== undefined) pool.dispatch();
}

/**
 * Makes every present object obsolete, at once or within `spread` ms; resolves once the idle ones
 * are closed.
 */
export function reset<T>(pool: State<T>, spread: number): Promise<void> {
  return spread > 0 ? rotate(pool, spread) : resetAll([pool]);
}

/** Makes every present object of these pools obsolete, at once. Resolves once the idle ones are closed. */
export function resetAll<T>(pools: readonly State<T>[]): Promise<void> {
  for (const pool of pools) {
    pool.epoch++;
    pool.careful = true;
  }
  return evictAll(pools, "reset").then(() => {});
}

/** Begins the shutdown, or joins it. `drain`: waiters are served first. `timeout` 0: no limit. */
export function shutdown<T>(pool: State<T>, timeout: number, drain: boolean): Promise<void> {
  shutdownAll([pool], timeout, drain);
  return pool.ending!.promise;
}

/** The same for several pools. */
export function shutdownAll<T>(pools: readonly State<T>[], timeout: number, drain: boolean): void {
  const begun = pools.filter(({ ending }) => ending === undefined);
  for (const pool of begun) end(pool, drain);
  close(begun.filter(({ ending }) => !ending!.draining));
  for (const pool of begun) remind(pool);
  for (const { clock, closings, ending, force, size } of pools) {
    const busy = size + closings.size > 0 || ending!.draining;
    if (busy && timeout > 0 && clock.awake() + timeout < force.at) force.start(timeout, true);
  }
}

/** From now on the pool makes and lends nothing, but to waiters that a drain still serves. */
function end<T>(pool: State<T>, drain: boolean): void {
  const { bag, clock, log, queue, rounds, settings } = pool;
  let done!: () => void;
  const promise = new Promise<void>((resolve) => done = resolve);
  const report = new Timer(clock, () => {
    log.warn(() => waitsFor(pool));
    report.start(REPORT, false);
  });
  const over = () => {
    const { force, shed, slow, still, wake } = pool;
    for (const timer of [report, force, rounds, shed, slow, still, wake]) timer.stop();
    pool.queue.stop();
    done();
  };
  const resolve = () => pool.permits === undefined ? over() : leave(pool, pool.permits, over);
  const draining = drain && queue.size > 0;
  pool.ending = {
    promise,
    resolve,
    report,
    draining,
    forced: undefined,
    abandoned: undefined,
  };
  pool.careful = true;
  pool.keepTime();
  if (settings.maxUsingDelayKill > 0) {
    pool.awaitRounds = true;
    rounds.keepAlive(bag.using > 0);
  }
  log.info(() => `is shut down, with ${bag.using} objects in use`);
}

/** Has the log say from time to time what the shutdown waits for. */
function remind<T>(pool: State<T>): void {
  const { draining, report } = pool.ending!;
  if (draining && pool.permits !== undefined) pool.dispatch(); // some permits are no longer needed
  // No timer without need: a Worker's global scope forbids it.
  if (draining || pool.size > 0) report.start(REPORT, false);
}

/** All objects are closed: leaves the quota, within the time limit of a `closer`. */
function leave<T>(pool: State<T>, permits: Permits<T>, over: () => void): void {
  const { closings, hooks } = pool;
  const dispose = permits.leave();
  if (dispose === undefined) {
    if (closings.size === 0) over();
    return;
  }
  const closing = hooks.leave(dispose, (closing) => {
    closings.delete(closing);
    over();
  });
  awaitClosing(pool, closing);
}

/** Goes on with a draining shutdown: no waiter is left. */
export function drained<T>(pool: State<T>): void {
  pool.ending!.draining = false;
  close([pool]);
}

/** Ends lending and creation, and closes what is idle. */
function close<T>(pools: readonly State<T>[]): void {
  for (const pool of pools) stop(pool);
  void evictAll(pools, "shutdown");
  for (const pool of pools) {
    // Look for leaks: leaked objects need not be awaited.
    pool.leaks.look(pool.bag.lent, pool.clock.awake(), pool.clocked);
    if (pool.size === 0) pool.ending!.resolve();
  }
}

function stop<T>(pool: State<T>): void {
  const { attempts, expecting, permits, queue, rest, rotations } = pool;
  if (queue.size > 0) refuseAll(pool, closedError(pool, true), "closed");
  rest.stop();
  for (const finish of [...rotations]) finish();
  // An error is slow to create, and an idle pool needs none.
  if (expecting.length + attempts.size + (permits?.pending ?? 0) > 0) {
    const error = closedError(pool);
    permits?.withdrawAll(error);
    for (const { reject } of expecting.splice(0)) reject(error);
    for (const attempt of attempts) abort(attempt, error);
  }
}

/** A shutdown has run out of time. */
export function force<T>(pool: State<T>): void {
  const { attempts, bag } = pool;
  const { draining, promise } = pool.ending!;
  if (draining) drained(pool);
  const error = closedError(pool);
  forceClosings(pool, error);
  const cancel = after(GRACE, true, () => abandonClosings(pool));
  void promise.then(cancel);
  void inTurns([...bag.entries()], (entry) => kill(pool, entry, "revoked by shutdown"));
  void inTurns([...attempts], (attempt) => abandon(pool, attempt, error));
}

function waitsFor<T>(pool: State<T>): string {
  const { attempts, bag, closings, condemned, queue } = pool;
  const held = [...bag.overdue, ...bag.lent].slice(0, NAMED)
    .map((entry) => holderOf(pool, entry))
    .map((holder) => `${holder.object} held ${holding(holder)}`);
  const waiting = queue.size > 0 ? [`${queue.size} waiting`] : [];
  return `shutdown waits for ${
    [
      ...waiting,
      `${bag.using} in use`,
      `${attempts.size} being created`,
      `${closings.size + condemned.size} being closed`,
      ...held,
    ].join("; ")
  }`;
}
