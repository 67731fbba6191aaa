// Stand-in for @std/async: delay, deadline and abortable, with the arguments and failures of the real ones.

export interface DelayOptions {
  /** Rejects the delay with the signal's reason. */
  signal?: AbortSignal;
  /** Whether the timer keeps the process alive (default: true). */
  persistent?: boolean;
}

/** The longest time of a timer. */
const LONGEST = 2 ** 31 - 1;

/** Resolves after `ms` milliseconds. */
export function delay(ms: number, { signal, persistent = true }: DelayOptions = {}): Promise<void> {
  if (signal?.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    let timer: ReturnType<typeof setTimeout>;
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const done = () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    };
    /** In parts that a timer can take. */
    const wait = (left: number) => {
      const part = Math.min(left, LONGEST);
      timer = setTimeout(() => left > part ? wait(left - part) : done(), part);
      if (!persistent) (timer as unknown as { unref?(): void }).unref?.();
    };
    wait(ms);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** Settles as `promise` does, unless `signal` aborts first: then it rejects with its reason. */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
  });
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([aborted, promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Settles as `promise` does, or rejects with a `TimeoutError` after `ms` milliseconds. */
export async function deadline<T>(
  promise: Promise<T>,
  ms: number,
  { signal }: { signal?: AbortSignal } = {},
): Promise<T> {
  if (ms < 0) throw new TypeError(`deadline: ${ms} is no number of milliseconds`);
  const late = new AbortController();
  // A timer that keeps the process alive: AbortSignal.timeout does not on Node and Bun.
  const timer = setTimeout(
    () => late.abort(new DOMException("Signal timed out.", "TimeoutError")),
    Math.min(ms, LONGEST),
  );
  try {
    return await abortable(promise, signal ? AbortSignal.any([late.signal, signal]) : late.signal);
  } finally {
    clearTimeout(timer);
  }
}
