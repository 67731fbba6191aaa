// Values: tests values, and shows them in messages.

/** Whether `await` would wait for `value`. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (typeof value === "object" && value !== null || typeof value === "function") &&
    typeof (value as { then?: unknown }).then === "function";
}

/** If `value` is a promise, passes its failure to `failed`: it is not an unhandled rejection. */
export function quiet(value: unknown, failed: (error: unknown) => void): void {
  if (isThenable(value)) Promise.resolve(value).then(undefined, failed);
}

// The prototype of the promises of async functions, even if `Promise` was replaced.
const PROMISE: object = Reflect.getPrototypeOf((async () => {})())!;
const { then } = PROMISE as Promise<unknown>;

/**
 * Whether `value` is a built-in promise of any realm, without own fields. Its `then` starts
 * nothing, so another promise can replace it.
 */
export function isPlainPromise(value: unknown): value is Promise<unknown> {
  if (typeof value !== "object" || value === null) return false;
  try {
    const kind = Reflect.getPrototypeOf(value);
    if (kind !== PROMISE && (kind === null || !isForeign(kind))) return false;
    // Symbols do not count: Node 20 keeps contexts under them.
    return Object.getOwnPropertyNames(value).length === 0;
  } catch {
    return false; // for example a revoked proxy
  }
}

const foreign = new WeakMap<object, boolean>();

/** Whether it is the promise prototype of another realm. */
function isForeign(kind: object): boolean {
  const { then } = kind as { then?: unknown };
  if (typeof then !== "function") return false;
  let known = foreign.get(then);
  if (known === undefined) foreign.set(then, known = isNative(then));
  return known && Object.hasOwn(kind, "then");
}

// deno-lint-ignore ban-types
function isNative(then: Function): boolean {
  const text: string = Function.prototype.toString.call(then);
  return /^function then\(\)\s*\{\s*\[native code\]\s*\}$/.test(text);
}

/**
 * A promise that settles as `promise` does, after `failed` was called with a failure. Return it
 * instead of `promise`: so an unhandled rejection is still reported, and a handled one is not.
 */
export function hearing<V>(promise: Promise<V>, failed: (error: unknown) => void): Promise<V> {
  const passOn = (error: unknown): never => {
    failed(error);
    throw error;
  };
  try {
    return then.call(promise, undefined, passOn) as Promise<V>;
  } catch {
    return promise; // it only resembles a promise
  }
}

/** An error in a few words. */
export function reason(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  } catch {
    return "an error that has no description";
  }
}

/** The reason of `signal`. Signals of polyfills may have none: then an `AbortError`. */
export function abortReason(signal: AbortSignal): unknown {
  if (signal.reason !== undefined) return signal.reason;
  return new DOMException("aborted by a signal that has no reason", "AbortError");
}

/** An object in a few words; some cannot be described. */
export function describe(object: unknown): string {
  try {
    return String(object);
  } catch {
    return `(${typeof object})`;
  }
}

/** A value as an error message shows it. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (Object(value) !== value) return String(value);
  const isFunction = typeof value === "function";
  try {
    if (Array.isArray(value)) return "an array";
    const { name }: { name?: unknown } = isFunction ? value : (value as object).constructor ?? {};
    if (typeof name === "string" && name !== "" && name !== "Object") {
      return `${isFunction ? "function" : "a"} ${name}`;
    }
  } catch {
    // It cannot be described.
  }
  return isFunction ? "a function" : "an object";
}
