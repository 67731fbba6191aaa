// Listeners: removes the listeners that a borrower has added to a session, and keeps the others.

// deno-lint-ignore-file no-explicit-any

/** A listener of any kind. */
export type Listener = (...args: any[]) => unknown;

/** An EventEmitter, as far as the adapters use it. */
export interface Emitter {
  on(event: PropertyKey, listener: Listener): unknown;
  once(event: PropertyKey, listener: Listener): unknown;
  emit(event: PropertyKey, ...args: unknown[]): boolean;
  removeListener(event: PropertyKey, listener: Listener): unknown;
  removeAllListeners(event: PropertyKey): unknown;
  listenerCount(event: PropertyKey): number;
  rawListeners(event: PropertyKey): Listener[];
  eventNames(): PropertyKey[];
}

/** All listeners of a session, by event. */
export type Listeners = Map<PropertyKey, Listener[]>;

/** The present listeners. */
export function listenersOf(emitter: Emitter): Listeners {
  return new Map(emitter.eventNames().map((event) => [event, emitter.rawListeners(event)]));
}

/** Restores the listeners of `before`. */
export function restoreListeners(emitter: Emitter, before: Listeners): void {
  for (const event of emitter.eventNames()) {
    if (!before.has(event)) emitter.removeAllListeners(event);
  }
  for (const [event, own] of before) {
    const now = emitter.rawListeners(event);
    if (now.length === own.length && now.every((listener, i) => listener === own[i])) continue;
    for (const listener of now) {
      if (!own.includes(listener)) emitter.removeListener(event, listener);
    }
    // A borrower may have removed all listeners, including those that keep an `error` from ending
    // the process.
    for (const listener of own) if (!now.includes(listener)) emitter.on(event, listener);
  }
}
