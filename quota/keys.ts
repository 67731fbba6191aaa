// Keys: which keys have a pool, when one is forgotten, and who waits for that.

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
  /** How many have waited for it, and are about to ask for an object. */
  coming = 0;
  /** It is about to be looked whether it can be forgotten. */
  looking = false;
  /** Calls off that it is looked again later. */
  cancel: (() => void) | undefined = undefined;

  constructor(key: K, pool: Pool<T>) {
    this.key = key;
    this.pool = pool;
    this.state = insideOf(pool);
  }

  /** Whether it has objects, waiters or loans; what is being closed counts. */
  get empty(): boolean {
    const { expecting, queue, size } = this.state;
    return size + queue.size + expecting.length + this.coming === 0;
  }

  /** Whether all that it has is unused, or on its way out; what it asks for is for `minAvailable`. */
  get unused(): boolean {
    const { attempts, bag, expecting, queue } = this.state;
    return queue.size + attempts.size + bag.using + expecting.length + this.coming === 0;
  }

  /** Whether there is nothing left that could be closed or withdrawn. */
  get leaving(): boolean {
    const { bag, permits } = this.state;
    return bag.live + permits!.pending === 0;
  }

  /** What is unused is closed, and nothing is made for `minAvailable` until somebody waits. */
  clear(): void {
    this.state.permits!.yielded = true;
    void evictAll(this.state, "reclaimed");
    this.state.dispatch(); // withdraws what it asks for
  }

  /** When its last object came back, as long ago as that is, in ms. */
  get age(): number {
    const { bag: { idle: { last } }, clock } = this.state;
    return last === undefined ? 0 : clock.now() - last.since;
  }

  /** For how long it is still remembered that its objects cannot be made, in ms. */
  get rest(): number {
    const { clock, failure, failures, settings: { createBackoff } } = this.state;
    if (failures === 0 || failure === undefined) return 0;
    return Math.max(0, failure.at + createBackoff - clock.awake());
  }
}

/** Who waits for a place for a new key. */
interface Waiting<K, T> {
  start(place: Place<K, T>): void;
  refuse(error: unknown): void;
  aborted(): void;
}

/** How long to wait, in ms (0: without end), and what ends that. */
interface Terms {
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
}

/** What it calls. */
interface Calls<K, T> {
  /** Makes the pool of a key. */
  make(key: K): Pool<T>;
  /** All who waited for a place for that key have it, and have asked for an object. */
  served(place: Place<K, T>): void;
  /** A key has been forgotten. */
  forgotten(place: Place<K, T>): void;
}

/** The keys of one pool. */
export class Keys<K, T> {
  readonly places: Map<K, Place<K, T>> = new Map();
  /** How many wait for a place. */
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

  /** How many keys are waited for. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** The place of a key; undefined if it has none, and there is no room for one. */
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
    if (empty !== undefined) this.#drop(empty); // one that is only remembered
    return empty !== undefined;
  }

  /** Waits for a place for a new key; `begin`: what then follows, with what is left of the time. */
  async wait<R>(
    key: K,
    terms: Terms,
    begin: (place: Place<K, T>, left: number) => Promise<R>,
  ): Promise<R> {
    const { left, place } = await this.#wait(key, terms);
    // In the context of the caller, not of who has made room.
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
        const left = Math.ceil(timeout - (this.#clock.awake() - begun)); // errors show it
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

  /** Nobody gets a place any more. */
  refuseAll(error: unknown): void {
    for (const all of [...this.#waiting.values()]) {
      for (const waiting of [...all]) waiting.refuse(error);
    }
  }

  /** Keys whose objects are unused make room for those who wait, the one last used longest ago first. */
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

  /** The same once an object that comes back is available. */
  makeRoomSoon(): void {
    outside(() => void Promise.resolve().then(() => this.makeRoom()));
  }

  /** Looks, once nothing else is under way, whether a key can be forgotten. */
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

  /** A key has nothing any more; who waits for a place gets that of it. */
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

  /** Who waits gets the places that are free. */
  #serve(): void {
    for (const [key, all] of this.#waiting) {
      const place = this.open(key);
      if (place === undefined) break;
      for (const waiting of [...all]) waiting.start(place);
    }
    if (this.waiting > 0) this.makeRoom();
  }
}
