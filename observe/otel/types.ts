// Types: the parts of meters, tracers and spans that a pool uses; those of @opentelemetry/api have
// these shapes.

/** The attributes of a point or a span. */
export interface Attributes {
  /** A value by its name. */
  [name: string]: string | number | boolean;
}

/** The options of an instrument. */
export interface InstrumentOptions {
  /** What the instrument measures. */
  description?: string;
  /** The unit in UCUM: `s`, `{connection}` … */
  unit?: string;
  /** The default of a histogram without a view. */
  advice?: { explicitBucketBoundaries?: number[] };
}

/** Records values. */
export interface Histogram {
  /** Records a value. */
  record(value: number, attributes?: Attributes): void;
}

/** An instrument whose value is read at each collection. */
export type Observable = object;

/** The argument of a callback in a collection. */
export interface Observation {
  /** Reports the value of an instrument. */
  observe(instrument: Observable, value: number, attributes?: Attributes): void;
}

/** Creates instruments: `metrics.getMeter("…")` of `@opentelemetry/api`. */
export interface Meter {
  /** Creates a histogram. */
  createHistogram(name: string, options?: InstrumentOptions): Histogram;
  /** Creates an observable counter. */
  createObservableCounter(name: string, options?: InstrumentOptions): Observable;
  /** Creates an observable updowncounter. */
  createObservableUpDownCounter(name: string, options?: InstrumentOptions): Observable;
  /** Adds a callback for each collection of these instruments. */
  addBatchObservableCallback(
    callback: (observation: Observation) => void,
    instruments: Observable[],
  ): void;
  /** Removes a callback of the same instruments. */
  removeBatchObservableCallback(
    callback: (observation: Observation) => void,
    instruments: Observable[],
  ): void;
}

/** The options of a span. */
export interface SpanOptions {
  /** The attributes of the span. */
  attributes?: Attributes;
  /** When the span began, in milliseconds since 1970. */
  startTime?: number;
}

/** A span, created at its end. */
export interface Span {
  /** Sets the status "error". */
  setStatus(status: { code: 2; message?: string }): unknown;
  /** Adds an error. */
  recordException(error: Error | string, time?: number): void;
  /** Ends the span, at a time in milliseconds since 1970. */
  end(time?: number): void;
}

/** Creates spans: `trace.getTracer("…")` of `@opentelemetry/api`. */
export interface Tracer {
  /** Creates a span, a child of the active one. */
  startSpan(name: string, options?: SpanOptions): Span;
}
