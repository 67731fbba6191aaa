// Scope: the interfaces of scopes, frames and hosts. Types only.

/** Keeps work alive after the response, such as the `ctx` of a Cloudflare Worker. */
export interface Host {
  /** Keeps the request alive until `promise` settles. */
  waitUntil(promise: Promise<unknown>): void;
}

/**
 * One request, flow, thread or process. It has the objects that its code gets through proxies, and
 * returns them at its end.
 */
export interface Frame extends AsyncDisposable {
  /** Whether the frame has ended: proxies throw in it. */
  readonly ended: boolean;
  /**
   * Whether objects created in the frame cannot be used in another, as I/O on Cloudflare Workers.
   */
  readonly ioBound?: boolean;
  /** Whether the frame never ends: its `end` returns its objects, and the frame goes on. */
  readonly permanent?: boolean;
  /**
   * The last failure of its code, a new object for each; undefined if there is none, or if the
   * frame is permanent. After a failure, a pooled proxy returns the frame's object as
   * {@linkcode Pool.use} does. A frame without this member never fails.
   */
  readonly failure?: { readonly error: unknown } | undefined;
  /** The value that `set` has kept under `key`. */
  get(key: object): unknown;
  /** Keeps `value` under `key` until the end. */
  set(key: object, value: unknown): void;
  /**
   * Calls `fn`, which may be async, at the end; the last deferred function is called first. The
   * frame has ended by then, and proxies throw: let `fn` keep the objects that it needs.
   *
   * @throws {ProxyError} the frame has ended
   */
  defer(fn: () => unknown): void;
  /**
   * Undoes `set` and `defer`, so that a permanent frame does not keep values that are no longer
   * needed.
   *
   * @param key the key given to `set`
   * @param fns the deferred functions; undefined is skipped
   */
  drop?(key: object, fns: readonly ((() => unknown) | undefined)[]): void;
  /**
   * Delays the end until `promise` has settled, such as that of a streamed response. Its failure is
   * logged.
   *
   * @throws {ProxyError} the frame has ended
   */
  waitUntil(promise: Promise<unknown>): void;
  /**
   * Calls `fn` in this frame; the frame does not end with it.
   *
   * @throws {ProxyError} the frame has ended, or this runtime cannot track frames
   */
  run<R>(fn: () => R): R;
  /**
   * Ends the frame: returns all its objects. A second call joins the first.
   *
   * @throws the failure of a deferred function; an `AggregateError` for several
   */
  end(): Promise<void>;
}

/** Knows the frame of the running code. */
export interface Scope {
  /** The name of the scope in messages. */
  readonly name: string;
  /** Loads what this runtime offers only asynchronously; most runtimes need no call. */
  ready(): Promise<void>;
  /** The frame of the running code; undefined outside any frame. */
  current(): Frame | undefined;
  /**
   * Calls `fn` in a new frame, which ends when `fn` returns, throws, or its promise settles.
   *
   * @param fn runs in the frame
   * @param host its `waitUntil` gets the promise of the frame's end, so that the result need not
   * wait for it
   * @returns the result of `fn`. A promise settles once all objects are returned, unless
   * {@linkcode Frame.waitUntil} delays that, or a host gets it
   */
  run<R>(fn: () => R, host?: Host): R;
  /** Opens a frame, to be ended by `end`. */
  open(host?: Host): Frame;
}
