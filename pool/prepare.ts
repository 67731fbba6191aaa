// Prepare: runs `health` and `getter` on an object before it is lent.

import { outside } from "../context.ts";
import { isThenable } from "../values.ts";
import type { Entry } from "./entry.ts";
import { evictUsing } from "./evict.ts";
import { outlivedError } from "./explain.ts";
import { distrust, doubtful, examine, notice, suspects } from "./health.ts";
import { deliver } from "./lend.ts";
import type { CloseReason } from "./observe.ts";
import type { Terms } from "./queue.ts";
import { refuse } from "./refuse.ts";
import { isDead, readmit } from "./release.ts";
import type { Check, State } from "./state.ts";

/** After how many unfit new objects in a row a `get` fails. */
const UNFIT = 3;

/** After how long, in ms, a check no longer counts as an object to come. */
export const LONG = 100;

/** A timer that is later than this, in ms, shows that the event loop was blocked. */
const LATE = 50;

/** Offers an object to the waiters, once its hooks accept it. */
export function offer<T>(pool: State<T>, entry: Entry<T>): void {
  if (!pool.hooked || prepare(pool, entry, undefined)) deliver(pool, entry);
}

/**
 * Runs the hooks of an object. Returns whether it can be lent now. Otherwise a hook is still running, or
 * the object is unfit, or no borrower wants it any more: all three are handled here. `terms` are those
 * of a new borrower; without them the object is for the waiters.
 */
export function prepare<T>(pool: State<T>, entry: Entry<T>, terms: Terms | undefined): boolean {
  try {
    const health = doubtful(pool, entry, pool.now)
      ? examine(pool, entry, true, pool.now)
      : undefined;
    if (health === undefined) return greet(pool, entry, terms);
    later(pool, entry, health, "unhealthy", false);
  } catch (error) {
    notFit(pool, entry, error, "unhealthy");
  }
  return false;
}

/** The same from `getter` on. */
function greet<T>(pool: State<T>, entry: Entry<T>, terms: Terms | undefined): boolean {
  const wanted = terms === undefined ? pool.queue.size > 0 : !refused(pool, terms);
  if (!wanted || isDead(pool, entry)) {
    readmit(pool, entry); // which closes what has died
    return false;
  }
  try {
    const greeting = pool.hooks.run("getter", entry);
    if (isThenable(greeting)) later(pool, entry, greeting, "unfit", true);
    else if (isDead(pool, entry)) readmit(pool, entry);
    else return true;
  } catch (error) {
    notFit(pool, entry, error, "unfit");
  }
  return false;
}

/** Whether a borrower can no longer get an object. */
export function refused<T>({ ending }: State<T>, { signal }: Terms): boolean {
  return ending !== undefined || signal?.aborted === true;
}

/** Waits for a hook, then offers the object to the next waiter. `why` is the reason if the hook fails. */
function later<T>(
  pool: State<T>,
  entry: Entry<T>,
  hook: PromiseLike<unknown>,
  why: "unhealthy" | "unfit",
  greeted: boolean,
): void {
  const check = beginCheck(pool, why === "unhealthy");
  const good = () => {
    endCheck(pool, check);
    goOn(pool, entry, greeted);
  };
  const bad = (error: unknown) => {
    endCheck(pool, check);
    notFit(pool, entry, error, why);
  };
  outside(() => hook.then(good, bad)); // who waits may have gone by then, and with it its context
}

function beginCheck<T>(pool: State<T>, ofHealth: boolean): Check {
  const { clock } = pool;
  const check = { begun: clock.awake(), asked: ofHealth ? clock.now() : undefined };
  pool.looking++;
  pool.count(check);
  if (pool.slow.at === Infinity) pool.slow.start(LONG, false);
  return check;
}

function endCheck<T>(pool: State<T>, check: Check): void {
  const { checks, orphans, slow } = pool;
  pool.looking--;
  pool.discount(check);
  orphans.delete(check);
  if (checks.size + orphans.size === 0) slow.stop();
}

/** Slow checks no longer count as objects to come: the pool checks or creates others. */
export function forgetSlow<T>(pool: State<T>, late: number): void {
  const { clock, slow } = pool;
  const now = clock.awake();
  if (late > LATE && !pool.excused) {
    // The event loop was blocked: answers that have arrived meanwhile go first.
    pool.excused = true;
    return slow.start(LATE, false);
  }
  pool.excused = false;
  for (const set of [pool.checks, pool.orphans]) {
    for (const check of set) {
      if (check.begun + LONG > now) break;
      pool.discount(check);
      pool.orphans.delete(check);
      if (check.asked !== undefined) distrust(pool, check.asked);
    }
  }
  const next = firstSlow(pool);
  if (next < Infinity) slow.start(Math.max(1, Math.ceil(next - now)), false);
  pool.dispatch();
}

/** When the oldest check becomes slow. */
function firstSlow<T>({ checks, orphans }: State<T>): number {
  let first = Infinity;
  for (const set of [checks, orphans]) {
    for (const { begun } of set) {
      first = Math.min(first, begun + LONG);
      break;
    }
  }
  return first;
}

/** Continues after an asynchronous hook. */
function goOn<T>(pool: State<T>, entry: Entry<T>, greeted: boolean): void {
  if (entry.state !== "using") return pool.dispatch(); // taken away meanwhile
  if (pool.timed) pool.now = pool.clock.now();
  if (pool.queue.size > 0) {
    if (entry.end < Infinity && pool.now >= entry.end) {
      if (entry.ends === "reset") return readmit(pool, entry); // which closes it
      const error = outlivedError(pool, greeted ? "getter" : "health");
      return notFit(pool, entry, error, "expired");
    }
    try {
      const again = reexamine(pool, entry);
      if (again !== undefined) return later(pool, entry, again, "unhealthy", greeted);
    } catch (error) {
      return notFit(pool, entry, error, "unhealthy");
    }
  }
  if (greeted || greet(pool, entry, undefined)) deliver(pool, entry);
}

/** Checks again, if the program was blocked while the hook ran. */
function reexamine<T>(pool: State<T>, entry: Entry<T>): Promise<void> | undefined {
  if (pool.settings.health === undefined) return undefined;
  notice(pool, pool.now);
  return suspects(pool, entry) ? examine(pool, entry, true, pool.now) : undefined;
}

/** Closes an unfit object and tries the next. A `get` fails after too many unfit new ones. */
function notFit<T>(pool: State<T>, entry: Entry<T>, error: unknown, why: CloseReason): void {
  if (entry.state !== "using") return pool.dispatch(); // taken away meanwhile
  // An object that died while idle says nothing of new ones. One that expires in a hook does.
  const fresh = entry.uses === 0 && (why === "expired" || !entry.stored);
  pool.unfit = fresh ? pool.unfit + 1 : 0;
  if (pool.unfit >= UNFIT) {
    pool.unfit = 0;
    const waiter = pool.queue.next;
    if (waiter !== undefined) refuse(pool, waiter, error, "failed");
  }
  evictUsing(pool, entry, why); // asked again: who was told may do anything
  pool.dispatch();
}
