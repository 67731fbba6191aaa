/**
 * Proxy: a name that can be imported before the thing behind it exists, and that stands for your thing
 * in your request, thread or process.
 *
 * @module
 */

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
import type { Make, PooledProxy, ProxyOf } from "./proxy/types.ts";
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

/** The members of `T` that a method which fills would hide. */
export type Hidden<T, N extends string> = Extract<keyof Awaited<T>, N | `${N}Obj` | `${N}Fun`>;

/** Whether there are such members; asked this way round, it is no of a `T` that is not known yet. */
export type Hides<T, N extends string> = [Hidden<T, N>] extends [never] ? false : true;

/** Nothing, unless `setName` must be another one. */
export type Free<T, N extends string> = true extends Hides<T, N>
  ? { setName: { error: "the object has a member of that name"; member: Hidden<T, N> } }
  : unknown;

/** How proxies are made. */
export interface ScopedProxyConstructor {
  /** One to be filled later. */
  new <T>(...options: true extends Hides<T, "set"> ? [Free<T, "set">] : []): ProxyOf<T>;
  /** One with a pool. */
  new <T, const N extends string = "set">(
    options: { fun?: Create<T> | undefined } & PooledOptions<T> & ScopeOptions<N> & Free<T, N>,
  ): PooledProxy<T, NoInfer<N>>;
  /** One without. */
  new <T, const N extends string = "set">(
    options:
      & { obj?: T | undefined; fun?: Make<T> | undefined }
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
  // What is not there yet might be a function, and what is made as none can never be called.
  const sample = obj ?? (() => {});
  const proxy = (frame?: Frame): object => {
    const handler = new Handler(filling, proxy, frame);
    return handler.stand = standIn(handler, sample);
  };
  return proxy();
}

/** To be called with `new`, like all that makes something. */
export const ScopedProxy: ScopedProxyConstructor = class ScopedProxy {
  constructor(options?: Given<unknown>) {
    return newProxy(options);
  }
} as unknown as ScopedProxyConstructor;
