// What any value is, and how a message shows it.

/** Whether `await` would wait for `value`. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (typeof value === "object" && value !== null || typeof value === "function") &&
    typeof (value as { then?: unknown }).then === "function";
}

/** If `value` is a promise that nobody waits for, its failure goes to `failed` alone. */
export function quiet(value: unknown, failed: (error: unknown) => void): void {
  if (isThenable(value)) Promise.resolve(value).then(undefined, failed);
}

// What async functions give, whatever has taken the name `Promise`.
const PROMISE: object = Reflect.getPrototypeOf((async () => {})())!;
const { then } = PROMISE as Promise<unknown>;

/**
 * Whether `value` is a promise as the language makes them, of this or another realm, with no fields: one
 * that starts nothing when `then` is called, and that another one can take the place of.
 */
export function isPlainPromise(value: unknown): value is Promise<unknown> {
  if (typeof value !== "object" || value === null) return false;
  try {
    const kind = Reflect.getPrototypeOf(value);
    if (kind !== PROMISE && (kind === null || !isForeign(kind))) return false;
    // Symbols are the runtime's: Node 20 keeps contexts by them.
    return Object.getOwnPropertyNames(value).length === 0;
  } catch {
    return false; // a revoked proxy, say
  }
}

const foreign = new WeakMap<object, boolean>();

/** Whether it is what promises of another realm inherit from. */
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
 * A promise that settles as `promise` does, after `failed` has heard of a failure: in the place of
 * `promise`, for a rejection that nobody handles to be still reported, and one that is handled not.
 */
export function hearing<V>(promise: Promise<V>, failed: (error: unknown) => void): Promise<V> {
  const passOn = (error: unknown): never => {
    failed(error);
    throw error;
  };
  try {
    return then.call(promise, undefined, passOn) as Promise<V>;
  } catch {
    return promise; // it only looks like one
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

/** Why `signal` has aborted. Polyfills have no `reason`: to reject with undefined would tell nothing. */
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
    // It cannot be asked.
  }
  return isFunction ? "a function" : "an object";
}
