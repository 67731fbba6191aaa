// The types of proxies: the members of the object, and the proxy's own.

import type { Lease } from "../pool/lease.ts";
import type { Create, CreateContext, GetOptions, PoolOptions } from "../pool/options.ts";
import type { Pool } from "../pool.ts";
import type { Frame } from "../scopes/mod.ts";

/**
 * `T` as a deferred proxy shows it: it has only the methods of `T`, and each call returns a
 * promise. Overloads are kept; methods that return promises anyway are unchanged.
 */
export type Deferred<T> =
  & DeferredMethods<Boxed<T>>
  & (T extends (...args: never) => unknown ?
      & DeferredMethod<T>
      // It is the function itself, which keeps its type parameters; but its fields cannot be read.
      & { readonly [K in Exclude<keyof T, keyof DeferredMethods<Boxed<T>>>]: never }
    : unknown);

/** The type that has the methods of `T`: for primitives, that of their wrapper objects. */
export type Boxed<T> = T extends string ? StringConstructor["prototype"]
  : T extends number ? NumberConstructor["prototype"]
  : T extends bigint ? BigIntConstructor["prototype"]
  : T extends boolean ? BooleanConstructor["prototype"]
  : T;

/** The methods of `T` as {@linkcode Deferred} shows them; `then` is never one. */
export type DeferredMethods<T> = {
  readonly [
    K in keyof T as K extends "then" ? never
      : K extends string ? NonNullable<T[K]> extends (...args: never) => unknown ? K : never
      : never
  ]-?: DeferredMethod<NonNullable<T[K]>>;
};

/** A method as {@linkcode Deferred} shows it; `any` stays `any`. */
export type DeferredMethod<F> = true extends GivesPromise<F> ? DeferredOverloads<F> & F
  : unknown extends DeferredOverloads<F>
    ? F extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : F
  : DeferredOverloads<F>;

/**
 * Contains true if an overload of a method returns a promise. To ask whether it extends a function
 * that returns one is not enough: so does a function that returns its argument.
 */
export type GivesPromise<F> = F extends {
  (...args: never): infer R1;
  (...args: never): infer R2;
  (...args: never): infer R3;
  (...args: never): infer R4;
  (...args: never): infer R5;
  (...args: never): infer R6;
  (...args: never): infer R7;
  (...args: never): infer R8;
} ?
    | IsPromise<R1>
    | IsPromise<R2>
    | IsPromise<R3>
    | IsPromise<R4>
    | IsPromise<R5>
    | IsPromise<R6>
    | IsPromise<R7>
    | IsPromise<R8>
  : false;

/**
 * Whether `R` is a plain promise. Of a query builder, which is a thenable with more members, a call
 * returns only a plain promise. False for unknown types.
 */
export type IsPromise<R> = [unknown] extends [R] ? false
  : [R] extends [never] ? false
  : [R] extends [PromiseLike<unknown>] ? [Promise<Awaited<R>>] extends [R] ? true : false
  : false;

/**
 * The overloads of a method that return no promise, changed to return one. A type can infer a fixed
 * number of overloads only: these are the last eight.
 */
export type DeferredOverloads<F> = F extends {
  (...args: infer A1): infer R1;
  (...args: infer A2): infer R2;
  (...args: infer A3): infer R3;
  (...args: infer A4): infer R4;
  (...args: infer A5): infer R5;
  (...args: infer A6): infer R6;
  (...args: infer A7): infer R7;
  (...args: infer A8): infer R8;
} ?
    & DeferredOverload<A1, R1>
    & DeferredOverload<A2, R2>
    & DeferredOverload<A3, R3>
    & DeferredOverload<A4, R4>
    & DeferredOverload<A5, R5>
    & DeferredOverload<A6, R6>
    & DeferredOverload<A7, R7>
    & DeferredOverload<A8, R8>
  : unknown;

/** One of these overloads; no requirement for one that returns a promise or does not exist. */
export type DeferredOverload<A extends unknown[], R> = unknown extends R ? unknown
  : true extends IsPromise<R> ? unknown
  : (...args: A) => Promise<Awaited<R>>;

/** Creates an object for a frame. `T` is a promise if `fun` is async. */
export type Make<T> = (n: number, context: CreateContext) => T;

/** The content of a proxy: one object for all, or a function that creates one for each frame. */
export type ProxyContent<O, F> = { obj: O; fun?: undefined } | { obj?: undefined; fun: F };

/** The setters of a proxy. Their names begin with its `setName`. */
export type ProxySetters<O, F, N extends string> =
  & {
    readonly [
      /** Sets the content; from now on all code that has the proxy uses it. */
      K in N
    ]: (content: ProxyContent<O, F>) => void;
  }
  & {
    readonly [
      /** Sets one object for all. */
      K in `${N}Obj`
    ]: (obj: O) => void;
  }
  & {
    readonly [
      /** Sets a function that creates an object for each frame of the scope. */
      K in `${N}Fun`
    ]: (fun: F) => void;
  };

/** The members of each proxy, besides those of its object. */
export interface ProxyMembers<T, N extends string> {
  /**
   * Returns the frame's object before the end of the frame. The next use of the proxy gets another
   * object.
   *
   * @returns resolves once the object is returned; at once if there is none
   * @throws {ProxyError} called outside any frame
   */
  _retObj(): Promise<void>;
  /** Whether the current frame has an object; acquires none. */
  _hasObj(): boolean;
  /**
   * Gives the proxy a pool, or changes the options of its pool before that exists.
   *
   * @param options added to the earlier ones
   * @returns the same proxy, with its new type
   * @throws {ProxyError} the pool exists already, the proxy has an `obj`, or `maxSize` is missing
   */
  _setPool(options: PoolOptions<T>): PooledProxy<T, N>;
  /**
   * The pool, once it exists: for `stats()` and `shutdown()`. On Workers, the pool of the request.
   */
  readonly _pool: Pool<T> | undefined;
}

/** A proxy whose object is available without waiting. */
export type ImmediateProxy<T, N extends string = "set"> =
  & T
  & ProxySetters<T, Make<T>, N>
  & ProxyMembers<T, N>
  & {
    /** The bare object. */
    _getObj(): T;
    /**
     * The object, for `await using`: the end of the block calls {@linkcode ProxyMembers._retObj}.
     */
    _obj(): Promise<T & AsyncDisposable>;
    /** The same proxy, in the given frame. */
    _in(frame: Frame): ImmediateProxy<T, N>;
  };

/** A deferred proxy: its `fun` is async. */
export type DeferredProxy<T, N extends string = "set"> =
  & Deferred<T>
  & ProxySetters<never, Make<PromiseLike<T>>, N>
  & ProxyMembers<T, N>
  & {
    /** The bare object. */
    _getObj(): Promise<T>;
    /**
     * The object, for `await using`: the end of the block calls {@linkcode ProxyMembers._retObj}.
     */
    _obj(): Promise<T & AsyncDisposable>;
    /** The same proxy, in the given frame. */
    _in(frame: Frame): DeferredProxy<T, N>;
  };

/** A proxy whose objects come from a pool; it is deferred. */
export type PooledProxy<T, N extends string = "set"> =
  & Deferred<T>
  & ProxySetters<never, Create<T>, N>
  & ProxyMembers<T, N>
  & {
    /**
     * The frame's lease, the same one throughout the frame. If the frame has none, the pool lends
     * one.
     *
     * @param options as for {@linkcode Pool.get}
     * @throws as {@linkcode Pool.get}; {@linkcode ProxyError} outside any frame, or after its end
     */
    _getObj(options?: GetOptions): Promise<Lease<T>>;
    /** The same, for `await using`. */
    _obj(options?: GetOptions): Promise<Lease<T>>;
    /** The same proxy, in the given frame. */
    _in(frame: Frame): PooledProxy<T, N>;
  };

/** The type of a proxy of `T`: deferred if `T` is a promise, but not if it is `any`. */
export type ProxyOf<T, N extends string = "set"> = unknown extends T ? ImmediateProxy<T, N>
  : [T] extends [PromiseLike<infer U>] ? DeferredProxy<U, N>
  : ImmediateProxy<T, N>;
