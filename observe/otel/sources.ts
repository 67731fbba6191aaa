// Sources: where the metrics of one pool, or of the pools of a group, come from.

import type { Group } from "../../pool/group.ts";
import type { State } from "../../pool/state.ts";
import { KEY, keyOf } from "./conventions.ts";
import type { Instruments } from "./instruments.ts";
import { added, type Counts, countsOf, GONE, Series } from "./series.ts";
import type { Attributes, Observation } from "./types.ts";

/** What a collection reports. */
export interface Source {
  /** Whether it is shut down and empty. */
  readonly ended: boolean;
  /** Ends the recording of times. Returns all points that it has reported. */
  end(): Series[];
  /** Reports the counts. */
  report(observation: Observation): void;
}

/** One pool. */
export class PoolSource<T> implements Source {
  readonly #pool: State<T>;
  readonly #series: Series;

  constructor(pool: State<T>, series: Series) {
    this.#pool = pool;
    this.#series = series;
    pool.observers.addTap(series);
    pool.refresh();
  }

  get ended(): boolean {
    return this.#pool.ending !== undefined && this.#pool.size === 0;
  }

  end(): Series[] {
    this.#pool.observers.removeTap(this.#series);
    this.#pool.refresh();
    this.#series.late = this.#pool.totals.timeouts;
    return [this.#series];
  }

  report(observation: Observation): void {
    this.#series.report(observation, countsOf(this.#pool));
  }
}

/** The pools of a group, as one sum or each by itself. */
export class GroupSource implements Source {
  readonly #group: Group;
  readonly #instruments: Instruments;
  readonly #attributes: Attributes;
  readonly #perKey: boolean;
  /** The points without a key. */
  readonly #all: Series;
  /** The points of each key, and how many pools share them: two keys may have the same text. */
  readonly #series = new Map<string | number | boolean, { series: Series; pools: number }>();
  /** The points of keys that were forgotten since the last collection. */
  readonly #gone = new Map<string | number | boolean, Series>();
  readonly #unwatch: () => void;

  constructor(group: Group, instruments: Instruments, attributes: Attributes, perKey: boolean) {
    this.#group = group;
    this.#instruments = instruments;
    this.#attributes = attributes;
    this.#perKey = perKey;
    this.#all = new Series(instruments, attributes);
    this.#unwatch = group.watch({ began: (key, pool) => this.#began(keyOf(key), pool) });
  }

  get ended(): boolean {
    return this.#group.ended;
  }

  end(): Series[] {
    this.#all.late = this.#perKey ? this.#group.late : this.#sum().timeouts;
    this.#unwatch();
    return [...this.#gone.values(), this.#all];
  }

  #began(key: string | number | boolean, pool: State<unknown>): () => void {
    const series = this.#perKey ? this.#seriesOf(key) : this.#all;
    pool.observers.addTap(series);
    pool.refresh();
    return () => {
      pool.observers.removeTap(series);
      pool.refresh();
      if (this.#perKey) this.#left(key, pool);
    };
  }

  #seriesOf(key: string | number | boolean): Series {
    let there = this.#series.get(key);
    if (there === undefined) {
      // A key that came back goes on with its points, which know whether a limit was reported.
      const series = this.#gone.get(key) ??
        new Series(this.#instruments, { ...this.#attributes, [KEY]: key });
      this.#gone.delete(key);
      this.#series.set(key, there = { series, pools: 0 });
    }
    there.pools++;
    return there.series;
  }

  #left(key: string | number | boolean, pool: State<unknown>): void {
    const there = this.#series.get(key)!;
    there.series.late += pool.totals.timeouts;
    if (--there.pools > 0) return;
    this.#series.delete(key);
    this.#gone.set(key, there.series);
  }

  report(observation: Observation): void {
    for (const series of this.#gone.values()) series.report(observation, GONE);
    this.#gone.clear();
    if (!this.#perKey) return this.#all.report(observation, this.#sum());
    const { late, maxSize, waiting } = this.#group;
    this.#all.report(observation, { ...GONE, maxSize, waiting, timeouts: late });
    for (const [key, counts] of this.#counts()) {
      this.#series.get(key)?.series.report(observation, counts);
    }
  }

  /** The counts of all keys, those that were forgotten included. */
  #sum(): Counts {
    const { maxSize, past, waiting } = this.#group;
    const start = { ...GONE, maxSize, waiting, timeouts: past.timeouts };
    return [...this.#counts().values()].reduce(added, start);
  }

  /** The counts of each key; keys with the same text are summed. */
  #counts(): Map<string | number | boolean, Counts> {
    const all = new Map<string | number | boolean, Counts>();
    for (const [key, pool] of this.#group.pools()) {
      const text = keyOf(key);
      const same = all.get(text);
      const counts = countsOf(pool);
      all.set(text, same === undefined ? counts : added(same, counts));
    }
    return all;
  }
}
