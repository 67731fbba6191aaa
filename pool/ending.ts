// Ending: the shutdown of a pool, from its beginning until all is closed.

import { type Clock, Timer } from "./clock.ts";

/** One for all calls of `shutdown`. */
export class Ending {
  /** Resolves when all is closed. */
  readonly promise: Promise<void>;
  readonly #clock: Clock;
  readonly #timer: Timer;
  #resolve!: () => void;

  /** `force`: called when it has run out of time. */
  constructor(clock: Clock, force: () => void) {
    this.promise = new Promise((resolve) => this.#resolve = resolve);
    this.#clock = clock;
    this.#timer = new Timer(clock, force);
  }

  /** It shall take no longer than `timeout` ms from now, unless it has less already; 0: no limit. */
  hurry(timeout: number): void {
    if (timeout > 0 && this.#clock.awake() + timeout < this.#timer.at) {
      this.#timer.start(timeout, true);
    }
  }

  done(): void {
    this.#timer.stop();
    this.#resolve();
  }
}
