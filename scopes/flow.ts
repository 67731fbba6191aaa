// FlowScope: a frame for each asynchronous flow, by whatever the runtime carries along flows.

import { type Carrier, carrier, importCarrier } from "../context.ts";
import { ProxyError } from "../errors.ts";
import { type FrameOptions, ScopeFrame } from "./frame.ts";
import { type Runtime, runtime, TITLES } from "./runtime.ts";
import type { Frame, Host, Scope } from "./scope.ts";

/** How a {@linkcode FlowScope} is. */
export interface FlowOptions {
  /**
   * The runtime it is for; on another one, using it is an error.
   *
   * @default {undefined}, any
   */
  runtime?: Runtime | undefined;
  /**
   * Whether what is made in a frame cannot be used in another: a proxy then has a pool for each.
   *
   * @default {false}, on Cloudflare Workers true: in a Durable Object it need not be
   */
  ioBound?: boolean | undefined;
}

/**
 * A scope whose frames follow the asynchronous flow: through `await`, timers and callbacks, side by
 * side. Each is independent of all others, also of those of the same runtime.
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
  /** What messages call it. */
  readonly name: string;
  readonly #options: FlowOptions;
  #carrier: Carrier<Frame> | undefined;
  /** How its frames are. */
  #frames: FrameOptions | undefined;

  /**
   * Makes one; nothing is asked of the runtime yet.
   *
   * @param name what messages call it
   * @param options see {@linkcode FlowOptions}
   */
  constructor(name: string, options: FlowOptions = {}) {
    this.name = name;
    this.#options = options;
  }

  /** Loads what carries frames along, where that takes an import: Workers without `node:` modules. */
  async ready(): Promise<void> {
    if (this.#reach() !== undefined) return;
    const imported = await importCarrier<Frame>();
    this.#carrier ??= imported;
  }

  /**
   * The frame of the running code; undefined outside of any.
   *
   * @throws {ProxyError} this is not the runtime the scope is for
   */
  current(): Frame | undefined {
    return this.#carrier === undefined ? this.#outside() : this.#carrier.getStore();
  }

  /**
   * Calls `fn` in a new frame, which ends when `fn` returns, throws, or its promise settles.
   *
   * @param fn what to do
   * @param host gets the giving back, which then delays nobody
   * @returns what `fn` gives; a promise settles once everything has been given back
   * @throws {ProxyError} this is not the runtime the scope is for, or nothing carries frames here
   */
  run<R>(fn: () => R, host?: Host): R {
    this.#carry();
    return this.#frame(host).runToEnd(fn);
  }

  /**
   * A new frame, to be ended by hand.
   *
   * @param host gets the giving back
   * @throws {ProxyError} this is not the runtime the scope is for
   */
  open(host?: Host): Frame {
    this.#check();
    return this.#frame(host);
  }

  #frame(host: Host | undefined): ScopeFrame {
    // Options of its own for each frame would cost more than the rest of it.
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

  /** Nobody has been in a frame yet. */
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
