// What the tests of Pool share: things to lend, a record of what becomes of them, time, and patience.

import { FakeTime } from "@std/testing/time";
import type { Pool } from "../../mod.ts";
import { NotHere } from "./not_here.ts";
import { sleep } from "./until.ts";

// The real ones, whatever a test fakes.
const { setTimeout: realSetTimeout, clearTimeout: realClearTimeout } = globalThis;
const realNow = performance.now;

/** Replaces performance.now, until it is called without an argument. */
export function fakeNow(now: () => number = realNow): void {
  performance.now = now;
}

/** Something to lend. */
export class Thing {
  readonly id: number;

  constructor(id: number) {
    this.id = id;
  }

  echo<V>(value: V): V {
    return value;
  }

  toString(): string {
    return `thing ${this.id}`;
  }
}

/** Makes things and closes them, and remembers how many there were at once. */
export class Workshop {
  readonly made: Thing[] = [];
  /** The ids of those closed, in order. */
  readonly closed: number[] = [];
  /** How often `fun` was called. */
  attempts = 0;
  /** From the call of `fun` to the end of `closer`. */
  live = 0;
  most = 0;

  readonly fun = (n: number): Thing => {
    this.attempts++;
    this.#enter();
    return this.#finish(n);
  };

  readonly closer = (thing: Thing): void => {
    this.closed.push(thing.id);
    this.live--;
  };

  /** Both, taking that many real milliseconds each. */
  readonly slow = (ms: number) => ({
    fun: async (n: number): Promise<Thing> => {
      this.attempts++;
      this.#enter();
      await sleep(ms);
      return this.#finish(n);
    },
    closer: async (thing: Thing): Promise<void> => {
      await sleep(ms);
      this.closer(thing);
    },
  });

  #enter(): void {
    this.most = Math.max(this.most, ++this.live);
  }

  #finish(n: number): Thing {
    const thing = new Thing(n);
    this.made.push(thing);
    return thing;
  }
}

/** A promise that is settled by hand. */
export interface Deferred<V> {
  promise: Promise<V>;
  resolve(value: V): void;
  reject(error: unknown): void;
}

export function deferred<V = void>(): Deferred<V> {
  let resolve!: (value: V) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<V>((done, failed) => {
    resolve = done;
    reject = failed;
  });
  return { promise, resolve, reject };
}

/** A `fun` whose creations end by hand, each with its signal. */
export class Creations {
  readonly all: (Deferred<Thing> & { n: number; signal: AbortSignal })[] = [];

  readonly fun = (n: number, { signal }: { signal: AbortSignal }): Promise<Thing> => {
    const creation = { ...deferred<Thing>(), n, signal };
    this.all.push(creation);
    return creation.promise;
  };

  /** The `i`th one comes to its good end. */
  finish(i: number): Promise<void> {
    const { n, resolve } = this.all[i]!;
    resolve(new Thing(n));
    return idle();
  }

  fail(i: number, error: unknown): Promise<void> {
    this.all[i]!.reject(error);
    return idle();
  }
}

/** Lets everything happen that is only waiting for microtasks, and unhandled rejections be noticed. */
export async function idle(): Promise<void> {
  for (let i = 0; i < 2; i++) await sleep(0);
}

/** What has become of a promise so far. */
export async function stateOf(promise: Promise<unknown>): Promise<string> {
  let state = "pending";
  promise.then(() => state = "fulfilled", () => state = "rejected");
  await idle();
  return state;
}

/** What a promise rejects with, whatever that is. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  let late: ReturnType<typeof realSetTimeout> | undefined;
  const patience = new Promise((resolve) => {
    late = realSetTimeout.call(globalThis, resolve, 5000) as never;
  });
  try {
    return await Promise.race([
      promise.then((value) => {
        throw new Error(`expected a rejection, got ${value}`);
      }, (error) => ({ error })),
      patience.then(() => {
        throw new Error("expected a rejection, got nothing at all");
      }),
    ]).then(({ error }) => error);
  } finally {
    realClearTimeout.call(globalThis, late as never);
  }
}

/** Makes all of the time, performance.now too, move only when told. */
export class Time {
  readonly #fake = new FakeTime();

  constructor() {
    const { start } = this.#fake;
    fakeNow(() => this.#fake.now - start);
  }

  get now(): number {
    return this.#fake.now - this.#fake.start;
  }

  /** Moves on by `ms`, in steps, with everything happening that is due. */
  async pass(ms: number, step = ms): Promise<void> {
    for (let left = ms; left > 0; left -= step) {
      await this.#fake.tickAsync(Math.min(step, left));
    }
    await idle();
  }

  /** Moves on by `ms` at once: what is due is called, and nothing else happens meanwhile. */
  jump(ms: number): void {
    this.#fake.tick(ms);
  }

  /** Moves on to the next timer, with everything happening that follows from it. */
  async next(): Promise<void> {
    await this.#fake.nextAsync();
    await idle();
  }

  [Symbol.dispose](): void {
    fakeNow();
    this.#fake.restore();
  }
}

/** Shifts the clocks, and leaves timers alone: what a machine that slept looks like. */
export class Clocks {
  /** What is added to each. */
  wall = 0;
  monotonic = 0;
  readonly #dateNow = Date.now;

  constructor() {
    Date.now = () => this.#dateNow.call(Date) + this.wall;
    fakeNow(() => realNow.call(performance) + this.monotonic);
  }

  /** Both go on by that much, without any timer being called. */
  skip(ms: number): void {
    this.wall += ms;
    this.monotonic += ms;
  }

  [Symbol.dispose](): void {
    Date.now = this.#dateNow;
    fakeNow();
  }
}

/** What is passed over, and how the clocks show it. */
export const SLEEPS: [string, (clocks: Clocks, ms: number) => void][] = [
  ["both clocks went on", (clocks, ms) => clocks.skip(ms)],
  ["only the wall clock went on", (clocks, ms) => void (clocks.wall += ms)],
];

/** Watches which timers are set and still pending, and which of them keep the process alive. */
export class Timers {
  /** Each with its delay. */
  readonly #pending = new Map<unknown, number>();
  readonly #real = {
    setTimeout: globalThis.setTimeout,
    clearTimeout: globalThis.clearTimeout,
    setInterval: globalThis.setInterval,
  };
  /** How many were set so far. */
  set = 0;

  constructor() {
    const { setTimeout, clearTimeout, setInterval } = this.#real;
    const start = (fn: () => void, ms = 0) => {
      this.set++;
      const handle = setTimeout.call(globalThis, () => {
        this.#pending.delete(handle);
        fn();
      }, ms);
      this.#pending.set(handle, ms);
      return handle;
    };
    const clear = (handle: never) => {
      this.#pending.delete(handle);
      clearTimeout.call(globalThis, handle);
    };
    const repeat = (fn: () => void, ms?: number) => {
      this.set++;
      return setInterval.call(globalThis, fn, ms);
    };
    Object.assign(globalThis, { setTimeout: start, clearTimeout: clear, setInterval: repeat });
  }

  get pending(): number {
    return this.#pending.size;
  }

  /** The delays of those for so many ms or more. */
  over(ms: number): number[] {
    return [...this.#pending.values()].filter((delay) => delay >= ms);
  }

  /** Those that keep the process alive. */
  get holding(): number {
    return [...this.#pending.keys()].filter(holds).length;
  }

  [Symbol.dispose](): void {
    Object.assign(globalThis, this.#real);
  }
}

function holds(handle: unknown): boolean {
  // In old Workers, where they keep nothing alive.
  if (typeof handle !== "object") throw new NotHere("timers are mere numbers");
  return (handle as { hasRef(): boolean }).hasRef();
}

/** Every object is somewhere: `created = available + using + closing + closed + detached`. */
export function sum<T>(pool: Pool<T>): { created: number; accounted: number } {
  const { created, available, using, closing, closed, detached } = pool.stats();
  return { created, accounted: available + using + closing + closed + detached };
}
