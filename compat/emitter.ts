// Emitter: the events of the other pools, without node:events.

/** A listener; `Events` has the arguments for each event. */
export type Listener<A extends unknown[]> = (...args: A) => void;

/** One listener; `once` removes it at the first event. */
interface Entry {
  readonly listener: Listener<never>;
  readonly once: boolean;
}

/** Calls listeners in the order of their addition. */
export class Emitter<Events extends { [E in keyof Events]: unknown[] }> {
  readonly #entries: Map<keyof Events, readonly Entry[]> = new Map();

  /** Adds a listener; one that is added twice is called twice. */
  on<E extends keyof Events>(event: E, listener: Listener<Events[E]>): this {
    return this.#add(event, { listener, once: false });
  }

  /** The same as {@linkcode Emitter.on}. */
  addListener<E extends keyof Events>(event: E, listener: Listener<Events[E]>): this {
    return this.on(event, listener);
  }

  /** Adds a listener for the next event only. */
  once<E extends keyof Events>(event: E, listener: Listener<Events[E]>): this {
    return this.#add(event, { listener, once: true });
  }

  /** Removes a listener; if it was added twice, the later one. */
  off<E extends keyof Events>(event: E, listener: Listener<Events[E]>): this {
    const added = this.#of(event).filter((entry) => entry.listener === listener);
    return this.#drop(event, added.at(-1));
  }

  /** The same as {@linkcode Emitter.off}. */
  removeListener<E extends keyof Events>(event: E, listener: Listener<Events[E]>): this {
    return this.off(event, listener);
  }

  /** Removes all listeners, of one event or of all. */
  removeAllListeners(event?: keyof Events): this {
    if (event === undefined) this.#entries.clear();
    else this.#entries.delete(event);
    return this;
  }

  /** The listeners of an event. */
  listeners<E extends keyof Events>(event: E): Listener<Events[E]>[] {
    return this.#of(event).map(({ listener }) => listener as Listener<Events[E]>);
  }

  /** How many listeners an event has. */
  listenerCount(event: keyof Events): number {
    return this.#of(event).length;
  }

  /**
   * Calls the listeners of an event. If one throws, the error is thrown, and later ones are not
   * called.
   *
   * @returns whether there was a listener
   */
  emit<E extends keyof Events>(event: E, ...args: Events[E]): boolean {
    const entries = this.#of(event);
    for (const entry of entries) {
      if (entry.once) this.#drop(event, entry);
      (entry.listener as Listener<Events[E]>).apply(this, args);
    }
    return entries.length > 0;
  }

  #of(event: keyof Events): readonly Entry[] {
    return this.#entries.get(event) ?? [];
  }

  #drop(event: keyof Events, gone: Entry | undefined): this {
    const left = this.#of(event).filter((entry) => entry !== gone);
    if (left.length > 0) this.#entries.set(event, left);
    else this.#entries.delete(event);
    return this;
  }

  #add(event: keyof Events, entry: Entry): this {
    this.#entries.set(event, [...this.#of(event), entry]);
    return this;
  }
}
