// A caller's way to give up, which knows how many listen for it.

export class Abort {
  readonly #controller = new AbortController();
  #listeners = 0;

  constructor() {
    const { signal } = this;
    const { addEventListener, removeEventListener } = signal;
    // As they are used here: each listener is added once, and removed once if at all.
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      this.#listeners++;
      addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      this.#listeners--;
      removeEventListener.apply(signal, args);
    };
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get listeners(): number {
    return this.#listeners;
  }

  abort(reason: Error): void {
    this.#controller.abort(reason);
  }
}
