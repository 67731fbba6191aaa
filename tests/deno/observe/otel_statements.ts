// What a user of OpenTelemetry writes, for compilers to check: its meters and tracers are taken as they are.

import { type Meter, metrics, trace, type Tracer } from "@opentelemetry/api";
import { Pool } from "../../../mod.ts";
import { observeMetrics, observeTraces } from "../../../observe/otel.ts";
import type { Meter as OurMeter, Tracer as OurTracer } from "../../../observe/otel.ts";

const pool = new Pool(() => ({ query: (sql: string) => sql }), { maxSize: 1 });
const meter: Meter = metrics.getMeter("test");
const tracer: Tracer = trace.getTracer("test");

export const fits: [OurMeter, OurTracer] = [meter, tracer];

const attributes = { "server.address": "db", "server.port": 5432, "tls": true };
const observing = [
  observeMetrics(pool, { meter }),
  observeMetrics(pool, { meter, attributes }),
  observeTraces(pool, { tracer, longerThan: 10 }),
];
for (const one of observing) one[Symbol.dispose]();

// @ts-expect-error: a provider is no meter
observeMetrics(pool, { meter: metrics.getMeterProvider() });
// @ts-expect-error: a provider is no tracer
observeTraces(pool, { tracer: trace.getTracerProvider(), longerThan: 10 });
// @ts-expect-error: it must be said for how long
observeTraces(pool, { tracer });
// @ts-expect-error: an attribute is no object
observeMetrics(pool, { meter, attributes: { a: {} } });
