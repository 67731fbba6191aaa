// Clock: the pool's time and its timers, also under the fake timers of test tools.

import { outside } from "../context.ts";

/** The longest delay that timers take, in milliseconds: 2³¹ − 1, some 24.8 days. */
export const MAX_DELAY = 2 ** 31 - 1;

/** More than this that only the wall clock saw is sleep, not a correction. */
const SLEEP = 1000;

/** By no more than this a timer fires early, in ms; more is a test that fakes it. */
const EARLY = 2;

/** When a timer under fakes first looks whether they have gone, and how far apart it looks later, in ms. */
const FIRST_LOOK = 10;
const LONGEST_LOOK = 1000;

/** What `setTimeout` gives: a number in browsers and on old Workers. */
type Handle = number | { ref?(): unknown; unref?(): unknown };

interface Timeouts {
  readonly setTimeout: ((fn: () => void, delay: number) => Handle) & { clock?: unknown };
  clearTimeout(handle: Handle | undefined): void;
}

interface Globals extends Timeouts {
  process?: { getBuiltinModule?(name: string): Timeouts | undefined };
}

const globals = globalThis as unknown as Globals;

/** The real ones, whatever a test fakes later. Nothing is started: Workers forbid that here. */
const real = realTimeouts();
const { performance: realPerformance } = globalThis;
const realNow = realPerformance.now;

function realTimeouts(): Timeouts {
  const { setTimeout, clearTimeout, process } = globals;
  // Jest and sinon mark theirs. Jest fakes those of its own sandbox, and not the module's.
  const modules = "clock" in setTimeout ? process?.getBuiltinModule?.("node:timers") : undefined;
  return modules ?? { setTimeout, clearTimeout };
}

const onBun = "Bun" in globalThis;
const BUNS_FAKES = Symbol("the fakes of bun:test");

/** What tells fakes from real ones, and from other fakes. Bun's are the same functions, with a mark. */
function kindOf({ setTimeout }: Timeouts): unknown {
  return onBun && setTimeout.clock === true ? BUNS_FAKES : setTimeout;
}

/**
 * Milliseconds since some moment, never going back. Where `performance.now` or `Date.now` is replaced, it
 * goes on from where it was: what they say has nothing to do with what they said before.
 */
export class Clock {
  /** What `performance.now` was at the last reading, and whose. */
  #now: (() => number) | undefined;
  #performance: Performance | undefined;
  /** Of the timers at the last change. */
  #kind: unknown;
  #dateNow: (() => number) | undefined;
  #ahead = 0;
  /** The last reading, or what a timer said, for the moment by which it fired early. */
  #last = -Infinity;
  #slept = 0;
  #offset = Infinity;

  /** The time that a running machine has spent: what bounds of waiting are counted in. */
  awake(): number {
    const time = this.#raw();
    if (time >= this.#last) return this.#last = time;
    // It was set back, and is not just behind a timer that fired early.
    if (this.#last - time > EARLY) this.#ahead += this.#last - time;
    return this.#last;
  }

  /**
   * The time that passed for the world, sleep included: what ages of objects are counted in.
   * A machine's monotonic clock may stand still while it sleeps, its wall clock does not; a wall
   * clock that is set back changes nothing.
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

  /** How much of `now()` was sleep. */
  get slept(): number {
    return this.#slept;
  }

  /** By how many ms, rounded up, `awake()` is ahead of what timers go by. */
  get lead(): number {
    return Math.max(0, Math.ceil(this.awake() - this.#raw()));
  }

  /**
   * A timer says that `awake()` is `time`: timers may fire a little early, for which the time then
   * stands still, or it would run ahead by that much each time; and tests fake them. What passed for
   * sleep since such a timer was started (`slept` then) was none.
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

  /** A test fakes it, or no longer does: another beginning is no time that has passed. */
  #change(performance: Performance): void {
    const kind = kindOf(globals);
    const known = this.#kind !== BUNS_FAKES && kind !== BUNS_FAKES;
    if (this.#now === realNow && known) { // it knows what has passed since the last reading
      this.#last = Math.max(this.#last, realNow.call(this.#performance) + this.#ahead);
    }
    this.#kind = kind;
    this.#now = performance.now;
    this.#performance = performance;
    this.#dateNow = undefined; // perhaps that, too, is another one
    if (this.#last > -Infinity) this.#ahead = this.#last - performance.now();
  }
}

/** Calls `fn` after `delay` ms, in nobody's context; returns what calls that off. */
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

/** One call of `setTimeout`, in nobody's context: by the one in force, or `by` that. */
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

  /** Whether the one that it was started by is still, or again, what `setTimeout` is. */
  get inForce(): boolean {
    return this.#kind === kindOf(globals);
  }

  get faked(): boolean {
    return this.#kind !== real.setTimeout;
  }

  /** Whether the process stays up for it; a runtime that cannot say so (old Workers) has no process. */
  hold(on: boolean): void {
    const handle = this.#handle;
    if (typeof handle === "object") on ? handle.ref?.() : handle.unref?.();
    else on ? denoTimers()?.refTimer(handle) : denoTimers()?.unrefTimer(handle);
  }

  /**
   * By its own kind: most fakes do not clear real ones. What fakes that have gone still have is left
   * alone: node:test's would count it twice, Deno's would throw.
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
 * A timeout that can be started again and again, and tells when it fires. Fakes drive it while they are
 * in force. A timer that they leave behind is started once more by what is in force then: when it is
 * next asked about, or when a real one finds that out, which there is only under fakes.
 */
export class Timer {
  readonly #clock: Clock;
  readonly #fn: (late: number) => void;
  #at = Infinity;
  #timeout: Timeout | undefined;
  /** Looks, in real time, whether the fakes have gone that `#timeout` is of. */
  #lookout: Timeout | undefined;
  #keepsAlive = true;
  #slept = 0;

  /** `fn` is told by how many ms it is called late: that long the event loop stood still. */
  constructor(clock: Clock, fn: (late: number) => void) {
    this.#clock = clock;
    this.#fn = fn;
  }

  /** When it fires, by `clock.awake()`; Infinity if it does not. */
  get at(): number {
    this.#follow();
    return this.#at;
  }

  /** Fires in `delay` ms, instead of whenever it was to fire. */
  start(delay: number, keepsAlive: boolean): void {
    this.#halt();
    const wait = Math.min(delay, MAX_DELAY - EARLY);
    this.#at = this.#clock.awake() + wait;
    this.#slept = this.#clock.slept;
    this.#keepsAlive = keepsAlive;
    this.#arm(wait);
  }

  /** Whether the process stays up for it. */
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

  /** Goes over to the timers in force, if they are others by now. */
  #follow(): void {
    if (this.#timeout === undefined || this.#timeout.inForce) return;
    this.#halt();
    this.#arm(Math.max(0, this.#at - this.#clock.awake()));
  }

  /** Less often each time: a timer is so late by no more than the fakes were in force. */
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
      return; // this module was loaded under fakes that have gone
    }
    if (!this.#keepsAlive) this.#lookout.hold(false);
  }

  #fire(timeout: Timeout): void {
    if (timeout !== this.#timeout) return; // whatever became of it could not be cleared
    const at = this.#at;
    this.#clock.reach(at, this.#slept);
    this.#timeout = undefined;
    this.stop();
    this.#fn(Math.max(0, this.#clock.awake() - at));
  }
}

/** There is no other that Bun does not fake; it cannot be called off, and keeps no process alive. */
function bunsRealTime(delay: number): Promise<unknown> {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  // Types of ES2022, for which this is compiled, do not know it.
  type Waits = { waitAsync(...args: [Int32Array, number, number, number]): { value: unknown } };
  return Promise.resolve((Atomics as unknown as Waits).waitAsync(cell, 0, 0, delay).value);
}
