// Assemble: puts a pool together: its state, timers and queue.

import { abortReason } from "../values.ts";
import { forgetSlow } from "./prepare.ts";
import { checkFun, settingsOf } from "./check.ts";
import { Timer } from "./clock.ts";
import { notPermitted } from "./create.ts";
import { dispatch } from "./dispatch.ts";
import { LeakWatch } from "./leaks.ts";
import { force } from "./manage.ts";
import type { Create, PoolOptions } from "./options.ts";
import { endOverload, lookAtQueue } from "./overload.ts";
import { Permits } from "./permits.ts";
import { Queue } from "./queue.ts";
import { clientOf, lose } from "./reclaim.ts";
import { recycle } from "./recycle.ts";
import { refuse, refuseLate } from "./refuse.ts";
import { lost } from "./release.ts";
import { round } from "./rounds.ts";
import { roundDelay } from "./rules.ts";
import { lookAtStandstill } from "./standstill.ts";
import { State } from "./state.ts";

let pools = 0;
/** How many of them were given no name. */
let unnamed = 0;

/** Creates a pool that has not started; throws if `fun` or an option is invalid. */
export function assemble<T>(fun: Create<T>, options: PoolOptions<T>): State<T> {
  checkFun(fun);
  const settings = settingsOf(options);
  const name = settings.name ?? `proxypool#${++unnamed}`;
  const pool = new State(++pools, name, fun, settings, roundDelay(settings));
  pool.boundless = options.maxSize === undefined && options.quota === undefined;
  const { clock } = pool;
  pool.dispatch = (entry) => dispatch(pool, entry);
  pool.leaks = new LeakWatch((watched) => lost(pool, watched));
  pool.rounds = new Timer(clock, () => round(pool));
  pool.rest = new Timer(clock, () => pool.dispatch());
  pool.wake = new Timer(clock, () => recycle(pool));
  pool.slow = new Timer(clock, (late) => forgetSlow(pool, late));
  pool.force = new Timer(clock, () => force(pool));
  pool.shed = new Timer(clock, (late) => lookAtQueue(pool, late));
  pool.still = new Timer(clock, (late) => lookAtStandstill(pool, late));
  pool.queue = new Queue(clock, settings.timeout, settings.queueTarget > 0, {
    emptied: () => endOverload(pool),
    late: (waiters) => refuseLate(pool, waiters),
    aborted: (waiter) => refuse(pool, waiter, abortReason(waiter.terms.signal!), "aborted"),
    look: () => pool.leaks.look(pool.bag.lent, clock.awake(), pool.clocked),
  });
  if (settings.quota !== undefined) {
    pool.permits = new Permits(settings.quota, clientOf(pool), pool.log, {
      granted: () => pool.dispatch(),
      failed: (request, error) => notPermitted(pool, request, error),
      lost: (attempt) => lose(pool, attempt),
    });
  }
  return pool;
}
