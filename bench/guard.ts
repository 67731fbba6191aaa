// Guard: fails if the pool has become much slower than it was. It asks for ratios to the limit in the
// same run, whatever the machine, and leaves a wide margin: to be run by hand, or at night.

import { round } from "./housekeeping.ts";
import { crowd, turns, uses } from "./lending.ts";
import { waiters } from "./memory.ts";
import { relate, type Row } from "./row.ts";
import { limit } from "./limit.ts";
import { ours } from "./ours.ts";

interface Guarded {
  part(): Promise<Row>;
  /** So many times the limit, at most; some twice of what it is. */
  limit?: number;
  /** In the row's own unit, where there is no limit. */
  most?: number;
}

const ENTRIES = { limit, ours };

const GUARDED: Guarded[] = [
  { part: () => turns(ENTRIES), limit: 8 },
  { part: () => uses(ENTRIES), limit: 5 },
  { part: () => crowd(100, 20, ENTRIES), limit: 8 },
  { part: () => crowd(10_000, 5, ENTRIES), limit: 16 },
  { part: round, most: 0.5 },
  { part: () => waiters(ENTRIES), most: 450 },
];

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
