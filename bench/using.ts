// Using: `use` by callbacks of other kinds, with nobody waiting. The limit calls one of the same kind.

import { Pool } from "../mod.ts";
import { type Enter, OBJECTS, TIMEOUT } from "./competitor.ts";
import { limit, limitOfUse } from "./limit.ts";
import { awaited, measure } from "./measure.ts";
import type { Row } from "./row.ts";
import { Thing } from "./thing.ts";

interface Kind {
  limit: Enter;
  use(pool: Pool<Thing>): Promise<unknown>;
}

const KINDS: Record<string, Kind> = {
  "without parameters": { limit, use: (pool) => pool.use(() => 1) },
  "with the context": { limit, use: (pool) => pool.use((thing, _context) => thing.touch()) },
  "async": {
    limit: limitOfUse,
    // deno-lint-ignore require-await
    use: (pool) => pool.use(async (thing) => thing.touch()),
  },
};

export async function* callbacks(): AsyncGenerator<Row> {
  for (const [kind, { limit, use }] of Object.entries(KINDS)) {
    const pool = new Pool(() => new Thing(), { maxSize: OBJECTS, timeout: TIMEOUT });
    const values = await measure([
      { name: "limit", run: (await limit()).turns },
      awaited("ours", () => use(pool)),
    ], { samples: 60, span: 5 });
    yield { work: `use, a callback ${kind}`, unit: "ns", values, target: { limit: 1.5 } };
  }
}
