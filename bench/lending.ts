// Lending: an object got and given back, with nobody waiting, and by many that wait.

import type { Competitor } from "./competitor.ts";
import { ALL, type Entries, PEERS } from "./competitors.ts";
import { limit, limitOfUse } from "./limit.ts";
import { measure, type Plan, type Runner } from "./measure.ts";
import { borrowed, called, limited, ours, used } from "./ours.ts";
import type { Row, Target } from "./row.ts";
import { runtime } from "./runtime.ts";

/** Promises cost the runtimes differently, and with them what the peers make of many. */
const GET: Target = runtime.startsWith("deno")
  ? { peer: 5, limit: 3 }
  : runtime.startsWith("bun")
  ? { peer: 3, limit: 4 }
  : { peer: 4, limit: 3 };
const BORROW: Target = { peer: runtime.startsWith("bun") ? 4 : 6, limit: 1.5 };
const CROWD: Target = { peer: 1, limit: 1.6 };

const PLAN: Plan = { samples: 60, span: 5 };
/** Tasks, and samples of them. */
const CROWDS = [[10, 40], [100, 40], [10_000, 9], [100_000, 2]] as const;

/**
 * With 100 000 tasks some take ten seconds and more: their time grows with the square of those who wait.
 * That of sequelize-pool does not on Bun, which takes the first of a long array in no time.
 */
const SLOW = ["tarn", "Effect's Pool", ...(runtime.startsWith("bun") ? [] : ["sequelize-pool"])];
const SWIFT: Entries = Object.fromEntries(
  Object.entries(PEERS).filter(([name]) => !SLOW.includes(name)),
);

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

/** Nobody waits. */
export async function turns(
  entries: Entries = { ...ALL, "ours, all limits": limited },
): Promise<Row> {
  const values = await race(entries, (one) => one.turns, PLAN);
  return { work: "get, call, dispose", unit: "ns", values, target: GET };
}

/** Nobody waits, and the object is not forwarded to. */
export async function borrows(entries: Entries = { ...ALL, ours: borrowed }): Promise<Row> {
  const values = await race(entries, (one) => one.turns, PLAN);
  return { work: "borrow, call, release", unit: "ns", values, target: BORROW };
}

/** Nobody waits, the pool gives back. */
export async function uses(entries: Entries = ALL): Promise<Row> {
  const values = await race(entries, (one) => one.uses ?? one.turns, PLAN);
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

/** From few tasks to very many, by all ways to an object in one race. */
export async function* tasks(): AsyncGenerator<Row> {
  const own = { limit, limitOfUse, get: ours, borrow: borrowed, use: used, call: called };
  for (const [count, samples] of CROWDS) {
    const swift = count > 10_000 ? SWIFT : PEERS;
    const { work, unit, values } = await crowd(count, samples, { ...own, ...swift });
    const { limit, limitOfUse, get, borrow, use, call, ...peers } = values as
      & Record<keyof typeof own, number>
      & Record<string, number>;
    const rows: [how: string, limit: number, ours: number][] = [
      ["", limit, get],
      [", by borrow", limit, borrow],
      [", by use", limitOfUse, use],
    ];
    for (const [how, limit, ours] of rows) {
      yield { work: work + how, unit, values: { limit, ours, ...peers }, target: CROWD };
    }
    const target = { limit: 1.1 };
    yield {
      work: `${work}, by use; limit: get and the callback`,
      unit,
      values: { limit: call, ours: use },
      target,
    };
  }
}
