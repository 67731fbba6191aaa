// Attempt: the creation of an object for a frame, and the callers that wait for it.

import { PoolTimeoutError } from "../errors.ts";
import { after } from "../pool/clock.ts";
import type { GetOptions } from "../pool/options.ts";
import { Signals } from "../pool/signals.ts";
import { abortReason } from "../values.ts";

/** The signals of waiting callers. */
const signals = new Signals<() => void>((aborted) => aborted());

/** All callers of the frame share one attempt. */
export class Attempt<V> {
  /** Why the attempt was cancelled. */
  cancelled: Error | undefined;
  /** The object, if `fun` created one; and whether its `invalidate` was called. */
  holding: V | undefined = undefined;
  invalid = false;
  /** The options of the first caller. They do not bind later ones. */
  readonly #options: GetOptions | undefined;
  /** The promise for callers that wait. */
  #outcome!: Promise<V>;
  #fail!: (error: unknown) => void;
  #ended!: Promise<void>;
  #aborting: AbortController | undefined;

  constructor(options: GetOptions | undefined) {
    this.#options = options;
  }

  /** Aborts when the attempt is cancelled. Created on first read: most code never reads it. */
  get signal(): AbortSignal {
    this.#aborting ??= new AbortController();
    if (this.cancelled !== undefined) this.#aborting.abort(this.cancelled);
    return this.#aborting.signal;
  }

  /**
   * The attempt ends as `work` settles. Waiting callers get the result, or the reason of a
   * cancellation before.
   */
  begin(work: Promise<V>): Promise<V> {
    this.#outcome = new Promise((resolve, reject) => {
      this.#fail = reject;
      this.#ended = work.then(resolve, reject);
    });
    const { signal } = this.#options ?? {};
    if (signal !== undefined) this.#heed(signal);
    return this.#outcome;
  }

  #heed(signal: AbortSignal): void {
    const abort = () => this.#aborting?.abort(abortReason(signal));
    if (signal.aborted) return abort(); // aborted within `fun`
    signals.listen(signal, abort);
    void this.#ended.then(() => signals.unlisten(signal, abort));
  }

  cancel(why: Error): void {
    this.cancelled = why;
    this.#aborting?.abort(why);
    this.#fail(why);
  }

  /** Resolves once the attempt has ended, or after `patience` ms. */
  over(patience: number): Promise<void> {
    return new Promise((resolve) => {
      const stop = after(patience, true, resolve);
      void this.#ended.then(() => {
        stop();
        resolve();
      });
    });
  }

  /**
   * Waits for the attempt as a later caller. If the attempt fails by the first caller's options,
   * calls `again`.
   */
  join(again: () => Promise<V>, options: GetOptions | undefined): Promise<V> {
    const own = this.#outcome.catch((error) => {
      if (this.#options !== undefined && this.cancelled === undefined) return again();
      throw error;
    });
    return options === undefined ? own : within(own, options);
  }
}

/** Settles as `promise` does, unless `signal` aborts or `timeout` passes before that. */
function within<V>(promise: Promise<V>, { signal, timeout = 0 }: GetOptions): Promise<V> {
  return new Promise((resolve, reject) => {
    const abort = () => end(() => reject(abortReason(signal!)));
    const stop = timeout > 0
      ? after(timeout, true, () => end(() => reject(tooLate(timeout))))
      : undefined;
    const end = (settle: () => void) => {
      stop?.();
      if (signal !== undefined) signals.unlisten(signal, abort);
      settle();
    };
    promise.then((value) => end(() => resolve(value)), (error) => end(() => reject(error)));
    if (signal !== undefined) signals.listen(signal, abort);
  });
}

function tooLate(timeout: number): PoolTimeoutError {
  return new PoolTimeoutError(
    `no object within timeout, ${timeout} ms: an earlier call of its frame still waits for it`,
    { timeout, waited: timeout, ahead: 0, phase: "wait", holders: [] },
  );
}
