// PendingOperation: what an `acquire` of tarn gives.

/** What `acquire` gives. */
export class PendingOperation<T> {
  /** The resource; rejects if there is none to be had. */
  readonly promise: Promise<T>;
  /** Whether that has rejected. */
  isRejected = false;
  readonly #aborting = new AbortController();

  /** `begin`: begins it, to be ended by that signal. */
  constructor(begin: (signal: AbortSignal) => Promise<T>) {
    this.promise = begin(this.#aborting.signal).catch((error) => {
      this.isRejected = true;
      throw error;
    });
  }

  /** Gives up, unless the resource has come. */
  abort(): void {
    this.reject(new Error("acquire was aborted"));
  }

  /** The same, with an error of the caller's. */
  reject(error: Error): void {
    this.promise.catch(() => {}); // who gives up need not listen
    this.#aborting.abort(error);
  }
}
