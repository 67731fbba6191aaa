// Clock: the pool's time and timers, also under the fake timers of test tools.

import { outside } from "../context.ts";

/** The longest delay of a timer, in milliseconds: 2³¹ − 1, about 24.8 days. */
export const MAX_DELAY = 2 ** 31 - 1;

/** A larger step of only the wall clock, in ms, is sleep, not a correction. */
const SLEEP = 1000;

/** How early a timer may fire, in ms. If it fires earlier, a test fakes it. */
const EARLY = 2;

/**
 * When a timer under fakes first looks whether they have gone, and the longest time between later
 * looks, in ms.
 */
const FIRST_LOOK = 10;
const LONGEST_LOOK = 1000;

/** The result of `setTimeout`: a number in browsers and on old Workers. */
type Handle = number | { ref?(): unknown; unref?(): unknown };

interface Timeouts {
  readonly setTimeout: ((fn: () => void, delay: number) => Handle) & { clock?: unknown };
  clearTimeout(handle: Handle | undefined): void;
}

interface Globals extends Timeouts {
  process?: { getBuiltinModule?(name: string): Timeouts | undefined };
}

const globals = globalThis as unknown as Globals;

/**
 * The real timeouts, even if a test fakes them later. Nothing is started here: Workers forbid that.
 */
const real = realTimeouts();
const { performance: realPerformance } = globalThis;
const realNow = realPerformance.now;

function realTimeouts(): Timeouts {
  const { setTimeout, clearTimeout, process } = globals;
  // Jest and sinon mark their fakes. Jest fakes the globals of its sandbox, but not node:timers.
  const modules = "clock" in setTimeout ? process?.getBuiltinModule?.("node:timers") : undefined;
  return modules ?? { setTimeout, clearTimeout };
}

const onBun = "Bun" in globalThis;
const BUNS_FAKES = Symbol("the fakes of bun:test");

/**
 * Identifies real timers and each set of fakes. Bun's fakes are the same functions, with a mark.
 */
function kindOf({ setTimeout }: Timeouts): unknown {
  return onBun && setTimeout.clock === true ? BUNS_FAKES : setTimeout;
}

/**
 * Milliseconds since some moment, never going back. If `performance.now` or `Date.now` is replaced,
 * the clock goes on from its last value: new readings are not comparable with old ones.
 */
export class Clock {
  /** `performance.now` at the last reading, and its owner. */
  #now: (() => number) | undefined;
  #performance: Performance | undefined;
  /** The kind of the timers at the last change. */
  #kind: unknown;
  #dateNow: (() => number) | undefined;
  #ahead = 0;
  /** The last reading, or the due time of a timer that fired early. */
  #last = -Infinity;
  #slept = 0;
  #offset = Infinity;

  /** The time while the machine was awake. Time limits of waits use it. */
  awake(): number {
    const time = this.#raw();
    if (time >= this.#last) return this.#last = time;
    // The clock was set back; a timer that fired early makes a smaller difference.
    if (this.#last - time > EARLY) this.#ahead += this.#last - time;
    return this.#last;
  }

  /**
   * The time including sleep. Ages of objects use it. The monotonic clock may stand still during
   * sleep, the wall clock does not. A wall clock that is set back changes nothing.
   */
  now(): number {
    const awake = this.awake();
    const dateNow = Date.now;
    const offset = Date.now() - awake;
    if (offset < this.#offset || dateNow !== this.#dateNow) this.#offset = offset;
    else if (offset > this.#offset + SLEEP) {
      this.#slept += offset - this.#offset;
      this.#offset = offset;
    }
    this.#dateNow = dateNow;
    return awake + this.#slept;
  }

  /** How much of `now()` was sleep, in ms. */
  get slept(): number {
    return this.#slept;
  }

  /** By how many ms, rounded up, `awake()` is ahead of the clock of timers. */
  get lead(): number {
    return Math.max(0, Math.ceil(this.awake() - this.#raw()));
  }

  /**
   * A timer that fires sets `awake()` to `time`. Timers may fire a little early: then the clock
   * stands still until `time`, or it would run ahead each time. Tests may also fake timers. Time
   * that looked like sleep since the start of such a timer (`slept` then) was none.
   */
  reach(time: number, slept: number): void {
    const behind = time - this.#raw();
    if (!(behind > 0 && behind < Infinity)) return;
    if (time > this.#last) this.#last = time;
    if (behind <= EARLY) return;
    this.#ahead += behind;
    this.#slept -= Math.min(this.#slept - slept, behind);
  }

  #raw(): number {
    const { performance } = globalThis;
    if (performance.now !== this.#now) this.#change(performance);
    else if (onBun && kindOf(globals) !== this.#kind) this.#change(performance);
    return performance.now() + this.#ahead;
  }

  /** A test starts or ends faking: a step of the clock is no time that has passed. */
  #change(performance: Performance): void {
    const kind = kindOf(globals);
    const known = this.#kind !== BUNS_FAKES && kind !== BUNS_FAKES;
    if (this.#now === realNow && known) { // the time since the last reading is known
      this.#last = Math.max(this.#last, realNow.call(this.#performance) + this.#ahead);
    }
    this.#kind = kind;
    this.#now = performance.now;
    this.#performance = performance;
    this.#dateNow = undefined; // it may be replaced, too
    if (this.#last > -Infinity) this.#ahead = this.#last - performance.now();
  }
}

/**
 * Calls `fn` after `delay` ms, outside every caller's context; returns a function that cancels it.
 */
export function after(delay: number, keepsAlive: boolean, fn: () => void): () => void {
  if (kindOf(globals) !== real.setTimeout) {
    const timer = new Timer(new Clock(), fn);
    timer.start(delay, keepsAlive);
    return () => timer.stop();
  }
  const timeout = new Timeout(delay, fn);
  if (!keepsAlive) timeout.hold(false);
  return () => timeout.stop();
}

/** One call of `setTimeout`, outside every caller's context: by the present one, or by `by`. */
class Timeout {
  readonly #kind: unknown;
  readonly #clearTimeout: Timeouts["clearTimeout"];
  readonly #handle: Handle;

  constructor(delay: number, fn: () => void, by: Timeouts = globals) {
    const { setTimeout, clearTimeout } = by;
    this.#kind = kindOf(by);
    this.#clearTimeout = clearTimeout;
    this.#handle = outside(() => setTimeout(fn, delay));
  }

  /** Whether `setTimeout` is still, or again, the one that started it. */
  get inForce(): boolean {
    return this.#kind === kindOf(globals);
  }

  get faked(): boolean {
    return this.#kind !== real.setTimeout;
  }

  /**
   * Sets whether it keeps the process alive. A runtime without this (old Workers) has no process.
   */
  hold(on: boolean): void {
    const handle = this.#handle;
    if (typeof handle === "object") on ? handle.ref?.() : handle.unref?.();
    else on ? denoTimers()?.refTimer(handle) : denoTimers()?.unrefTimer(handle);
  }

  /**
   * Cleared by its own kind: most fakes do not clear real timeouts. Timeouts of fakes that have
   * gone are left alone: node:test would count them twice, Deno would throw.
   */
  stop(): void {
    if (this.inForce || !this.faked) this.#clearTimeout.call(globalThis, this.#handle);
    else if (typeof this.#handle === "object") this.hold(false);
  }
}

interface DenoTimers {
  refTimer(id: number): void;
  unrefTimer(id: number): void;
}

function denoTimers(): DenoTimers | undefined {
  return (globalThis as { Deno?: DenoTimers }).Deno;
}

/**
 * A timeout that can be restarted, and knows when it fires. Fakes drive it while they are in force.
 * When they have gone, the timer is restarted by the present `setTimeout`: at its next use, or when
 * a real timeout, which exists only under fakes, notices that.
 */
export class Timer {
  readonly #clock: Clock;
  readonly #fn: (late: number) => void;
  #at = Infinity;
  #timeout: Timeout | undefined;
  /** Looks, in real time, whether the fakes of `#timeout` have gone. */
  #lookout: Timeout | undefined;
  #keepsAlive = true;
  #slept = 0;

  /** `fn` gets by how many ms it is late: for that long the event loop was blocked. */
  constructor(clock: Clock, fn: (late: number) => void) {
    this.#clock = clock;
    this.#fn = fn;
  }

  /** When the timer fires, by `clock.awake()`; Infinity if it is stopped. */
  get at(): number {
    this.#follow();
    return this.#at;
  }

  /** Starts or restarts the timer, to fire in `delay` ms. */
  start(delay: number, keepsAlive: boolean): void {
    this.#halt();
    const wait = Math.min(delay, MAX_DELAY - EARLY);
    this.#at = this.#clock.awake() + wait;
    this.#slept = this.#clock.slept;
    this.#keepsAlive = keepsAlive;
    this.#arm(wait);
  }

  /** Sets whether the timer keeps the process alive. */
  keepAlive(on: boolean): void {
    this.#follow();
    if (on === this.#keepsAlive || this.#timeout === undefined) return;
    this.#keepsAlive = on;
    this.#timeout.hold(on);
    this.#lookout?.hold(on);
  }

  stop(): void {
    this.#halt();
    this.#at = Infinity;
  }

  #halt(): void {
    this.#timeout?.stop();
    this.#lookout?.stop();
    this.#timeout = this.#lookout = undefined;
  }

  #arm(wait: number): void {
    const timeout: Timeout = new Timeout(wait + this.#clock.lead, () => this.#fire(timeout));
    this.#timeout = timeout;
    if (!this.#keepsAlive) timeout.hold(false);
    if (timeout.faked) this.#look(timeout, FIRST_LOOK);
  }

  /** Restarts the timer if `setTimeout` was replaced. */
  #follow(): void {
    if (this.#timeout === undefined || this.#timeout.inForce) return;
    this.#halt();
    this.#arm(Math.max(0, this.#at - this.#clock.awake()));
  }

  /** At growing intervals: so a timer is late by no more than the time of the fakes. */
  #look(timeout: Timeout, delay: number): void {
    const look = () => {
      if (timeout !== this.#timeout) return;
      if (timeout.inForce) this.#look(timeout, Math.min(2 * delay, LONGEST_LOOK));
      else this.#follow();
    };
    if (kindOf(real) === BUNS_FAKES) return outside(() => void bunsRealTime(delay).then(look));
    try {
      this.#lookout = new Timeout(delay, look, real);
    } catch {
      return; // this module was loaded under fakes, which have gone
    }
    if (!this.#keepsAlive) this.#lookout.hold(false);
  }

  #fire(timeout: Timeout): void {
    if (timeout !== this.#timeout) return; // an old timeout that could not be cleared
    const at = this.#at;
    this.#clock.reach(at, this.#slept);
    this.#timeout = undefined;
    this.stop();
    this.#fn(Math.max(0, this.#clock.awake() - at));
  }
}

/**
 * The only timer that Bun does not fake. It cannot be cancelled, and does not keep the process
 * alive.
 */
function bunsRealTime(delay: number): Promise<unknown> {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  // The types of ES2022, for which this is compiled, lack it.
  type Waits = { waitAsync(...args: [Int32Array, number, number, number]): { value: unknown } };
  return Promise.resolve((Atomics as unknown as Waits).waitAsync(cell, 0, 0, delay).value);
}
