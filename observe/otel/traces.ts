// Traces: creates a span for each get that waited.

import { dispose } from "../../disposal.ts";
import { insideOf, type Pool } from "../../pool.ts";
import { checkNames } from "../../pool/check.ts";
import { type Group, groupOf, type GroupWatcher, type PoolGroup } from "../../pool/group.ts";
import type { Log } from "../../pool/log.ts";
import { EARLIER, type GetOptions, type ResumedOptions } from "../../pool/options.ts";
import { type Seam, withoutSeam, withSeam } from "../../pool/seam.ts";
import type { State } from "../../pool/state.ts";
import { reason, shown } from "../../values.ts";
import { checkMethods } from "./check.ts";
import { KEY, keyOf, POOL } from "./conventions.ts";
import type { Attributes, Span, Tracer } from "./types.ts";

/** The options of {@linkcode observeTraces}. */
export interface TracesOptions {
  /** Creates the spans: `trace.getTracer("…")` of `@opentelemetry/api`. */
  tracer: Tracer;
  /** A `get` has a span if it waited longer than this, in milliseconds. 0: each `get` has one. */
  longerThan: number;
}

/**
 * Creates a span `proxypool.get` for each `get`, `borrow` and `use` that waits longer than
 * `longerThan`, from now on. The span covers the wait, to its success or failure. It is created at
 * its end, in the caller's asynchronous context, as a child of the span that is active there.
 *
 * Its attributes are `db.client.connection.pool.name`, `proxypool.label` if the caller gave one,
 * and after a failure `error.type`. Then it also has the error as an event, and the status "error".
 *
 * The spans of a `KeyedPool` have the key as `proxypool.key`. They include the time that a `get` waited for
 * a place for its key.
 *
 * @example
 * ```ts
 * import { trace } from "@opentelemetry/api";
 * import { Pool } from "@x/proxypool";
 * import { observeTraces } from "@x/proxypool/otel";
 *
 * const pool = new Pool(() => ({}), { name: "orders", maxSize: 10 });
 * using _traces = observeTraces(pool, { tracer: trace.getTracer("my-service"), longerThan: 50 });
 * ```
 *
 * @param pool the pool, or a `KeyedPool`
 * @param options `tracer`, `longerThan` (ms)
 * @returns dispose of it to end this
 * @throws {TypeError} the pool is none, or an option is missing, unknown or of the wrong type
 * @throws {RangeError} `longerThan` is out of bounds
 */
export function observeTraces<T>(pool: Pool<T> | PoolGroup, options: TracesOptions): Disposable {
  const group = groupOf(pool);
  const inside = group === undefined ? insideOf(pool as Pool<T>) : undefined;
  checkNames("observeTraces", options, ["tracer", "longerThan"]);
  const { longerThan, tracer } = options;
  checkMethods("observeTraces", "tracer", tracer, ["startSpan"]);
  checkLongerThan(longerThan);
  const spans = new Spans(tracer, longerThan);
  if (group === undefined) {
    const { log, name } = inside!;
    return { [dispose]: trace(inside!, new PoolTraces(spans, log, { [POOL]: name })) };
  }
  return { [dispose]: group.watch(watcherOf(group, spans)) };
}

/** Traces a pool; returns the function that ends that. */
function trace<T>(pool: State<T>, traces: PoolTraces): () => void {
  pool.seam = withSeam(pool.seam, traces);
  return () => {
    pool.seam = withoutSeam(pool.seam, traces);
  };
}

/** Traces all pools of a group, and the borrowers that the group itself refuses. */
function watcherOf({ log, name }: Group, spans: Spans): GroupWatcher {
  const tracesOf = (key: unknown) =>
    new PoolTraces(spans, log, { [POOL]: name, [KEY]: keyOf(key) });
  return {
    began: (key, pool) => trace(pool, tracesOf(key)),
    refused: (key, { waited, label, error }) => tracesOf(key).tell(waited, { label }, { error }),
  };
}

function checkLongerThan(longerThan: unknown): void {
  if (typeof longerThan !== "number") {
    throw new TypeError(
      `observeTraces: longerThan must be a number, in ms, got ${shown(longerThan)}`,
    );
  }
  if (longerThan >= 0 && longerThan < Infinity) return;
  throw new RangeError(`observeTraces: longerThan must be 0 or more, in ms, got ${longerThan}`);
}

/** The traces of one pool. */
class PoolTraces implements Seam {
  readonly #spans: Spans;
  readonly #log: Log;
  readonly #attributes: Attributes;

  constructor(spans: Spans, log: Log, attributes: Attributes) {
    this.#spans = spans;
    this.#log = log;
    this.#attributes = attributes;
  }

  wanted(): boolean {
    return true;
  }

  returning(): void {}

  get<R>(options: GetOptions | undefined, run: () => Promise<R>): Promise<R> {
    const begun = performance.now();
    // What is called then is in the context of this call.
    return run().then((lent) => {
      this.#end(begun, options, undefined);
      return lent;
    }, (error) => {
      this.#end(begun, options, { error });
      throw error;
    });
  }

  getNow<R>(run: () => R): R {
    return run();
  }

  create(_n: number, run: () => void): void {
    run();
  }

  #end(begun: number, options: GetOptions | undefined, failure: Failure): void {
    const { [EARLIER]: earlier }: ResumedOptions = options ?? {};
    const waited = performance.now() - begun + (earlier?.waited ?? 0);
    this.tell(waited, options, failure);
  }

  /** A `get` has ended. */
  tell(waited: number, options: GetOptions | undefined, failure: Failure): void {
    try {
      this.#spans.make(waited, this.#attributes, options, failure);
    } catch (error) {
      this.#log.warn(() => `the tracer of observeTraces failed: ${reason(error)}`);
    }
  }
}

/** Creates the spans. */
class Spans {
  readonly #tracer: Tracer;
  readonly #longerThan: number;

  constructor(tracer: Tracer, longerThan: number) {
    this.#tracer = tracer;
    this.#longerThan = longerThan;
  }

  make(
    waited: number,
    own: Attributes,
    options: GetOptions | undefined,
    failure: Failure,
  ): void {
    if (waited <= this.#longerThan) return;
    const end = Date.now();
    const label = options?.label;
    const attributes: Attributes = { ...own };
    if (label !== undefined) attributes["proxypool.label"] = label;
    if (failure !== undefined) attributes["error.type"] = typeOf(failure.error);
    const span = this.#tracer.startSpan("proxypool.get", { attributes, startTime: end - waited });
    try {
      if (failure !== undefined) tellFailure(span, failure.error, end);
    } finally {
      span.end(end); // an open span is never exported
    }
  }
}

function tellFailure(span: Span, error: unknown, end: number): void {
  const message = reason(error);
  try {
    span.setStatus({ code: 2, message });
  } finally {
    span.recordException(error instanceof Error ? error : message, end);
  }
}

/** The failure of a `get`. */
type Failure = { readonly error: unknown } | undefined;

function typeOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
