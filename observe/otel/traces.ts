// Traces: creates a span for each get that waited.

import { dispose } from "../../disposal.ts";
import { insideOf, type Pool } from "../../pool.ts";
import { checkNames } from "../../pool/check.ts";
import type { GetOptions } from "../../pool/options.ts";
import { type Seam, withoutSeam, withSeam } from "../../pool/seam.ts";
import type { State } from "../../pool/state.ts";
import { reason, shown } from "../../values.ts";
import { checkMethods } from "./check.ts";
import { PREFIX } from "./conventions.ts";
import type { Attributes, Tracer } from "./types.ts";

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
 * @param pool the pool
 * @param options `tracer`, `longerThan` (ms)
 * @returns dispose of it to end this
 * @throws {TypeError} the pool is none, or an option is missing, unknown or of the wrong type
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
    if (failure !== undefined) {
      const { error } = failure;
      const message = reason(error);
      span.recordException(error instanceof Error ? error : message, end);
      span.setStatus({ code: 2, message });
    }
    span.end(end);
  }
}

/** The failure of a `get`. */
type Failure = { readonly error: unknown } | undefined;

function typeOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
