// Reclaim: the calls of a quota: closes an object for another pool, or ends a permit.

import { abandon, restAfterLoss } from "./create.ts";
import type { Attempt } from "./entry.ts";
import { evictIdle, kill } from "./evict.ts";
import { longestHeld, lostError, unusedError } from "./explain.ts";
import type { QuotaClient } from "./quota.ts";
import { isSpare } from "./rules.ts";
import type { State } from "./state.ts";

/** A permit that is lost while its object is younger than that, in ms, counts as a failed creation. */
const SOON = 10_000;

/** The pool, as its quota sees it. */
export function clientOf<T>(pool: State<T>): QuotaClient {
  return {
    name: pool.name,
    get available() {
      const { bag: { idle, live }, settings: { minSize } } = pool;
      if (idle.size === 0) lookForLost(pool); // a request waits, though not in this pool
      return Math.max(0, Math.min(idle.size, live - minSize));
    },
    get unused() {
      const { first } = pool.bag.idle;
      return first === undefined ? 0 : pool.clock.now() - first.since;
    },
    reclaim: () => reclaim(pool),
    holders: (most) => longestHeld(pool, most),
  };
}

/** Looks for leaked leases, although no borrower waits in this pool. */
export function lookForLost<T>({ bag, clock, clocked, leaks }: State<T>): void {
  leaks.look(bag.lent, clock.awake(), clocked);
}

/** Closes the longest idle object over `minSize`; if there is none, the next one returned. */
function reclaim<T>(pool: State<T>): boolean {
  const { attempts, bag, permits, settings: { minSize } } = pool;
  for (const entry of bag.idle) {
    if (!isSpare(entry, bag, minSize)) continue;
    permits!.yielded = true;
    void evictIdle(pool, entry, "reclaimed");
    return true;
  }
  if (bag.live + attempts.size > minSize) permits!.owe();
  return false;
}

/** A permit was lost: its object is closed, as at `maxUsingDelayKill`. */
export function lose<T>(pool: State<T>, attempt: Attempt<T> | undefined): void {
  if (attempt === undefined) {
    restAfterLoss(pool, pool.made, unusedError(pool));
    return pool.dispatch(); // to request another one
  }
  const { clock, hooks, log } = pool;
  const { entry, n } = attempt;
  if (!attempt.over) return abandon(pool, attempt, lostError(pool, n));
  if (entry === undefined || !entry.live) return;
  if (clock.now() - entry.born < SOON) restAfterLoss(pool, n, lostError(pool, n));
  else pool.losses = 0;
  if (evictIdle(pool, entry, "killed") === undefined) kill(pool, entry, "revoked by its quota");
  log.warn(() => `${hooks.label(entry)} is killed: its permit was lost`);
}
