// FlowScope: a frame for each asynchronous flow, by the context tracking of the runtime.

import { type Carrier, carrier, importCarrier } from "../context.ts";
import { ProxyError } from "../errors.ts";
import { type FrameOptions, ScopeFrame } from "./frame.ts";
import { type Runtime, runtime, TITLES } from "./runtime.ts";
import type { Frame, Host, Scope } from "./scope.ts";

/** The options of a {@linkcode FlowScope}. */
export interface FlowOptions {
  /**
   * The only runtime on which the scope works.
   *
   * @default {undefined}, any
   */
  runtime?: Runtime | undefined;
  /**
   * Whether objects created in one frame cannot be used in another. Then a proxy has a pool for
   * each frame.
   *
   * @default {false}, on Cloudflare Workers true; a Durable Object may set it to false
   */
  ioBound?: boolean | undefined;
}

/**
 * A scope whose frames follow the asynchronous flow: through `await`, timers and callbacks. Frames
 * of different scopes are independent, also on one runtime.
 *
 * @example
 * ```ts
 * import { FlowScope } from "@x/proxypool/scopes";
 *
 * const jobs = new FlowScope("jobs");
 * await jobs.run(async () => {
 *   const frame = jobs.current();
 *   await Promise.resolve();
 *   console.assert(jobs.current() === frame);
 * });
 * console.assert(jobs.current() === undefined);
 * ```
 */
export class FlowScope implements Scope {
  /** The name of the scope in messages. */
  readonly name: string;
  readonly #options: FlowOptions;
  #carrier: Carrier<Frame> | undefined;
  /** The options of its frames. */
  #frames: FrameOptions | undefined;

  /**
   * Creates a scope; asks nothing of the runtime yet.
   *
   * @param name the name of the scope in messages
   * @param options see {@linkcode FlowOptions}
   */
  constructor(name: string, options: FlowOptions = {}) {
    this.name = name;
    this.#options = options;
  }

  /** Loads the context tracking of the runtime where that needs an import: on some Workers. */
  async ready(): Promise<void> {
    if (this.#reach() !== undefined) return;
    const imported = await importCarrier<Frame>();
    this.#carrier ??= imported;
  }

  /**
   * The frame of the running code; undefined outside any frame.
   *
   * @throws {ProxyError} the scope is for another runtime
   */
  current(): Frame | undefined {
    return this.#carrier === undefined ? this.#outside() : this.#carrier.getStore();
  }

  /**
   * Calls `fn` in a new frame, which ends when `fn` returns, throws, or its promise settles.
   *
   * @param fn runs in the frame
   * @param host its `waitUntil` gets the promise of the frame's end, so that the result need not
   * wait for it
   * @returns the result of `fn`; a promise settles once all objects of the frame are returned
   * @throws {ProxyError} the scope is for another runtime, or this one cannot track frames
   */
  run<R>(fn: () => R, host?: Host): R {
    this.#carry();
    return this.#frame(host).runToEnd(fn);
  }

  /**
   * Opens a frame, to be ended by `end`.
   *
   * @param host its `waitUntil` gets the promise of the frame's end
   * @throws {ProxyError} the scope is for another runtime
   */
  open(host?: Host): Frame {
    this.#check();
    return this.#frame(host);
  }

  #frame(host: Host | undefined): ScopeFrame {
    // Shared by all frames: own options for each would cost more than the rest of a frame.
    const options = this.#frames ??= {
      scope: this.name,
      enter: (frame, fn) => this.#carry().run(frame, fn),
      ioBound: this.#options.ioBound ?? runtime() === "workers",
    };
    return new ScopeFrame(host === undefined ? options : { ...options, host });
  }

  #reach(): Carrier<Frame> | undefined {
    this.#check();
    return this.#carrier ??= carrier();
  }

  #carry(): Carrier<Frame> {
    const reached = this.#carrier ?? this.#reach();
    if (reached !== undefined) return reached;
    throw new ProxyError(
      `the scope ${this.name}: this runtime tracks no frames yet: await ${this.name}.ready() ` +
        `first; if that does not help, open() a frame and pass it by hand, as proxy._in(frame)`,
    );
  }

  /** No frame has been entered yet. */
  #outside(): undefined {
    this.#check();
  }

  #check(): void {
    const { runtime: wanted } = this.#options;
    const here = runtime();
    if (wanted === undefined || wanted === here) return;
    const [where, own] = here === undefined
      ? ["an unknown runtime", ""]
      : [TITLES[here], `${here}, or `];
    throw new ProxyError(
      `the scope ${this.name} is for ${
        TITLES[wanted]
      }, and this is ${where}: use ${own}versatile, ` +
        "which picks the right one",
    );
  }
}
