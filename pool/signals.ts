// Signals: one listener for each signal, however many listen to it.

/**
 * A signal walks over all of its listeners to add or to remove one, and Node warns of many: there may
 * be thousands of `get`s with the signal of one shutdown.
 */
export class Signals<L> {
  readonly #aborted: (listener: L) => void;
  readonly #signals = new Map<AbortSignal, Signalled<L>>();

  /** `aborted`: called for each listener when its signal aborts. */
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

  /** Does nothing if it does not listen. */
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
