// Keys: keeps the pools of keys, drops unused ones, and queues borrowers of new keys.

import { outside } from "../context.ts";
import { PoolTimeoutError } from "../errors.ts";
import { insideOf, type Pool } from "../pool.ts";
import { after, Clock } from "../pool/clock.ts";
import { evictAll } from "../pool/evict.ts";
import { lookForLost } from "../pool/reclaim.ts";
import { Signals } from "../pool/signals.ts";
import type { State } from "../pool/state.ts";
import { abortReason, shown } from "../values.ts";

/** The pool of one key. */
export class Place<K, T> {
  readonly key: K;
  readonly pool: Pool<T>;
  readonly state: State<T>;
  /** How many borrowers have waited for this place, and are about to call `get`. */
  coming = 0;
  /** Whether a check to drop the key is planned. */
  looking = false;
  /** Cancels a later check. */
  cancel: (() => void) | undefined = undefined;

  constructor(key: K, pool: Pool<T>) {
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
    this.state.permits!.yielded = true;
    void evictAll(this.state, "reclaimed");
    this.state.dispatch(); // withdraws its requests
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
  refuse(error: unknown): void;
  aborted(): void;
}

/** The time limit in ms (0: none), and the signal that ends the wait. */
interface Terms {
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
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

  /** The place of a key, which it creates if there is room; else undefined. */
  open(key: K): Place<K, T> | undefined {
    const place = this.places.get(key);
    if (place !== undefined) return place;
    if (!this.#hasRoom()) return undefined;
    const made = new Place(key, this.#calls.make(key));
    made.state.permits!.emptied = () => this.look(made);
    this.places.set(key, made);
    return made;
  }

  #hasRoom(): boolean {
    if (this.#max === 0 || this.places.size < this.#max) return true;
    const [empty] = [...this.places.values()].filter(({ empty }) => empty);
    if (empty !== undefined) this.#drop(empty); // kept only for its rest
    return empty !== undefined;
  }

  /** Waits for a place for a new key. Then calls `begin` with the rest of the time. */
  async wait<R>(
    key: K,
    terms: Terms,
    begin: (place: Place<K, T>, left: number) => Promise<R>,
  ): Promise<R> {
    const { left, place } = await this.#wait(key, terms);
    // In the context of the caller, not of the code that has made room.
    place.coming--;
    const begun = begin(place, left);
    if (place.coming === 0) this.#calls.served(place);
    this.look(place);
    return begun;
  }

  #wait(
    key: K,
    { signal, timeout }: Terms,
  ): Promise<{ place: Place<K, T>; left: number }> {
    const begun = this.#clock.awake();
    const ahead = this.waiters;
    return new Promise((resolve, reject) => {
      const end = () => {
        cancel?.();
        if (signal !== undefined) this.#signals.unlisten(signal, waiting);
        this.#leave(key, waiting);
      };
      const refuse = (error: unknown) => {
        end();
        reject(error);
      };
      const start = (place: Place<K, T>) => {
        end();
        place.coming++;
        const left = Math.ceil(timeout - (this.#clock.awake() - begun)); // a whole number, because errors show it
        resolve({ place, left: timeout === 0 ? 0 : Math.max(1, left) });
      };
      const waiting = { aborted: () => refuse(abortReason(signal!)), refuse, start };
      if (signal !== undefined) this.#signals.listen(signal, waiting); // first: it may throw
      const late = () => refuse(this.#late(key, timeout, this.#clock.awake() - begun, ahead));
      const cancel = timeout > 0 ? after(timeout, true, late) : undefined;
      this.#join(key, waiting);
    });
  }

  #join(key: K, waiting: Waiting<K, T>): void {
    const others = this.#waiting.get(key);
    if (others !== undefined) others.add(waiting);
    else this.#waiting.set(key, new Set([waiting]));
    this.waiters++;
    this.makeRoom();
  }

  #leave(key: K, waiting: Waiting<K, T>): void {
    const all = this.#waiting.get(key);
    if (all?.delete(waiting)) this.waiters--;
    if (all?.size === 0) this.#waiting.delete(key);
  }

  #late(key: K, timeout: number, passed: number, ahead: number): PoolTimeoutError {
    const waited = Math.round(passed);
    return new PoolTimeoutError(
      `${this.#name}: no place for the key ${shown(key)} within timeout, ${timeout} ms ` +
        `(waited ${waited} ms, ${ahead} ahead of it): ${this.places.size} keys are in use, ` +
        "raise maxKeys",
      { timeout, waited, ahead, phase: "wait", holders: [] },
    );
  }

  /** Rejects all waiters for places. */
  refuseAll(error: unknown): void {
    for (const all of [...this.#waiting.values()]) {
      for (const waiting of [...all]) waiting.refuse(error);
    }
  }

  /** Drops keys with only idle objects while borrowers wait, the longest unused key first. */
  makeRoom(): void {
    const idle: Place<K, T>[] = [];
    let lacking = this.waiting;
    for (const place of this.places.values()) {
      if (!place.unused) lookForLost(place.state);
      else if (place.leaving) lacking--;
      else idle.push(place);
    }
    if (lacking <= 0) return;
    idle.sort((a, b) => b.age - a.age);
    for (const place of idle.slice(0, lacking)) place.clear();
  }

  /** The same, once a returned object is idle. */
  makeRoomSoon(): void {
    outside(() => void Promise.resolve().then(() => this.makeRoom()));
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
    if (this.waiting > 0) this.makeRoom();
  }
}
