// Health: which objects must be checked before they are lent, and the check.

import { outside } from "../context.ts";
import { PoolError } from "../errors.ts";
import { isThenable } from "../values.ts";
import type { Entry } from "./entry.ts";
import type { List } from "./list.ts";
import type { State } from "./state.ts";

/** A round that is late by more than this, in ms, means that the process was frozen. */
const GAP = 1000;

/** Whether an object is from before a freeze, and was not checked since. */
export function suspects<T>(pool: State<T>, entry: Entry<T>): boolean {
  return entry.proven < pool.suspect;
}

/** Whether an object is new. */
function isFresh<T>({ stored, uses }: Entry<T>): boolean {
  return !stored && uses === 0;
}

/** Whether an object must be checked before it is lent. */
export function doubtful<T>(pool: State<T>, entry: Entry<T>, now: number): boolean {
  const { health, healthAfter } = pool.settings;
  if (health === undefined) return false;
  if (suspects(pool, entry)) return true;
  if (isFresh(entry)) return false;
  if (entry.proven < pool.distrust) return true;
  return healthAfter !== undefined &&
    now - Math.max(entry.since, entry.proven) >= healthAfter;
}

/**
 * Checks an object: returns a promise if `health` does; throws or rejects if the object is not
 * good. `awaited`: whether a waiter needs the answer. `asked`: the time of the question, because an
 * answer that sleep has delayed says nothing about later times.
 */
export function examine<T>(
  pool: State<T>,
  entry: Entry<T>,
  awaited: boolean,
  asked: number,
): Promise<void> | undefined {
  const { totals, hooks } = pool;
  totals.healthChecks++;
  try {
    const answer = hooks.run("health", entry, awaited);
    if (isThenable(answer)) return outside(() => answered(pool, entry, answer, asked));
    judge(pool, entry, answer, asked);
    return undefined;
  } catch (error) {
    totals.unhealthy++;
    distrust(pool, asked);
    throw error;
  }
}

/**
 * A check that began at `asked` has failed or hangs: objects proven good before that may have died,
 * too.
 */
export function distrust<T>(pool: State<T>, asked: number): void {
  pool.distrust = Math.max(pool.distrust, asked);
  pool.alarm = true;
}

async function answered<T>(
  pool: State<T>,
  entry: Entry<T>,
  answer: PromiseLike<unknown>,
  asked: number,
): Promise<void> {
  try {
    judge(pool, entry, await answer, asked);
  } catch (error) {
    if (entry.live) { // else the check was abandoned
      pool.totals.unhealthy++;
      distrust(pool, asked);
    }
    throw error;
  }
}

function judge<T>(
  pool: State<T>,
  entry: Entry<T>,
  answer: unknown,
  asked: number,
): void {
  if (answer === false) {
    const { hooks, name } = pool;
    throw new PoolError(`${name}: health returned false for ${hooks.label(entry)}`);
  }
  entry.proven = asked;
  pool.alarm = false;
}

/** Plans the next round, unless one is planned. */
export function planRound<T>(pool: State<T>): void {
  const { rounds, hkDelay, bag, clock } = pool;
  if (hkDelay === 0 || rounds.at !== Infinity) return;
  mark(pool, clock.now());
  rounds.start(hkDelay, pool.awaitRounds && bag.using > 0);
}

/** Notices a freeze of the process: at a round, or when an object is lent, returned or created. */
export function notice<T>(pool: State<T>, now: number): void {
  const passed = now - pool.lastRound;
  if (passed <= pool.hkDelay + GAP) return;
  const { bag, clock, log } = pool;
  const awake = passed - (clock.slept - pool.slept); // sleep does not count as use in any case
  mark(pool, now);
  if (awake > pool.hkDelay + GAP) { // the begin of the freeze is unknown: the whole time is excluded
    excuse(bag.overdue, awake, now - clock.slept);
    excuse(bag.lent, awake, now - clock.slept);
  }
  pool.suspect = now;
  log.info(() => "the process was frozen: all objects are suspect");
}

function mark<T>(pool: State<T>, now: number): void {
  pool.lastRound = now;
  pool.slept = pool.clock.slept;
}

/** Excludes the last `ms` before `now` from the time in use. */
function excuse<T>(list: List<Entry<T>>, ms: number, now: number): void {
  for (const entry of list) entry.since = Math.min(entry.since + ms, now);
}
