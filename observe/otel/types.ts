// Types: a meter, a tracer and what they make, as far as a pool needs them; those of @opentelemetry/api fit.

/** What is said of a point or of a span besides. */
export interface Attributes {
  [name: string]: string | number | boolean;
}

/** How an instrument is made. */
export interface InstrumentOptions {
  description?: string;
  unit?: string;
  advice?: { explicitBucketBoundaries?: number[] };
}

/** What all instruments have in common: nothing. */
// deno-lint-ignore no-empty-interface
export interface Instrument {}

/** Takes values one by one. */
export interface Histogram extends Instrument {
  record(value: number, attributes?: Attributes): void;
}

/** Has its value read at each collection. */
// deno-lint-ignore no-empty-interface
export interface Observable extends Instrument {}

/** What a collection gives its callbacks. */
export interface Observation {
  observe(instrument: Observable, value: number, attributes?: Attributes): void;
}

/** Makes instruments: `metrics.getMeter("…")` of `@opentelemetry/api`. */
export interface Meter {
  createHistogram(name: string, options?: InstrumentOptions): Histogram;
  createObservableCounter(name: string, options?: InstrumentOptions): Observable;
  createObservableUpDownCounter(name: string, options?: InstrumentOptions): Observable;
  addBatchObservableCallback(
    callback: (observation: Observation) => void,
    instruments: Observable[],
  ): void;
  removeBatchObservableCallback(
    callback: (observation: Observation) => void,
    instruments: Observable[],
  ): void;
}

/** How a span is made. */
export interface SpanOptions {
  attributes?: Attributes;
  /** In milliseconds since 1970. */
  startTime?: number;
}

/** A span that is made once it is over. */
export interface Span {
  setStatus(status: { code: 2; message?: string }): unknown;
  recordException(error: Error | string, time?: number): void;
  end(time?: number): void;
}

/** Makes spans: `trace.getTracer("…")` of `@opentelemetry/api`. */
export interface Tracer {
  startSpan(name: string, options?: SpanOptions): Span;
}
