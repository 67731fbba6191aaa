// Pools: which pools a dashboard shows at the moment.

import { insideOf, Pool } from "../../pool.ts";

/**
 * What a dashboard shows: a pool, several, or a function that returns these. A function may return
 * undefined for a pool that does not exist yet, such as `_pool` of a proxy before its first use.
 */
export type Pools =
  | Pool<unknown>
  | Iterable<Pool<unknown>>
  | (() => Pool<unknown> | undefined | Iterable<Pool<unknown> | undefined>);

/** A pool of any objects: the dashboard never uses them. */
export type AnyPool = Pool<unknown>;

/** How many pools are shown at most. */
const MOST = 100;

/** The present pools, checked and each once, up to the limit; and how many more there are. */
export function present(pools: Pools): { shown: AnyPool[]; more: number } {
  const asked = typeof pools === "function";
  const given = asked ? pools() : pools;
  const all = new Set<AnyPool>(isPool(given) ? [given] : listed(given));
  if (asked) all.delete(undefined as never); // not there yet
  for (const pool of all) insideOf(pool); // throws for what is no pool
  return { shown: [...all].slice(0, MOST), more: Math.max(0, all.size - MOST) };
}

/** Turns an iterable that can be read only once into an array. */
export function keep(pools: Pools): Pools {
  if (typeof pools === "function" || isPool(pools) || !isIterable(pools)) return pools;
  const walk: unknown = pools[Symbol.iterator]();
  return walk === pools ? [...pools] : pools;
}

function listed(given: unknown): Iterable<AnyPool> {
  return isIterable(given) ? given as Iterable<AnyPool> : [given as AnyPool];
}

function isPool(given: unknown): given is AnyPool {
  return given instanceof Pool;
}

function isIterable(given: unknown): given is Iterable<unknown> {
  const { [Symbol.iterator]: iterator } = Object(given) as { [Symbol.iterator]?: unknown };
  return typeof iterator === "function" && typeof given === "object";
}
