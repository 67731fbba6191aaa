// Hooks: what synchronous ones add; the limit is the same without.

import type { PoolOptions } from "../pool/options.ts";
import { crowd, turns } from "./lending.ts";
import { ours, used } from "./ours.ts";
import type { Row } from "./row.ts";
import type { Thing } from "./thing.ts";

const HOOKS = {
  "getter and retter": { getter: () => {}, retter: () => {} },
  "health": { health: () => true, healthAfter: 0 },
} satisfies Record<string, PoolOptions<Thing>>;

type Name = keyof typeof HOOKS;

function named({ work, unit, values }: Row, name: Name, how = ""): Row {
  return { work: `${work}${how}, with ${name}`, unit, values, target: { limit: 2 } };
}

/** Nobody waits. */
export async function hookedTurns(name: Name): Promise<Row> {
  return named(await turns({ limit: ours, ours: () => ours(HOOKS[name]) }), name);
}

/** Nobody waits, and many do. */
export async function* hooked(): AsyncGenerator<Row> {
  for (const name of Object.keys(HOOKS) as Name[]) {
    yield hookedTurns(name);
    yield named(await crowd(100, 40, { limit: ours, ours: () => ours(HOOKS[name]) }), name);
    const byUse = { limit: used, ours: () => used(HOOKS[name]) };
    yield named(await crowd(100, 40, byUse), name, ", by use");
  }
}
