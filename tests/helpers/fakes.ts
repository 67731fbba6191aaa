// Fakes: timers and clocks that are faked for a while, in the manner of each test tool.

import { sleep } from "./until.ts";

/** What the tools differ in. */
export interface Manner {
  /** Whether `performance.now` is faked, too: from 0 on. */
  performance: boolean;
  /** Whether the wall clock starts in 1970. */
  epoch: boolean;
  /** Whether the fake clearTimeout clears real timers as well. */
  clearsReal: boolean;
  /** Whether what has been restored throws when it is called all the same. */
  throws: boolean;
  /** Whether handles are numbers. */
  numbers: boolean;
}

export const MANNERS: Record<string, Manner> = {
  "node:test": {
    performance: false,
    epoch: true,
    clearsReal: false,
    throws: true, // it does worse: another timer is lost
    numbers: false,
  },
  "@std's FakeTime": {
    performance: false,
    epoch: false,
    clearsReal: false,
    throws: true,
    numbers: true,
  },
  "sinon": { performance: true, epoch: true, clearsReal: false, throws: false, numbers: false },
  "Jest and vitest": {
    performance: true,
    epoch: false,
    clearsReal: true,
    throws: false,
    numbers: false,
  },
};

const { Date: RealDate, performance: realPerformance, setTimeout, clearTimeout } = globalThis;
const real = { Date: RealDate, setTimeout, clearTimeout };
const realNow = realPerformance.now;

interface Faked {
  due: number;
  call: () => void;
}

/** Fakes from its construction on, until it is disposed of. */
export class Fakes {
  readonly #manner: Manner;
  readonly #timers = new Map<unknown, Faked>();
  readonly #start: number;
  #now = 0;
  #lastId = 0;
  #over = false;

  constructor(manner: Manner) {
    this.#manner = manner;
    this.#start = manner.epoch ? 0 : RealDate.now();
    Object.assign(globalThis, {
      setTimeout: (call: () => void, ms = 0) => this.#set(call, ms),
      clearTimeout: (handle: unknown) => this.#clear(handle),
      Date: fakeDate(() => this.#start + this.#now),
    });
    if (manner.performance) realPerformance.now = () => this.#now;
  }

  /** How many timers are pending. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Lets all that falls due within `ms` happen, and all that only waits for microtasks. */
  async tick(ms: number): Promise<void> {
    const end = this.#now + ms;
    await sleep(0);
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      const [handle, { due, call }] = next;
      this.#now = due;
      this.#timers.delete(handle);
      call();
      await sleep(0);
    }
    this.#now = end;
    await sleep(0);
  }

  restore(): void {
    if (this.#over) return;
    this.#over = true;
    Object.assign(globalThis, real);
    realPerformance.now = realNow;
  }

  [Symbol.dispose](): void {
    this.restore();
  }

  #next(end: number): [unknown, Faked] | undefined {
    return [...this.#timers].filter(([, { due }]) => due <= end)
      .sort(([, a], [, b]) => a.due - b.due)[0];
  }

  #set(call: () => void, ms: number): unknown {
    this.#live();
    const handle = this.#manner.numbers ? ++this.#lastId : { ref() {}, unref() {} };
    this.#timers.set(handle, { due: this.#now + Math.max(1, ms), call });
    return handle;
  }

  #clear(handle: unknown): void {
    this.#live();
    if (!this.#timers.delete(handle) && this.#manner.clearsReal) {
      clearTimeout(handle as never);
    }
  }

  #live(): void {
    if (this.#over && this.#manner.throws) throw new Error("these fakes have gone");
  }
}

function fakeDate(now: () => number): DateConstructor {
  return class extends RealDate {
    constructor(...args: unknown[]) {
      super(...(args.length > 0 ? args : [now()]) as [number]);
    }

    static override now(): number {
      return now();
    }
  } as unknown as DateConstructor;
}
