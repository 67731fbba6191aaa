// The picture that a keyed pool gives of itself.

import { Totals } from "../pool/observe.ts";
import type { PoolStats } from "../pool/stats.ts";
import { describe } from "../values.ts";
import type { Keys } from "./keys.ts";

/** One key, as {@linkcode KeyedPoolStats} shows it. */
export interface KeyStats extends PoolStats {
  /** The key; in words, if JSON cannot express it. */
  key: string | number | boolean | null;
}

/** A picture of a keyed pool that JSON can express. Its totals count all keys, forgotten ones, too. */
export interface KeyedPoolStats extends Totals {
  /** What messages call it. */
  name: string;
  /** Whether it has been shut down. */
  shutdown: boolean;
  /** The options of these names. */
  maxSize: number;
  /** The option of this name. */
  maxSizePerKey: number;
  /** The option of this name. */
  maxKeys: number;
  /** How many keys have objects, waiters or loans. */
  keys: number;
  /** How many borrowers wait for a place for a new key. */
  waitingForKey: number;
  /** How many objects count for `maxSize`. */
  size: number;
  /** How many objects are in nobody's hands. */
  available: number;
  /** How many objects are in use, or being looked at by a hook. */
  using: number;
  /** How many objects are being made. */
  creating: number;
  /** How many objects are being closed. */
  closing: number;
  /** How many permits the keys wait for. */
  requesting: number;
  /** How many borrowers wait for an object. */
  waiting: number;
  /** The pool of each key. */
  pools: KeyStats[];
}

/** What is known without looking at the keys. */
type Own = Pick<KeyedPoolStats, "name" | "shutdown" | "maxSize" | "maxSizePerKey" | "maxKeys">;

const COUNTS = [
  ...["size", "available", "using", "creating", "closing", "requesting", "waiting"] as const,
];

/** The picture; `past`: the totals of forgotten keys. */
export function keyedStats<K, T>(own: Own, past: Totals, keys: Keys<K, T>): KeyedPoolStats {
  const pools = [...keys.places].map(([key, { pool }]) => ({
    key: shownKey(key),
    ...pool.stats(),
  }));
  const counts = Object.fromEntries(
    COUNTS.map((name) => [name, pools.reduce((sum, pool) => sum + pool[name], 0)]),
  ) as Record<typeof COUNTS[number], number>;
  const totals = { ...past };
  for (const pool of pools) addTotals(totals, pool);
  counts.size -= counts.requesting; // which count for the `maxSize` of their key alone
  return {
    ...own,
    keys: pools.length,
    waitingForKey: keys.waiters,
    ...counts,
    ...totals,
    pools,
  };
}

/** Adds those of one pool. */
export function addTotals(sum: Totals, totals: Totals): void {
  for (const name of Object.keys(new Totals()) as (keyof Totals)[]) sum[name] += totals[name];
}

function shownKey(key: unknown): KeyStats["key"] {
  const isPlain = typeof key === "string" || typeof key === "boolean" || key === null ||
    Number.isFinite(key);
  return isPlain ? key as KeyStats["key"] : describe(key);
}
