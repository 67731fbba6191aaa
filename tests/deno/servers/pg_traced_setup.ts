// OpenTelemetry with its instrumentation of pg, which has to be there before pg is loaded.

import { context, type Span, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { PgInstrumentation } from "@opentelemetry/instrumentation-pg";
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";

const exporter = new InMemorySpanExporter();
const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(provider);
new PgInstrumentation().setTracerProvider(provider);

/** A request, whose span is called by its path. */
export function request(path: `/${string}`, fn: () => Promise<unknown>): Promise<void> {
  return trace.getTracer("test").startActiveSpan(path, async (span: Span) => {
    try {
      await fn();
    } finally {
      span.end();
    }
  });
}

/** What the driver did since it was last asked, as "request: statement"; nobody's is "-". */
export function traced(): string[] {
  const spans: ReadableSpan[] = exporter.getFinishedSpans();
  const requests = new Map(spans.map((span) => [span.spanContext().spanId, span.name]));
  const told = spans.filter(({ name }) => !name.startsWith("/")).map((span) => {
    const parent = span.parentSpanContext?.spanId;
    return `${parent === undefined ? "-" : requests.get(parent)}: ${what(span)}`;
  });
  exporter.reset();
  return told;
}

/** The first word of the statement, or what else it was. */
function what({ name, attributes }: ReadableSpan): string {
  return `${attributes["db.query.text"] ?? name}`.match(/^[\w.]+/)![0];
}
