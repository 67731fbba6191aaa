// Metrics: reports a pool to a meter.

import { dispose } from "../../disposal.ts";
import { insideOf, type Pool } from "../../pool.ts";
import { checkNames } from "../../pool/check.ts";
import type { CreatedEvent, ReturnEnd, Tap } from "../../pool/observe.ts";
import { type Snapshot, snapshot } from "../../pool/snapshot.ts";
import type { State } from "../../pool/state.ts";
import { checkAttributes, checkMethods } from "./check.ts";
import { BOUNDARIES, type MetricName, METRICS, PREFIX } from "./conventions.ts";
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
}

const METER = [
  "createHistogram",
  "createObservableCounter",
  "createObservableUpDownCounter",
  "addBatchObservableCallback",
  "removeBatchObservableCallback",
] as const;

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
 * After the disposal, or once the pool is shut down and empty, the next collection reports zeros,
 * and later ones report nothing. Otherwise an exporter would repeat the last values.
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
 * @param pool the pool
 * @param options `meter`, `attributes`
 * @returns dispose of it to end this
 * @throws {TypeError} the pool is none, or an option is missing, unknown or of the wrong type
 */
export function observeMetrics<T>(pool: Pool<T>, options: MetricsOptions): Disposable {
  const inside = insideOf(pool);
  checkNames("observeMetrics", options, ["meter", "attributes"]);
  const { meter, attributes = {} } = options;
  checkMethods("observeMetrics", "meter", meter, METER);
  checkAttributes("observeMetrics", attributes);
  const metrics = new PoolMetrics(inside, meter, attributes);
  return { [dispose]: () => metrics.end() };
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
  & { readonly timeouts: number | undefined };

/** The metrics that are read at each collection. */
type Read = Exclude<MetricName, `${string}_time`>;

/** The metrics of one pool. */
class PoolMetrics<T> implements Tap {
  /** Undefined after the end. */
  #pool: State<T> | undefined;
  readonly #meter: Meter;
  readonly #attributes: Attributes;
  readonly #read: Readonly<Record<Read, Observable>>;
  readonly #createTime: Histogram;
  readonly #waitTime: Histogram;
  readonly #useTime: Histogram;
  /** A limit was reported. Then it is always reported, or an exporter would repeat the last one. */
  #limited = false;

  constructor(pool: State<T>, meter: Meter, attributes: Attributes) {
    this.#pool = pool;
    this.#meter = meter;
    this.#attributes = { ...attributes, [`${PREFIX}pool.name`]: pool.name };
    this.#read = readBy(meter);
    this.#createTime = histogramBy(meter, "create_time");
    this.#waitTime = histogramBy(meter, "wait_time");
    this.#useTime = histogramBy(meter, "use_time");
    meter.addBatchObservableCallback(this.#collect, Object.values(this.#read));
    pool.observers.addTap(this);
    pool.refresh();
  }

  lent(waited: number): void {
    this.#waitTime.record(waited / 1000, this.#attributes);
  }

  returned(held: number, _label: string | undefined, end: ReturnEnd): void {
    if (end !== "detached" && end !== "leaked") this.#useTime.record(held / 1000, this.#attributes);
  }

  created(event: CreatedEvent): void {
    if (!("error" in event)) this.#createTime.record(event.duration / 1000, this.#attributes);
  }

  /** Ends the metrics: the next collection is the last one. */
  end(): void {
    const pool = this.#pool;
    if (pool === undefined) return;
    this.#pool = undefined;
    pool.observers.removeTap(this);
    pool.refresh();
  }

  readonly #collect = (observation: Observation): void => {
    if (this.#pool?.ending !== undefined && this.#pool.size === 0) this.end();
    if (this.#pool !== undefined) return this.#report(observation, countsOf(this.#pool));
    this.#report(observation, GONE);
    // Later, because the meter iterates over its callbacks, and might skip one.
    queueMicrotask(() =>
      this.#meter.removeBatchObservableCallback(this.#collect, Object.values(this.#read))
    );
  };

  #report(observation: Observation, now: Counts): void {
    const report = (name: Read, value: number, more?: Attributes) => {
      observation.observe(this.#read[name], value, { ...this.#attributes, ...more });
    };
    const states = {
      idle: now.available,
      used: now.using,
      creating: now.creating,
      closing: now.closing,
    };
    for (const [state, count] of Object.entries(states)) {
      report("count", count, { [`${PREFIX}state`]: state });
    }
    report("pending_requests", now.waiting);
    report("idle.min", Math.max(now.minSize, now.minAvailable));
    this.#limited ||= now.maxSize > 0;
    if (this.#limited) {
      report("max", now.maxSize);
      report("idle.max", now.maxSize);
    }
    if (now.timeouts !== undefined) report("timeouts", now.timeouts);
  }
}

/** The counts of an ended pool; counters keep their values. */
const GONE: Counts = {
  available: 0,
  using: 0,
  creating: 0,
  closing: 0,
  waiting: 0,
  minSize: 0,
  minAvailable: 0,
  maxSize: 0,
  timeouts: undefined,
};

function countsOf<T>(pool: State<T>): Counts {
  const now = snapshot(pool, 0);
  return { ...now, timeouts: now.totals.timeouts };
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
