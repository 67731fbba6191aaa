// Metrics: has a meter measure a pool.

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

/** What {@linkcode observeMetrics} is given. */
export interface MetricsOptions {
  /** Makes the instruments: `metrics.getMeter("…")` of `@opentelemetry/api`. */
  meter: Meter;
  /**
   * What each point says besides the name of the pool: `server.address`, `db.system.name` …
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
 * Has a meter measure a pool, from now on, by the nine metrics `db.client.connection.*` of the semantic
 * conventions 1.44. Each point has the pool's name as `db.client.connection.pool.name`, so give each pool a
 * `name` of its own.
 *
 * - `count` has the states `idle` and `used`, and besides the conventions `creating` and `closing`.
 *   `used` counts what borrowers or hooks have, and nothing that is being made or closed.
 * - `max` and `idle.max` are `maxSize`. A pool without a limit does not report them, but for 0 after
 *   `resize` has lifted the limit. `idle.min` is `minSize`
 *   or `minAvailable`, whichever is more: so many are kept while nobody borrows.
 * - `pending_requests` is how many borrowers wait, `timeouts` how many `get`s took longer than their
 *   `timeout` since the pool was made.
 * - `create_time` is recorded for each attempt that succeeds, `wait_time` for each `get` that gets an object,
 *   `use_time` for each object that comes back; one that was detached or lost has not come back.
 *
 * Once it is disposed of, or once the pool has been shut down and is empty, the next collection reports
 * zeros, and those after it report nothing: an exporter would otherwise go on with the last values.
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
 * @param pool what is observed
 * @param options `meter`, `attributes`
 * @returns dispose of it to end that
 * @throws {TypeError} it is no pool, no meter, or an option is unknown or not of its type
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

/** What a collection reads of a pool. */
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

/** What is read at each collection. */
type Read = Exclude<MetricName, `${string}_time`>;

/** The metrics of one pool. */
class PoolMetrics<T> implements Tap {
  /** None: it is over. */
  #pool: State<T> | undefined;
  readonly #meter: Meter;
  readonly #attributes: Attributes;
  readonly #read: Readonly<Record<Read, Observable>>;
  readonly #createTime: Histogram;
  readonly #waitTime: Histogram;
  readonly #useTime: Histogram;
  /** A limit was reported: from now on there is always one, or the last one would be taken for it. */
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

  /** The next collection is the last one. */
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
    // Not while the meter goes through its callbacks, of which it might then skip one.
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

/** A pool of which nothing is left; what was counted stays so. */
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
