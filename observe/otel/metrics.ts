// Metrics: reports a pool, or the pools of a group, to a meter.

import { dispose } from "../../disposal.ts";
import { insideOf, type Pool } from "../../pool.ts";
import { checkNames } from "../../pool/check.ts";
import { type Group, groupOf, type PoolGroup } from "../../pool/group.ts";
import { shown } from "../../values.ts";
import { checkAttributes, checkMethods } from "./check.ts";
import { KEY, POOL, STATE } from "./conventions.ts";
import { Instruments } from "./instruments.ts";
import { GONE, Series } from "./series.ts";
import { GroupSource, PoolSource, type Source } from "./sources.ts";
import type { Attributes, Meter, Observation } from "./types.ts";

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

/** Reports a source to a meter at each collection. */
class Metrics {
  readonly #meter: Meter;
  readonly #instruments: Instruments;
  /** Undefined after the end: the meter may keep this, but must not keep the pool. */
  #source: Source | undefined;
  /** The points that are reported as zeros after the end. */
  #last: readonly Series[] = [];

  constructor(meter: Meter, instruments: Instruments, source: Source) {
    this.#meter = meter;
    this.#instruments = instruments;
    this.#source = source;
    meter.addBatchObservableCallback(this.#collect, instruments.all);
  }

  /** Ends the metrics: the next collection is the last one. */
  end(): void {
    if (this.#source === undefined) return;
    this.#last = this.#source.end();
    this.#source = undefined;
  }

  readonly #collect = (observation: Observation): void => {
    if (this.#source?.ended) this.end();
    if (this.#source !== undefined) return this.#source.report(observation);
    for (const series of this.#last) series.report(observation, GONE);
    // Later, because the meter iterates over its callbacks, and might skip one.
    queueMicrotask(() =>
      this.#meter.removeBatchObservableCallback(this.#collect, this.#instruments.all)
    );
  };
}
