// Later: calls of objects that come later, each giving a promise, and what else cannot be had of them.

import type { GetOptions } from "../pool/options.ts";
import { ProxyError } from "../errors.ts";
import { shown } from "../values.ts";
import type { Holding } from "./source.ts";

// deno-lint-ignore ban-types
export type Callable = Function;

/** Calls a method of the object; without `key`, the object itself. */
export function call(holding: Holding<unknown>, key: string | undefined, args: unknown[]): unknown {
  const { object } = holding;
  const result = key === undefined
    ? Reflect.apply(callable(object), undefined, args)
    : Reflect.apply(methodOf(object, key), object, args);
  return result === object ? own(holding) : result;
}

/** For a method that gives its own object: all that its type promises; of text and the like, the text. */
export function own({ object, handed }: Holding<unknown>): unknown {
  return Object(object) === object ? handed : object;
}

/** What a deferred call gives: a promise, always. */
export function promised(result: unknown): Promise<unknown> {
  return result instanceof Promise ? result : Promise.resolve(result);
}

/** The method to call. */
export function methodOf(object: unknown, key: string): Callable {
  const value = (object as Record<string, unknown>)[key];
  if (typeof value === "function") return value;
  throw new TypeError(
    `${key} is no method of the object but ${shown(value)}: a proxy whose objects come later can ` +
      "only call methods; for all else take the object, by await proxy._getObj()",
  );
}

function callable(object: unknown): Callable {
  if (typeof object === "function") return object;
  throw new TypeError(`the object is no function but ${shown(object)}, and cannot be called`);
}

/** For what would make text or a number of the proxy. */
export function noPrimitive(): never {
  throw deferredError();
}

export function deferredError(): ProxyError {
  return new ProxyError(
    "the objects of this proxy come later, so that only their methods can be called, each giving a " +
      "promise: for all else take the object, by await proxy._getObj()",
  );
}

/** What is left of a time limit. */
export function left(options: GetOptions, begun: number): GetOptions {
  const timeout = Math.ceil(options.timeout! - (performance.now() - begun));
  return { ...options, timeout: Math.max(1, timeout) };
}
