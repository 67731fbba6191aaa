// Callers: who asks for an object, when, and what each makes of the answer.

import { setImmediate as turn, setTimeout as delay } from "node:timers/promises";
import { Chance } from "../../tests/soak/chance.ts";
import type { Lend } from "./pools.ts";
import type { Outcome, Record } from "./record.ts";
import { CALLERS, PATIENCE, PAUSE, SEED } from "./settings.ts";

/** One that has less than this of its patience left has as good as gone, in ms: timers have their own mind. */
const NOTHING = 10;

/** What befalls one caller. */
export async function call(lend: Lend, record: Record): Promise<Outcome> {
  const begun = record.asked();
  const signal = AbortSignal.timeout(PATIENCE);
  const gone = new Promise<Outcome>((resolve) =>
    signal.addEventListener("abort", () => resolve("late"), { once: true })
  );
  const answer = lend(async (client) => {
    record.lent(record.now() - begun);
    await client.query();
  }, signal).then((): Outcome => "served", (): Outcome => "refused");
  const outcome = await Promise.race([answer, gone]);
  const late = outcome === "refused" && record.now() - begun > PATIENCE - NOTHING;
  return record.ended(late ? "late" : outcome);
}

function uniform(chance: Chance): number {
  return chance.below(2 ** 30) / 2 ** 30;
}

/** Calls that come one by one, whatever became of the others: `rate(ms)` a second at that moment. */
export async function arrivals(
  lend: Lend,
  record: Record,
  rate: (ms: number) => number,
  until: number,
): Promise<void> {
  const chance = new Chance(SEED);
  const calls: Promise<Outcome>[] = [];
  let at = 0;
  while ((at -= Math.log(1 - uniform(chance)) * 1000 / rate(at)) < until) {
    if (at > record.now()) await delay(at - record.now());
    calls.push(call(lend, record));
  }
  await Promise.all(calls);
}

/** Callers who pause after an answer, and try again at once if there was none. */
export async function loops(lend: Lend, record: Record, until: number): Promise<void> {
  await Promise.all(Array.from({ length: CALLERS }, async (_, i) => {
    const chance = new Chance(SEED + i);
    const pause = () => PAUSE[0] + (PAUSE[1] - PAUSE[0]) * uniform(chance);
    await delay(pause() * uniform(chance)); // not all of them begin together
    while (record.now() < until) {
      const outcome = await call(lend, record);
      await (outcome === "served" ? delay(pause()) : turn());
    }
  }));
}
