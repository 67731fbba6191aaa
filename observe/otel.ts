/**
 * OpenTelemetry: the metrics of a pool by the semantic conventions of database clients (version 1.44), and a
 * span for each `get` that waited.
 *
 * It imports nothing: meters and tracers are taken by their shape, which those of
 * `@opentelemetry/api` have.
 *
 * @example
 * ```ts
 * import { metrics, trace } from "@opentelemetry/api";
 * import { Pool } from "@x/proxypool";
 * import { observeMetrics, observeTraces } from "@x/proxypool/otel";
 *
 * const pool = new Pool(() => ({}), { name: "orders", maxSize: 10 });
 * const attributes = { "server.address": "db.example.com" };
 * using _metrics = observeMetrics(pool, { meter: metrics.getMeter("orders"), attributes });
 * using _traces = observeTraces(pool, { tracer: trace.getTracer("orders"), longerThan: 50 });
 * ```
 *
 * @module
 */

export { type MetricsOptions, observeMetrics } from "./otel/metrics.ts";
export { observeTraces, type TracesOptions } from "./otel/traces.ts";
export type { PoolGroup } from "../pool/group.ts";
export type {
  Attributes,
  Histogram,
  InstrumentOptions,
  Meter,
  Observable,
  Observation,
  Span,
  SpanOptions,
  Tracer,
} from "./otel/types.ts";
