// What observers of a keyed pool hear: the events of each pool, with its key.

import { outside } from "../context.ts";
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
import { quiet, reason } from "../values.ts";

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

/** What has `observer` hear of all pools of a keyed pool, and of who waits for a place for a key. */
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
      if (observer.refused === undefined) return;
      const failed = (error: unknown) => logFailure(log, "refused", error);
      const event = { waited: Math.round(waited), error, reason: why, key: key as K };
      try {
        const told: unknown = outside(() =>
          observer.refused!(label === undefined ? event : { ...event, label })
        );
        quiet(told, failed);
      } catch (error) {
        failed(error);
      }
    },
  };
}

function logFailure(log: Log, method: keyof Observer, error: unknown): void {
  log.warn(() => `an observer failed in ${method}: ${reason(error)}`);
}

/** What observes the pool of `key` for `observer`. */
function observerOf<K>(observer: KeyedObserver<K>, key: K): Observer {
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
