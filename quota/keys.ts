// Keys: which keys have a pool, when one is forgotten, and who waits for that.

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

/** While keys are waited for and none is free: how often to look at all of them, in ms. */
const LOOK = 50;

/** The pool of one key. */
export class Place<K, T> extends Node {
  readonly key: K;
  readonly pool: Pool<T>;
  readonly state: State<T>;
  /** How many have waited for it, and are about to ask for an object. */
  coming = 0;
  /** What it has is being closed for others. */
  clearing = false;
  /** It is about to be looked whether it can be forgotten. */
  looking = false;
  /** Calls off that it is looked again later. */
  cancel: (() => void) | undefined = undefined;

  constructor(key: K, pool: Pool<T>) {
    super();
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
    this.clearing = true;
    this.state.permits!.yielded = true;
    void evictAll(this.state, "reclaimed");
    this.state.dispatch(); // withdraws what it asks for
    this.clearing = false;
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
  refuse(error: unknown, why: RefuseReason): void;
  aborted(): void;
}

/** How long to wait, in ms (0: without end), and what ends that. */
interface Terms {
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
}

/** How long it has waited, in ms, and what is left of its time; 0: it has no limit. */
interface Waited {
  readonly waited: number;
  readonly left: number;
}

/** Why somebody gets no place. */
export interface Refusal {
  readonly error: unknown;
  readonly why: RefuseReason;
  /** In ms. */
  readonly waited: number;
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
  /** Those that may be unused: the one to which an object came back longest ago comes first. */
  readonly #resting = new List<Place<K, T>>(); // not a Set: those are slow to have one moved to the end
  /** Those that have nothing left that could be closed or withdrawn. */
  readonly #leaving = new Set<Place<K, T>>();
  /** Those that may be empty. */
  readonly #empty = new Set<Place<K, T>>();
  /** When all were last looked at, by `clock.awake()`, and what calls off that they are again. */
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
    made.state.permits!.changed = () => this.#changed(made);
    this.places.set(key, made);
    return made;
  }

  #hasRoom(): boolean {
    if (this.#max === 0 || this.places.size < this.#max) return true;
    for (const place of this.#empty) {
      this.#empty.delete(place);
      if (!place.empty) continue;
      this.#drop(place); // one that is only remembered
      return true;
    }
    return false;
  }

  /** Something may have changed for a key. */
  #changed(place: Place<K, T>): void {
    if (place.empty) this.look(place);
    if (this.#max === 0 || this.places.get(place.key) !== place) return;
    if (place.empty) this.#empty.add(place);
    if (!place.unused) return void this.#leaving.delete(place);
    if (place.leaving) this.#leaving.add(place);
    else if (!place.clearing && place.list === undefined) this.#resting.push(place);
  }

  /** An object of a key has come back, and nobody waits for it there. */
  returned(key: K): void {
    const place = this.#max > 0 ? this.places.get(key) : undefined;
    if (place === undefined) return;
    if (place.list !== undefined) this.#resting.remove(place);
    this.#resting.push(place);
    if (this.waiting > 0) this.#makeRoomSoon();
  }

  /**
   * Waits for a place for a new key; `begin`: what then follows, with what is left of the time; `refused`:
   * hears, in the context of the caller, that there is none.
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
    // In the context of the caller, not of who has made room.
    place.coming--;
    const begun = begin(place, waited);
    if (place.coming === 0) this.#calls.served(place);
    this.look(place);
    return begun;
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

  /** Who holds objects of a few keys; calls `tracer`. */
  #holders(): Holder[] {
    const holders: Holder[] = [];
    for (const { state } of this.places.values()) {
      for (const holder of longestHeld(state, 1)) holders.push({ ...holder, pool: state.name });
      if (holders.length === NAMED) break;
    }
    return holders;
  }

  /** Nobody gets a place any more. */
  refuseAll(error: unknown): void {
    for (const all of [...this.#waiting.values()]) {
      for (const waiting of [...all]) waiting.refuse(error, "closed");
    }
  }

  /** Keys whose objects are unused make room for those who wait, the one last used longest ago first. */
  #makeRoom(): void {
    this.#clear();
    if (this.waiting <= this.#leaving.size) return;
    const now = this.#clock.awake();
    if (now >= this.#looked + LOOK) {
      this.#looked = now;
      this.#lookAtAll();
      this.#clear();
    }
    // What is lost is found only if it is looked for, and not at once.
    this.#cancel ??= after(LOOK, false, () => {
      this.#cancel = undefined;
      if (this.waiting > 0) this.#makeRoom();
    });
  }

  #clear(): void {
    while (this.waiting > this.#leaving.size) {
      const place = this.#resting.shift(); // if it is used, it comes back with its next object
      if (place === undefined) return;
      if (place.unused && !place.leaving) place.clear();
    }
  }

  /** All keys: it takes time in proportion to their number. */
  #lookAtAll(): void {
    const unused: Place<K, T>[] = [];
    for (const place of this.places.values()) {
      if (!place.unused) lookForLost(place.state);
      else if (!place.leaving) unused.push(place);
    }
    unused.sort((a, b) => b.age - a.age);
    for (const place of unused) if (place.list === undefined) this.#resting.push(place);
  }

  /** Makes room once an object that comes back is available. */
  #makeRoomSoon(): void {
    outside(() => void Promise.resolve().then(() => this.#makeRoom()));
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
    this.#leaving.delete(place);
    this.#empty.delete(place);
    if (place.list !== undefined) this.#resting.remove(place);
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
    if (this.waiting > 0) this.#makeRoom();
  }
}
