/**
 * Proxy: a name that modules can import before its object exists. It stands for the object of the
 * current request, thread or process.
 *
 * @module
 */

import { ProxyError } from "./errors.ts";
import { standIn } from "./forward.ts";
import type { Create, PoolOptions } from "./pool/options.ts";
import { Filling } from "./proxy/filling.ts";
import { Handler } from "./proxy/handler.ts";
import {
  checkOptions,
  checkSetName,
  type OwnOptions,
  type PooledOptions,
  poolOptions,
  scopeOf,
  type ScopeOptions,
} from "./proxy/options.ts";
import type { ImmediateProxy, IsPromise, Make, PooledProxy, ProxyOf } from "./proxy/types.ts";
import type { Frame } from "./scopes/mod.ts";

export type {
  Boxed,
  Deferred,
  DeferredMethod,
  DeferredMethods,
  DeferredOverload,
  DeferredOverloads,
  DeferredProxy,
  GivesPromise,
  ImmediateProxy,
  IsPromise,
  Make,
  PooledProxy,
  ProxyContent,
  ProxyMembers,
  ProxyOf,
  ProxySetters,
} from "./proxy/types.ts";
export type { OwnOptions, PooledOptions, ScopeOptions } from "./proxy/options.ts";

/** The members of `T`, or of `Awaited<T>`, that a setter of the proxy would hide. */
export type Hidden<T, N extends string> = Extract<
  keyof T | keyof Awaited<T>,
  N | `${N}Obj` | `${N}Fun`
>;

/** Whether there are such members. Written this way, it is false while `T` is not yet inferred. */
export type Hides<T, N extends string> = [Hidden<T, N>] extends [never] ? false : true;

/**
 * Requires nothing, unless `setName` would hide a member, or its type is given but its value is
 * not.
 */
export type Free<T, N extends string> = true extends Hides<T, N>
  ? { setName: { error: "the object has a member of that name"; member: Hidden<T, N> } }
  : [N] extends ["set"] ? unknown
  : { setName: N };

/**
 * Requires nothing, unless `T` is no object that all can share. Written so that it requires nothing
 * while `T` is not yet inferred.
 */
export type Sharable<T> = true extends IsPromise<T>
  ? { obj: { error: "a promise: await it, or give fun: () => promise" } }
  // Without `strict`, null extends every type.
  : true extends ([unknown] extends [T] ? false : [Extract<T, null>] extends [never] ? false : true)
    ? { obj: { error: "it may be null" } }
  : unknown;

/** One object that all share. You close it yourself, so there is no `closer`. */
export type SharedContent<T> =
  & { obj?: T | undefined; fun?: undefined; closer?: undefined }
  & Sharable<T>;

/** The constructor of proxies. */
export interface ScopedProxyConstructor {
  /** A proxy that is set later. */
  new <T>(...options: true extends Hides<T, "set"> ? [Free<T, "set">] : []): ProxyOf<T>;
  /** A proxy with a pool. */
  new <T, const N extends string = "set">(
    options: { fun?: Create<T> | undefined } & PooledOptions<T> & ScopeOptions<N> & Free<T, N>,
  ): PooledProxy<T, NoInfer<N>>;
  /** A proxy of an object that is thenable and not awaited, such as a query builder. */
  new <T extends PromiseLike<unknown>, const N extends string = "set">(
    options: { obj: T } & SharedContent<T> & OwnOptions<T> & ScopeOptions<N> & Free<T, N>,
  ): ImmediateProxy<T, NoInfer<N>>;
  /** Any other proxy without a pool. */
  new <T, const N extends string = "set">(
    options:
      & (SharedContent<T> | { obj?: undefined; fun?: Make<T> | undefined })
      & OwnOptions<Awaited<T>>
      & ScopeOptions<N>
      & Free<T, N>,
  ): ProxyOf<T, NoInfer<N>>;
}

interface Given<T> extends PoolOptions<T> {
  obj?: T;
  fun?: Create<T>;
  scope?: unknown;
  setName?: string;
}

function newProxy<T>(given: Given<T> = {}): object {
  checkOptions(given);
  const { obj, fun, scope, setName = "set" } = given;
  checkSetName(setName);
  const filling = new Filling<T>({ obj, fun }, poolOptions(given), scopeOf(scope), setName);
  // The object to come may be a function, and only a proxy of a function can be called.
  const sample = obj ?? (() => {});
  const proxy = (frame?: Frame): object => {
    const handler = new Handler(filling, proxy, frame);
    return handler.stand = standIn(handler, sample);
  };
  return proxy();
}

/** {@linkcode Proxy} by a name that hides no built-in class, for linters that require this. */
export const ScopedProxy: ScopedProxyConstructor = class ScopedProxy {
  constructor(options?: Given<unknown>, ...more: unknown[]) {
    if (more.length > 0) {
      throw new ProxyError(
        `new Proxy takes one argument, got ${more.length + 1}: ` +
          "the built-in class is globalThis.Proxy",
      );
    }
    return newProxy(options);
  }
} as unknown as ScopedProxyConstructor;

/**
 * A name that modules can import before its object exists. It stands for the object of the current
 * request, thread or process. Call it with `new`.
 *
 * `obj` is one object for all. `fun` creates one for each frame of `scope`; with `maxSize` a pool
 * lends it. Without both, call `set` later.
 *
 * @example
 * ```ts
 * import { Proxy } from "@x/proxypool";
 *
 * const greeter = new Proxy<{ greet(): string }>();
 * greeter.setObj({ greet: () => "hello" }); // elsewhere, and later
 * console.assert(greeter.greet() === "hello");
 * ```
 *
 * @example One object of a pool for each request
 * ```ts
 * import { Proxy } from "@x/proxypool";
 * import { versatile } from "@x/proxypool/scopes";
 *
 * const db = new Proxy({ fun: (n) => ({ query: () => `by ${n}` }), maxSize: 2 });
 * const answer = await versatile.run(() => db.query()); // given back at the end of `run`
 * console.assert(answer === "by 0");
 * await db._pool?.shutdown();
 * ```
 */
export const Proxy: ScopedProxyConstructor = ScopedProxy;
