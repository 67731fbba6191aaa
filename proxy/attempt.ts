// Attempt: an object on its way to a frame, and who waits for it.

import { PoolTimeoutError } from "../errors.ts";
import { after } from "../pool/clock.ts";
import type { GetOptions } from "../pool/options.ts";

/** One for all who ask for it meanwhile. */
export class Attempt<V> {
  /** Settles once the object is there, or is not. */
  pending!: Promise<V>;
  /** What it was given up for. */
  cancelled: Error | undefined;
  /** Whether it may fail of what only its first caller wanted. */
  readonly #bounded: boolean;
  #aborting: AbortController | undefined;

  constructor(bounded: boolean) {
    this.#bounded = bounded;
  }

  /** Aborts when it is given up. Made when it is asked for: most never do. */
  get signal(): AbortSignal {
    this.#aborting ??= new AbortController();
    if (this.cancelled !== undefined) this.#aborting.abort(this.cancelled);
    return this.#aborting.signal;
  }

  cancel(why: Error): void {
    this.cancelled = why;
    this.#aborting?.abort(why);
  }

  /** Resolves once it has come to an end, or after `patience` ms. */
  over(patience: number): Promise<void> {
    return new Promise((resolve) => {
      const stop = after(patience, true, resolve);
      const end = () => {
        stop();
        resolve();
      };
      this.pending.then(end, end); // its callers are told
    });
  }

  /** Waits for it as somebody else than its first caller, whose bounds are not theirs: `again`. */
  join(again: () => Promise<V>, options: GetOptions | undefined): Promise<V> {
    const own = this.pending.catch((error) => {
      if (this.#bounded && this.cancelled === undefined) return again();
      throw error;
    });
    return options === undefined ? own : within(own, options);
  }
}

/** Settles as `promise` does, unless `signal` aborts or `timeout` passes before that. */
function within<V>(promise: Promise<V>, { signal, timeout = 0 }: GetOptions): Promise<V> {
  return new Promise((resolve, reject) => {
    const abort = () => end(() => reject(signal!.reason));
    const timer = timeout > 0
      ? setTimeout(() => end(() => reject(tooLate(timeout))), timeout)
      : undefined;
    const end = (settle: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      settle();
    };
    promise.then((value) => end(() => resolve(value)), (error) => end(() => reject(error)));
    signal?.addEventListener("abort", abort);
  });
}

function tooLate(timeout: number): PoolTimeoutError {
  return new PoolTimeoutError(
    `no object within timeout, ${timeout} ms: its frame waits for one that was asked for before`,
    { timeout, waited: timeout, ahead: 0, phase: "wait", holders: [] },
  );
}
