// Rates: how often each holder uses its connections, compared over as long a time as it takes.

import { sleep } from "../../helpers/until.ts";
import type { RuntimeName } from "./conductor.ts";
import { Run, type Stage } from "./proof.ts";

/** The machine is shared: what is unequal by chance is equal after some time, in ms. */
const LEAST = 4_000;
const MOST = 40_000;
const STEP = 1_000;

/** Nothing but turns at the pool: a task has its next use at once. */
const BUSY = { tasks: 4, hold: 10, rest: 0 };

/**
 * Eight busy processes under a cap of four: the most uses of one in those of another. Waits for it to be
 * `enough`, for no longer than it may take.
 */
export async function unfairness(
  stage: Stage,
  runtimes: RuntimeName[],
  enough: number,
): Promise<number> {
  await using run = await Run.of(stage, 4);
  const load = { ...BUSY, maxSize: 4 };
  await Promise.all(
    Array.from({ length: 8 }, (_, i) => run.start(runtimes[i % runtimes.length]!, load)),
  );
  const ratio = await measured(run, (rates) => {
    const all = [...rates.values()];
    return Math.max(...all) / Math.min(...all);
  }, (ratio) => ratio <= enough);
  await run.end();
  return ratio;
}

/**
 * Two processes under a cap of four beside two with a local cap of two each: the uses of the former for
 * each of the latter.
 */
export async function throughput(
  stage: Stage,
  runtime: RuntimeName,
  enough: number,
): Promise<number> {
  await using run = await Run.of(stage, 4);
  const local = { ...BUSY, maxSize: 2, local: true };
  const shared = { ...BUSY, maxSize: 4 };
  const loads = [local, shared, local, shared];
  const holders = await Promise.all(loads.map((load) => run.start(runtime, load)));
  const sum = (rates: Map<string, number>, isLocal: boolean) =>
    holders.filter(({ config }) => (config.local === true) === isLocal)
      .reduce((sum, { name }) => sum + rates.get(name)!, 0);
  const ratio = await measured(
    run,
    (rates) => sum(rates, false) / sum(rates, true),
    (ratio) => ratio >= enough,
  );
  await run.end();
  return ratio;
}

/** Of the uses of each since all have got on; looks each second whether it will do. */
async function measured(
  run: Run,
  ratioOf: (uses: Map<string, number>) => number,
  isEnough: (ratio: number) => boolean,
): Promise<number> {
  await run.allGoOn("the start");
  await sleep(STEP); // they have been started one after the other
  const before = new Map(run.monitor.uses);
  const begun = performance.now();
  for (;;) {
    await sleep(STEP);
    const uses = new Map([...run.monitor.uses].map(([name, n]) => [name, n - before.get(name)!]));
    const ratio = ratioOf(uses);
    const passed = performance.now() - begun;
    if (passed >= LEAST && isEnough(ratio) || passed >= MOST) return ratio;
  }
}
