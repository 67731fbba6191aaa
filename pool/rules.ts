// Rules: decisions that depend only on data and time.

import type { Entry } from "./entry.ts";
import type { List } from "./list.ts";
import type { CloseReason } from "./observe.ts";
import type { Settings } from "./options.ts";

/** Why an idle object must not be lent any more; `spare`: how many idle objects may be closed. */
export function stale<T>(
  entry: Entry<T>,
  { maxAvailDelay }: Limits,
  spare: number,
  now: number,
): CloseReason | undefined {
  if (isLost(entry)) return "killed";
  if (now >= entry.end) return entry.ends;
  const unused = maxAvailDelay > 0 && now - entry.since >= maxAvailDelay;
  return unused && spare > 0 ? "recycled" : undefined;
}

/** Why a returned object must not be kept. */
export function wornOut<T>(
  entry: Entry<T>,
  { maxUse }: Settings<T>,
  now: number,
): CloseReason | undefined {
  if (maxUse > 0 && entry.uses >= maxUse) return "wornOut";
  if (isLost(entry)) return "killed";
  return now >= entry.end ? entry.ends : undefined;
}

/** Whether its permit was lost. This may be noticed here before the signal's event. */
function isLost<T>({ permit }: Entry<T>): boolean {
  return permit?.lost?.aborted === true;
}

/** The delays that rounds use. */
export type Limits = Pick<
  Settings<unknown>,
  "maxAvailDelay" | "maxUsingDelay" | "maxUsingDelayKill"
>;

/** The idle objects that are idle for too long and may be closed, the longest idle first. */
export function unused<T>(
  idle: List<Entry<T>>,
  { maxAvailDelay }: Limits,
  spare: number,
  now: number,
): Entry<T>[] {
  const found: Entry<T>[] = [];
  if (maxAvailDelay === 0) return found;
  for (const entry of idle) {
    if (found.length >= spare || now - entry.since < maxAvailDelay) break;
    if (!entry.checking) found.push(entry);
  }
  return found;
}

/**
 * Whether an object may be closed before the end of its lifetime, to make room for its successor.
 */
export function mayGo<T>({ ageing, checking, state }: Entry<T>): boolean {
  return ageing && state === "available" && !checking;
}

/** How many objects there are, and how many of them are ageing. */
interface Stock {
  readonly live: number;
  readonly ageing: number;
}

/** Whether `minSize` objects that do not age are left if an object is closed. */
export function isSpare<T>(entry: Entry<T>, { live, ageing }: Stock, minSize: number): boolean {
  return live - (entry.ageing ? 0 : ageing) > minSize;
}

/** The part of a lifetime by which a successor is created ahead, at most. */
const AHEAD = 0.2;

/**
 * How long before the end of a lifetime a successor is created: two rounds, if that is not too
 * long.
 */
export function leadOf(lifetime: number, hkDelay: number): number {
  return Math.min(lifetime * AHEAD, hkDelay > 0 ? 2 * hkDelay : Infinity);
}

/** Lent objects, in the order in which they are due. */
export interface Held<T> {
  /** Without a warning yet, the longest held first. */
  readonly lent: List<Entry<T>>;
  /** With a warning, the longest held first. */
  readonly overdue: List<Entry<T>>;
}

/** The objects to warn about, and to kill. */
export interface Due<T> {
  warn: Entry<T>[];
  kill: Entry<T>[];
}

/** Finds objects that are held for too long. Its time depends on the due objects, not on all. */
export function due<T>({ lent, overdue }: Held<T>, limits: Limits, awake: number): Due<T> {
  const { maxUsingDelay, maxUsingDelayKill } = limits;
  return {
    warn: heldFor(lent, maxUsingDelay, awake),
    kill: [
      ...heldFor(overdue, maxUsingDelayKill, awake),
      ...heldFor(lent, maxUsingDelayKill, awake),
    ],
  };
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
  const { maxAvailDelay, maxUsingDelay, maxUsingDelayKill } = settings;
  const delays = [maxAvailDelay, maxUsingDelay, maxUsingDelayKill].filter((delay) => delay > 0);
  const longest = settings.health ? 60_000 : Infinity;
  if (delays.length > 0) return Math.min(longest, Math.max(1, Math.ceil(Math.min(...delays) / 2)));
  return settings.health ? longest : 0;
}

/** The waits of borrowers, in ms. */
export interface Waits {
  /**
   * When a waiter was last served in turn within the target, or none had to wait for other
   * borrowers.
   */
  readonly calm: number;
  /** How long the oldest waiter has waited. */
  readonly longest: number;
}

/**
 * Whether every `get` of the last `interval` ms has waited longer than `target`, including present
 * waiters. This is CoDel's rule: a queue that never gets short helps nobody.
 */
export function isOverloaded(
  { calm, longest }: Waits,
  now: number,
  target: number,
  interval: number,
): boolean {
  return longest > target && now - calm >= interval;
}

/**
 * After how many ms a refused caller may try again. `chance`, 0 to 1, spreads callers: those
 * refused together must not return together.
 */
export function retryAfter(interval: number, chance: number): number {
  return Math.ceil(interval * (1 + chance));
}

/** The first rest of an outage, in ms; it is not over `createBackoff`. */
const FIRST_BACKOFF = 50;

/** The first and the longest rest before a refill of `minSize` with `createBackoff: 0`, in ms. */
const FIRST_REFILL = 100;
const LONGEST_REFILL = 30_000;

/** By up to which part such a rest is prolonged at random. */
const JITTER = 0.25;

/**
 * How long to rest after the `failures`th failure in a row, in ms; 0: not at all. `chance`, 0 to 1,
 * spreads pools over the whole rest: many pools of one server must not all return at once.
 */
export function backoff(failures: number, longest: number, chance: number): number {
  if (failures < 2) return 0;
  return Math.max(1, Math.ceil(chance * Math.min(longest, FIRST_BACKOFF * 2 ** (failures - 2))));
}

/** The same before a refill of `minSize` with `createBackoff: 0`. */
export function refillBackoff(failures: number, chance: number): number {
  const rest = Math.min(FIRST_REFILL * 2 ** (failures - 1), LONGEST_REFILL / (1 + JITTER));
  return rest * (1 + chance * JITTER);
}
