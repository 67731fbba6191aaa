// ScopeFrame: keeps the objects of a frame, and returns them at its end.

import { adoptDisposal, asyncDispose } from "../disposal.ts";
import { ProxyError } from "../errors.ts";
import { hearing, isPlainPromise, isThenable } from "../values.ts";
import type { Frame, Host } from "./scope.ts";

/** The options of a {@linkcode ScopeFrame}. */
export interface FrameOptions {
  /** The scope's name, for messages. */
  scope: string;
  /** Calls `fn` so that the scope's `current` is `frame`. */
  enter<R>(frame: Frame, fn: () => R): R;
  /** Its `waitUntil` gets the promise of the frame's end. */
  host?: Host | undefined;
  /** Whether objects created in the frame cannot be used in another. */
  ioBound?: boolean;
  /** Whether the frame goes on, empty, after its end. */
  permanent?: boolean;
}

/** The frame of all scopes of the library. Your own scopes can use it, too. */
export class ScopeFrame implements Frame {
  /** Whether objects created in the frame cannot be used in another. */
  readonly ioBound: boolean;
  /** Whether the frame goes on, empty, after its end. */
  readonly permanent: boolean;
  readonly #options: FrameOptions;
  // Most frames keep one value, and a proxy reads it twice a call. A map would be twice as slow.
  #key: object | undefined;
  #value: unknown;
  #slots: Map<object, unknown> | undefined;
  #deferred: (() => unknown)[] = [];
  /** How many promises delay the end, and what is called after the last one. */
  #prolonging = 0;
  #settled: (() => void) | undefined;
  #entered = false;
  #ended = false;
  #ending: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  /**
   * Opens a frame.
   *
   * @param options the scope of the frame, and how that finds it
   * @throws {TypeError} `host` has no `waitUntil`
   */
  constructor(options: FrameOptions) {
    const { scope, host, ioBound = false, permanent = false } = options;
    if (host !== undefined && typeof host?.waitUntil !== "function") {
      throw new TypeError(
        `the scope ${scope}: host must have a method waitUntil, as the ctx of a Worker has`,
      );
    }
    adoptDisposal(ScopeFrame.prototype);
    this.#options = options;
    this.ioBound = ioBound;
    this.permanent = permanent;
  }

  /** Whether the frame has ended: proxies throw in it. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * The last failure of its code: of a function that ran in it, of a promise that delays its end,
   * or of a deferred function.
   */
  get failure(): { readonly error: unknown } | undefined {
    return #failure in this ? this.#failure : undefined; // undefined in objects that inherit from a frame
  }

  /** The value that `set` has kept under `key`. */
  get(key: object): unknown {
    return key === this.#key ? this.#value : this.#slots?.get(key);
  }

  /** Keeps `value` under `key` until the end. */
  set(key: object, value: unknown): void {
    this.#live("set");
    if (this.#key === key || this.#key === undefined && !this.#slots?.has(key)) {
      this.#key = key;
      this.#value = value;
    } else (this.#slots ??= new Map()).set(key, value);
  }

  /** Calls `fn` at the end; the last deferred function is called first. */
  defer(fn: () => unknown): void {
    this.#live("defer");
    this.#deferred.push(fn);
  }

  /** Undoes `set` and `defer`. */
  drop(key: object, fns: readonly ((() => unknown) | undefined)[]): void {
    if (key === this.#key) this.#key = this.#value = undefined;
    this.#slots?.delete(key);
    this.#deferred = this.#deferred.filter((fn) => !fns.includes(fn));
  }

  /** Delays the end until `promise` has settled. */
  waitUntil(promise: Promise<unknown>): void {
    this.#live("waitUntil");
    this.#prolonging++;
    const settled = () => {
      if (--this.#prolonging === 0) this.#settled?.();
    };
    // The caller of `run` does not wait for it, and does not get its failure: log it.
    Promise.resolve(promise).then(settled, (error) => {
      this.#fail(error);
      this.#report(error);
      settled();
    });
  }

  /** Calls `fn` in this frame, which does not end with it. */
  run<R>(fn: () => R): R {
    return this.#enter(() => {
      this.#entered = true;
      try {
        const result = fn();
        if (!isPlainPromise(result)) return result;
        return hearing(result, (error) => this.#fail(error)) as R;
      } catch (error) {
        this.#fail(error);
        throw error;
      }
    });
  }

  /** A permanent frame never fails: all code shares its objects. */
  #fail(error: unknown): void {
    if (!this.permanent) this.#failure = { error };
  }

  #enter<R>(fn: () => R): R {
    this.#live("run");
    return this.#options.enter(this, fn);
  }

  /** Ends the frame: returns all its objects. */
  end(): Promise<void> {
    return this.#endFrom(false);
  }

  /** Calls {@linkcode ScopeFrame.end}: for `await using`. */
  [asyncDispose](): Promise<void> {
    return this.end();
  }

  /**
   * Calls `fn` in this frame, and ends the frame when `fn` returns, throws, or its promise settles:
   * the `run` of a scope.
   *
   * @param fn what to do
   * @returns the result of `fn`. A promise settles once all objects are returned, unless
   * {@linkcode ScopeFrame.waitUntil} delays that, or a host gets it
   */
  runToEnd<R>(fn: () => R): R {
    return this.#enter(() => this.#toEnd(fn));
  }

  /** Awaited within the frame: a thenable may start its work only in its `then`. */
  #toEnd<R>(fn: () => R): R {
    this.#entered = true;
    let result: R;
    try {
      result = fn();
      if (isThenable(result)) return this.#runPromise(result) as R;
    } catch (error) {
      this.#fail(error);
      this.#endUnseen();
      throw error;
    }
    this.#endUnseen();
    return result;
  }

  async #runPromise<V>(promise: PromiseLike<V>): Promise<V> {
    let value: V;
    try {
      value = await promise;
    } catch (error) {
      this.#fail(error);
      // The caller gets only one failure, the first.
      await this.#endSeen().catch((failure) => this.#report(failure));
      throw error;
    }
    await this.#endSeen();
    return value;
  }

  /** Ends the frame while a caller waits for it, unless `waitUntil` delays the end. */
  #endSeen(): Promise<void> {
    if (this.#prolonging === 0 && !this.#options.host) return this.#endFrom(true);
    this.#endUnseen();
    return Promise.resolve();
  }

  #endUnseen(): void {
    const ending = this.#endFrom(true);
    if (!this.#options.host) ending.catch((error) => this.#report(error)); // else the host gets it
  }

  /** `inside`: whether code of this frame ends it. */
  #endFrom(inside: boolean): Promise<void> {
    if (this.#ending !== undefined) {
      // A permanent frame may have new objects by now.
      return this.permanent ? this.#ending.then(() => this.end()) : this.#ending;
    }
    // Objects are returned in this frame's context, if it was ever entered: `end` may be called in
    // another.
    const elsewhere = !inside && this.#entered;
    let ending = elsewhere ? this.#options.enter(this, () => this.#end()) : this.#end();
    if (this.permanent) ending = ending.finally(() => void (this.#ending = undefined));
    this.#ending = ending;
    if (this.#options.host) this.#leave(this.#options.host, ending);
    return ending;
  }

  #leave(host: Host, ending: Promise<void>): void {
    try {
      host.waitUntil(ending.catch((error) => this.#report(error)));
    } catch (error) {
      this.#report(error); // the end goes on
    }
  }

  async #end(): Promise<void> {
    if (this.#prolonging === 0) this.#ended = !this.permanent;
    // A deferred function may call `end` itself: `#ending` must be set by then.
    await null;
    while (this.#prolonging > 0) await new Promise<void>((resolve) => this.#settled = resolve);
    this.#ended = !this.permanent;
    const deferred = this.#deferred;
    this.#deferred = [];
    this.#key = this.#value = this.#slots = undefined;
    const failures: unknown[] = [];
    while (deferred.length > 0) {
      try {
        const given: unknown = deferred.pop()!();
        if (isThenable(given)) await given;
      } catch (error) {
        this.#fail(error);
        failures.push(error);
      }
    }
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) {
      throw new AggregateError(
        failures,
        `ending a frame of the scope ${this.#options.scope} failed`,
      );
    }
  }

  #live(what: string): void {
    if (this.#ended) throw endedError(this.#options.scope, `${what}() is called`);
  }

  #report(error: unknown): void {
    console.error(`proxypool: ending a frame of the scope ${this.#options.scope} failed:`, error);
  }
}

/** The error for `doing` something after the end of a frame. */
export function endedError(scope: string, doing: string): ProxyError {
  return new ProxyError(
    `${doing} in a frame of the scope ${scope} that has ended: await this work before the end, or ` +
      "delay the end with waitUntil(promise)",
  );
}
