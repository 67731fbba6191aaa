// Instruments: creates the instruments of the metrics.

import { BOUNDARIES, type MetricName, METRICS, PREFIX } from "./conventions.ts";
import type { Histogram, InstrumentOptions, Meter, Observable } from "./types.ts";

/** The metrics that are read at each collection. */
export type Read = Exclude<MetricName, `${string}_time`>;

/** The instruments of one call of `observeMetrics`. */
export class Instruments {
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
