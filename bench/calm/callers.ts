// Callers: who asks for an object, when, and what each makes of the answer.

import { setImmediate as turn, setTimeout as delay } from "node:timers/promises";
import { Chance } from "../../tests/soak/chance.ts";
import type { Lend } from "./pools.ts";
import type { Outcome, Timeline } from "./timeline.ts";
import { CALLERS, PATIENCE, PAUSE, SEED } from "./settings.ts";

/** One that has less than this of its patience left has as good as gone, in ms: timers have their own mind. */
const NOTHING = 10;

/** What befalls one caller. */
export async function call(lend: Lend, timeline: Timeline): Promise<Outcome> {
  const begun = timeline.asked();
  const signal = AbortSignal.timeout(PATIENCE);
  const gone = new Promise<Outcome>((resolve) =>
    signal.addEventListener("abort", () => resolve("late"), { once: true })
  );
  const answer = lend(async (client) => {
    timeline.lent(timeline.now() - begun);
    await client.query();
  }, signal).then((): Outcome => "served", (): Outcome => "refused");
  const outcome = await Promise.race([answer, gone]);
  const late = outcome === "refused" && timeline.now() - begun > PATIENCE - NOTHING;
  return timeline.ended(late ? "late" : outcome);
}

function uniform(chance: Chance): number {
  return chance.below(2 ** 30) / 2 ** 30;
}

/** Calls that come one by one, whatever became of the others: `rate(ms)` a second at that moment. */
export async function arrivals(
  lend: Lend,
  timeline: Timeline,
  rate: (ms: number) => number,
  until: number,
): Promise<void> {
  const chance = new Chance(SEED);
  const calls: Promise<Outcome>[] = [];
  let at = 0;
  while ((at -= Math.log(1 - uniform(chance)) * 1000 / rate(at)) < until) {
    const early = at - timeline.now();
    if (early > 0) await delay(early);
    calls.push(call(lend, timeline));
  }
  await Promise.all(calls);
}

/** Callers who pause after an answer, and try again at once if there was none. */
export async function loops(lend: Lend, timeline: Timeline, until: number): Promise<void> {
  await Promise.all(Array.from({ length: CALLERS }, async (_, i) => {
    const chance = new Chance(SEED + i);
    const pause = () => PAUSE[0] + (PAUSE[1] - PAUSE[0]) * uniform(chance);
    await delay(pause() * uniform(chance)); // not all of them begin together
    while (timeline.now() < until) {
      const outcome = await call(lend, timeline);
      await (outcome === "served" ? delay(pause()) : turn());
    }
  }));
}
