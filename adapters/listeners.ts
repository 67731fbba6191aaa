// Listeners of a session: those of its whole life stay, those that a borrower added go.

// deno-lint-ignore-file no-explicit-any

/** A listener of any kind. */
export type Listener = (...args: any[]) => unknown;

/** An EventEmitter, as far as it is used. */
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

/** All listeners of a session, by their events. */
export type Listeners = Map<PropertyKey, Listener[]>;

/** Those that are there now. */
export function listenersOf(emitter: Emitter): Listeners {
  return new Map(emitter.eventNames().map((event) => [event, emitter.rawListeners(event)]));
}

/** Makes them those that were there when `before` was taken. */
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
    // A borrower that removes all listeners of an event removes those that keep the process alive.
    for (const listener of own) if (!now.includes(listener)) emitter.on(event, listener);
  }
}
