// Later: calls through a deferred proxy, each of which returns a promise, and the errors of other
// uses.

import type { GetOptions } from "../pool/options.ts";
import { ProxyError } from "../errors.ts";
import { hearing, isPlainPromise, isThenable, shown } from "../values.ts";
import type { Holding } from "./source.ts";

// deno-lint-ignore ban-types
export type Callable = Function;

/** Calls a method of the object, or the object itself. Always returns a promise. */
export function call(
  holding: Holding<unknown>,
  method: Callable,
  self: unknown,
  args: unknown[],
): Promise<unknown> {
  try {
    return outcome(holding, Reflect.apply(method, self, args));
  } catch (error) {
    holding.fail(error);
    throw error;
  }
}

/** A promise of the result of a call. A failure is reported to the holding. */
export function outcome(holding: Holding<unknown>, result: unknown): Promise<unknown> {
  if (typeof result !== "object" && typeof result !== "function") return Promise.resolve(result);
  return result === holding.object ? Promise.resolve(own(holding)) : promised(result, holding);
}

/**
 * The result of a method that returns its own object: the lease or the object; for a primitive, its
 * value.
 */
function own({ object, handed }: Holding<unknown>): unknown {
  return Object(object) === object ? handed : object;
}

function promised(result: unknown, holding: Holding<unknown>): Promise<unknown> {
  const isPromise = result instanceof Promise;
  if (!isPromise && !isThenable(result)) return Promise.resolve(result);
  const promise = isPromise ? result : Promise.resolve(result);
  // A promise of a subclass is left as it is: its `then` may start its work.
  if (holding.loan === undefined || isPromise && !isPlainPromise(result)) return promise;
  return hearing(promise, (error) => holding.fail(error));
}

/** The method to call; without `key` the object itself. */
export function methodOf(object: unknown, key: string | undefined): Callable {
  if (key === undefined) return callable(object);
  const value = (object as Record<string, unknown>)[key];
  if (typeof value === "function") return value;
  throw new TypeError(
    `${key} is not a method but ${shown(value)}: a deferred proxy can only call methods; ` +
      "for all else use await proxy._getObj()",
  );
}

function callable(object: unknown): Callable {
  if (typeof object === "function") return object;
  throw new TypeError(`the object is not a function but ${shown(object)}, and cannot be called`);
}

/**
 * The error for reading a field in a frame that holds an object. It omits the value, which may be a
 * secret.
 */
export function dataError(key: string): ProxyError {
  return new ProxyError(
    `${key} is not a method of the object: a deferred proxy can only call methods; ` +
      `for all else use (await proxy._getObj()).${key}`,
  );
}

/** Throws for a conversion of the proxy to a string or a number. */
export function noPrimitive(): never {
  throw deferredError();
}

export function deferredError(): ProxyError {
  return new ProxyError(
    "this proxy is deferred: it can only call methods, each of which returns a promise; " +
      "for all else use await proxy._getObj()",
  );
}

/** The options with the rest of their time limit. */
export function left(options: GetOptions, begun: number): GetOptions {
  const timeout = Math.ceil(options.timeout! - (performance.now() - begun));
  return { ...options, timeout: Math.max(1, timeout) };
}
