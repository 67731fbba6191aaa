// What tests of failing creations share: a server that can be down, and chance that is known.

import type { Pool } from "../../mod.ts";
import { type Creations, rejection, Thing, type Time } from "./pool.ts";

/** What a pool calls to make things: at which moments it was called, and whether it works. */
export class Server {
  readonly at: number[] = [];
  up: boolean;
  readonly #time: Time;

  constructor(time: Time, up = false) {
    this.#time = time;
    this.up = up;
  }

  readonly fun = (n: number): Thing => {
    this.at.push(this.#time.now);
    if (this.up) return new Thing(n);
    throw new Error(`down ${n}`);
  };

  get calls(): number {
    return this.at.length;
  }

  /** How far apart the calls were, in ms. */
  get gaps(): number[] {
    return this.at.slice(1).map((moment, i) => moment - this.at[i]!);
  }
}

/** Makes Math.random give these numbers, again and again. */
export class Chance {
  readonly #random = Math.random;
  values: number[];
  #i = 0;

  constructor(...values: number[]) {
    this.values = values;
    Math.random = () => this.values[this.#i++ % this.values.length]!;
  }

  [Symbol.dispose](): void {
    Math.random = this.#random;
  }
}

/** What a promise has ended with so far: "pending", the message of its error, or what it gave. */
export function outcomeOf(promise: Promise<unknown>): { now: unknown } {
  const outcome: { now: unknown } = { now: "pending" };
  promise.then(
    (value) => outcome.now = value instanceof Object ? "an object" : value,
    (error) => outcome.now = error instanceof Error ? error.message : error,
  );
  return outcome;
}

export const QUIET = { logLevel: "silent" } as const;

/** Has two creations fail, after which the pool rests; `get`s of no options. */
export async function breakDown(pool: Pool<Thing>): Promise<void> {
  await Promise.all([rejection(pool.get()), rejection(pool.get())]);
}

/** Has two creations by hand fail, from the `i`th on, after which the pool rests. */
export async function failBoth(pool: Pool<Thing>, creations: Creations, i = 0): Promise<void> {
  const gets = [rejection(pool.get()), rejection(pool.get())];
  await creations.fail(i, "down");
  await creations.fail(i + 1, "down");
  await Promise.all(gets);
}

/** Shuts a pool down, by force, in fake time. */
export async function end(pool: Pool<Thing>, time: Time): Promise<void> {
  const ended = pool.shutdown({ timeout: 1 });
  await time.pass(600, 100);
  await ended;
}
