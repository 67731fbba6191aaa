// Threads of every runtime that end at random, for as long as is asked, under a quota of every size.

import { type End, type Kind, kinds, Threads } from "./threads_stage.ts";
import { sleep } from "../../helpers/until.ts";

/** How long one process lives, in ms. */
const RUN = 12_000;
const ENDS: End[] = ["terminate", "terminate", "exit", "throw"];

/** One process after the other, on each runtime in turn; throws if one of them exceeds its cap, or is stuck. */
export async function soak(end: number): Promise<void> {
  const here = kinds().filter(({ runner }) => runner.there);
  for (let i = 0; performance.now() < end; i++) await run(here[i % here.length]!);
}

async function run(kind: Kind): Promise<void> {
  const max = from(1, 5);
  const load = { tasks: from(1, 4), hold: from(0, 7), rest: from(0, 3), maxSize: from(1, 3) };
  await using threads = await Threads.of(kind, max);
  for (let i = 0; i < 5; i++) await threads.start(load);
  const end = performance.now() + RUN;
  let ended = 0;
  for (; performance.now() < end; ended++) {
    await sleep(from(0, 120));
    await threads.end(one([...threads.names]), one(ENDS));
    await threads.start(load);
    const { most } = threads.monitor;
    if (most > max) throw new Error(`${kind.label}: ${most} connections at once, cap ${max}`);
  }
  await threads.allGoOn();
  await threads.finish();
  const { accepted, most } = threads.monitor;
  console.log(kind.label, { max, most, ended, accepted, ...load });
}

function from(least: number, most: number): number {
  return least + Math.floor(Math.random() * (most - least + 1));
}

function one<T>(all: readonly T[]): T {
  return all[Math.floor(Math.random() * all.length)]!;
}
