// Source: gets the objects of a proxy, and keeps the one of each frame.

import { ProxyError } from "../errors.ts";
import type { Lease } from "../pool/lease.ts";
import type { PoolLoan } from "../pool/loan.ts";
import type { GetOptions } from "../pool/options.ts";
import type { Pool } from "../pool.ts";
import { endedError } from "../scopes/frame.ts";
import type { Frame, Scope } from "../scopes/mod.ts";
import { isThenable } from "../values.ts";
import { Attempt } from "./attempt.ts";

/** The object of a frame: created for it, or on loan. */
export class Holding<T> {
  readonly object: T;
  /** Kept here, because the pool closes the object of a lease that is garbage-collected. */
  readonly lease: Lease<T> | undefined;
  readonly loan: PoolLoan<unknown> | undefined;
  /** Created for the frame, and closed by now. */
  closed = false;
  /** The last method that was read of it, and the earlier ones. */
  method: unknown = undefined;
  #methods: unknown[] | undefined;

  constructor(object: T, lease?: Lease<T>, loan?: PoolLoan<unknown>) {
    this.object = object;
    this.lease = lease;
    this.loan = loan;
  }

  /** Whether the object can be used: it may have been taken away or invalidated. */
  get alive(): boolean {
    return this.loan === undefined ? !this.closed : !this.loan.ended;
  }

  /**
   * A call of the object, or its frame, has failed: the pool may close the object of a loan then.
   */
  fail(error: unknown): void {
    this.loan?.fail(error);
  }

  /** A method that all objects of its kind share is read. */
  note(method: unknown): void {
    const before = this.method;
    this.method = method;
    if (before === undefined || before === method) return;
    const all = this.#methods ??= [];
    if (!all.includes(before)) all.push(before);
  }

  /** Whether `method` was read of this object. */
  had(method: unknown): boolean {
    return method === this.method || this.#methods !== undefined && this.#methods.includes(method);
  }

  /** What `_getObj` returns for it. */
  get handed(): T {
    return this.lease ?? this.object;
  }
}

/** Gets objects for frames. */
export interface Source<T> {
  /** Whether a caller may have to wait for an object: then every method call returns a promise. */
  readonly deferred: boolean;
  /** The frame to use, if frames matter: the given one, or the current one. */
  frame(given: Frame | undefined): Frame | undefined;
  /** The holding of the frame, if there is one. `frame`: instead of the current one. */
  now(frame: Frame | undefined): Holding<T> | undefined;
  /** As `now`, but undefined outside any frame. */
  held(frame: Frame | undefined): Holding<T> | undefined;
  /** As `now`, but gets an object if the frame has none. */
  take(frame: Frame | undefined, options?: GetOptions): Holding<T> | Promise<Holding<T>>;
  /** Returns the object of the frame. */
  give(frame: Frame | undefined): Promise<void>;
  /** A function that returns `object`, and no later object of the frame. */
  giver(frame: Frame | undefined, object: T): () => Promise<void>;
  /** Whether the objects come from a pool. */
  readonly pooled: boolean;
  /** Whether the pool exists, or has existed. */
  readonly started: boolean;
  /** The pool of the frame, if it exists. */
  pool(frame: Frame | undefined): Pool<T> | undefined;
  /** Another source replaces this one, and serves the waiting callers. */
  retire(): void;
}

/** What one frame has of one source: an object, or an attempt to get one. */
class Slot<T> {
  holding: Holding<T> | undefined = undefined;
  /** The failure of the frame when it got its object. */
  failure: Frame["failure"] = undefined;
  /** The attempt to get an object. */
  attempt: Attempt<Holding<T>> | undefined = undefined;
  making = false;
  /** Called at the end of the frame: returns the object, and cancels the attempt. */
  give: (() => Promise<void>) | undefined = undefined;
  giveUp: (() => Promise<void>) | undefined = undefined;
  /** How many blocks (`_obj`) use the object. */
  holders = 0;
}

/** How long the end of a frame waits for a cancelled attempt, in ms. */
export const GRACE = 1000;

/** One object for each frame of a scope, returned at the end of the frame. */
export abstract class FrameSource<T> implements Source<T> {
  deferred: boolean;
  readonly pooled: boolean = false;
  started = false;
  protected readonly scope: Scope;
  /** The slots of all frames that wait for an object. */
  readonly #waiting = new Set<Slot<T>>();
  #retired = false;

  constructor(scope: Scope, deferred: boolean) {
    this.scope = scope;
    this.deferred = deferred;
  }

  /** Gets an object, or a promise of one, for a frame that has none. */
  protected abstract make(
    frame: Frame,
    attempt: Attempt<Holding<T>>,
    options: GetOptions | undefined,
  ): T | PromiseLike<T>;
  /** Gets an object without a promise, if possible. */
  protected lent(_frame: Frame): Holding<T> | undefined {
    return undefined;
  }
  /** The holding of an object of `make`. */
  protected abstract hold(made: T, attempt: Attempt<Holding<T>>): Holding<T>;
  /** Ends the use of an object; never rejects. */
  protected abstract release(holding: Holding<T>): Promise<void>;
  /** Called before the first object of a frame. */
  protected open(_frame: Frame): void {}

  now(given: Frame | undefined): Holding<T> | undefined {
    const holding = this.#slotOf(this.frame(given))?.holding;
    return holding?.alive ? holding : undefined;
  }

  take(given: Frame | undefined, options?: GetOptions): Holding<T> | Promise<Holding<T>> {
    const frame = this.frame(given);
    if (frame.ended) throw this.#ended();
    const slot = this.#slotOf(frame) ?? this.#newSlot(frame);
    if (slot.holding?.alive) return slot.holding;
    if (slot.attempt === undefined) return this.#make(frame, slot, options);
    return slot.attempt.join(() => this.take(frame) as Promise<Holding<T>>, options);
  }

  give(given: Frame | undefined): Promise<void> {
    const frame = this.frame(given);
    const slot = this.#slotOf(frame);
    return slot === undefined ? Promise.resolve() : this.#empty(frame, slot, givenBackError);
  }

  giver(given: Frame | undefined, object: T): () => Promise<void> {
    const frame = this.frame(given);
    const slot = this.#slotOf(frame);
    const holding = slot?.holding;
    if (slot === undefined || holding?.handed !== object) return () => Promise.resolve();
    slot.holders++;
    let held = true;
    return async () => {
      if (!held || slot.holding !== holding) return;
      held = false;
      if (--slot.holders === 0) await this.#empty(frame, slot, givenBackError);
    };
  }

  held(given: Frame | undefined): Holding<T> | undefined {
    const frame = given ?? this.scope.current();
    const holding = frame === undefined ? undefined : this.#slotOf(frame)?.holding;
    return holding?.alive ? holding : undefined;
  }

  pool(_given: Frame | undefined): Pool<T> | undefined {
    return undefined;
  }

  /** Frames return their objects at their end. A permanent frame returns its object now. */
  retire(): void {
    this.#retired = true;
    for (const slot of this.#waiting) this.#giveUp(slot, replacedError);
    const frame = this.scope.current();
    const slot = frame?.permanent ? this.#slotOf(frame) : undefined;
    if (slot !== undefined) void this.#leave(frame!, slot);
  }

  /** Removes the slot, so that the frame does not keep what no proxy uses any more. */
  async #leave(frame: Frame, slot: Slot<T>): Promise<void> {
    await this.#empty(frame, slot, replacedError);
    if (slot.holding === undefined && slot.attempt === undefined) {
      frame.drop?.(this, [slot.give, slot.giveUp]);
    }
  }

  frame(given: Frame | undefined): Frame {
    const frame = given ?? this.scope.current();
    if (frame === undefined) throw outsideError(this.scope.name);
    return frame;
  }

  #slotOf(frame: Frame): Slot<T> | undefined {
    return frame.get(this) as Slot<T> | undefined;
  }

  #newSlot(frame: Frame): Slot<T> {
    const slot = new Slot<T>();
    this.open(frame);
    frame.set(this, slot);
    return slot;
  }

  #make(
    frame: Frame,
    slot: Slot<T>,
    options: GetOptions | undefined,
  ): Holding<T> | Promise<Holding<T>> {
    if (slot.making) {
      throw new ProxyError("fun uses the proxy that it creates an object for");
    }
    slot.making = true;
    try {
      const there = this.lent(frame);
      if (there !== undefined) return this.#keep(frame, slot, there);
      const attempt = new Attempt<Holding<T>>(options);
      const made = this.make(frame, attempt, options);
      if (!isThenable(made)) return this.#keep(frame, slot, this.#held(made, attempt));
      this.deferred = true;
      const outcome = attempt.begin(this.#arrive(frame, slot, attempt, made));
      if (this.#gone(frame, slot)) attempt.cancel(this.#ended());
      else if (this.#retired) attempt.cancel(replacedError()); // replaced by `fun` itself
      else this.#expect(frame, slot, attempt);
      return outcome;
    } finally {
      slot.making = false;
    }
  }

  #expect(frame: Frame, slot: Slot<T>, attempt: Attempt<Holding<T>>): void {
    slot.attempt = attempt;
    // On Workers one request cannot settle promises of another.
    if (!frame.ioBound) this.#waiting.add(slot);
    if (slot.giveUp === undefined) {
      slot.giveUp = () => this.#cancel(slot, () => this.#ended());
      frame.defer(slot.giveUp);
    }
  }

  async #arrive(
    frame: Frame,
    slot: Slot<T>,
    attempt: Attempt<Holding<T>>,
    made: PromiseLike<T>,
  ): Promise<Holding<T>> {
    try {
      const value = await made;
      if (this.#gone(frame, slot)) attempt.cancelled ??= this.#ended();
      if (attempt.cancelled === undefined) {
        return this.#keep(frame, slot, this.#held(value, attempt));
      }
      if (value !== undefined && value !== null) await this.release(this.hold(value, attempt));
    } finally {
      if (slot.attempt === attempt) this.#forget(slot);
    }
    throw attempt.cancelled;
  }

  #held(made: T, attempt: Attempt<Holding<T>>): Holding<T> {
    if (made !== undefined && made !== null) return this.hold(made, attempt);
    throw new ProxyError(`fun must return an object, got ${made}`);
  }

  #keep(frame: Frame, slot: Slot<T>, holding: Holding<T>): Holding<T> {
    if (this.#gone(frame, slot)) { // `fun` has ended this frame
      void this.release(holding);
      throw this.#ended();
    }
    this.#defer(frame, slot);
    slot.holders = 0;
    slot.holding = holding;
    slot.failure = frame.failure;
    if (this.#retired && frame.permanent) void this.#leave(frame, slot);
    return holding;
  }

  /**
   * Deferred only now that the object is there, so that objects it was made from are returned after
   * it.
   */
  #defer(frame: Frame, slot: Slot<T>): void {
    if (slot.give !== undefined) return;
    slot.give = () => this.#empty(frame, slot, () => this.#ended());
    frame.defer(slot.give);
  }

  #gone(frame: Frame, slot: Slot<T>): boolean {
    return frame.ended || this.#slotOf(frame) !== slot;
  }

  /** Returns the object of the slot, and cancels its attempt. */
  #empty(frame: Frame, slot: Slot<T>, why: () => ProxyError): Promise<void> {
    const { holding } = slot;
    slot.holding = undefined;
    // Only a failure since the frame got the object counts.
    if (frame.failure !== slot.failure) holding?.fail(frame.failure?.error);
    if (slot.attempt === undefined) return this.#letGo(holding);
    return this.#cancel(slot, why).then(() => this.#letGo(holding));
  }

  #letGo(holding: Holding<T> | undefined): Promise<void> {
    return holding === undefined ? Promise.resolve() : this.release(holding);
  }

  /** Waiting callers get the error at once. An object that still arrives is released then. */
  #cancel(slot: Slot<T>, why: () => ProxyError): Promise<void> {
    const { attempt } = slot;
    if (attempt === undefined) return Promise.resolve(); // creating an error would cost more than the rest
    this.#giveUp(slot, why);
    return attempt.over(GRACE);
  }

  #giveUp(slot: Slot<T>, why: () => ProxyError): void {
    const { attempt } = slot;
    this.#forget(slot);
    attempt?.cancel(why());
  }

  #forget(slot: Slot<T>): void {
    slot.attempt = undefined;
    this.#waiting.delete(slot);
  }

  #ended(): ProxyError {
    return endedError(this.scope.name, "a proxy is used");
  }
}

function givenBackError(): ProxyError {
  return new ProxyError(
    "_retObj() was called while this call waited for its object",
  );
}

function replacedError(): ProxyError {
  return new ProxyError("the proxy was set again while this call waited for its object");
}

function outsideError(scope: string): ProxyError {
  return new ProxyError(
    `a proxy is used outside any frame of the scope ${scope}: ` +
      `run the code that uses it, such as a request, in ${scope}.run(() => ...)`,
  );
}
