// Guard: fails if the pool has become much slower than it was. It asks for ratios to the limit in the
// same run, whatever the machine, and leaves a wide margin: to be run by hand, or at night.

import { hookedTurns } from "./hooks.ts";
import { resized, round } from "./housekeeping.ts";
import { borrows, crowd, turns, uses } from "./lending.ts";
import { waiters } from "./memory.ts";
import { relate, type Row } from "./row.ts";
import { limit, limitOfUse } from "./limit.ts";
import { borrowed, ours, used } from "./ours.ts";
import { timeouts } from "./stalls.ts";

interface Guarded {
  part(): Promise<Row>;
  /** So many times the limit, at most; some twice of what it is. */
  limit?: number;
  /** In the row's own unit, where there is no limit. */
  most?: number;
}

const ENTRIES = { limit, ours };
const BY_USE = { limit: limitOfUse, ours: used };

const GUARDED: Guarded[] = [
  { part: () => turns(ENTRIES), limit: 8 },
  { part: () => borrows({ limit, ours: borrowed }), limit: 4 },
  { part: () => uses(ENTRIES), limit: 5 },
  { part: () => hookedTurns("getter and retter"), limit: 6 },
  { part: () => hookedTurns("health"), limit: 12 },
  { part: () => crowd(100, 20, ENTRIES), limit: 8 },
  { part: () => crowd(10_000, 5, ENTRIES), limit: 16 },
  { part: async () => named(await crowd(100, 20, BY_USE), "by use"), limit: 8 },
  { part: round, most: 0.5 },
  { part: resized, most: 0.5 },
  { part: timeouts, most: 500 },
  { part: () => waiters(ENTRIES), most: 450 },
];

function named(row: Row, how: string): Row {
  return { ...row, work: `${row.work}, ${how}` };
}

/** A bad moment of the machine is no fault of the pool. */
const ATTEMPTS = 3;

async function isFine({ part, limit = Infinity, most = Infinity }: Guarded): Promise<boolean> {
  for (let attempt = 1;; attempt++) {
    const row = await part();
    const found = relate(row);
    const ratio = found.ours / (found.limit ?? NaN);
    const fine = !(ratio > limit) && found.ours <= most;
    const text = limit === Infinity
      ? `${found.ours.toPrecision(3)} ${row.unit}, at most ${most}`
      : `${ratio.toFixed(2)}× the limit, at most ${limit}`;
    if (!fine && attempt < ATTEMPTS) continue;
    console.log(`${fine ? "ok    " : "SLOWER"}  ${row.work}: ${text}`);
    return fine;
  }
}

let slower = 0;
for (const guarded of GUARDED) if (!await isFine(guarded)) slower++;
console.log(slower === 0 ? "no slower than it was" : `${slower} of ${GUARDED.length} are slower`);
Deno.exit(slower === 0 ? 0 : 1);
