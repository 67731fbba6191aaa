// Recycle: closes objects at the end of their lifetime, or when they are idle for too long, each at
// its own moment; creates successors before.

import { outside } from "../context.ts";
import { after } from "./clock.ts";
import type { Entry } from "./entry.ts";
import { condemn, evictBatch, evictIdle, isEvictable, type Victim } from "./evict.ts";
import { DONE } from "./hooks.ts";
import { mayGo, unused } from "./rules.ts";
import type { State } from "./state.ts";

/** Closes objects that are due, creates successors, and plans the next wake-up. */
export function recycle<T>(pool: State<T>): void {
  pool.wakeAt = Infinity;
  if (pool.ending !== undefined) return;
  const { bag, clock } = pool;
  const now = clock.now();
  const victims: Victim<T>[] = [];
  for (const entry of bag.lifetimes.until(now)) {
    bag.lifetimes.remove(entry);
    if (!entry.ageing) bag.age(entry);
    if (now < entry.end) bag.lifetimes.add(entry);
    // An object in use is closed at its return.
    else if (isEvictable(entry, entry.ends)) victims.push(condemn(pool, entry, entry.ends));
  }
  for (const entry of unused(bag.idle, pool.settings, pool.spare, now)) {
    victims.push(condemn(pool, entry, "recycled"));
  }
  void evictBatch(victims);
  replaceNext(pool);
  wakeBy(pool, bag.lifetimes.first?.due ?? Infinity);
  planIdle(pool);
  pool.dispatch();
}

/** Plans a wake-up at `moment`, by `clock.now()`, or earlier. */
export function wakeBy<T>(pool: State<T>, moment: number): void {
  const { clock, wake, wakeAt } = pool;
  // A timer that was started before a sleep fires too late.
  if (moment >= wakeAt && (wakeAt === Infinity || pool.wakeSlept === clock.slept)) return;
  pool.wakeAt = Math.min(moment, wakeAt);
  wake.start(Math.max(1, Math.ceil(pool.wakeAt - clock.now())), false);
  pool.wakeSlept = clock.slept;
}

/** Makes an object idle. */
export function store<T>(pool: State<T>, entry: Entry<T>): void {
  pool.bag.store(entry);
  if (pool.idleMatters) stored(pool);
}

function stored<T>(pool: State<T>): void {
  planIdle(pool);
  if (pool.permits !== undefined && pool.permits.pending > 0) pool.dispatch(); // a permit may no longer be needed
}

/** The same for a picked object: its idle time goes on. */
export function restore<T>(pool: State<T>, entry: Entry<T>): void {
  if (pool.fifo) pool.bag.restore(entry);
  else pool.bag.store(entry);
  if (pool.idleMatters) stored(pool);
}

/** Plans a wake-up for the longest idle object, if it may be closed. */
export function planIdle<T>(pool: State<T>): void {
  const { bag: { idle }, settings: { maxAvailDelay } } = pool;
  if (maxAvailDelay === 0 || pool.spare <= 0) return;
  let { first } = idle;
  while (first?.checking) first = first.next as Entry<T> | undefined;
  if (first !== undefined) wakeBy(pool, first.since + maxAvailDelay);
}

/**
 * If there is no room for a successor, closes the next ageing object: one at a time, and only while
 * no borrower waits.
 */
export function replaceNext<T>(pool: State<T>): void {
  if (!isReplacing(pool)) return;
  const next = pool.bag.lifetimes.find(pool.clock.now() + pool.lead, mayGo);
  if (next !== undefined) void evictIdle(pool, next, next.ends);
}

/** Whether an ageing object must make room for its successor. */
export function isReplacing<T>(pool: State<T>): boolean {
  const { attempts, bag, failures, permits, queue, settings: { minSize } } = pool;
  return bag.ageing > 0 && bag.live - bag.ageing < minSize && !pool.room && failures === 0 &&
    queue.size === 0 && attempts.size === 0 && bag.closing === 0 && !permits?.pending;
}

/**
 * Ends the lifetimes of all present objects within `spread` ms, one after the other; resolves once
 * the objects that are idle now are closed.
 */
export function rotate<T>(pool: State<T>, spread: number): Promise<void> {
  const { attempts, bag, clock } = pool;
  const idle = [...bag.idle];
  const using = [...bag.entries()].filter(({ state }) => state === "using");
  const all = [...idle, ...using];
  const now = clock.now();
  const step = spread / Math.max(all.length, 1);
  pool.careful = true;
  pool.lead = Math.max(pool.lead, step);
  for (const [i, entry] of all.entries()) {
    const end = now + step * (i + 1);
    if (end < entry.end) bag.outdate(entry, end, Math.max(now, end - step));
  }
  pool.rotating = bag.outdated > 0;
  pool.refresh(); // the clock is read until they are closed
  for (const attempt of attempts) attempt.until = Math.min(attempt.until, now + spread);
  wakeBy(pool, bag.lifetimes.first?.due ?? Infinity);
  return idle.length === 0 ? DONE : outside(() => rotated(pool, idle, step * idle.length));
}

/** Resolves in a later turn of the event loop. */
function turn(): Promise<void> {
  return new Promise((resolve) => void after(0, true, resolve));
}

async function rotated<T>(pool: State<T>, idle: Entry<T>[], delay: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const finish = (surely = true) => {
      if (!surely && idle.some(({ state }) => state === "available")) return;
      cancel();
      pool.rotations.delete(finish);
      resolve();
    };
    const cancel = after(Math.ceil(delay), true, () => finish());
    pool.rotations.add(finish);
  });
  recycle(pool); // closes due objects, also after a sleep
  for (const entry of idle) {
    if (entry.ends === "reset") void evictIdle(pool, entry, "reset");
  }
  while ([...pool.condemned.values()].includes("reset")) await turn();
  const closings = [...pool.closings].filter(({ reason }) => reason === "reset");
  await Promise.all(closings.map(({ promise }) => promise));
}
