// Pools: which pools a dashboard shows at the moment.

import { insideOf, Pool } from "../../pool.ts";
import { groupOf, type PoolGroup } from "../../pool/group.ts";
import type { State } from "../../pool/state.ts";

/**
 * What a dashboard shows: a pool, several, or a function that returns these. A function may return
 * undefined for a pool that does not exist yet, such as `_pool` of a proxy before its first use.
 */
export type Pools =
  | Shown
  | Iterable<Shown>
  | (() => Shown | undefined | Iterable<Shown | undefined>);

/** A pool, or a `KeyedPool`, which is shown as one pool for each key. */
export type Shown = Pool<unknown> | PoolGroup;

/** The inside of a pool of any objects: the dashboard never uses them. */
export type AnyPool = State<unknown>;

/** How many pools are shown at most. */
const MOST = 100;

/** The present pools, checked and each once, up to the limit; and how many more there are. */
export function present(pools: Pools): { shown: AnyPool[]; more: number } {
  const asked = typeof pools === "function";
  const given = asked ? pools() : pools;
  const all = new Set<AnyPool>();
  for (const one of isPool(given) ? [given] : listed(given)) {
    if (asked && one === undefined) continue; // not there yet
    for (const pool of insidesOf(one)) all.add(pool);
  }
  return { shown: [...all].slice(0, MOST), more: Math.max(0, all.size - MOST) };
}

/** Turns an iterable that can be read only once into an array. */
export function keep(pools: Pools): Pools {
  if (typeof pools === "function" || isPool(pools) || !isIterable(pools)) return pools;
  const walk: unknown = pools[Symbol.iterator]();
  return walk === pools ? [...pools] : pools;
}

/** Throws for what is no pool. */
function* insidesOf(one: unknown): Generator<AnyPool> {
  const group = groupOf(one);
  if (group === undefined) yield insideOf(one as Pool<unknown>);
  else for (const [, pool] of group.pools()) yield pool;
}

function listed(given: unknown): Iterable<unknown> {
  return isIterable(given) ? given : [given];
}

function isPool(given: unknown): given is Shown {
  return given instanceof Pool || groupOf(given) !== undefined;
}

function isIterable(given: unknown): given is Iterable<unknown> {
  const { [Symbol.iterator]: iterator } = Object(given) as { [Symbol.iterator]?: unknown };
  return typeof iterator === "function" && typeof given === "object";
}
