// Traces: a span for each get that waited.

import { dispose } from "../../disposal.ts";
import { insideOf, type Pool } from "../../pool.ts";
import { checkNames } from "../../pool/check.ts";
import type { GetOptions } from "../../pool/options.ts";
import { type Seam, withoutSeam, withSeam } from "../../pool/seam.ts";
import type { State } from "../../pool/state.ts";
import { reason, shown } from "../../values.ts";
import { checkMethods } from "./check.ts";
import { PREFIX } from "./conventions.ts";
import type { Attributes, Span, Tracer } from "./types.ts";

/** What {@linkcode observeTraces} is given. */
export interface TracesOptions {
  /** Makes the spans: `trace.getTracer("…")` of `@opentelemetry/api`. */
  tracer: Tracer;
  /** Only a `get` that took longer than that has a span, in milliseconds; 0: each one. */
  longerThan: number;
}

/**
 * Has a tracer make a span `proxypool.get` for each `get`, `borrow` and `use` that waited for its object
 * for longer than `longerThan`, from now on. The span begins when the object was asked for, and ends when
 * it was there or was refused. It is made then, in the asynchronous context of the caller: it is a child
 * of the span that is active there.
 *
 * Its attributes are `db.client.connection.pool.name`, `proxypool.label` where the caller gave one, and
 * `error.type` where it was refused. Then it has the error as an event, and the status "error".
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
 * @param pool what is observed
 * @param options `tracer`, `longerThan` (ms)
 * @returns dispose of it to end that
 * @throws {TypeError} it is no pool, no tracer, or an option is unknown or not of its type
 * @throws {RangeError} `longerThan` is out of bounds
 */
export function observeTraces<T>(pool: Pool<T>, options: TracesOptions): Disposable {
  const inside = insideOf(pool);
  checkNames("observeTraces", options, ["tracer", "longerThan"]);
  const { longerThan, tracer } = options;
  checkMethods("observeTraces", "tracer", tracer, ["startSpan"]);
  checkLongerThan(longerThan);
  const traces = new PoolTraces(inside, tracer, longerThan);
  inside.seam = withSeam(inside.seam, traces);
  return {
    [dispose]: () => {
      inside.seam = withoutSeam(inside.seam, traces);
    },
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
class PoolTraces<T> implements Seam {
  readonly #pool: State<T>;
  readonly #tracer: Tracer;
  readonly #longerThan: number;

  constructor(pool: State<T>, tracer: Tracer, longerThan: number) {
    this.#pool = pool;
    this.#tracer = tracer;
    this.#longerThan = longerThan;
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
    const waited = performance.now() - begun;
    if (waited <= this.#longerThan) return;
    try {
      this.#trace(waited, options?.label, failure);
    } catch (error) {
      this.#pool.log.warn(() => `the tracer of observeTraces failed: ${reason(error)}`);
    }
  }

  #trace(waited: number, label: string | undefined, failure: Failure): void {
    const end = Date.now();
    const attributes: Attributes = { [`${PREFIX}pool.name`]: this.#pool.name };
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

/** What a borrower was refused with. */
type Failure = { readonly error: unknown } | undefined;

function typeOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
