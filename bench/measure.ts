// Measures several pieces of work side by side: turn by turn, so that whatever else the machine does
// hits all of them alike, and takes the median of many short samples.

import { busy, collect, now } from "./runtime.ts";

/** One of those that are measured. */
export interface Runner {
  name: string;
  /** Does the work that many times. */
  run(times: number): unknown;
}

export interface Plan {
  /** Samples of each runner. */
  samples: number;
  /** How long a sample is to take at least, in milliseconds. */
  span: number;
  /** Collects the garbage of the runner before, for it not to be paid for by the next one. */
  clean?: boolean;
}

type Loop = (once: () => unknown, times: number) => unknown;

// Compiled anew for each: in one loop for all, the compiler would know none of them well.
const AsyncFunction = (async () => {}).constructor as new (...code: string[]) => Loop;

/** A loop around what gives a promise. */
export function awaited(name: string, once: () => unknown): Runner {
  const loop = new AsyncFunction("once", "times", "for (; times > 0; times--) await once()");
  return { name, run: (times) => loop(once, times) };
}

/** A loop around what does not. */
export function direct(name: string, once: () => unknown): Runner {
  const loop = new Function("once", "times", "for (; times > 0; times--) once()") as Loop;
  return { name, run: (times) => loop(once, times) };
}

/** The median of each, in nanoseconds for doing it once; see `busy`. */
export async function measure(runners: Runner[], plan: Plan): Promise<Record<string, number>> {
  const found = new Map<Runner, number[]>();
  const times = new Map<Runner, number>();
  for (const runner of runners) {
    found.set(runner, []);
    times.set(runner, await calibrated(runner, plan.span));
  }
  for (let sample = 0; sample < plan.samples; sample++) {
    for (const runner of runners) {
      if (plan.clean) collect();
      found.get(runner)!.push(await timed(runner, times.get(runner)!));
    }
  }
  return Object.fromEntries([...found].map(([{ name }, values]) => [name, typical(values)]));
}

/** How many times it takes to last for `span`; the compiler has seen enough by then. */
async function calibrated(runner: Runner, span: number): Promise<number> {
  const WARM = 20;
  let times = 1;
  let took = await timed(runner, times);
  while (took * times < WARM * span * 1e6 / 2) {
    times *= 2;
    took = await timed(runner, times);
  }
  return Math.max(1, Math.round(span * 1e6 / took));
}

async function timed({ run }: Runner, times: number): Promise<number> {
  const begun = now();
  const result = run(times);
  if (result instanceof Promise) await result;
  return (now() - begun) / times;
}

/** What a work costs, of what samples of it took. */
export function typical(values: number[]): number {
  return busy ? values.toSorted((a, b) => a - b)[Math.floor(values.length / 10)]! : median(values);
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle]!;
  return (sorted[middle - 1]! + sorted[middle]!) / 2;
}
