// Pools: which pools a dashboard shows at the moment.

import { insideOf, Pool } from "../../pool.ts";
import { type Group, groupOf, type PoolGroup } from "../../pool/group.ts";
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

/** What there is at the moment. */
export interface Present {
  /** The pools, each once, up to the limit; and how many more there are. */
  readonly shown: AnyPool[];
  readonly more: number;
  /** The `KeyedPool`s that they are of. */
  readonly groups: Set<Group>;
}

/** Checks what is to be shown, and finds the pools that are there. */
export function present(pools: Pools): Present {
  const asked = typeof pools === "function";
  const given = asked ? pools() : pools;
  const all = new Set<AnyPool>();
  const groups = new Set<Group>();
  for (const one of isPool(given) ? [given] : listed(given)) {
    if (asked && one === undefined) continue; // not there yet
    const group = groupOf(one);
    if (group === undefined) {
      all.add(insideOf(one as Pool<unknown>)); // throws for what is no pool
    } else {
      groups.add(group);
      for (const [, pool] of group.pools()) all.add(pool);
    }
  }
  return { shown: [...all].slice(0, MOST), more: Math.max(0, all.size - MOST), groups };
}

/** Turns an iterable that can be read only once into an array. */
export function keep(pools: Pools): Pools {
  if (typeof pools === "function" || isPool(pools) || !isIterable(pools)) return pools;
  const walk: unknown = pools[Symbol.iterator]();
  return walk === pools ? [...pools] : pools;
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
