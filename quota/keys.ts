// Keys: which keys of a keyed pool have a pool. Drops unused ones, if others wait for a place.

import { outside, requestBound } from "../context.ts";
import { type Holder, PoolTimeoutError } from "../errors.ts";
import type { Pool } from "../pool.ts";
import { after, Clock } from "../pool/clock.ts";
import { holding, longestHeld, NAMED } from "../pool/explain.ts";
import { List } from "../pool/list.ts";
import { lookForLost } from "../pool/reclaim.ts";
import { shown } from "../values.ts";
import { type Given, KeyQueue, type Late, type Refusal, type Terms } from "./key_queue.ts";
import { Place } from "./place.ts";

/** How often to look at all keys while borrowers wait for a place, in ms. */
const LOOK = 50;

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
  readonly #queue: KeyQueue<K, Place<K, T>>;
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
  readonly #name: string;
  /** 0: unlimited. */
  readonly #max: number;
  readonly #calls: Calls<K, T>;

  constructor(name: string, max: number, calls: Calls<K, T>) {
    this.#name = name;
    this.#max = max;
    this.#calls = calls;
    this.#queue = new KeyQueue(this.#clock, {
      late: () => this.#late(),
      emptied: () => {
        this.#cancel?.();
        this.#cancel = undefined;
      },
    });
  }

  /** How many borrowers wait for a place for their key. */
  get waiters(): number {
    return this.#queue.size;
  }

  /** How many borrowers wait for the place of this key. */
  waitersFor(key: K): number {
    return this.#queue.sizeOf(key);
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
    if (this.#queue.keys > 0) this.#makeRoomSoon();
  }

  /**
   * Waits for a place for a new key. Then calls `begin` with the rest of the time, or `refused`, both in
   * the context of the caller.
   */
  async wait<R>(
    key: K,
    terms: Terms,
    begin: (given: Given<Place<K, T>>) => Promise<R>,
    refused: (refusal: Refusal) => void,
  ): Promise<R> {
    const waiting = this.#queue.wait(key, terms);
    this.#makeRoom();
    const given = await waiting;
    if ("why" in given) {
      refused(given);
      throw given.error;
    }
    const { place } = given;
    // In the context of the caller, not of the code that has made room.
    place.coming--;
    const begun = begin(given);
    if (place.coming === 0) this.#calls.served(place);
    this.look(place);
    return await begun; // not later: on some Workers a rejection must be handled in its turn
  }

  /** Returns the function that makes the errors of borrowers that time out at the same moment. */
  #late(): (late: Late<K>) => PoolTimeoutError {
    const holders = this.#holders();
    const named = holders.map((one) => `${one.pool}: ${one.object} ${holding(one)}`).join(", ");
    const held = named === "" ? "" : `; held: ${named}: a deadlock, if these wait for it`;
    const { size } = this.places;
    return ({ ahead, key, timeout, waited: passed }) => {
      const waited = Math.round(passed);
      return new PoolTimeoutError(
        `${this.#name}: no place for the key ${shown(key)} within timeout, ${timeout} ms ` +
          `(waited ${waited} ms, ${ahead} ahead of it): keys in use: ${size}, raise maxKeys${held}`,
        { timeout, waited, ahead, phase: "wait", holders },
      );
    };
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
    this.#queue.refuseAll(error);
  }

  /** Drops keys with only idle objects while borrowers wait, the longest unused key first. */
  #makeRoom(): void {
    this.#clear();
    if (this.#queue.keys === 0) return;
    // Lost leases are found only by looking, and some time after they are lost. A waiter keeps the process
    // alive, but on Workers a timer would hide the runtime's own error for a request that hangs.
    this.#cancel ??= after(LOOK, !requestBound, () => {
      this.#cancel = undefined;
      this.#makeRoom();
    });
    if (this.#queue.keys <= this.#leaving.size) return;
    const now = this.#clock.awake();
    if (now >= this.#looked + LOOK) {
      this.#looked = now;
      this.#lookAtAll();
      this.#clear();
    }
  }

  #clear(): void {
    while (this.#queue.keys > this.#leaving.size) {
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
    const rest = this.#queue.keys > 0 ? 0 : place.rest;
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
    for (let next = this.#queue.next; next !== undefined; next = this.#queue.next) {
      const place = this.open(next.key);
      if (place === undefined) break;
      place.coming += this.#queue.serve(next.key, place);
    }
    this.#makeRoom();
  }
}
