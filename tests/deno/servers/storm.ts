// Storm: callers who come whether or not they are served, give up after a second, and try again.

import type { Pool } from "../../../mod.ts";

/** So many calls a second, for so many ms. */
export type Phase = [rate: number, ms: number];

/** What became of a call, by `performance.now()`. */
export interface Call {
  began: number;
  /** When it was served; undefined: none of its tries was. */
  served?: number;
}

/** How often one tries, and how long each time, in ms. */
const TRIES = 3;
const PATIENCE = 1_000;

/** How often calls are made, in ms: as many as are due. */
const TICK = 5;

/** All calls of these phases, once each has ended; `works` is what each does with its object. */
export async function storm<T>(
  pool: Pool<T>,
  works: (object: T) => Promise<unknown>,
  phases: Phase[],
): Promise<Call[]> {
  const calls: Promise<Call>[] = [];
  for (const [rate, ms] of phases) {
    const begun = performance.now(), before = calls.length;
    for (let passed = 0; passed < ms;) {
      await new Promise((resolve) => setTimeout(resolve, TICK));
      passed = Math.min(ms, performance.now() - begun);
      while (calls.length - before < rate * passed / 1_000) calls.push(call(pool, works));
    }
  }
  return await Promise.all(calls);
}

/** How many of them were served, by when they were made, within `[from, to)`. */
export function servedIn(calls: Call[], from: number, to: number): [served: number, of: number] {
  const made = calls.filter(({ began }) => began >= from && began < to);
  return [made.filter(({ served }) => served !== undefined).length, made.length];
}

async function call<T>(pool: Pool<T>, works: (object: T) => Promise<unknown>): Promise<Call> {
  const began = performance.now();
  for (let i = 0; i < TRIES; i++) {
    try {
      await pool.use(works, { signal: AbortSignal.timeout(PATIENCE) });
      return { began, served: performance.now() };
    } catch {
      // That is what it tries again for.
    }
  }
  return { began };
}
