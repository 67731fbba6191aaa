// Rules: decisions that depend on data and time alone.

import type { Deadlines } from "./deadlines.ts";
import type { Entry } from "./entry.ts";
import type { List } from "./list.ts";
import type { CloseReason } from "./observe.ts";
import type { Settings } from "./options.ts";

/** Why an available object is not to be lent any more; `live`: how many objects there are. */
export function stale<T>(
  entry: Entry<T>,
  { maxAvailDelay, minSize }: Limits,
  live: number,
  now: number,
): CloseReason | undefined {
  if (now >= entry.due) return "expired";
  const unused = maxAvailDelay > 0 && now - entry.since >= maxAvailDelay;
  return unused && live > minSize ? "recycled" : undefined;
}

/** Why an object that comes back is not to be kept. */
export function wornOut<T>(
  entry: Entry<T>,
  { maxUse }: Settings<T>,
  now: number,
): CloseReason | undefined {
  if (maxUse > 0 && entry.uses >= maxUse) return "wornOut";
  return now >= entry.due ? "expired" : undefined;
}

/** What a round looks at: lists in the order in which their entries fall due. */
export interface Objects<T> {
  /** Available, the longest unused first. */
  readonly idle: List<Entry<T>>;
  /** In use, the longest held first, and not warned of yet. */
  readonly lent: List<Entry<T>>;
  /** In use and warned of, the longest held first. */
  readonly overdue: List<Entry<T>>;
  /** By the end of their lifetime. */
  readonly lifetimes: Deadlines<Entry<T>>;
  /** How many objects there are, less those being closed. */
  readonly live: number;
}

/** The delays a round goes by. */
export type Limits = Pick<
  Settings<unknown>,
  "minSize" | "maxAvailDelay" | "maxUsingDelay" | "maxUsingDelayKill"
>;

/** What is to be done. */
export interface Due<T> {
  recycle: Entry<T>[];
  expire: Entry<T>[];
  warn: Entry<T>[];
  kill: Entry<T>[];
}

/** The time, with the machine's sleep and without. */
export interface Time {
  now: number;
  awake: number;
}

/** What is due; takes time for what is due, not for what there is. */
export function due<T>(objects: Objects<T>, limits: Limits, { now, awake }: Time): Due<T> {
  const { maxUsingDelay, maxUsingDelayKill } = limits;
  const expire = objects.lifetimes.until(now);
  return {
    expire,
    recycle: idleTooLong(objects, limits, now, expire),
    warn: heldFor(objects.lent, maxUsingDelay, awake),
    kill: [
      ...heldFor(objects.overdue, maxUsingDelayKill, awake),
      ...heldFor(objects.lent, maxUsingDelayKill, awake),
    ],
  };
}

function idleTooLong<T>(
  { idle, live }: Objects<T>,
  { maxAvailDelay, minSize }: Limits,
  now: number,
  expire: Entry<T>[],
): Entry<T>[] {
  const found: Entry<T>[] = [];
  if (maxAvailDelay === 0) return found;
  const going = new Set(expire);
  let spare = live - expire.length - minSize;
  for (const entry of idle) {
    if (spare <= 0 || now - entry.since < maxAvailDelay) break;
    if (entry.checking || going.has(entry)) continue;
    found.push(entry);
    spare--;
  }
  return found;
}

function heldFor<T>(list: List<Entry<T>>, delay: number, awake: number): Entry<T>[] {
  const found: Entry<T>[] = [];
  if (delay === 0) return found;
  for (const entry of list) {
    if (awake - entry.since < delay) break;
    found.push(entry);
  }
  return found;
}

/** Time between rounds: half the shortest delay that needs them. */
export function roundDelay(settings: Settings<never>): number {
  if (settings.hkDelay > 0) return settings.hkDelay;
  const { maxAvailDelay, maxUsingDelay, maxUsingDelayKill, maxLifetime } = settings;
  const delays = [maxAvailDelay, maxUsingDelay, maxUsingDelayKill, maxLifetime]
    .filter((delay) => delay > 0);
  const longest = settings.health ? 60_000 : Infinity;
  if (delays.length > 0) return Math.min(longest, Math.max(1, Math.ceil(Math.min(...delays) / 2)));
  return settings.health ? longest : 0;
}

/** The first rest after attempts that failed, and the longest, in milliseconds. */
const FIRST = 100;
const LONGEST = 30_000;

/** By up to which part a rest is longer. */
const JITTER = 0.25;

/**
 * How long to rest after the `failures`th attempt in a row that failed, in ms. Many pools that lost
 * one server shall not come back to it all at once; `chance`, 0 to 1, keeps them out of step.
 */
export function restAfter(failures: number, chance: number): number {
  return Math.min(FIRST * 2 ** (failures - 1), LONGEST / (1 + JITTER)) * (1 + chance * JITTER);
}
