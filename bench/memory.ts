// Memory: bytes of heap for each `get` that waits, and for each lease.

import { Pool } from "../mod.ts";
import { type Enter, OBJECTS } from "./competitor.ts";
import { ALL, type Entries } from "./competitors.ts";
import { median } from "./measure.ts";
import type { Row } from "./row.ts";
import { heapBytes } from "./runtime.ts";
import { Thing } from "./thing.ts";

const COUNT = 10_000;
const SAMPLES = 5;

/** What is kept by each of `COUNT` calls; the array they go into is there before. */
function kept(call: () => unknown): { bytes: number; results: unknown[] } {
  const results: unknown[] = new Array(COUNT).fill(undefined);
  const before = heapBytes();
  for (let i = 0; i < COUNT; i++) results[i] = call();
  return { bytes: (heapBytes() - before) / COUNT, results };
}

/** Nobody awaits what `get` gives: the frame of an async function that does is the caller's. */
async function waiter(enter: Enter): Promise<number> {
  const one = await enter();
  const out = await Promise.all(Array.from({ length: OBJECTS }, () => one.get()));
  const found: number[] = [];
  for (let sample = 0; sample < SAMPLES; sample++) {
    const { bytes, results } = kept(() => one.get());
    found.push(bytes);
    for (const thing of out.splice(0)) one.ret(thing);
    for (const [i, result] of results.entries()) {
      const thing = await (result as PromiseLike<Thing>);
      if (i < COUNT - OBJECTS) one.ret(thing);
      else out.push(thing);
    }
  }
  return median(found.slice(1));
}

/** In bytes for one who waits. */
export async function waiters(entries: Entries = ALL): Promise<Row> {
  const values: Record<string, number> = {};
  for (const [name, enter] of Object.entries(entries)) {
    values[name] = await waiter(enter);
  }
  return { work: "heap of a waiting get", unit: "bytes", values, target: { most: 300 } };
}

/** In bytes for what is lent, without what it costs while it is available. */
export async function leases(): Promise<Row> {
  const pool = new Pool(() => new Thing());
  const found: number[] = [];
  await giveBack(pool, Array.from({ length: COUNT }, () => pool.get()));
  for (let sample = 0; sample < SAMPLES; sample++) {
    const { bytes, results } = kept(() => pool.tryGet());
    found.push(bytes);
    await giveBack(pool, results);
  }
  return { work: "heap of a lease", unit: "bytes", values: { ours: median(found.slice(1)) } };
}

async function giveBack(pool: Pool<Thing>, results: unknown[]): Promise<void> {
  for (const lease of await Promise.all(results)) pool.ret(lease as never);
}
