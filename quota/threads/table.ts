// Table: the data that all threads share, in the buffer: words, each changed by one atomic operation.

import { requestBound } from "../../context.ts";
import { PoolError } from "../../errors.ts";
import { shown } from "../../values.ts";
import type { Picture, Seen } from "./rules.ts";

/** How many pools may have a slot at once. */
export const SLOTS = 1024;

/** Words before the slots. */
const HEAD = { mark: 0, max: 1, sequence: 2, claims: 3, generation: 4, swept: 5, round: 6, top: 7 };
const HEAD_WORDS = 8;
/** Words of each slot. */
const SLOT = { state: 0, target: 1, ticket: 2, promised: 3, bell: 4, pulse: 5 };
const SLOT_WORDS = 6;
const PLACES = HEAD_WORDS + SLOTS * SLOT_WORDS;

/** The first word of a buffer that is in use: "pptq". */
const MARK = 0x70707471;

/**
 * The state of a slot: its generation, and the number of its signs of life. A new member has `SIGNS`;
 * `JOINING`: it has none yet. A thread that ends between the two loses the slot for good, but no place.
 */
const SIGNS = 64;
const JOINING = 127;
const STATES = 128;
const GENERATIONS = 2 ** 21;

/** Types of ES2022, for which this is compiled, do not know it. */
interface WaitAsync {
  waitAsync?(
    words: Int32Array,
    index: number,
    value: number,
  ): { async: false } | { async: true; value: Promise<unknown> };
}
const { waitAsync } = Atomics as WaitAsync;

/** How many bytes a buffer must have. */
export function bytesFor(max: number): number {
  return 4 * (PLACES + max);
}

/** The slot of a member, and an id that no earlier member of the slot has had. */
export interface Seat {
  readonly slot: number;
  readonly id: number;
}

/**
 * A place holds the id of its member, or 0. A place whose member is gone is free, too. So one operation,
 * which ends the member, frees all its places.
 */
export class Table {
  readonly max: number;
  readonly #words: Int32Array;

  /** The first one to use the buffer settles `max`. */
  constructor(max: number, buffer: SharedArrayBuffer) {
    checkRuntime();
    checkBuffer(max, buffer);
    this.max = max;
    this.#words = new Int32Array(buffer, 0, bytesFor(max) / 4);
    if (this.#settle(HEAD.mark, MARK) !== MARK) {
      throw new TypeError("buffer is in use for something else: threadQuotaBuffer(max) makes one");
    }
    const first = this.#settle(HEAD.max, max);
    if (first === max) return;
    throw new RangeError(`max is ${first} in the thread that used this buffer first, got ${max}`);
  }

  /** Grows with each request: while it is the same, no member has begun to wait. */
  get sequence(): number {
    return this.#load(HEAD.sequence);
  }

  /** Reads all members and places. They may change meanwhile. */
  look(): Picture {
    const members: Seen[] = [];
    const bySlot: Seen[] = [];
    const top = this.#load(HEAD.top);
    for (let slot = 0; slot < top; slot++) {
      const state = this.#of(slot, SLOT.state);
      if (state === 0 || state % STATES === JOINING) continue;
      const id = Math.floor(state / STATES) * SLOTS + slot;
      members.push(
        bySlot[slot] = {
          slot,
          id,
          target: this.#of(slot, SLOT.target),
          ticket: this.#of(slot, SLOT.ticket),
          promised: this.#of(slot, SLOT.promised),
          held: 0,
        },
      );
    }
    const picture: Picture = { max: this.max, members, free: 0, place: undefined };
    for (let place = 0; place < this.max; place++) {
      const id = this.#load(PLACES + place);
      if (this.#isThere(id)) {
        const member = bySlot[id % SLOTS];
        if (member?.id === id) member.held++;
      } else {
        picture.free++;
        picture.place ??= { place, was: id };
      }
    }
    return picture;
  }

  /** Returns the places of a member, also those that other threads have just given it. */
  placesOf({ id }: Seat): number[] {
    const places = [];
    for (let place = 0; place < this.max; place++) {
      if (this.#load(PLACES + place) === id) places.push(place);
    }
    return places;
  }

  /** Gives a free place to a member. Returns whether it was still free. */
  give({ place, was }: { place: number; was: number }, { slot, id }: Seat): boolean {
    if (!this.#change(PLACES + place, was, id)) return false;
    this.#set(slot, SLOT.ticket, this.#next(HEAD.sequence)); // behind all that wait now
    return true;
  }

  /** Frees a place, if it is the member's. */
  free(place: number, { id }: Seat): void {
    this.#change(PLACES + place, id, 0);
  }

  /** Sets how many places the member holds and waits for, in all, after a new request. */
  want({ slot }: Seat, target: number, begins: boolean): void {
    this.#set(slot, SLOT.target, target);
    const ticket = this.#next(HEAD.sequence);
    if (begins) this.#set(slot, SLOT.ticket, ticket);
  }

  /** The same, after a release or the end of a request. */
  wantLess({ slot }: Seat, target: number): void {
    this.#set(slot, SLOT.target, target);
  }

  /** Sets how many objects the member is closing for others. */
  promise({ slot }: Seat, promised: number): void {
    this.#set(slot, SLOT.promised, promised);
  }

  /** Grows with each promise. */
  get claims(): number {
    return this.#load(HEAD.claims);
  }

  /** Returns false if another member has made a promise since `claims` was read. */
  claim(claims: number): boolean {
    return this.#change(HEAD.claims, claims, (claims + 1) | 0);
  }

  /** Wakes a member, unless it was woken already and has not run since. */
  ring({ slot }: { slot: number }): void {
    const bell = at(slot, SLOT.bell);
    if (this.#change(bell, 0, 1)) Atomics.notify(this.#words, bell);
  }

  /** Calls `heard` once when the member is woken. It keeps no thread alive. */
  listen({ slot }: Seat, heard: () => void): void {
    const bell = at(slot, SLOT.bell);
    const wait = waitAsync!(this.#words, bell, 0);
    const woken = () => {
      Atomics.store(this.#words, bell, 0);
      heard();
    };
    if (wait.async) void wait.value.then(woken);
    else queueMicrotask(woken);
  }

  /** Takes a slot; undefined if there is none. */
  join(): Seat | undefined {
    const generation = 1 + (this.#next(HEAD.generation) >>> 0) % (GENERATIONS - 1);
    for (let slot = 0; slot < SLOTS; slot++) {
      if (!this.#change(at(slot, SLOT.state), 0, generation * STATES + JOINING)) continue;
      for (const field of [SLOT.target, SLOT.promised, SLOT.bell]) this.#set(slot, field, 0);
      this.#raise(HEAD.top, slot + 1);
      const seat = { slot, id: generation * SLOTS + slot };
      for (let i = 0; i < SIGNS; i++) this.#giveSign(seat);
      this.#set(slot, SLOT.state, generation * STATES + SIGNS);
      return seat;
    }
    return undefined;
  }

  /** Ends a member of this thread, and frees its places. */
  leave(seat: Seat): void {
    const { slot } = seat;
    // Before the slot is free: else these would be signs of life of its next member.
    Atomics.notify(this.#words, at(slot, SLOT.pulse));
    this.#set(slot, SLOT.bell, 1);
    Atomics.notify(this.#words, at(slot, SLOT.bell));
    this.remove(seat);
  }

  /** Ends a member whose thread has ended, and frees its places. */
  remove(seat: Seat): void {
    this.#changeState(seat, () => 0);
  }

  /**
   * Returns the members whose threads have ended; at most once in `every` ms over all threads.
   *
   * A member's signs of life are pending calls of `Atomics.waitAsync`. The runtime drops them when the
   * thread ends: then `Atomics.notify` returns 0. Each question uses up one sign, and a busy thread cannot
   * renew it. So the fewer are left, the less often the member is asked, and never without one.
   */
  ended(every: number): Seat[] {
    const now = Date.now() | 0;
    const swept = this.#load(HEAD.swept);
    const passed = (now - swept) | 0;
    if (passed >= 0 && passed < every || !this.#change(HEAD.swept, swept, now)) return [];
    const round = this.#next(HEAD.round) >>> 0;
    const ended = [];
    const top = this.#load(HEAD.top);
    for (let slot = 0; slot < top; slot++) {
      const state = this.#of(slot, SLOT.state);
      const signs = state % STATES;
      if (signs === 0 || signs === JOINING) continue;
      if (round % 2 ** Math.max(0, SIGNS / 2 - signs) !== 0) continue;
      if (!this.#change(at(slot, SLOT.state), state, state - 1)) continue;
      if (Atomics.notify(this.#words, at(slot, SLOT.pulse), 1) > 0) continue;
      ended.push({ slot, id: Math.floor(state / STATES) * SLOTS + slot });
    }
    return ended;
  }

  /** Adds a sign of life, and renews it whenever it is used up. */
  #giveSign(seat: Seat): void {
    const wait = waitAsync!(this.#words, at(seat.slot, SLOT.pulse), 0);
    if (!wait.async) return;
    void wait.value.then(() => {
      if (!this.#isThere(seat.id)) return;
      this.#giveSign(seat);
      this.#changeState(seat, (state) => state % STATES < SIGNS ? state + 1 : state);
    });
  }

  #changeState({ slot, id }: Seat, change: (state: number) => number): void {
    for (;;) {
      const state = this.#of(slot, SLOT.state);
      if (!isOf(state, id) || this.#change(at(slot, SLOT.state), state, change(state))) return;
    }
  }

  #isThere(id: number): boolean {
    return id !== 0 && isOf(this.#of(id % SLOTS, SLOT.state), id);
  }

  /** Sets a word that is 0. Returns its value. */
  #settle(index: number, value: number): number {
    return Atomics.compareExchange(this.#words, index, 0, value) || value;
  }

  #raise(index: number, least: number): void {
    for (;;) {
      const value = this.#load(index);
      if (value >= least || this.#change(index, value, least)) return;
    }
  }

  #load(index: number): number {
    return Atomics.load(this.#words, index);
  }

  #of(slot: number, field: number): number {
    return this.#load(at(slot, field));
  }

  #set(slot: number, field: number, value: number): void {
    Atomics.store(this.#words, at(slot, field), value);
  }

  #change(index: number, from: number, to: number): boolean {
    return Atomics.compareExchange(this.#words, index, from, to) === from;
  }

  #next(index: number): number {
    return (Atomics.add(this.#words, index, 1) + 1) | 0;
  }
}

function at(slot: number, field: number): number {
  return HEAD_WORDS + slot * SLOT_WORDS + field;
}

function isOf(state: number, id: number): boolean {
  return Math.floor(state / STATES) === Math.floor(id / SLOTS);
}

function checkRuntime(): void {
  if (requestBound) {
    throw new PoolError("threadQuota needs threads, which Workers do not have: use localQuota");
  }
  if (waitAsync !== undefined) return;
  throw new PoolError("threadQuota needs Atomics.waitAsync, which this runtime does not have");
}

function checkBuffer(max: number, buffer: unknown): void {
  if (Object.prototype.toString.call(buffer) !== "[object SharedArrayBuffer]") {
    throw new TypeError(
      `buffer must be a SharedArrayBuffer, as threadQuotaBuffer(max) makes one, got ${
        shown(buffer)
      }`,
    );
  }
  const { byteLength } = buffer as SharedArrayBuffer;
  if (byteLength >= bytesFor(max)) return;
  throw new RangeError(
    `buffer must have ${bytesFor(max)} bytes or more for max ${max}, got ${byteLength}: ` +
      "threadQuotaBuffer(max) makes one",
  );
}
