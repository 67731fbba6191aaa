// Housekeeping: what is due at a moment, and the rounds that ask.

import { type Clock, Timer } from "./clock.ts";
import type { Deadlines } from "./deadlines.ts";
import type { Entry } from "./entry.ts";
import type { List } from "./list.ts";
import type { Settings } from "./options.ts";

/** What a round looks at: lists in the order in which their entries fall due. */
export interface Estate<T> {
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

/** What is due `now`; takes time for what is due, not for what there is. */
export function due<T>(estate: Estate<T>, limits: Limits, now: number): Due<T> {
  const { maxUsingDelay, maxUsingDelayKill } = limits;
  const expire = estate.lifetimes.until(now);
  return {
    expire,
    recycle: idleTooLong(estate, limits, now, expire),
    warn: heldFor(estate.lent, maxUsingDelay, now),
    kill: [
      ...heldFor(estate.overdue, maxUsingDelayKill, now),
      ...heldFor(estate.lent, maxUsingDelayKill, now),
    ],
  };
}

function idleTooLong<T>(
  { idle, live }: Estate<T>,
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

function heldFor<T>(list: List<Entry<T>>, delay: number, now: number): Entry<T>[] {
  const found: Entry<T>[] = [];
  if (delay === 0) return found;
  for (const entry of list) {
    if (now - entry.since < delay) break;
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
  if (delays.length > 0) return Math.max(1, Math.ceil(Math.min(...delays) / 2));
  return settings.health ? 60_000 : 0;
}

/** A round that is that much late means that the program stood still, in milliseconds. */
const GAP = 1000;

/** The timer around the rounds; it never keeps the process alive. */
export class Rounds {
  readonly delay: number;
  readonly #clock: Clock;
  readonly #timer: Timer;
  #last = 0;

  constructor(clock: Clock, delay: number, round: () => void) {
    this.delay = delay;
    this.#clock = clock;
    this.#timer = new Timer(clock, round);
  }

  /** Plans the next round, unless one is planned. */
  start(): void {
    if (this.delay === 0 || this.#timer.at !== Infinity) return;
    this.#last = this.#clock.now();
    this.#timer.start(this.delay, false);
  }

  stop(): void {
    this.#timer.stop();
  }

  /** Whether time has passed without a round; says so once. */
  gap(now: number): boolean {
    if (this.delay === 0 || now - this.#last <= this.delay + GAP) return false;
    this.#last = now;
    return true;
  }
}
