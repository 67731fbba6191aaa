// Group: pools that come and go together, as those of the keys of a keyed pool do, for what observes them.

import type { RefuseReason, Totals } from "./observe.ts";
import type { Log } from "./log.ts";
import type { State } from "./state.ts";

/** Hears of the pools of a group. */
export interface GroupWatcher {
  /** A pool is there, or has come. What it returns is called once that pool has gone. */
  began(key: unknown, pool: State<unknown>): () => void;
  /** A borrower was refused while it waited for a place for its key; called in its context. */
  refused?(key: unknown, refusal: GroupRefusal): void;
}

/** How a borrower was refused that had no pool yet. */
export interface GroupRefusal {
  /** In ms. */
  readonly waited: number;
  readonly label: string | undefined;
  readonly error: unknown;
  readonly why: RefuseReason;
}

/** The pools of one group. */
export interface Group {
  readonly name: string;
  /** Over all its pools; 0: unlimited. */
  readonly maxSize: number;
  readonly log: Log;
  /** It has been shut down, and no pool is left. */
  readonly ended: boolean;
  /** How many borrowers have no pool yet. */
  readonly waiting: number;
  /** What pools have had that have gone, and borrowers that had none. */
  readonly past: Readonly<Totals>;
  /** How many of these borrowers had waited for longer than their `timeout`. */
  readonly late: number;
  /** The pools that are there, by their keys. */
  pools(): Iterable<readonly [key: unknown, pool: State<unknown>]>;
  /** Returns what ends it: then all pools have gone for that watcher. */
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

/** `pool` stands for `group` from now on. */
export function standFor(pool: PoolGroup, group: Group): void {
  groups.set(pool, group);
}

/** The group that it stands for; undefined if it is something else. */
export function groupOf(pool: unknown): Group | undefined {
  return groups.get(pool as object);
}
