// PendingOperation: the result of `acquire` in tarn's shape.

/** The result of `acquire`. */
export class PendingOperation<T> {
  /** Resolves to the resource; rejects if there is none. */
  readonly promise: Promise<T>;
  /** Whether `promise` has rejected. */
  isRejected = false;
  readonly #aborting = new AbortController();

  /** `begin` starts the operation; the signal ends it. */
  constructor(begin: (signal: AbortSignal) => Promise<T>) {
    this.promise = begin(this.#aborting.signal).catch((error) => {
      this.isRejected = true;
      throw error;
    });
  }

  /** Aborts the operation, unless the resource is there. */
  abort(): void {
    this.reject(new Error("acquire was aborted"));
  }

  /** Aborts with the given error. */
  reject(error: Error): void {
    this.promise.catch(() => {}); // a caller that aborts need not handle the rejection
    this.#aborting.abort(error);
  }
}
