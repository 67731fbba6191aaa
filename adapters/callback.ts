// Callback: how a callback of a driver's kind is called.

// deno-lint-ignore-file no-explicit-any

/** Takes an error first, and what there is if there is none. */
export type Callback = (error?: any, ...results: any[]) => unknown;

/** What a callback throws is nobody's but its own. */
export function call(callback: Callback, ...args: Parameters<Callback>): void {
  try {
    callback(...args);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
