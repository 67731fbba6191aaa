// State: the data of one pool, and the few questions about it that many files ask.

import { reason } from "../values.ts";
import { Bag } from "./bag.ts";
import { Clock, type Timer } from "./clock.ts";
import type { Attempt, Entry, Lending } from "./entry.ts";
import { type Closing, Hooks } from "./hooks.ts";
import type { LeakWatch } from "./leaks.ts";
import { Log } from "./log.ts";
import { type CloseReason, Totals } from "./observe.ts";
import { Observers } from "./observers.ts";
import type { Create, Settings } from "./options.ts";
import type { Permits } from "./permits.ts";
import type { Kind, Queue, Terms } from "./queue.ts";
import { leadOf } from "./rules.ts";
import type { Seam } from "./seam.ts";

/** How many `get`s are traced after a problem. */
const TRACED = 100;

/** While checks fail or hang: how many more objects than needed are checked at once. */
const BESIDE = 16;

/** A hook that runs on an object for a waiter. */
export interface Check {
  /** When the hook began, by `clock.awake()`. */
  readonly begun: number;
  /** When `health` was called, by `clock.now()`; undefined for another hook. */
  readonly asked: number | undefined;
}

/** A call of `ready` that waits for `minSize` objects. */
export interface Expecting {
  resolve(): void;
  reject(error: unknown): void;
}

/** A time without progress. */
export interface Standstill {
  /** The sum of all progress until then. */
  readonly moves: number;
  since: number;
  /** Since when a cycle of waiters holds all objects, as far as was seen. */
  closed: number | undefined;
  /** Whether it was logged. */
  told: boolean;
}

/** A running shutdown. */
export interface Ending {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  /** Whether present waiters are served first. */
  draining: boolean;
  /** Once it has run out of time: why closers must close by force. */
  forced: Error | undefined;
  /** Once it awaits no closers any longer: their failure. */
  abandoned: Error | undefined;
}

/**
 * The state of one pool. Other files change it; each change that frees an object or a place ends
 * with `dispatch`.
 */
export class State<T> {
  readonly id: number;
  /** The pool's name in messages. */
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
  /** The objects that `opener` has: they are not in the bag yet. */
  readonly opening: Map<unknown, Attempt<T>> = new Map();
  readonly closings: Set<Closing> = new Set();
  /** The objects that count as being closed, but whose `closer` has not been called yet. */
  readonly condemned: Map<Entry<T>, CloseReason> = new Map();
  /** Its permits, with a quota. */
  permits: Permits<T> | undefined = undefined;
  /** The number of attempts so far. */
  made = 0;
  /** `maxSize` was not given, and the pool has not warned of many objects yet. */
  boundless = false;
  /** The number of resets. */
  epoch = 0;
  /** The last failed creation. */
  failure: { cause: unknown; at: number } | undefined = undefined;
  /** How many attempts have failed in a row; those that began before a rest count once. */
  failures = 0;
  /** How many permits in a row were lost early; those lost together count once. */
  losses = 0;
  /** When the last of these was lost, by `clock.awake()`. */
  lostAt = -Infinity;
  /** How many attempts had begun at the last counted failure, and at the last success. */
  failedBy = 0;
  madeBy = 0;
  /** The one attempt of an outage that tests whether it is over. */
  probe: Attempt<T> | undefined = undefined;
  /** How many new objects in a row were obsolete, and how many attempts had begun by then. */
  stillborn = 0;
  stillbornBy = 0;
  /** The event loop gets its turn before the next attempt. */
  pausing = false;
  expecting: Expecting[] = [];

  // borrowers
  queue!: Queue<unknown>;
  /** The terms of borrowers without options. */
  readonly usual: Readonly<Record<Kind, Terms>>;
  /** How many objects have a running hook before a loan. */
  looking = 0;
  /** The checks that count as objects to come, the oldest first; slow ones do not count. */
  readonly checks: Set<Check> = new Set();
  /** How many of these call `health`. */
  asking = 0;
  /** Checks whose borrower has gone: they no longer count, but it matters whether they hang. */
  readonly orphans: Set<Check> = new Set();
  /** How many new objects in a row were unfit to be lent. */
  unfit = 0;
  /** `dispatch` is running. */
  dispatching = false;
  /** How many borrowers are still to be traced. */
  tracing: number;

  leaks!: LeakWatch<T>;
  /** The warning about iterators and streams from `use` was logged. */
  warnedOfStream = false;

  // time
  /** Housekeeping rounds. */
  rounds!: Timer;
  /**
   * The rest after failed attempts: with `createBackoff` before any attempt, else before a refill.
   */
  rest!: Timer;
  /** The timer of lifetimes and idle limits, and its time by `clock.now()`; Infinity: stopped. */
  wake!: Timer;
  wakeAt = Infinity;
  /** `clock.slept` when it was planned. */
  wakeSlept = 0;
  /** How long before the end of a lifetime a successor is created, at most. */
  lead: number;
  /** A `reset` with `spread` is running. */
  rotating = false;
  /** Resolve calls of `reset` with `spread`: `surely`, or if no object is left to close. */
  readonly rotations: Set<(surely?: boolean) => void> = new Set();
  /** The timer of `lookAtQueue`, and its time; Infinity: stopped. */
  shed!: Timer;
  shedAt = Infinity;
  /**
   * When a waiter was last served in turn within `queueTarget`, or none had to wait for other
   * borrowers.
   */
  calm = -Infinity;
  /** The present overload. */
  overload: { readonly since: number; refused: number } | undefined = undefined;
  /** The timer of `lookAtStandstill`, and its time; Infinity: stopped. */
  still!: Timer;
  stillAt = Infinity;
  /** Since when there is no progress, as far as was seen. */
  standstill: Standstill | undefined = undefined;
  /** `slow` was late: answers may have arrived that were not processed yet. */
  excused = false;
  /** The timer for the oldest of `checks`: it is slow then. */
  slow!: Timer;
  /** The `timeout` of a shutdown. */
  force!: Timer;
  /** The time between rounds, in ms; 0: no rounds. */
  readonly hkDelay: number;
  /** The time of the last round, Infinity without rounds; and `clock.slept` then. */
  lastRound = Infinity;
  slept = 0;
  /** The end of the last freeze: an object last proven good before may have died. */
  suspect = -Infinity;
  /**
   * The begin of a check that failed or hangs: an object last proven good before may have died,
   * too.
   */
  distrust = -Infinity;
  /** The last check failed or hangs: others may do so, too. */
  alarm = false;
  /** A round is checking idle objects. */
  checkingAll = false;
  /**
   * A shutdown needs rounds, which find objects that are held for too long: they keep the process
   * alive.
   */
  awaitRounds = false;
  /** When an object was last picked or returned, by `clock.now()`, if the clock is read. */
  now = 0;

  // life
  started: { at: number; date: Date } | undefined = undefined;
  ending: Ending | undefined = undefined;

  // what is in force: one test each for the fast paths
  /** The clock is read for idle objects; `#timed`: for good. */
  timed: boolean;
  #timed: boolean;
  /** The clock is read for objects in use. */
  clocked: boolean;
  /** `getter` or `health` is given. */
  readonly hooked: boolean;
  /** The longest idle object is lent first. */
  readonly fifo: boolean;
  /** An idle object may have consequences: it is closed later, or a permit is no longer needed. */
  readonly idleMatters: boolean;
  /** An idle object can be lent at once: no hook or trace is in force. */
  quick: boolean;
  /** A returned object may have to be closed: there is a limit, or there was a reset. */
  careful: boolean;
  /** There is an observer of loans. */
  observed = false;
  /** The seam of traces and channels. */
  seam: Seam | undefined = undefined;

  /**
   * Matches waiters with objects, and creates missing ones. `entry`: an object that nobody uses, to
   * be lent first. Set once, like the queue, the timers and the watch.
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
    const limited = settings.quota !== undefined; // a quota may ask how long objects are idle
    // Beside a stack trace, the cost of the clock does not matter.
    this.#timed = health !== undefined || settings.traceHolders === true || limited ||
      [maxUsingDelay, maxUsingDelayKill, maxAvailDelay, maxLifetime].some((delay) => delay > 0);
    this.clocked = this.timed = this.#timed;
    this.hooked = health !== undefined || settings.getter !== undefined;
    this.fifo = settings.idleOrder === "fifo";
    this.idleMatters = maxAvailDelay > 0 || limited;
    this.careful = settings.maxUse > 0 || maxLifetime > 0 || limited;
    this.quick = false; // until it has started
  }

  /** How many objects exist or are being created. */
  get present(): number {
    return this.attempts.size + this.bag.size;
  }

  /** How many objects count for `maxSize`, including those that wait for a permit. */
  get size(): number {
    return this.present + (this.permits === undefined ? 0 : this.permits.pending);
  }

  /** Whether there is room for another object; objects being closed still count. */
  get room(): boolean {
    const { maxSize } = this.settings;
    return maxSize === 0 || this.size < maxSize;
  }

  /** How many idle objects may be closed for their idleness. */
  get spare(): number {
    const { bag, settings: { minAvailable, minSize } } = this;
    return Math.min(bag.live - bag.ageing - minSize, bag.idle.size - minAvailable);
  }

  /** How many objects there are over `maxSize`, apart from those being closed. */
  get surplus(): number {
    const { attempts, bag, settings: { maxSize } } = this;
    return maxSize === 0 ? 0 : Math.max(0, attempts.size + bag.live - maxSize);
  }

  /** Whether creations fail, so that the pool makes one attempt at a time. */
  get outage(): boolean {
    return this.failures > 1 && this.settings.createBackoff > 0;
  }

  /**
   * How many objects will come out of a check; while `health` fails or hangs, its own do not count.
   */
  get coming(): number {
    return this.checks.size - (this.alarm ? this.asking : 0);
  }

  /** Adds a check. */
  count(check: Check): void {
    this.checks.add(check);
    if (check.asked !== undefined) this.asking++;
  }

  /** Removes a check. */
  discount(check: Check): void {
    if (this.checks.delete(check) && check.asked !== undefined) this.asking--;
  }

  /** Whether a waiter has no object to come out of a check. */
  get wanted(): boolean {
    const { alarm, checks } = this;
    return this.queue.size > (alarm ? Math.max(0, checks.size - BESIDE) : checks.size);
  }

  /** Whether `fun` may be called. */
  get producing(): boolean {
    return this.started !== undefined && !this.pausing &&
      (this.ending === undefined || this.ending.draining);
  }

  /** Updates what is in force. */
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

  /** Ends a `reset` with `spread`: all its objects are closed. */
  endRotation(): void {
    this.rotating = false;
    for (const finish of [...this.rotations]) finish(false);
    this.lead = leadOf(this.settings.maxLifetime, this.hkDelay);
    this.refresh();
  }

  /** From now on the clock is always read. */
  keepTime(): void {
    this.#timed = true;
    this.refresh();
  }

  /** Begins to read the clock: idle objects count as idle from now on. */
  #startClock(): void {
    const { bag, clock } = this;
    const now = this.now = clock.now();
    for (const entry of bag.idle) {
      entry.since = now;
      entry.coarse = true;
    }
  }

  /** After a problem: reads the clock from now on, and traces the next borrowers. */
  trouble(): void {
    this.keepTime();
    if (this.settings.traceHolders !== "auto") return;
    this.tracing = TRACED;
    this.refresh();
  }

  /** Counts a traced borrower. */
  traced(): void {
    if (--this.tracing === 0) this.refresh();
  }

  /** The loan of a lent object. */
  lendingOf(object: unknown): Lending<T> | undefined {
    const entry = this.bag.find(object);
    return entry?.state === "using" ? entry.lending : undefined;
  }
}
