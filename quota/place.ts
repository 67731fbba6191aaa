// Place: the pool of one key, and whether it is in use.

import { insideOf, type Pool } from "../pool.ts";
import { evictAll } from "../pool/evict.ts";
import { Node } from "../pool/list.ts";
import type { State } from "../pool/state.ts";

/** The pool of one key. */
export class Place<K, T> extends Node {
  readonly key: K;
  readonly pool: Pool<T>;
  readonly state: State<T>;
  /** How many borrowers have waited for this place, and are about to call `get`. */
  coming = 0;
  /** Whether `clear` is at work. */
  clearing = false;
  /** Whether a check to drop the key is planned. */
  looking = false;
  /** Cancels a later check. */
  cancel: (() => void) | undefined = undefined;

  constructor(key: K, pool: Pool<T>) {
    super();
    this.key = key;
    this.pool = pool;
    this.state = insideOf(pool);
  }

  /** Whether it has no objects, waiters and loans; objects being closed count. */
  get empty(): boolean {
    const { expecting, queue, size } = this.state;
    return size + queue.size + expecting.length + this.coming === 0;
  }

  /** Whether all its objects are idle or being closed. Its requests are only for `minAvailable`. */
  get unused(): boolean {
    const { attempts, bag, expecting, queue } = this.state;
    return queue.size + attempts.size + bag.using + expecting.length + this.coming === 0;
  }

  /** Whether no object is left to close, and no request to withdraw. */
  get leaving(): boolean {
    const { bag, permits } = this.state;
    return bag.live + permits!.pending === 0;
  }

  /** Closes idle objects, and creates none for `minAvailable` until a borrower waits. */
  clear(): void {
    this.clearing = true;
    this.state.permits!.yielded = true;
    void evictAll([this.state], "reclaimed");
    this.state.dispatch(); // withdraws its requests
    this.clearing = false;
  }

  /** How long ago its last object was returned, in ms. */
  get age(): number {
    const { bag: { idle: { last } }, clock } = this.state;
    return last === undefined ? 0 : clock.now() - last.since;
  }

  /** How long the key is still kept after a failed creation, in ms. */
  get rest(): number {
    const { clock, failure, failures, settings: { createBackoff } } = this.state;
    if (failures === 0 || failure === undefined) return 0;
    return Math.max(0, failure.at + createBackoff - clock.awake());
  }
}
