// Checkup: asks for the health of many entries, a few at a time.

import type { Hook } from "./options.ts";

/** How many at the same time: the others can be lent meanwhile. */
const WIDTH = 4;

/** Calls `check` for each of `entries`, in order; one run at a time. */
export class Checkup<E> {
  readonly #check: Hook<E, Promise<void>>;
  #running = false;

  constructor(check: Hook<E, Promise<void>>) {
    this.#check = check;
  }

  /** Does nothing if the last run is not done yet. */
  async run(entries: Iterable<E>): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    const queue = [...entries].values();
    try {
      await Promise.all(Array.from({ length: WIDTH }, () => this.#work(queue)));
    } finally {
      this.#running = false;
    }
  }

  async #work(queue: IterableIterator<E>): Promise<void> {
    for (const entry of queue) await this.#check(entry);
  }
}
