// State: all that one pool knows. Data, and the few questions about it that many ask.

import { reason } from "../values.ts";
import { Bag } from "./bag.ts";
import { Clock, type Timer } from "./clock.ts";
import type { Attempt, Entry, Lending } from "./entry.ts";
import { type Closing, Hooks } from "./hooks.ts";
import type { LeakWatch } from "./leaks.ts";
import { Log } from "./log.ts";
import { Totals } from "./observe.ts";
import { Observers } from "./observers.ts";
import type { Create, Settings } from "./options.ts";
import type { Permits } from "./permits.ts";
import type { Kind, Queue, Terms } from "./queue.ts";
import { leadOf } from "./rules.ts";
import type { Seam } from "./seam.ts";

/** How many `get`s are traced once there is trouble. */
const TRACED = 100;

/** While checks fail or hang, how many more objects than are wanted are checked at once. */
const BESIDE = 16;

/** A hook that looks at an object for who waits. */
export interface Check {
  /** By `clock.awake()`. */
  readonly begun: number;
  /** When `health` was asked, by `clock.now()`; undefined for another hook. */
  readonly asked: number | undefined;
}

/** Who waits for `minSize` objects. */
export interface Expecting {
  resolve(): void;
  reject(error: unknown): void;
}

/** Nothing has moved for a time. */
export interface Standstill {
  /** What had moved by then, in all. */
  readonly moves: number;
  since: number;
  /** Since when all objects are held by who waits for another one, as far as was looked. */
  closed: number | undefined;
  /** It was said in the log. */
  told: boolean;
}

/** A shutdown under way. */
export interface Ending {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  /** Who waits already is served first. */
  draining: boolean;
  /** It has run out of time, and nothing that is being closed is waited for any longer. */
  abandoned: boolean;
}

/** One pool. Other files move it on; each change that frees something ends with `dispatch`. */
export class State<T> {
  readonly id: number;
  /** What messages call it. */
  readonly name: string;
  readonly fun: Create<T>;
  readonly settings: Settings<T>;
  readonly totals: Totals = new Totals();
  readonly clock: Clock = new Clock();
  readonly log: Log;
  readonly hooks: Hooks<T>;
  readonly observers: Observers;

  // objects
  readonly bag: Bag<T> = new Bag();
  readonly attempts: Set<Attempt<T>> = new Set();
  /** What `opener` has at the moment: it is not in the bag yet. */
  readonly opening: Map<unknown, Attempt<T>> = new Map();
  readonly closings: Set<Closing> = new Set();
  /** What it has of its quota, if there is one. */
  permits: Permits<T> | undefined = undefined;
  /** How many attempts there were. */
  made = 0;
  /** Nobody has said how many objects there may be, nor heard that there are many. */
  boundless = false;
  /** How many times all that is there was made obsolete. */
  epoch = 0;
  /** The last failure to make one. */
  failure: { cause: unknown; at: number } | undefined = undefined;
  /** How many attempts have failed in a row; those that began before a rest count once. */
  failures = 0;
  /** How many permits in a row were lost soon after their objects were made; those lost together count once. */
  losses = 0;
  /** How many attempts had begun when a failure last counted, and when the last object was made. */
  failedBy = 0;
  madeBy = 0;
  /** The one attempt that finds out, during an outage, whether it is over. */
  probe: Attempt<T> | undefined = undefined;
  /** How many in a row were obsolete when they were made, and how many attempts there were by then. */
  stillborn = 0;
  stillbornBy = 0;
  /** The event loop gets its turn before another is made. */
  pausing = false;
  expecting: Expecting[] = [];

  // borrowers
  queue!: Queue<unknown>;
  /** What borrowers ask for who give no options. */
  readonly usual: Readonly<Record<Kind, Terms>>;
  /** How many objects a hook looks at. */
  looking = 0;
  /** Of these, the ones that count as objects to come, the oldest first; slow ones are left out. */
  readonly checks: Set<Check> = new Set();
  /** How many of these ask for health. */
  asking = 0;
  /** Others, whose borrower has gone: they count no more, but it matters whether they hang. */
  readonly orphans: Set<Check> = new Set();
  /** How many fresh objects in a row were not fit to be lent. */
  unfit = 0;
  /** `dispatch` is at work. */
  dispatching = false;
  /** How many borrowers are still to be traced. */
  tracing: number;

  leaks!: LeakWatch<T>;
  /** It was said that what a callback of `use` gives outlives its loan. */
  warnedOfStream = false;

  // time
  /** Housekeeping rounds. */
  rounds!: Timer;
  /** The rest after attempts that failed: with `createBackoff` before any other, else before a refill. */
  rest!: Timer;
  /** What is due by itself, and when that is, by `clock.now()`; Infinity: nothing is. */
  wake!: Timer;
  wakeAt = Infinity;
  /** How much had been slept when that was planned. */
  wakeSlept = 0;
  /** How long before the end of a lifetime a successor is made, at the most. */
  lead: number;
  /** A reset closes objects one after the other. */
  rotating = false;
  /** End the waiting for resets that are spread, `surely` or if nothing is left to be closed. */
  readonly rotations: Set<(surely?: boolean) => void> = new Set();
  /** Whether those who wait do so for too long, and when that is looked at; Infinity: it is not. */
  shed!: Timer;
  shedAt = Infinity;
  /** When last somebody was served in turn within `queueTarget`, or nobody had to wait for others. */
  calm = -Infinity;
  /** The pool is overloaded. */
  overload: { readonly since: number; refused: number } | undefined = undefined;
  /** Whether anything moves while somebody waits, and when that is looked at; Infinity: it is not. */
  still!: Timer;
  stillAt = Infinity;
  /** Since when nothing has moved, as far as was looked. */
  standstill: Standstill | undefined = undefined;
  /** `slow` was late, so that answers may be there that nobody has seen yet. */
  excused = false;
  /** When the oldest of `checks` has taken long. */
  slow!: Timer;
  /** The `timeout` of a shutdown. */
  force!: Timer;
  /** Between rounds, in ms; 0: there are none. */
  readonly hkDelay: number;
  /** When the last round was, Infinity while there are none; and how much had been slept by then. */
  lastRound = Infinity;
  slept = 0;
  /** The program stood still until then: an object last proven good before that may have died. */
  suspect = -Infinity;
  /** When a check began that failed or hangs: an object last proven good before that may have died, too. */
  distrust = -Infinity;
  /** The last check failed or hangs: others may, too. */
  alarm = false;
  /** A round asks for the health of what is available. */
  checkingAll = false;
  /** Somebody waits for what rounds do. */
  awaitRounds = false;
  /** When an object was last picked or taken back, by `clock.now()`, if that is read. */
  now = 0;

  // life
  started: { at: number; date: Date } | undefined = undefined;
  ending: Ending | undefined = undefined;

  // what is in force, so that the fast paths need ask but once
  /** It is known since when an object is available; `#timed`: it will be so for good. */
  timed: boolean;
  #timed: boolean;
  /** It is known since when an object is in use. */
  clocked: boolean;
  /** Hooks have a say in what may be lent. */
  readonly hooked: boolean;
  /** Which available object is lent: the one that is unused for longest. */
  readonly fifo: boolean;
  /** Something may follow when an object becomes available: it goes later, or a permit is not needed. */
  readonly idleMatters: boolean;
  /** An available object can be lent at once: no hook or trace is in force. */
  quick: boolean;
  /** A returned object may have to be closed: a limit is in force, or something was reset. */
  careful: boolean;
  /** Somebody observes loans. */
  observed = false;
  /** What goes around calls in their callers' context. */
  seam: Seam | undefined = undefined;

  /**
   * Brings together who waits and what is available, and has made what is missing. `entry`: one in use
   * by nobody, to go first. Set once, as are the queue, the timers and the watch.
   */
  dispatch!: { dispatch(entry?: Entry<T>): void }["dispatch"];

  constructor(
    id: number,
    name: string,
    fun: Create<T>,
    settings: Settings<T>,
    hkDelay: number,
  ) {
    this.id = id;
    this.name = name;
    this.fun = fun;
    this.settings = settings;
    this.hkDelay = hkDelay;
    this.lead = leadOf(settings.maxLifetime, hkDelay);
    this.log = new Log(this.name, settings.logLevel, settings.logger);
    this.hooks = new Hooks(settings, this.totals, this.log);
    this.observers = new Observers((method, error) =>
      this.log.warn(() => `an observer failed in ${method}: ${reason(error)}`)
    );
    const usual = {
      timeout: settings.timeout,
      signal: undefined,
      priority: 0,
      borrower: undefined,
      begun: undefined,
      earlier: undefined,
    };
    this.usual = {
      lease: { ...usual, kind: "lease" },
      loan: { ...usual, kind: "loan" },
      use: { ...usual, kind: "use" },
    };
    this.tracing = settings.traceHolders === true ? Infinity : 0;
    const { maxUsingDelay, maxUsingDelayKill, maxAvailDelay, maxLifetime, health } = settings;
    const limited = settings.quota !== undefined; // which may ask how long objects are unused
    // A stack costs so much that the clock adds nothing to it.
    this.#timed = health !== undefined || settings.traceHolders === true || limited ||
      [maxUsingDelay, maxUsingDelayKill, maxAvailDelay, maxLifetime].some((delay) => delay > 0);
    this.clocked = this.timed = this.#timed;
    this.hooked = health !== undefined || settings.getter !== undefined;
    this.fifo = settings.idleOrder === "fifo";
    this.idleMatters = maxAvailDelay > 0 || limited;
    this.careful = settings.maxUse > 0 || maxLifetime > 0 || limited;
    this.quick = false; // until it has started
  }

  /** How many objects there are, or are being made. */
  get present(): number {
    return this.attempts.size + this.bag.size;
  }

  /** How many objects count for `maxSize`; those that wait for a permit do. */
  get size(): number {
    return this.present + (this.permits === undefined ? 0 : this.permits.pending);
  }

  /** Whether there is room for one more; what is being closed still has its place. */
  get room(): boolean {
    const { maxSize } = this.settings;
    return maxSize === 0 || this.size < maxSize;
  }

  /** How many available objects may go because nobody has used them for long. */
  get spare(): number {
    const { bag, settings: { minAvailable, minSize } } = this;
    return Math.min(bag.live - bag.ageing - minSize, bag.idle.size - minAvailable);
  }

  /** How many objects there are over `maxSize`; what is being closed is on its way out already. */
  get surplus(): number {
    const { attempts, bag, settings: { maxSize } } = this;
    return maxSize === 0 ? 0 : Math.max(0, attempts.size + bag.live - maxSize);
  }

  /** Whether objects cannot be made at the moment, so that one attempt at a time finds out. */
  get outage(): boolean {
    return this.failures > 1 && this.settings.createBackoff > 0;
  }

  /** How many objects are to come out of a check; while `health` fails or hangs, none that it looks at. */
  get coming(): number {
    return this.checks.size - (this.alarm ? this.asking : 0);
  }

  /** A check begins to count. */
  count(check: Check): void {
    this.checks.add(check);
    if (check.asked !== undefined) this.asking++;
  }

  /** It counts no more. */
  discount(check: Check): void {
    if (this.checks.delete(check) && check.asked !== undefined) this.asking--;
  }

  /** Whether somebody waits for whom no object is to come out of a check. */
  get wanted(): boolean {
    const { alarm, checks } = this;
    return this.queue.size > (alarm ? Math.max(0, checks.size - BESIDE) : checks.size);
  }

  /** Whether `fun` may be called. */
  get producing(): boolean {
    return this.started !== undefined && !this.pausing &&
      (this.ending === undefined || this.ending.draining);
  }

  /** Finds out what is in force now. */
  refresh(): void {
    const open = this.started !== undefined && this.ending === undefined;
    const { clocked, timed } = this;
    this.observed = this.observers.loans;
    this.timed = this.#timed || this.bag.outdated > 0;
    this.clocked = this.timed || this.observed;
    if (this.clocked && !clocked) this.leaks.look(this.bag.lent, this.clock.awake(), false);
    if (this.timed && !timed) this.#startClock();
    this.quick = open && !this.hooked && this.tracing === 0 && this.settings.minAvailable === 0;
  }

  /** All that a reset was to close one after the other is gone. */
  endRotation(): void {
    this.rotating = false;
    for (const finish of [...this.rotations]) finish(false);
    this.lead = leadOf(this.settings.maxLifetime, this.hkDelay);
    this.refresh();
  }

  /** For good: from now on it is known exactly since when objects are where they are. */
  keepTime(): void {
    this.#timed = true;
    this.refresh();
  }

  /** What is available has been so since now at least; what is picked, too. */
  #startClock(): void {
    const { bag, clock } = this;
    const now = this.now = clock.now();
    for (const entry of bag.idle) {
      entry.since = now;
      entry.coarse = true;
    }
  }

  /** Something went wrong: from now on the clock is read, and the next borrowers are traced. */
  trouble(): void {
    this.keepTime();
    if (this.settings.traceHolders !== "auto") return;
    this.tracing = TRACED;
    this.refresh();
  }

  /** One more borrower is traced. */
  traced(): void {
    if (--this.tracing === 0) this.refresh();
  }

  /** The loan of an object that is out. */
  lendingOf(object: unknown): Lending<T> | undefined {
    const entry = this.bag.find(object);
    return entry?.state === "using" ? entry.lending : undefined;
  }
}
