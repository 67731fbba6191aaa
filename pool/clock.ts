// The pool's time, and its timers.

import { outside } from "../context.ts";

/** The longest delay that timers take, in milliseconds: 2³¹ − 1, some 24.8 days. */
export const MAX_DELAY = 2 ** 31 - 1;

/** More than this that only the wall clock saw is sleep, not a correction. */
const SLEEP = 1000;

/** By no more than this a timer fires early, in ms; more is a test that fakes it. */
const EARLY = 2;

/** Milliseconds since some moment, never going back. */
export class Clock {
  #ahead = 0;
  /** What a timer said, for the moment by which it fired early. */
  #floor = 0;
  #slept = 0;
  #offset = Infinity;

  /** The time that a running machine has spent: what bounds of waiting are counted in. */
  awake(): number {
    return Math.max(performance.now() + this.#ahead, this.#floor);
  }

  /**
   * The time that passed for the world, sleep included: what ages of objects are counted in.
   * A machine's monotonic clock may stand still while it sleeps, its wall clock does not; a wall
   * clock that is set back changes nothing.
   */
  now(): number {
    const awake = this.awake();
    const offset = Date.now() - awake;
    if (offset < this.#offset) this.#offset = offset;
    else if (offset > this.#offset + SLEEP) {
      this.#slept += offset - this.#offset;
      this.#offset = offset;
    }
    return awake + this.#slept;
  }

  /** How much of `now()` was sleep. */
  get slept(): number {
    return this.#slept;
  }

  /** By how many ms, rounded up, `awake()` is ahead of what timers go by. */
  get lead(): number {
    return Math.max(0, Math.ceil(this.#floor - performance.now() - this.#ahead));
  }

  /**
   * A timer says that `awake()` is `time`: timers may fire a little early, for which the time then
   * stands still, or it would run ahead by that much each time; and tests fake them. What passed for
   * sleep since such a timer was started (`slept` then) was none.
   */
  reach(time: number, slept: number): void {
    const behind = time - performance.now() - this.#ahead;
    if (behind <= 0) return;
    if (behind <= EARLY) return void (this.#floor = Math.max(this.#floor, time));
    this.#ahead += behind;
    this.#slept -= Math.min(this.#slept - slept, behind);
  }
}

/** What `setTimeout` gives: a number in browsers and on old Workers. */
type Handle = number | { ref?(): unknown; unref?(): unknown };

/** Calls `fn` after `delay` ms, in nobody's context; returns what calls that off. */
export function after(delay: number, keepsAlive: boolean, fn: () => void): () => void {
  const handle = start(delay, fn);
  if (!keepsAlive) hold(handle, false);
  return () => clearTimeout(handle as number);
}

function start(delay: number, fn: () => void): Handle {
  return outside(() => setTimeout(fn, delay));
}

/** Whether the process stays up for it; a runtime that cannot say so (old Workers) has no process. */
function hold(handle: Handle, on: boolean): void {
  if (typeof handle === "object") on ? handle.ref?.() : handle.unref?.();
  else on ? denoTimers()?.refTimer(handle) : denoTimers()?.unrefTimer(handle);
}

interface DenoTimers {
  refTimer(id: number): void;
  unrefTimer(id: number): void;
}

function denoTimers(): DenoTimers | undefined {
  return (globalThis as { Deno?: DenoTimers }).Deno;
}

/** A timeout that can be started again and again, and tells when it fires. */
export class Timer {
  /** When it fires, by `clock.awake()`; Infinity if it does not. */
  at = Infinity;
  readonly #clock: Clock;
  readonly #fn: () => void;
  #handle: Handle | undefined;
  #keepsAlive = true;
  #slept = 0;

  constructor(clock: Clock, fn: () => void) {
    this.#clock = clock;
    this.#fn = fn;
  }

  /** Fires in `delay` ms, instead of whenever it was to fire. */
  start(delay: number, keepsAlive: boolean): void {
    this.stop();
    const wait = Math.min(delay, MAX_DELAY - EARLY);
    this.at = this.#clock.awake() + wait;
    this.#slept = this.#clock.slept;
    this.#handle = start(wait + this.#clock.lead, () => this.#fire());
    this.#keepsAlive = true;
    this.keepAlive(keepsAlive);
  }

  /** Whether the process stays up for it. */
  keepAlive(on: boolean): void {
    if (on === this.#keepsAlive || this.#handle === undefined) return;
    this.#keepsAlive = on;
    hold(this.#handle, on);
  }

  stop(): void {
    if (this.#handle === undefined) return;
    clearTimeout(this.#handle as number);
    this.#handle = undefined;
    this.at = Infinity;
  }

  #fire(): void {
    this.#clock.reach(this.at, this.#slept);
    this.#handle = undefined;
    this.at = Infinity;
    this.#fn();
  }
}
