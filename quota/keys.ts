// Keys: keeps the pools of keys, drops unused ones, and queues borrowers of new keys.

import { outside } from "../context.ts";
import { type Holder, PoolTimeoutError } from "../errors.ts";
import { insideOf, type Pool } from "../pool.ts";
import { after, Clock } from "../pool/clock.ts";
import { evictAll } from "../pool/evict.ts";
import { holding, longestHeld, NAMED } from "../pool/explain.ts";
import type { RefuseReason } from "../pool/observe.ts";
import { List, Node } from "../pool/list.ts";
import { lookForLost } from "../pool/reclaim.ts";
import { Signals } from "../pool/signals.ts";
import type { State } from "../pool/state.ts";
import { abortReason, shown } from "../values.ts";

/** How often to look at all keys while borrowers wait for a place, in ms. */
const LOOK = 50;

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

/** A borrower that waits for a place for a new key. */
interface Waiting<K, T> {
  start(place: Place<K, T>): void;
  refuse(error: unknown, why: RefuseReason): void;
  aborted(): void;
}

/** The time limit in ms (0: none), and the signal that ends the wait. */
interface Terms {
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
}

/** How long a borrower waited for its place, and how much time it has left, in ms; 0: no limit. */
interface Waited {
  readonly waited: number;
  readonly left: number;
}

/** Why a borrower gets no place. */
export interface Refusal {
  readonly error: unknown;
  readonly why: RefuseReason;
  /** How long it waited, in ms. */
  readonly waited: number;
}

/** The functions that it calls. */
interface Calls<K, T> {
  /** Creates the pool of a key. */
  make(key: K): Pool<T>;
  /** All borrowers that waited for the place of this key have called `get`. */
  served(place: Place<K, T>): void;
  /** A key was dropped. */
  forgotten(place: Place<K, T>): void;
}

/** The keys of one keyed pool. */
export class Keys<K, T> {
  readonly places: Map<K, Place<K, T>> = new Map();
  /** How many borrowers wait for a place. */
  waiters = 0;
  readonly #waiting = new Map<K, Set<Waiting<K, T>>>();
  /** The keys that may have only idle objects, the one with the longest past return first. */
  readonly #resting = new List<Place<K, T>>(); // a Set is slow at moving one to the end
  /** The keys whose last objects are being closed. */
  readonly #leaving = new Set<Place<K, T>>();
  /** The keys that may be empty. */
  readonly #empty = new Set<Place<K, T>>();
  /** When all keys were last looked at, by `clock.awake()`; and what cancels the next time. */
  #looked = -Infinity;
  #cancel: (() => void) | undefined;
  readonly #clock = new Clock();
  readonly #signals = new Signals<Waiting<K, T>>((waiting) => waiting.aborted());
  readonly #name: string;
  /** 0: unlimited. */
  readonly #max: number;
  readonly #calls: Calls<K, T>;

  constructor(name: string, max: number, calls: Calls<K, T>) {
    this.#name = name;
    this.#max = max;
    this.#calls = calls;
  }

  /** How many keys have such waiters. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** How many borrowers wait for the place of this key. */
  waitersFor(key: K): number {
    return this.#waiting.get(key)?.size ?? 0;
  }

  /** The place of a key, which it creates if there is room; else undefined. */
  open(key: K): Place<K, T> | undefined {
    const place = this.places.get(key);
    if (place !== undefined) return place;
    if (!this.#hasRoom()) return undefined;
    const made = new Place(key, this.#calls.make(key));
    made.state.permits!.changed = () => this.#changed(made);
    this.places.set(key, made);
    return made;
  }

  #hasRoom(): boolean {
    if (this.#max === 0 || this.places.size < this.#max) return true;
    for (const place of this.#empty) {
      this.#empty.delete(place);
      if (!place.empty) continue;
      this.#drop(place); // kept only for its rest
      return true;
    }
    return false;
  }

  /** Sorts a key anew: the number of its objects, attempts, requests or waiters may have changed. */
  #changed(place: Place<K, T>): void {
    if (place.empty) this.look(place);
    if (this.#max === 0 || this.places.get(place.key) !== place) return;
    if (place.empty) this.#empty.add(place);
    if (!place.unused) return void this.#leaving.delete(place);
    if (place.leaving) this.#leaving.add(place);
    else if (!place.clearing && place.list === undefined) this.#resting.push(place);
  }

  /** An object of a key was returned, and no borrower waits for it there. */
  returned(key: K): void {
    const place = this.#max > 0 ? this.places.get(key) : undefined;
    if (place === undefined) return;
    if (place.list !== undefined) this.#resting.remove(place);
    this.#resting.push(place);
    if (this.waiting > 0) this.#makeRoomSoon();
  }

  /**
   * Waits for a place for a new key. Then calls `begin` with the rest of the time, or `refused`, both in
   * the context of the caller.
   */
  async wait<R>(
    key: K,
    terms: Terms,
    begin: (place: Place<K, T>, waited: Waited) => Promise<R>,
    refused: (refusal: Refusal) => void,
  ): Promise<R> {
    const given = await this.#wait(key, terms);
    if ("why" in given) {
      refused(given);
      throw given.error;
    }
    const { place, ...waited } = given;
    // In the context of the caller, not of the code that has made room.
    place.coming--;
    const begun = begin(place, waited);
    if (place.coming === 0) this.#calls.served(place);
    this.look(place);
    return await begun; // not later: on some Workers a rejection must be handled in its turn
  }

  #wait(
    key: K,
    { signal, timeout }: Terms,
  ): Promise<{ place: Place<K, T> } & Waited | Refusal> {
    const begun = this.#clock.awake();
    const ahead = this.waiters;
    return new Promise((resolve) => {
      const end = () => {
        cancel?.();
        if (signal !== undefined) this.#signals.unlisten(signal, waiting);
        this.#leave(key, waiting);
      };
      const refuse = (error: unknown, why: RefuseReason) => {
        end();
        resolve({ error, why, waited: this.#clock.awake() - begun });
      };
      const start = (place: Place<K, T>) => {
        end();
        place.coming++;
        const waited = this.#clock.awake() - begun;
        const left = timeout === 0 ? 0 : Math.max(1, Math.ceil(timeout - waited));
        resolve({ place, waited, left });
      };
      const waiting = {
        aborted: () => refuse(abortReason(signal!), "aborted"),
        refuse,
        start,
      };
      if (signal !== undefined) this.#signals.listen(signal, waiting); // first: it may throw
      const late = () =>
        refuse(this.#late(key, timeout, this.#clock.awake() - begun, ahead), "timeout");
      const cancel = timeout > 0 ? after(timeout, true, late) : undefined;
      this.#join(key, waiting);
    });
  }

  #join(key: K, waiting: Waiting<K, T>): void {
    const others = this.#waiting.get(key);
    if (others !== undefined) others.add(waiting);
    else this.#waiting.set(key, new Set([waiting]));
    this.waiters++;
    this.#makeRoom();
  }

  #leave(key: K, waiting: Waiting<K, T>): void {
    const all = this.#waiting.get(key);
    if (all?.delete(waiting)) this.waiters--;
    if (all?.size === 0) this.#waiting.delete(key);
  }

  #late(key: K, timeout: number, passed: number, ahead: number): PoolTimeoutError {
    const waited = Math.round(passed);
    const holders = this.#holders();
    const held = holders.map((one) => `${one.pool}: ${one.object} ${holding(one)}`);
    return new PoolTimeoutError(
      `${this.#name}: no place for the key ${shown(key)} within timeout, ${timeout} ms ` +
        `(waited ${waited} ms, ${ahead} ahead of it): ${this.places.size} keys are in use, ` +
        "raise maxKeys" +
        (held.length === 0 ? "" : `; held: ${held.join(", ")}: a deadlock, if these wait for it`),
      { timeout, waited, ahead, phase: "wait", holders },
    );
  }

  /** The holders of objects of a few keys. It calls `tracer`. */
  #holders(): Holder[] {
    const holders: Holder[] = [];
    for (const { state } of this.places.values()) {
      for (const holder of longestHeld(state, 1)) holders.push({ ...holder, pool: state.name });
      if (holders.length === NAMED) break;
    }
    return holders;
  }

  /** Rejects all waiters for places. */
  refuseAll(error: unknown): void {
    for (const all of [...this.#waiting.values()]) {
      for (const waiting of [...all]) waiting.refuse(error, "closed");
    }
  }

  /** Drops keys with only idle objects while borrowers wait, the longest unused key first. */
  #makeRoom(): void {
    this.#clear();
    if (this.waiting <= this.#leaving.size) return;
    const now = this.#clock.awake();
    if (now >= this.#looked + LOOK) {
      this.#looked = now;
      this.#lookAtAll();
      this.#clear();
    }
    // Lost leases are found only by looking, and some time after they are lost.
    this.#cancel ??= after(LOOK, false, () => {
      this.#cancel = undefined;
      if (this.waiting > 0) this.#makeRoom();
    });
  }

  #clear(): void {
    while (this.waiting > this.#leaving.size) {
      const place = this.#resting.shift(); // a busy key is added again at its next return
      if (place === undefined) return;
      if (place.unused && !place.leaving) place.clear();
    }
  }

  /** Finds idle keys and lost leases among all keys: slow, so it is done rarely. */
  #lookAtAll(): void {
    const unused: Place<K, T>[] = [];
    for (const place of this.places.values()) {
      if (!place.unused) lookForLost(place.state);
      else if (!place.leaving) unused.push(place);
    }
    unused.sort((a, b) => b.age - a.age);
    for (const place of unused) if (place.list === undefined) this.#resting.push(place);
  }

  /** The same, once a returned object is idle. */
  #makeRoomSoon(): void {
    outside(() => void Promise.resolve().then(() => this.#makeRoom()));
  }

  /** Drops a key if it is empty; checks that after the current task. */
  look(place: Place<K, T>): void {
    if (place.looking) return;
    place.looking = true;
    outside(() =>
      void Promise.resolve().then(() => {
        place.looking = false;
        this.#consider(place);
      })
    );
  }

  #consider(place: Place<K, T>): void {
    if (!place.empty || this.places.get(place.key) !== place) return;
    const rest = this.waiting > 0 ? 0 : place.rest;
    if (rest === 0) return this.forget(place);
    place.cancel ??= after(Math.ceil(rest), false, () => {
      place.cancel = undefined;
      this.#consider(place);
    });
  }

  /** Drops an empty key, and gives its place to a waiter. */
  forget(place: Place<K, T>): void {
    if (this.places.get(place.key) !== place) return;
    this.#drop(place);
    this.#serve();
  }

  #drop(place: Place<K, T>): void {
    this.places.delete(place.key);
    this.#leaving.delete(place);
    this.#empty.delete(place);
    if (place.list !== undefined) this.#resting.remove(place);
    place.cancel?.();
    void place.pool.shutdown();
    this.#calls.forgotten(place);
  }

  /** Gives free places to waiters. */
  #serve(): void {
    for (const [key, all] of this.#waiting) {
      const place = this.open(key);
      if (place === undefined) break;
      for (const waiting of [...all]) waiting.start(place);
    }
    if (this.waiting > 0) this.#makeRoom();
  }
}
