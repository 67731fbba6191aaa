// The types of proxies: what one has of its object, and what of its own.

import type { Lease } from "../pool/lease.ts";
import type { Create, CreateContext, GetOptions, PoolOptions } from "../pool/options.ts";
import type { Pool } from "../pool.ts";
import type { Frame } from "../scopes/mod.ts";

/**
 * `T` as a proxy shows it whose objects come later: of its members only the methods are there, and
 * each call gives a promise. Overloads stay, those of methods that give promises anyway untouched.
 */
export type Deferred<T> =
  & DeferredMethods<Boxed<T>>
  & (T extends (...args: never) => unknown ?
      & DeferredMethod<T>
      // It is the function itself, for its generics to stay, but its fields are not to be had.
      & { readonly [K in Exclude<keyof T, keyof DeferredMethods<Boxed<T>>>]: never }
    : unknown);

/** What has the methods of `T`: of text and numbers, their objects. */
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

/** A method as {@linkcode Deferred} shows it; what is any stays any. */
export type DeferredMethod<F> = true extends GivesPromise<F> ? DeferredOverloads<F> & F
  : unknown extends DeferredOverloads<F>
    ? F extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : F
  : DeferredOverloads<F>;

/**
 * Contains true if an overload of a method gives a promise anyway. That it extends a function that
 * does says too little: so does one that gives back whatever it gets.
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
 * Whether `R` is that of a promise and no more: of a builder that can be awaited a plain promise is
 * left. Not of what it is not known.
 */
export type IsPromise<R> = [unknown] extends [R] ? false
  : [R] extends [never] ? false
  : [R] extends [PromiseLike<unknown>] ? [Promise<Awaited<R>>] extends [R] ? true : false
  : false;

/**
 * The overloads of a method that give no promise, as if they did. The compiler has no way to ask for
 * all of them: these are the last eight.
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

/** One of them; nothing for one that gives a promise, or that is not there. */
export type DeferredOverload<A extends unknown[], R> = unknown extends R ? unknown
  : true extends IsPromise<R> ? unknown
  : (...args: A) => Promise<Awaited<R>>;

/** Makes an object for a frame, at once; `T` is a promise if it takes time. */
export type Make<T> = (n: number, context: CreateContext) => T;

/** What a proxy is filled with: one object for everybody, or a function that makes one for each frame. */
export type ProxyContent<O, F> = { obj: O; fun?: undefined } | { obj?: undefined; fun: F };

/** The methods that fill a proxy, by names that start with its `setName`. */
export type ProxySetters<O, F, N extends string> =
  & {
    readonly [
      /** Fills it; code that has it already has its object from now on. */
      K in N
    ]: (content: ProxyContent<O, F>) => void;
  }
  & {
    readonly [
      /** Fills it with one object for everybody. */
      K in `${N}Obj`
    ]: (obj: O) => void;
  }
  & {
    readonly [
      /** Fills it with a function that makes an object for each frame of its scope. */
      K in `${N}Fun`
    ]: (fun: F) => void;
  };

/** What each proxy has besides. */
export interface ProxyMembers<T, N extends string> {
  /**
   * Gives back early what the frame has, which otherwise goes back at the frame's end. What uses the
   * proxy afterwards gets another object.
   *
   * @returns resolves once it is given back; at once if there is nothing
   * @throws {ProxyError} outside of any frame
   */
  _retObj(): Promise<void>;
  /** Whether there is an object here and now; takes none. */
  _hasObj(): boolean;
  /**
   * Makes the proxy one with a pool, or changes the options of the pool to come.
   *
   * @param options added to those given before
   * @returns the same proxy, as its type is from now on
   * @throws {ProxyError} the pool exists already, or one is impossible: an object is shared, or
   * `maxSize` is missing
   */
  _setPool(options: PoolOptions<T>): PooledProxy<T, N>;
  /** The pool, once there is one: its `stats()`, its `shutdown()`. On Workers, that of the request. */
  readonly _pool: Pool<T> | undefined;
}

/** A proxy whose object is there at once. */
export type ImmediateProxy<T, N extends string = "set"> =
  & T
  & ProxySetters<T, Make<T>, N>
  & ProxyMembers<T, N>
  & {
    /** The object itself. */
    _getObj(): T;
    /** The object, for `await using`: {@linkcode ProxyMembers._retObj} is called at the end. */
    _obj(): Promise<T & AsyncDisposable>;
    /** The same proxy in a frame passed by hand. */
    _in(frame: Frame): ImmediateProxy<T, N>;
  };

/** A proxy whose objects come later, of a `fun` that is async. */
export type DeferredProxy<T, N extends string = "set"> =
  & Deferred<T>
  & ProxySetters<never, Make<PromiseLike<T>>, N>
  & ProxyMembers<T, N>
  & {
    /** The object itself. */
    _getObj(): Promise<T>;
    /** The object, for `await using`: {@linkcode ProxyMembers._retObj} is called at the end. */
    _obj(): Promise<T & AsyncDisposable>;
    /** The same proxy in a frame passed by hand. */
    _in(frame: Frame): DeferredProxy<T, N>;
  };

/** A proxy whose objects come from a pool. */
export type PooledProxy<T, N extends string = "set"> =
  & Deferred<T>
  & ProxySetters<never, Create<T>, N>
  & ProxyMembers<T, N>
  & {
    /**
     * The lease that the frame has, throughout; got from the pool if there is none.
     *
     * @param options of {@linkcode Pool.get}
     * @throws as {@linkcode Pool.get}; and {@linkcode ProxyError} outside of any frame, or after its end
     */
    _getObj(options?: GetOptions): Promise<Lease<T>>;
    /** The same, for `await using`. */
    _obj(options?: GetOptions): Promise<Lease<T>>;
    /** The same proxy in a frame passed by hand. */
    _in(frame: Frame): PooledProxy<T, N>;
  };

/** The proxy for objects `T`; those of a promise come later, and any is not taken for one. */
export type ProxyOf<T, N extends string = "set"> = unknown extends T ? ImmediateProxy<T, N>
  : [T] extends [PromiseLike<infer U>] ? DeferredProxy<U, N>
  : ImmediateProxy<T, N>;
