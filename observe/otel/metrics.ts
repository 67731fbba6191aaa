// Metrics: reports a pool to a meter.

import { dispose } from "../../disposal.ts";
import { insideOf, type Pool } from "../../pool.ts";
import { checkNames } from "../../pool/check.ts";
import type { CreatedEvent, ReturnEnd, Tap } from "../../pool/observe.ts";
import { type Group, groupOf, type PoolGroup } from "../../pool/group.ts";
import { type Snapshot, snapshot } from "../../pool/snapshot.ts";
import type { State } from "../../pool/state.ts";
import { shown } from "../../values.ts";
import { checkAttributes, checkMethods } from "./check.ts";
import {
  BOUNDARIES,
  KEY,
  keyOf,
  type MetricName,
  METRICS,
  POOL,
  PREFIX,
  STATE,
} from "./conventions.ts";
import type {
  Attributes,
  Histogram,
  InstrumentOptions,
  Meter,
  Observable,
  Observation,
} from "./types.ts";

/** The options of {@linkcode observeMetrics}. */
export interface MetricsOptions {
  /** Creates the instruments: `metrics.getMeter("…")` of `@opentelemetry/api`. */
  meter: Meter;
  /**
   * Attributes of each point besides the pool's name: `server.address`, `db.system.name` …
   *
   * @default {}
   */
  attributes?: Attributes;
  /**
   * Whether each key of a `KeyedPool` has its own points, with the key as `proxypool.key`. Then each key
   * costs as many time series as a pool.
   *
   * @default {false}, one sum over all keys
   */
  perKey?: boolean;
}

const METER = [
  "createHistogram",
  "createObservableCounter",
  "createObservableUpDownCounter",
  "addBatchObservableCallback",
  "removeBatchObservableCallback",
] as const;

/** The attributes that users must not give. */
const OWN = [POOL, STATE, KEY];

/**
 * Reports a pool to a meter from now on, by the nine metrics `db.client.connection.*` of the
 * semantic conventions 1.44. Each point has the pool's name as `db.client.connection.pool.name`, so
 * give each pool its own `name`.
 *
 * - `count` has the states `idle` and `used`, and beyond the conventions `creating` and `closing`.
 *   `used` counts objects in use by borrowers and hooks, but none that is being created or closed.
 * - `max` and `idle.max` are `maxSize`. A pool without a limit does not report them; it reports 0
 *   after `resize` has removed a limit. `idle.min` is the larger of `minSize` and `minAvailable`:
 *   so many objects are kept while the pool is idle.
 * - `pending_requests` is how many borrowers wait. `timeouts` is how many `get`s exceeded their
 *   `timeout` since the pool was created.
 * - `create_time` is recorded for each successful attempt, `wait_time` for each successful `get`,
 *   `use_time` for each loan that ends, unless its object was detached or leaked.
 *
 * The points of a `KeyedPool` are sums over its keys. `max` is its `maxSize`. `pending_requests` and
 * `timeouts` also count borrowers that wait for a place for a key. With `perKey` each key has its own
 * points, with the key as `proxypool.key`; `max` is then `maxSizePerKey`. After a key is forgotten, the
 * next collection reports zeros and the last `timeouts` for it, and later ones nothing. The points
 * without `proxypool.key` then have the `maxSize` over all keys and the borrowers that wait for a place
 * for a key.
 *
 * After the disposal, or once the pool is shut down and empty, the next collection reports zeros and the
 * last `timeouts`, and later ones report nothing. Otherwise an exporter would repeat the last values.
 *
 * @example
 * ```ts
 * import { metrics } from "@opentelemetry/api";
 * import { Pool } from "@x/proxypool";
 * import { observeMetrics } from "@x/proxypool/otel";
 *
 * const pool = new Pool(() => ({}), { name: "orders", maxSize: 10 });
 * using _metrics = observeMetrics(pool, { meter: metrics.getMeter("my-service") });
 * ```
 *
 * @param pool the pool, or a `KeyedPool`
 * @param options `meter`, `attributes`, `perKey`
 * @returns dispose of it to end this
 * @throws {TypeError} the pool is none, or an option is missing, unknown or of the wrong type
 */
export function observeMetrics<T>(pool: Pool<T> | PoolGroup, options: MetricsOptions): Disposable {
  const group = groupOf(pool);
  const inside = group === undefined ? insideOf(pool as Pool<T>) : undefined;
  checkNames("observeMetrics", options, ["meter", "attributes", "perKey"]);
  const { meter, attributes = {}, perKey = false } = options;
  checkMethods("observeMetrics", "meter", meter, METER);
  checkAttributes("observeMetrics", attributes, OWN);
  checkPerKey(perKey, group);
  const own = { ...attributes, [POOL]: (group ?? inside!).name };
  const instruments = new Instruments(meter);
  const source = group === undefined
    ? new PoolSource(inside!, new Series(instruments, own))
    : new GroupSource(group, instruments, own, perKey);
  const metrics = new Metrics(meter, instruments, source);
  return { [dispose]: () => metrics.end() };
}

function checkPerKey(perKey: unknown, group: Group | undefined): void {
  if (typeof perKey !== "boolean") {
    throw new TypeError(`observeMetrics: perKey must be true or false, got ${shown(perKey)}`);
  }
  if (!perKey || group !== undefined) return;
  throw new TypeError("observeMetrics: perKey is only for a KeyedPool: leave it out");
}

/** The counts that a collection reads. */
type Counts =
  & Pick<
    Snapshot,
    | "available"
    | "using"
    | "creating"
    | "closing"
    | "waiting"
    | "minSize"
    | "minAvailable"
    | "maxSize"
  >
  & { readonly timeouts: number };

/** The metrics that are read at each collection. */
type Read = Exclude<MetricName, `${string}_time`>;

/** The points of one set of attributes. */
class Series implements Tap {
  readonly #instruments: Instruments;
  readonly #attributes: Attributes;
  /** A limit was reported. Then it is always reported, or an exporter would repeat the last one. */
  #limited = false;
  /** The timeouts of its pools that have gone. */
  late = 0;

  constructor(instruments: Instruments, attributes: Attributes) {
    this.#instruments = instruments;
    this.#attributes = attributes;
  }

  lent(waited: number): void {
    this.#instruments.waitTime.record(waited / 1000, this.#attributes);
  }

  returned(held: number, _label: string | undefined, end: ReturnEnd): void {
    if (end === "detached" || end === "leaked") return;
    this.#instruments.useTime.record(held / 1000, this.#attributes);
  }

  created(event: CreatedEvent): void {
    if ("error" in event) return;
    this.#instruments.createTime.record(event.duration / 1000, this.#attributes);
  }

  report(observation: Observation, now: Counts): void {
    const report = (name: Read, value: number, more?: Attributes) => {
      observation.observe(this.#instruments.read[name], value, { ...this.#attributes, ...more });
    };
    const states = {
      idle: now.available,
      used: now.using,
      creating: now.creating,
      closing: now.closing,
    };
    for (const [state, count] of Object.entries(states)) report("count", count, { [STATE]: state });
    report("pending_requests", now.waiting);
    report("idle.min", Math.max(now.minSize, now.minAvailable));
    this.#limited ||= now.maxSize > 0;
    if (this.#limited) {
      report("max", now.maxSize);
      report("idle.max", now.maxSize);
    }
    report("timeouts", this.late + now.timeouts);
  }
}

/** What a collection reports. */
interface Source {
  /** It is shut down and empty. */
  readonly ended: boolean;
  /** Ends the recording of times. */
  end(): void;
  /** Reports the counts, or zeros after the end. */
  report(observation: Observation, gone: boolean): void;
}

/** One pool. */
class PoolSource<T> implements Source {
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

  end(): void {
    this.#pool.observers.removeTap(this.#series);
    this.#pool.refresh();
  }

  report(observation: Observation, gone: boolean): void {
    const { timeouts } = this.#pool.totals;
    this.#series.report(observation, gone ? { ...GONE, timeouts } : countsOf(this.#pool));
  }
}

/** The pools of a group, as one sum or each by itself. */
class GroupSource implements Source {
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

  end(): void {
    this.#unwatch();
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

  report(observation: Observation, gone: boolean): void {
    for (const series of this.#gone.values()) series.report(observation, GONE);
    this.#gone.clear();
    const { late, maxSize, past, waiting } = this.#group;
    const own = gone ? GONE : { ...GONE, maxSize, waiting };
    if (!this.#perKey) {
      const start = { ...own, timeouts: past.timeouts };
      const sum = [...this.#counts().values()].reduce(added, start);
      return this.#all.report(observation, gone ? { ...GONE, timeouts: sum.timeouts } : sum);
    }
    this.#all.report(observation, { ...own, timeouts: late });
    if (gone) return;
    for (const [key, counts] of this.#counts()) {
      this.#series.get(key)?.series.report(observation, counts);
    }
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

/** The sum of two counts, with the limit of the first. */
function added(sum: Counts, more: Counts): Counts {
  return {
    available: sum.available + more.available,
    using: sum.using + more.using,
    creating: sum.creating + more.creating,
    closing: sum.closing + more.closing,
    waiting: sum.waiting + more.waiting,
    minSize: sum.minSize + more.minSize,
    minAvailable: sum.minAvailable + more.minAvailable,
    maxSize: sum.maxSize,
    timeouts: sum.timeouts + more.timeouts,
  };
}

/** Reports a source to a meter at each collection. */
class Metrics {
  readonly #meter: Meter;
  readonly #instruments: Instruments;
  readonly #source: Source;
  #over = false;

  constructor(meter: Meter, instruments: Instruments, source: Source) {
    this.#meter = meter;
    this.#instruments = instruments;
    this.#source = source;
    meter.addBatchObservableCallback(this.#collect, instruments.all);
  }

  /** Ends the metrics: the next collection is the last one. */
  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#source.end();
  }

  readonly #collect = (observation: Observation): void => {
    if (this.#source.ended) this.end();
    this.#source.report(observation, this.#over);
    if (!this.#over) return;
    // Later, because the meter iterates over its callbacks, and might skip one.
    queueMicrotask(() =>
      this.#meter.removeBatchObservableCallback(this.#collect, this.#instruments.all)
    );
  };
}

/** The counts of an ended pool; its counter is as it was last. */
const GONE: Counts = {
  available: 0,
  using: 0,
  creating: 0,
  closing: 0,
  waiting: 0,
  minSize: 0,
  minAvailable: 0,
  maxSize: 0,
  timeouts: 0,
};

function countsOf<T>(pool: State<T>): Counts {
  const now = snapshot(pool, 0);
  return { ...now, timeouts: now.totals.timeouts };
}

/** The instruments of one call of `observeMetrics`. */
class Instruments {
  readonly read: Readonly<Record<Read, Observable>>;
  readonly all: Observable[];
  readonly createTime: Histogram;
  readonly waitTime: Histogram;
  readonly useTime: Histogram;

  constructor(meter: Meter) {
    this.read = readBy(meter);
    this.all = Object.values(this.read);
    this.createTime = histogramBy(meter, "create_time");
    this.waitTime = histogramBy(meter, "wait_time");
    this.useTime = histogramBy(meter, "use_time");
  }
}

function readBy(meter: Meter): Readonly<Record<Read, Observable>> {
  const counter = (name: Read) =>
    meter.createObservableUpDownCounter(PREFIX + name, optionsOf(name));
  return {
    "count": counter("count"),
    "idle.max": counter("idle.max"),
    "idle.min": counter("idle.min"),
    "max": counter("max"),
    "pending_requests": counter("pending_requests"),
    "timeouts": meter.createObservableCounter(`${PREFIX}timeouts`, optionsOf("timeouts")),
  };
}

function histogramBy(meter: Meter, name: MetricName): Histogram {
  const advice = { explicitBucketBoundaries: [...BOUNDARIES] };
  return meter.createHistogram(PREFIX + name, { ...optionsOf(name), advice });
}

function optionsOf(name: MetricName): InstrumentOptions {
  const { unit, description } = METRICS[name];
  return { unit, description };
}
