// Events: the events of a keyed pool, which are those of each pool with its key.

import type { GroupWatcher } from "../pool/group.ts";
import type { Log } from "../pool/log.ts";
import {
  type ClosedEvent,
  type CreatedEvent,
  EVENTS,
  type LentEvent,
  type Observer,
  type RefusedEvent,
  type ReturnedEvent,
} from "../pool/observe.ts";
import { Observers } from "../pool/observers.ts";
import { reason } from "../values.ts";

/** The key of an event. */
export interface Keyed<K> {
  /** The key. */
  readonly key: K;
}

/** Is told what happens in a keyed pool, as an {@linkcode Observer} is in a pool. */
export interface KeyedObserver<K> {
  /** An attempt to create an object has ended. */
  created?(event: CreatedEvent & Keyed<K>): void;
  /** A borrower has got an object. */
  lent?(event: LentEvent & Keyed<K>): void;
  /** A borrower has got no object. */
  refused?(event: RefusedEvent & Keyed<K>): void;
  /** A loan has ended. */
  returned?(event: ReturnedEvent & Keyed<K>): void;
  /** An object was closed. */
  closed?(event: ClosedEvent & Keyed<K>): void;
}

/** Tells `observer` the events of all pools, and of borrowers that get no place for their key. */
export function watcherOf<K>(observer: KeyedObserver<K>, log: Log): GroupWatcher {
  return {
    began(key, pool) {
      const own = observerOf(observer, key as K);
      pool.observers.add(own);
      pool.refresh();
      return () => {
        pool.observers.remove(own);
        pool.refresh();
      };
    },
    refused(key, { waited, label, error, why }) {
      const observers = new Observers((method, error) =>
        log.warn(() => `an observer failed in ${method}: ${reason(error)}`)
      );
      observers.add(observerOf(observer, key as K));
      observers.refused(waited, label, error, why);
    },
  };
}

/** The observer of the pool of `key`, which adds the key. */
function observerOf<K>(observer: KeyedObserver<K>, key: K): Observer {
  const own: Record<string, (event: object) => unknown> = {};
  for (const name of EVENTS) {
    if (observer[name] === undefined) continue;
    own[name] = (event) => (observer[name] as (event: object) => unknown)(keyed(event, key));
  }
  return own as Observer;
}

/** Adds the key, and keeps getters. */
function keyed<K>(event: object, key: K): object {
  return Object.defineProperties({ key }, Object.getOwnPropertyDescriptors(event));
}
