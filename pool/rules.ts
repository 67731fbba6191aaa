// Rules: decisions that depend on data and time alone.

import type { Entry } from "./entry.ts";
import type { List } from "./list.ts";
import type { CloseReason } from "./observe.ts";
import type { Settings } from "./options.ts";

/** Why an available object is not to be lent any more; `spare`: how many may go that are unused. */
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

/** Why an object that comes back is not to be kept. */
export function wornOut<T>(
  entry: Entry<T>,
  { maxUse }: Settings<T>,
  now: number,
): CloseReason | undefined {
  if (maxUse > 0 && entry.uses >= maxUse) return "wornOut";
  if (isLost(entry)) return "killed";
  return now >= entry.end ? entry.ends : undefined;
}

/** Its permit has ended, which may be noticed here before its signal aborts. */
function isLost<T>({ permit }: Entry<T>): boolean {
  return permit?.lost?.aborted === true;
}

/** The delays that rounds and the like go by. */
export type Limits = Pick<
  Settings<unknown>,
  "maxAvailDelay" | "maxUsingDelay" | "maxUsingDelayKill"
>;

/** Which of the available objects are unused for too long, and may go; the longest unused come first. */
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

/** Whether an object may go before its lifetime ends, for its successor to have its place. */
export function mayGo<T>({ ageing, checking, state }: Entry<T>): boolean {
  return ageing && state === "available" && !checking;
}

/** How many there are, and how many of them are about to end. */
interface Stock {
  readonly live: number;
  readonly ageing: number;
}

/** Whether an object may go, and `minSize` are left that last. */
export function isSpare<T>(entry: Entry<T>, { live, ageing }: Stock, minSize: number): boolean {
  return live - (entry.ageing ? 0 : ageing) > minSize;
}

/** By which part of a lifetime a successor is made ahead, at the most. */
const AHEAD = 0.2;

/** How long before the end of a lifetime its successor is made: two rounds, if that is not too long. */
export function leadOf(lifetime: number, hkDelay: number): number {
  return Math.min(lifetime * AHEAD, hkDelay > 0 ? 2 * hkDelay : Infinity);
}

/** Objects that are in use, in the order in which they fall due. */
export interface Held<T> {
  /** Not warned of yet, the longest held first. */
  readonly lent: List<Entry<T>>;
  /** Warned of, the longest held first. */
  readonly overdue: List<Entry<T>>;
}

/** What is to be done. */
export interface Due<T> {
  warn: Entry<T>[];
  kill: Entry<T>[];
}

/** What is held for too long; takes time for what is due, not for what there is. */
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

/** How long those wait who ask for objects, in ms. */
export interface Waits {
  /** When last somebody was served in turn within the target, or nobody had to wait for others. */
  readonly calm: number;
  /** How long the one has waited that waits for longest. */
  readonly longest: number;
}

/**
 * Whether every `get` of the last `interval` ms has waited longer than `target`, those that still wait
 * included: as CoDel has it, a queue that never gets short does nobody any good.
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
 * After how many ms to try again who was refused by overload. `chance`, 0 to 1, spreads them: those who
 * are refused together must not come back together.
 */
export function retryAfter(interval: number, chance: number): number {
  return Math.ceil(interval * (1 + chance));
}

/** The first rest of an outage, in ms; it is not over `createBackoff`. */
const FIRST_BACKOFF = 50;

/** The first rest and the longest before `minSize` is made again, where gets do not rest, in ms. */
const FIRST_REFILL = 100;
const LONGEST_REFILL = 30_000;

/** By up to which part such a rest is longer. */
const JITTER = 0.25;

/**
 * How long to rest after the `failures`th failure in a row before anything is made, in ms; 0: not at
 * all. Many pools that lost one server must not come back to it all at once: `chance`, 0 to 1, spreads
 * them over the whole rest.
 */
export function backoff(failures: number, longest: number, chance: number): number {
  if (failures < 2) return 0;
  return Math.max(1, Math.ceil(chance * Math.min(longest, FIRST_BACKOFF * 2 ** (failures - 2))));
}

/** The same before `minSize` is made again, where nothing else rests. */
export function refillBackoff(failures: number, chance: number): number {
  const rest = Math.min(FIRST_REFILL * 2 ** (failures - 1), LONGEST_REFILL / (1 + JITTER));
  return rest * (1 + chance * JITTER);
}
