/**
 * OpenTelemetry: the metrics of a pool by the semantic conventions of database clients (version 1.44), and a
 * span for each `get` that waited.
 *
 * Nothing is imported: a meter and a tracer are taken by their shape. Those of `@opentelemetry/api` fit.
 *
 * @example
 * ```ts
 * import { Pool } from "@x/proxypool";
 * import { type Meter, observeMetrics } from "@x/proxypool/otel";
 *
 * function watch(pool: Pool<unknown>, meter: Meter): Disposable {
 *   return observeMetrics(pool, { meter, attributes: { "server.address": "db.example.com" } });
 * }
 * console.assert(watch.length === 2);
 * ```
 *
 * @module
 */

export { type MetricsOptions, observeMetrics } from "./otel/metrics.ts";
export { observeTraces, type TracesOptions } from "./otel/traces.ts";
export type {
  Attributes,
  Histogram,
  Instrument,
  InstrumentOptions,
  Meter,
  Observable,
  Observation,
  Span,
  SpanOptions,
  Tracer,
} from "./otel/types.ts";
