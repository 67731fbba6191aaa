// Prepare: hooks decide whether an object may be lent: `health`, then `getter`.

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

/** How many fresh objects in a row may turn out unfit before somebody is told. */
const UNFIT = 3;

/** After how many ms a check no longer counts as an object to come. */
export const LONG = 100;

/** A timer that is that much late, in ms, tells of an event loop that stood still. */
const LATE = 50;

/** Offers an object in use by nobody to those who wait, once hooks let it be lent. */
export function offer<T>(pool: State<T>, entry: Entry<T>): void {
  if (!pool.hooked || prepare(pool, entry, undefined)) deliver(pool, entry);
}

/**
 * Has hooks look at an object. True: it can be lent now. Else a hook takes its time, or the object is
 * not fit, or nobody wants it any more, which is seen to. `terms`: of who comes, unless that is who
 * waits.
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

/** A hook takes its time: then the object goes to whose turn it is by then. `why`: if the hook fails. */
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

/** What takes long is no object to come: another one is looked at, or made. */
export function forgetSlow<T>(pool: State<T>, late: number): void {
  const { clock, slow } = pool;
  const now = clock.awake();
  if (late > LATE && !pool.excused) {
    // The event loop stood still: the answers that have come meanwhile go first.
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

/** When the oldest check has taken long. */
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

/** After a hook that took its time. */
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

/** The program may have stood still while a hook took its time. */
function reexamine<T>(pool: State<T>, entry: Entry<T>): Promise<void> | undefined {
  if (pool.settings.health === undefined) return undefined;
  notice(pool, pool.now);
  return suspects(pool, entry) ? examine(pool, entry, true, pool.now) : undefined;
}

/** Hooks do not let an object be lent: the next is tried, unless too many fresh ones were unfit. */
function notFit<T>(pool: State<T>, entry: Entry<T>, error: unknown, why: CloseReason): void {
  if (entry.state !== "using") return pool.dispatch(); // taken away meanwhile
  // What dies while it is stored says nothing of the next; what gets too old in a hook does.
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
