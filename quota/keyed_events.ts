// What observers of a keyed pool hear: the events of each pool, with its key.

import {
  type ClosedEvent,
  type CreatedEvent,
  EVENTS,
  type LentEvent,
  type Observer,
  type RefusedEvent,
  type ReturnedEvent,
} from "../pool/observe.ts";

/** Of which key it is. */
export interface Keyed<K> {
  /** The key. */
  readonly key: K;
}

/** Hears what happens in a keyed pool, as an {@linkcode Observer} does in a pool. */
export interface KeyedObserver<K> {
  /** An attempt to make an object has ended. */
  created?(event: CreatedEvent & Keyed<K>): void;
  /** A borrower has got an object. */
  lent?(event: LentEvent & Keyed<K>): void;
  /** A borrower has got none. */
  refused?(event: RefusedEvent & Keyed<K>): void;
  /** A borrower is done with its object. */
  returned?(event: ReturnedEvent & Keyed<K>): void;
  /** An object is gone. */
  closed?(event: ClosedEvent & Keyed<K>): void;
}

/** What observes the pool of `key` for `observer`. */
export function observerOf<K>(observer: KeyedObserver<K>, key: K): Observer {
  const own: Record<string, (event: object) => unknown> = {};
  for (const name of EVENTS) {
    if (observer[name] === undefined) continue;
    own[name] = (event) => (observer[name] as (event: object) => unknown)(keyed(event, key));
  }
  return own as Observer;
}

/** With what is computed when it is read. */
function keyed<K>(event: object, key: K): object {
  return Object.defineProperties({ key }, Object.getOwnPropertyDescriptors(event));
}
