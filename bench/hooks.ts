// Hooks: what synchronous ones add; the limit is the same without.

import type { PoolOptions } from "../pool/options.ts";
import { crowd, turns } from "./lending.ts";
import { ours, used } from "./ours.ts";
import type { Row } from "./row.ts";
import type { Thing } from "./thing.ts";

const HOOKS: Record<string, PoolOptions<Thing>> = {
  "getter and retter": { getter: () => {}, retter: () => {} },
  "health": { health: () => true, healthAfter: 0 },
};

/** Nobody waits, and many do. */
export async function* hooked(): AsyncGenerator<Row> {
  for (const [name, options] of Object.entries(HOOKS)) {
    const byGet = { limit: ours, ours: () => ours(options) };
    const byUse = { limit: used, ours: () => used(options) };
    const rows = [await turns(byGet), await crowd(100, 40, byGet), await crowd(100, 40, byUse)];
    for (const [i, { work, unit, values }] of rows.entries()) {
      const how = i === 2 ? ", by use" : "";
      yield { work: `${work}${how}, with ${name}`, unit, values, target: { limit: 2 } };
    }
  }
}
