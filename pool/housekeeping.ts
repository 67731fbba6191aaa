// Housekeeping: what is due at a moment, and the rounds that ask.

import { reason } from "../values.ts";
import { Timer } from "./clock.ts";
import type { Core } from "./core.ts";
import type { Deadlines } from "./deadlines.ts";
import type { Entry } from "./entry.ts";
import type { Exit } from "./exit.ts";
import type { Health } from "./health.ts";
import type { Reason } from "./limits.ts";
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

/** The time, with the machine's sleep and without. */
export interface Time {
  now: number;
  awake: number;
}

/** What is due; takes time for what is due, not for what there is. */
export function due<T>(estate: Estate<T>, limits: Limits, { now, awake }: Time): Due<T> {
  const { maxUsingDelay, maxUsingDelayKill } = limits;
  const expire = estate.lifetimes.until(now);
  return {
    expire,
    recycle: idleTooLong(estate, limits, now, expire),
    warn: heldFor(estate.lent, maxUsingDelay, awake),
    kill: [
      ...heldFor(estate.overdue, maxUsingDelayKill, awake),
      ...heldFor(estate.lent, maxUsingDelayKill, awake),
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

function heldFor<T>(list: List<Entry<T>>, delay: number, awake: number): Entry<T>[] {
  const found: Entry<T>[] = [];
  if (delay === 0) return found;
  for (const entry of list) {
    if (awake - entry.since < delay) break;
    found.push(entry);
  }
  return found;
}

/** Nobody has used them for `ms`, until `now`. */
function excuse<T>(list: List<Entry<T>>, ms: number, now: number): void {
  for (const entry of list) entry.since = Math.min(entry.since + ms, now);
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

/** How many health checks run at the same time: the other objects can be lent meanwhile. */
const WIDTH = 4;

/** Who has the objects lent. */
export interface Household<T> {
  /** How many objects there are, with those being made and closed. */
  readonly size: number;
  /** Why an object is not to be kept, if there is a reason. */
  obsolete(entry: Entry<T>, now: number): Reason | undefined;
  /** An object can be lent again. */
  serve(): void;
}

/** The rounds, and the timer around them, which does not keep the process alive. */
export class Housekeeper<T> {
  /** Time between rounds; 0: there are none. */
  readonly delay: number;
  readonly #core: Core<T>;
  readonly #exit: Exit<T>;
  readonly #health: Health<T>;
  readonly #household: Household<T>;
  readonly #timer: Timer;
  /** When the last round was, Infinity while there are none; and how much had been slept by then. */
  #last = Infinity;
  #slept = 0;
  #checking = false;
  #keepsAlive = false;

  constructor(core: Core<T>, exit: Exit<T>, health: Health<T>, household: Household<T>) {
    this.#core = core;
    this.#exit = exit;
    this.#health = health;
    this.#household = household;
    this.delay = roundDelay(core.settings);
    this.#timer = new Timer(core.clock, () => this.#round());
  }

  /** Plans the next round, unless one is planned. */
  start(): void {
    if (this.delay === 0 || this.#timer.at !== Infinity) return;
    this.#mark(this.#core.clock.now());
    this.#timer.start(this.delay, this.#keepsAlive && this.#core.bag.using > 0);
  }

  /** Somebody waits for what a round will do with what is in use. */
  keepAlive(): void {
    this.#keepsAlive = true;
    this.#timer.keepAlive(this.#core.bag.using > 0);
  }

  stop(): void {
    this.#timer.stop();
    this.#last = Infinity;
  }

  /** A program that stood still is noticed at a round, or by whoever comes before that. */
  notice(now: number): void {
    const passed = now - this.#last;
    if (passed <= this.delay + GAP) return;
    const { bag, clock } = this.#core;
    const awake = passed - (clock.slept - this.#slept); // sleep does not count as use in any case
    this.#mark(now);
    if (awake > this.delay + GAP) { // when it began is not known: nothing of that counts
      excuse(bag.overdue, awake, now - clock.slept);
      excuse(bag.lent, awake, now - clock.slept);
    }
    this.#health.suspectAll(now);
  }

  #mark(now: number): void {
    this.#last = now;
    this.#slept = this.#core.clock.slept;
  }

  #round(): void {
    const { clock, log, settings, totals } = this.#core;
    totals.hkRounds++;
    try {
      const time = { now: clock.now(), awake: clock.awake() };
      this.notice(time.now);
      this.#exit.look();
      this.#clean(time);
      const { health, healthFreq } = settings;
      if (health && totals.hkRounds % healthFreq === 0) void this.#checkUpAll();
    } catch (error) {
      totals.hkErrors++;
      log.error(() => `a housekeeping round failed: ${reason(error)}`);
    }
    if (this.#household.size > 0) this.start();
    else this.stop();
  }

  #clean(time: Time): void {
    const { bag, settings } = this.#core;
    const { expire, recycle, warn, kill } = due(bag, settings, time);
    for (const entry of expire) {
      bag.lifetimes.remove(entry); // those in use are closed when they return
      this.#exit.retireIdle(entry, "maxLifetime");
    }
    for (const entry of recycle) this.#exit.retireIdle(entry, "maxAvailDelay");
    for (const entry of warn) this.#warn(entry, time.awake - entry.since);
    for (const entry of kill) this.#kill(entry, time.awake - entry.since);
  }

  #warn(entry: Entry<T>, held: number): void {
    const { bag, hooks, log, settings } = this.#core;
    // a hook of the others may have given it back, and it may have been lent again
    if (entry.list !== bag.lent || held < settings.maxUsingDelay) return;
    bag.warned(entry);
    const ms = Math.round(held);
    log.warn(() => `${hooks.label(entry)} has been in use for ${ms} ms (maxUsingDelay)`);
  }

  #kill(entry: Entry<T>, held: number): void {
    const { bag, hooks, log, settings } = this.#core;
    if (entry.list !== bag.lent && entry.list !== bag.overdue) return;
    if (held < settings.maxUsingDelayKill) return;
    const ms = Math.round(held);
    this.#exit.kill(entry, "killed");
    log.warn(() => `${hooks.label(entry)} is killed after ${ms} ms in use (maxUsingDelayKill)`);
  }

  /** Asks for the health of all that is available; one run at a time. */
  async #checkUpAll(): Promise<void> {
    if (this.#checking) return;
    this.#checking = true;
    const queue = [...this.#core.bag.idle].values();
    const work = async () => {
      for (const entry of queue) await this.#checkUp(entry);
    };
    try {
      await Promise.all(Array.from({ length: WIDTH }, work));
    } finally {
      this.#checking = false;
    }
  }

  /** Asks for the health of an available object, which stays where it is but is not lent. */
  async #checkUp(entry: Entry<T>): Promise<void> {
    if (entry.state !== "available" || entry.checking) return;
    entry.checking = true;
    const good = await this.#health.examine(entry, false).then(() => true, () => false);
    entry.checking = false;
    if (entry.state !== "available") return; // a shutdown has taken it
    const fault = good ? this.#household.obsolete(entry, this.#core.clock.now()) : "unfit";
    if (fault !== undefined) void this.#exit.retire(entry, fault);
    else this.#household.serve();
  }
}
