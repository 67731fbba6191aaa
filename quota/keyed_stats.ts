// Stats: what a keyed pool shows of itself.

import { Totals } from "../pool/observe.ts";
import { COUNTS } from "../pool/snapshot.ts";
import type { PoolStats } from "../pool/stats.ts";
import { describe } from "../values.ts";
import type { Keys } from "./keys.ts";

/** A key in {@linkcode KeyedPoolStats}. */
export interface KeyStats extends PoolStats {
  /** The key; described in words, if it is not JSON-compatible. */
  key: string | number | boolean | null;
}

/** The state of a keyed pool, JSON-compatible. Its totals include dropped keys. */
export interface KeyedPoolStats extends Totals {
  /** The pool's name in messages. */
  name: string;
  /** Whether `shutdown` was called. */
  shutdown: boolean;
  /** The option of this name. */
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
  /** How many objects are idle. */
  available: number;
  /** How many objects are in use, by a borrower or by a hook. */
  using: number;
  /** How many objects are being created. */
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

/** The values that do not depend on the keys. */
type Own = Pick<KeyedPoolStats, "name" | "shutdown" | "maxSize" | "maxSizePerKey" | "maxKeys">;

/** Describes the pool; `past`: the totals of dropped keys. */
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
  counts.size -= counts.requesting; // they count only for the `maxSize` of their key
  return {
    ...own,
    keys: pools.length,
    waitingForKey: keys.waiters,
    ...counts,
    ...totals,
    pools,
  };
}

/** Adds the totals of one pool. */
export function addTotals(sum: Totals, totals: Totals): void {
  for (const name of Object.keys(new Totals()) as (keyof Totals)[]) sum[name] += totals[name];
}

function shownKey(key: unknown): KeyStats["key"] {
  const isPlain = typeof key === "string" || typeof key === "boolean" || key === null ||
    Number.isFinite(key);
  return isPlain ? key as KeyStats["key"] : describe(key);
}
