// Slots: runs works side by side, so many at once, and knows what runs and what took how long.

interface Waiter {
  rank: number;
  begin(): void;
}

export class Slots {
  /** What runs now, by name. */
  readonly running: Set<string> = new Set();
  /** What has ended, and how many milliseconds it took once it had its slot. */
  readonly ended: [name: string, ms: number][] = [];
  readonly #waiting: Waiter[] = [];
  readonly size: number;
  #free: number;

  constructor(size: number) {
    this.size = size;
    this.#free = size;
  }

  /** How many works there are, as far as it is known now. */
  get known(): number {
    return this.ended.length + this.running.size + this.#waiting.length;
  }

  /** Of those that wait, one of the lowest rank is next, and of these the one that came first. */
  async run<R>(name: string, rank: number, work: () => Promise<R>): Promise<R> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((begin) => this.#enqueue({ rank, begin }));
    const begun = performance.now();
    this.running.add(name);
    try {
      return await work();
    } finally {
      this.ended.push([name, performance.now() - begun]);
      this.running.delete(name);
      this.#leave();
    }
  }

  #enqueue(waiter: Waiter): void {
    const after = this.#waiting.findIndex(({ rank }) => rank > waiter.rank);
    this.#waiting.splice(after < 0 ? this.#waiting.length : after, 0, waiter);
  }

  /** Hands the slot on, so that nobody who comes right now gets it before. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next) next.begin();
    else this.#free++;
  }
}
