// Callback: calls callbacks as drivers do.

// deno-lint-ignore-file no-explicit-any

/** A callback that takes an error first, then the results. */
export type Callback = (error?: any, ...results: any[]) => unknown;

/** An error that a callback throws must not reach the pool. */
export function call(callback: Callback, ...args: Parameters<Callback>): void {
  try {
    callback(...args);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
