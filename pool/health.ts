// Health: which objects must be checked before they are lent, and the check.

import { outside } from "../context.ts";
import { PoolError } from "../errors.ts";
import { isThenable } from "../values.ts";
import type { Entry } from "./entry.ts";
import type { List } from "./list.ts";
import type { State } from "./state.ts";

/** A round that is that much late means that the program stood still, in milliseconds. */
const GAP = 1000;

/** Whether it was there when time passed without a round, and has not been checked since. */
export function suspects<T>(pool: State<T>, entry: Entry<T>): boolean {
  return entry.proven < pool.suspect;
}

/** Whether it was just made. */
function isFresh<T>({ stored, uses }: Entry<T>): boolean {
  return !stored && uses === 0;
}

/** Whether to check an object before it is lent. */
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
 * Checks an object: gives a promise if `health` does; throws or rejects if it is not good. `awaited`:
 * somebody waits for the answer. `asked`: an answer that a sleep has delayed says nothing of what came
 * after the question.
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

/** A check that began at `asked` has failed or hangs: what was proven good before may have died, too. */
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
    if (entry.live) { // else it was given up
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

/** Notices that the program stood still: at a round, or when an object is borrowed, returned or made. */
export function notice<T>(pool: State<T>, now: number): void {
  const passed = now - pool.lastRound;
  if (passed <= pool.hkDelay + GAP) return;
  const { bag, clock, log } = pool;
  const awake = passed - (clock.slept - pool.slept); // sleep does not count as use in any case
  mark(pool, now);
  if (awake > pool.hkDelay + GAP) { // when it began is not known: nothing of that counts
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

/** Nobody has used them for `ms`, until `now`. */
function excuse<T>(list: List<Entry<T>>, ms: number, now: number): void {
  for (const entry of list) entry.since = Math.min(entry.since + ms, now);
}
