// Types: a meter, a tracer and what they make, as far as a pool needs them; those of @opentelemetry/api fit.

/** What is said of a point or of a span besides. */
export interface Attributes {
  /** By its name. */
  [name: string]: string | number | boolean;
}

/** How an instrument is made. */
export interface InstrumentOptions {
  /** What it measures. */
  description?: string;
  /** In UCUM: `s`, `{connection}` … */
  unit?: string;
  /** What a histogram does if no view says otherwise. */
  advice?: { explicitBucketBoundaries?: number[] };
}

/** Takes values one by one. */
export interface Histogram {
  /** Takes one. */
  record(value: number, attributes?: Attributes): void;
}

/** An instrument whose value is read at each collection. */
export type Observable = object;

/** What a collection gives its callbacks. */
export interface Observation {
  /** Takes the value of an instrument. */
  observe(instrument: Observable, value: number, attributes?: Attributes): void;
}

/** Makes instruments: `metrics.getMeter("…")` of `@opentelemetry/api`. */
export interface Meter {
  /** Makes a histogram. */
  createHistogram(name: string, options?: InstrumentOptions): Histogram;
  /** Makes a counter that is read. */
  createObservableCounter(name: string, options?: InstrumentOptions): Observable;
  /** Makes an updowncounter that is read. */
  createObservableUpDownCounter(name: string, options?: InstrumentOptions): Observable;
  /** Has a callback called at each collection, for these instruments. */
  addBatchObservableCallback(
    callback: (observation: Observation) => void,
    instruments: Observable[],
  ): void;
  /** Ends that, by the same instruments. */
  removeBatchObservableCallback(
    callback: (observation: Observation) => void,
    instruments: Observable[],
  ): void;
}

/** How a span is made. */
export interface SpanOptions {
  /** What is said of it. */
  attributes?: Attributes;
  /** When it began, in milliseconds since 1970. */
  startTime?: number;
}

/** A span that is made once it is over. */
export interface Span {
  /** It is one of an error. */
  setStatus(status: { code: 2; message?: string }): unknown;
  /** The error. */
  recordException(error: Error | string, time?: number): void;
  /** It ended then, in milliseconds since 1970. */
  end(time?: number): void;
}

/** Makes spans: `trace.getTracer("…")` of `@opentelemetry/api`. */
export interface Tracer {
  /** Makes one, a child of the span that is active. */
  startSpan(name: string, options?: SpanOptions): Span;
}
