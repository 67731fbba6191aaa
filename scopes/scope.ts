// Scope: what the world is to a proxy, and what one is made of.

/** Where work can be left that goes on after the answer: the `ctx` of a Cloudflare Worker, say. */
export interface Host {
  /** Keeps the request alive until `promise` settles. */
  waitUntil(promise: Promise<unknown>): void;
}

/**
 * One request, flow, thread or process: what is taken in it through a proxy belongs to it, and is
 * given back at its end.
 */
export interface Frame extends AsyncDisposable {
  /** Whether it has ended: nothing can be taken in it any more. */
  readonly ended: boolean;
  /** What is made in it is bound to it and cannot be lent to another: I/O on Cloudflare Workers. */
  readonly ioBound?: boolean;
  /** It is there for good; its `end` gives back what is in it, and it goes on. */
  readonly permanent?: boolean;
  /**
   * What its code has failed with last, a new object for each failure; undefined if nothing has, or if
   * it is permanent. A pooled proxy then gives back what the frame has as {@linkcode Pool.use} does
   * after a failure. A frame that has no such member never fails.
   */
  readonly failure?: { readonly error: unknown } | undefined;
  /** What `set` has kept under `key`. */
  get(key: object): unknown;
  /** Keeps `value` under `key`, until the end. */
  set(key: object, value: unknown): void;
  /**
   * Has `fn` called at the end, the last one first; it may be async. The frame has ended by then, and
   * proxies give nothing any more: let it hold what it needs.
   *
   * @throws {ProxyError} the frame has ended
   */
  defer(fn: () => unknown): void;
  /**
   * Undoes `set` and `defer`, for a permanent frame not to keep for good what is needed no more.
   *
   * @param key of what was kept
   * @param fns what was deferred; undefined is skipped
   */
  drop?(key: object, fns: readonly ((() => unknown) | undefined)[]): void;
  /**
   * Puts off the end until `promise` has settled: a streamed answer that still reads, say. What it
   * fails with is logged.
   *
   * @throws {ProxyError} the frame has ended
   */
  waitUntil(promise: Promise<unknown>): void;
  /**
   * Calls `fn` in this frame, which does not end with it.
   *
   * @throws {ProxyError} the frame has ended, or nothing here carries it along
   */
  run<R>(fn: () => R): R;
  /**
   * Ends it: gives back all that was taken in it. A second call joins the first.
   *
   * @throws what a deferred function has failed with; of several, an `AggregateError`
   */
  end(): Promise<void>;
}

/** Says which frame the running code is in. */
export interface Scope {
  /** What messages call it. */
  readonly name: string;
  /** Loads what this runtime offers only asynchronously; elsewhere there is no need to call it. */
  ready(): Promise<void>;
  /** The frame of the running code; undefined outside of any. */
  current(): Frame | undefined;
  /**
   * Calls `fn` in a new frame, which ends when `fn` returns, throws, or its promise settles.
   *
   * @param fn what to do
   * @param host gets the giving back, which then delays nobody
   * @returns what `fn` gives; a promise settles once everything has been given back, unless that is
   * put off by {@linkcode Frame.waitUntil} or is the host's
   */
  run<R>(fn: () => R, host?: Host): R;
  /** A new frame, to be ended by hand. */
  open(host?: Host): Frame;
}
