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
