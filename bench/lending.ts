// Lending: an object got and given back, with nobody waiting, and by many that wait.

import type { Competitor, Enter } from "./competitor.ts";
import { limit } from "./limit.ts";
import { measure, type Plan, type Runner } from "./measure.ts";
import { borrowed, limited, ours, used } from "./ours.ts";
import { genericPool } from "./peers/generic_pool.ts";
import { lightningPool } from "./peers/lightning_pool.ts";
import { tarn } from "./peers/tarn.ts";
import type { Row } from "./row.ts";
import { runtime } from "./runtime.ts";

/** Bun's promises are cheaper, and with them what the peers make of many. */
const PEER = runtime.startsWith("bun") ? 3 : 5;

type Entries = Record<string, Enter>;

const PEERS: Entries = { "generic-pool": genericPool, tarn, "lightning-pool": lightningPool };
/** Whose time for this grows with the square of those who wait: some 25 s for 100 000. */
const { tarn: _slow, ...SWIFT } = PEERS;

async function race(
  entries: Entries,
  work: (competitor: Competitor) => Runner["run"],
  plan: Plan,
): Promise<Record<string, number>> {
  const runners = Object.entries(entries).map(async ([name, enter]) => ({
    name,
    run: work(await enter()),
  }));
  return measure(await Promise.all(runners), plan);
}

const ALL: Entries = { limit, ours, ...PEERS };

/** Nobody waits. */
export async function turns(
  entries: Entries = { ...ALL, "ours, all limits": limited },
): Promise<Row> {
  const values = await race(entries, (one) => one.turns, { samples: 60, span: 5 });
  return { work: "get, call, dispose", unit: "ns", values, target: { peer: PEER, limit: 3 } };
}

/** Nobody waits, and the object is not forwarded to. */
export async function borrows(
  entries: Entries = { limit, ours: borrowed, ...PEERS },
): Promise<Row> {
  const values = await race(entries, (one) => one.turns, { samples: 60, span: 5 });
  return { work: "borrow, call, release", unit: "ns", values };
}

/** Nobody waits, the pool gives back. */
export async function uses(
  entries: Entries = { limit, ours, "generic-pool": genericPool },
): Promise<Row> {
  const values = await race(entries, (one) => one.uses ?? one.turns, { samples: 60, span: 5 });
  return { work: "use", unit: "ns", values, target: { limit: 1.5 } };
}

/** Many wait; in nanoseconds for a turn. */
export async function crowd(tasks: number, samples: number, entries: Entries): Promise<Row> {
  const all = (one: Competitor) => async (times: number) => {
    for (; times > 0; times--) await Promise.all(Array.from({ length: tasks }, one.task));
  };
  const values = await race(entries, all, { samples, span: 5 });
  for (const name in values) values[name]! /= 2 * tasks;
  const work = `${tasks.toLocaleString("en")} tasks over 10 objects, a turn`;
  return { work, unit: "ns", values };
}

/** From few tasks to very many. */
export async function* tasks(): AsyncGenerator<Row> {
  const few = await crowd(100, 40, ALL);
  yield { ...few, target: { peer: PEER } };
  // `use` runs a callback, which has a promise of its own.
  const byUse = await crowd(100, 40, { limit, ours: used, "generic-pool": genericPool });
  yield { ...byUse, work: `${byUse.work}, by use` };
  yield { ...await crowd(10_000, 9, ALL), target: { peer: PEER } };
  const many = await crowd(100_000, 2, { limit, ours, ...SWIFT });
  yield many;
  // It is for memory that the limit grows, too: for what the tasks themselves take.
  for (const name of ["ours", "limit"] as const) {
    const values = { limit: few.values[name]!, ours: many.values[name]! };
    const work = `100,000 tasks; limit: 100 tasks${name === "limit" ? " (of the limit)" : ""}`;
    yield { work, unit: "ns", values, ...(name === "ours" ? { target: { limit: 1.5 } } : {}) };
  }
}
