// Attempt: an object on its way to a frame, and who waits for it.

import { PoolTimeoutError } from "../errors.ts";
import { after } from "../pool/clock.ts";
import type { GetOptions } from "../pool/options.ts";
import { Signals } from "../pool/signals.ts";
import { abortReason } from "../values.ts";

/** The signals of callers. */
const signals = new Signals<() => void>((aborted) => aborted());

/** One for all who ask for it meanwhile. */
export class Attempt<V> {
  /** What it was given up for. */
  cancelled: Error | undefined;
  /** What came of it, if `fun` made that; and whether `fun`'s `invalidate` was called. */
  holding: V | undefined = undefined;
  invalid = false;
  /** What its first caller, and nobody else, has bounded it by. */
  readonly #options: GetOptions | undefined;
  /** For those who wait. */
  #outcome!: Promise<V>;
  #fail!: (error: unknown) => void;
  #ended!: Promise<void>;
  #aborting: AbortController | undefined;

  constructor(options: GetOptions | undefined) {
    this.#options = options;
  }

  /** Aborts when it is given up. Made when it is asked for: most never do. */
  get signal(): AbortSignal {
    this.#aborting ??= new AbortController();
    if (this.cancelled !== undefined) this.#aborting.abort(this.cancelled);
    return this.#aborting.signal;
  }

  /** It ends as `work` does; who waits for it hears of that, or sooner that it is given up. */
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
    if (signal.aborted) return abort(); // by the maker
    signals.listen(signal, abort);
    void this.#ended.then(() => signals.unlisten(signal, abort));
  }

  cancel(why: Error): void {
    this.cancelled = why;
    this.#aborting?.abort(why);
    this.#fail(why);
  }

  /** Resolves once it has come to an end, or after `patience` ms. */
  over(patience: number): Promise<void> {
    return new Promise((resolve) => {
      const stop = after(patience, true, resolve);
      void this.#ended.then(() => {
        stop();
        resolve();
      });
    });
  }

  /** Waits for it as somebody else than its first caller, whose bounds are not theirs: `again`. */
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
