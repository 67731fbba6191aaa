// Signals: adds one listener to each signal, for any number of waiters.

/**
 * A signal takes linear time to add or remove a listener, and Node warns about many. Thousands of
 * `get`s may share one signal.
 */
export class Signals<L> {
  readonly #aborted: (listener: L) => void;
  readonly #signals = new Map<AbortSignal, Signalled<L>>();

  /** `aborted` is called for each listener when its signal aborts. */
  constructor(aborted: (listener: L) => void) {
    this.#aborted = aborted;
  }

  listen(signal: AbortSignal, listener: L): void {
    let signalled = this.#signals.get(signal);
    if (signalled === undefined) {
      signalled = new Signalled(this.#aborted);
      signal.addEventListener("abort", signalled); // a polyfill's may throw
      this.#signals.set(signal, signalled);
    }
    signalled.listeners.add(listener);
  }

  /** Does nothing for an unknown listener. */
  unlisten(signal: AbortSignal, listener: L): void {
    const signalled = this.#signals.get(signal);
    if (!signalled?.listeners.delete(listener) || signalled.listeners.size > 0) return;
    this.#signals.delete(signal);
    signal.removeEventListener("abort", signalled);
  }
}

class Signalled<L> {
  readonly listeners = new Set<L>();
  readonly #aborted: (listener: L) => void;

  constructor(aborted: (listener: L) => void) {
    this.#aborted = aborted;
  }

  /** Called by the signal. */
  handleEvent(): void {
    for (const listener of this.listeners) this.#aborted(listener);
  }
}
