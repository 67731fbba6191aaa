// Refill: when the pool may try again to reach `minSize`, and who waits for that.

import { type Clock, Timer } from "./clock.ts";

/** The first delay before another attempt, and the longest, in milliseconds. */
const FIRST = 100;
const LONGEST = 30_000;

/** By up to which part a delay is longer. */
const JITTER = 0.25;

interface Waiting {
  resolve(): void;
  reject(error: unknown): void;
}

/** After a failure it rests, for longer each time. */
export class Refill {
  readonly #timer: Timer;
  #failures = 0;
  #waiting: Waiting[] = [];

  constructor(clock: Clock, again: () => void) {
    this.#timer = new Timer(clock, again);
  }

  /** Whether it is too early to try again. */
  get resting(): boolean {
    return this.#timer.at !== Infinity;
  }

  /** Whether somebody waits for `minSize` objects. */
  get awaited(): boolean {
    return this.#waiting.length > 0;
  }

  /** Somebody asks for `minSize` objects: there is no rest then. */
  wait(): Promise<void> {
    this.#timer.stop();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** `minSize` is reached. */
  reached(): void {
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  /** An object was made. */
  made(): void {
    this.#failures = 0;
    this.#timer.stop();
  }

  /** An attempt failed; returns whether anybody was told. `again`: it is to be tried again. */
  failed(error: unknown, again: boolean): boolean {
    if (again && !this.resting) {
      // Many pools that lost one server shall not come back to it all at once, nor all in step.
      const jitter = 1 + Math.random() * JITTER;
      const delay = Math.min(FIRST * 2 ** this.#failures++, LONGEST / (1 + JITTER));
      this.#timer.start(delay * jitter, false);
    }
    return this.#tell(error);
  }

  /** The pool ends. */
  stop(error: unknown): void {
    this.#timer.stop();
    this.#tell(error);
  }

  #tell(error: unknown): boolean {
    const waiting = this.#waiting.splice(0);
    for (const { reject } of waiting) reject(error);
    return waiting.length > 0;
  }
}
