// Group: pools that come and go together, such as those of a keyed pool, as observers see them.

import type { Log } from "./log.ts";
import type { RefuseReason, Totals } from "./observe.ts";
import type { State } from "./state.ts";

/** Is told which pools a group has. */
export interface GroupWatcher {
  /**
   * Called for each pool that the group has or gets. The returned function is called when that pool
   * leaves the group, or the watch ends.
   */
  began(key: unknown, pool: State<unknown>): () => void;
  /**
   * Called when the group itself refuses a borrower: its key has no pool, or the group is shut
   * down.
   */
  refused?(key: unknown, refusal: GroupRefusal): void;
}

/** How a group refused a borrower. */
export interface GroupRefusal {
  readonly error: unknown;
  readonly why: RefuseReason;
  /** How long it waited, in ms. */
  readonly waited: number;
  readonly label: string | undefined;
}

/** A group of pools. */
export interface Group {
  readonly name: string;
  /** The limit over all pools; 0: unlimited. */
  readonly maxSize: number;
  readonly log: Log;
  /** Whether the group is shut down and has no pools. */
  readonly ended: boolean;
  /** How many borrowers wait whose key has no pool. */
  readonly waiting: number;
  /** The totals of pools that have left, and of the borrowers that the group itself refused. */
  readonly past: Readonly<Totals>;
  /** How many of these borrowers had timed out; `past.timeouts` includes them. */
  readonly late: number;
  /** The present pools, by key. */
  pools(): Iterable<readonly [key: unknown, pool: State<unknown>]>;
  /** Returns the function that ends the watch. */
  watch(watcher: GroupWatcher): () => void;
}

/** A `KeyedPool`, of any keys and objects. */
export interface PoolGroup {
  /** Its keys. */
  keys(): Iterable<unknown>;
  /** The pool of a key. */
  pool(key: never): object | undefined;
}

const groups = new WeakMap<object, Group>();

/** Makes `group` known as that of `pool`. */
export function setGroup(pool: PoolGroup, group: Group): void {
  groups.set(pool, group);
}

/** The group of a keyed pool; undefined for every other value. */
export function groupOf(pool: unknown): Group | undefined {
  return groups.get(pool as object);
}
