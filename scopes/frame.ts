// ScopeFrame: keeps what is taken in it, and gives it back at its end.

import { adoptDisposal, asyncDispose } from "../disposal.ts";
import { ProxyError } from "../errors.ts";
import { hearing, isPlainPromise, isThenable } from "../values.ts";
import type { Frame, Host } from "./scope.ts";

/** How a frame of a scope is. */
export interface FrameOptions {
  /** The scope's name, for messages. */
  scope: string;
  /** Calls `fn` where the scope finds `frame`. */
  enter<R>(frame: Frame, fn: () => R): R;
  /** Gets the giving back. */
  host?: Host | undefined;
  /** Whether what is made in it cannot be used in another. */
  ioBound?: boolean;
  /** Whether it goes on after its end, with nothing in it. */
  permanent?: boolean;
}

/** The frame of every scope here; good for scopes of one's own, too. */
export class ScopeFrame implements Frame {
  /** What is made in it is bound to it and cannot be lent to another. */
  readonly ioBound: boolean;
  /** Whether it goes on after its end, with nothing in it. */
  readonly permanent: boolean;
  readonly #options: FrameOptions;
  // Most frames keep one thing, and a proxy asks for it twice a call: a map is twice as slow.
  #key: object | undefined;
  #value: unknown;
  #slots: Map<object, unknown> | undefined;
  #deferred: (() => unknown)[] = [];
  /** How many promises put off the end, and what is called when there are none any more. */
  #prolonging = 0;
  #settled: (() => void) | undefined;
  #entered = false;
  #ended = false;
  #ending: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  /**
   * Opens one.
   *
   * @param options of which scope it is, and how that finds it
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

  /** Whether it has ended: nothing can be taken in it any more. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * What its code has failed with last: a function that was run in it, a promise that it waits for, or a
   * deferred function.
   */
  get failure(): { readonly error: unknown } | undefined {
    return #failure in this ? this.#failure : undefined; // not in what inherits from a frame
  }

  /** What `set` has kept under `key`. */
  get(key: object): unknown {
    return key === this.#key ? this.#value : this.#slots?.get(key);
  }

  /** Keeps `value` under `key`, until the end. */
  set(key: object, value: unknown): void {
    this.#live("set");
    if (this.#key === key || this.#key === undefined && !this.#slots?.has(key)) {
      this.#key = key;
      this.#value = value;
    } else (this.#slots ??= new Map()).set(key, value);
  }

  /** Has `fn` called at the end, the last one first. */
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

  /** Puts off the end until `promise` has settled. */
  waitUntil(promise: Promise<unknown>): void {
    this.#live("waitUntil");
    this.#prolonging++;
    const settled = () => {
      if (--this.#prolonging === 0) this.#settled?.();
    };
    // The caller of `run` does not wait for it, and does not get its failure.
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

  /** What is in one that goes on is everybody's, and not to blame for the failure of one of them. */
  #fail(error: unknown): void {
    if (!this.permanent) this.#failure = { error };
  }

  #enter<R>(fn: () => R): R {
    this.#live("run");
    return this.#options.enter(this, fn);
  }

  /** Ends it: gives back all that was taken in it. */
  end(): Promise<void> {
    return this.#endFrom(false);
  }

  /** {@linkcode ScopeFrame.end}: for `await using`. */
  [asyncDispose](): Promise<void> {
    return this.end();
  }

  /**
   * Calls `fn` in this frame and ends it when `fn` returns, throws, or its promise settles: what a
   * scope's `run` does.
   *
   * @param fn what to do
   * @returns what `fn` gives; a promise settles once everything has been given back, unless that is
   * put off by {@linkcode ScopeFrame.waitUntil} or is the host's
   */
  runToEnd<R>(fn: () => R): R {
    return this.#enter(() => this.#toEnd(fn));
  }

  /** Within the frame: something that starts only with its `then` starts there, too. */
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
      // The caller can be told of one failure only: of what went wrong first.
      await this.#endSeen().catch((failure) => this.#report(failure));
      throw error;
    }
    await this.#endSeen();
    return value;
  }

  /** Ends it while somebody waits for that, unless it would take them too long. */
  #endSeen(): Promise<void> {
    if (this.#prolonging === 0 && !this.#options.host) return this.#endFrom(true);
    this.#endUnseen();
    return Promise.resolve();
  }

  #endUnseen(): void {
    const ending = this.#endFrom(true);
    if (!this.#options.host) ending.catch((error) => this.#report(error)); // else for the host
  }

  /** `inside`: it is this frame's code that ends it. */
  #endFrom(inside: boolean): Promise<void> {
    if (this.#ending !== undefined) {
      // There may be more to give back by now in one that goes on.
      return this.permanent ? this.#ending.then(() => this.end()) : this.#ending;
    }
    // What is given back is so in this frame, if code was ever in it: its end may be called in another.
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
      this.#report(error); // it goes on all the same
    }
  }

  async #end(): Promise<void> {
    if (this.#prolonging === 0) this.#ended = !this.permanent;
    // A deferred function may call `end` itself, and then joins this: it must be known to go on.
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

/** The error for `doing` something too late. */
export function endedError(scope: string, doing: string): ProxyError {
  return new ProxyError(
    `${doing} in a frame of the scope ${scope} that has ended: await this work before the end, or ` +
      "delay the end with waitUntil(promise)",
  );
}
