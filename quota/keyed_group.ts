// Keyed group: the pools of a keyed pool, as observers see them, and the totals of dropped keys.

import type { Group, GroupWatcher } from "../pool/group.ts";
import type { Log } from "../pool/log.ts";
import { Totals } from "../pool/observe.ts";
import { REFUSED } from "../pool/refuse.ts";
import type { State } from "../pool/state.ts";
import { addTotals } from "./keyed_stats.ts";
import type { Refusal } from "./key_queue.ts";
import type { Keys } from "./keys.ts";
import type { Place } from "./place.ts";

/** A watcher, and for each key the function that ends the watch of its pool. */
interface Watching<K> {
  readonly watcher: GroupWatcher;
  readonly ends: Map<K, () => void>;
}

export class KeyedGroup<K, T> implements Group {
  readonly name: string;
  readonly maxSize: number;
  readonly log: Log;
  readonly past: Totals = new Totals();
  late = 0;
  /** Whether the keyed pool is shut down. */
  closed = false;
  readonly #keys: Keys<K, T>;
  readonly #watchings = new Set<Watching<K>>();

  constructor(name: string, maxSize: number, log: Log, keys: Keys<K, T>) {
    this.name = name;
    this.maxSize = maxSize;
    this.log = log;
    this.#keys = keys;
  }

  get ended(): boolean {
    return this.closed && this.#keys.places.size === 0;
  }

  get waiting(): number {
    return this.#keys.waiters;
  }

  *pools(): Generator<[K, State<unknown>]> {
    for (const [key, { state }] of this.#keys.places) yield [key, state as State<unknown>];
  }

  watch(watcher: GroupWatcher): () => void {
    const watching = { watcher, ends: new Map<K, () => void>() };
    this.#watchings.add(watching);
    for (const [key, pool] of this.pools()) watching.ends.set(key, watcher.began(key, pool));
    return () => {
      this.#watchings.delete(watching);
      for (const end of watching.ends.values()) end();
      watching.ends.clear();
    };
  }

  /** A key has got its pool. */
  began(key: K, pool: State<T>): void {
    for (const { ends, watcher } of this.#watchings) {
      ends.set(key, watcher.began(key, pool as State<unknown>));
    }
  }

  /** A key was dropped. */
  dropped({ key, state }: Place<K, T>): void {
    addTotals(this.past, state.totals);
    for (const { ends } of this.#watchings) {
      ends.get(key)?.();
      ends.delete(key);
    }
  }

  /** The keyed pool itself has refused a borrower. */
  refused(key: K, label: string | undefined, refusal: Refusal): void {
    this.past[REFUSED[refusal.why]]++;
    if (refusal.why === "timeout") this.late++;
    for (const { watcher } of this.#watchings) watcher.refused?.(key, { label, ...refusal });
  }
}
