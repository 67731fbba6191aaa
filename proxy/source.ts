// Source: where the objects of a proxy come from, and the one that each frame holds.

import { ProxyError } from "../errors.ts";
import type { Lease } from "../pool/lease.ts";
import type { PoolLoan } from "../pool/loan.ts";
import type { GetOptions } from "../pool/options.ts";
import type { Pool } from "../pool.ts";
import { endedError } from "../scopes/frame.ts";
import type { Frame, Scope } from "../scopes/mod.ts";
import { isThenable } from "../values.ts";
import { Attempt } from "./attempt.ts";

/** What a frame holds: an object made for it, or one on loan. */
export class Holding<T> {
  readonly object: T;
  /** Held here: the pool closes the object of a lease that nobody holds. */
  readonly lease: Lease<T> | undefined;
  readonly loan: PoolLoan<unknown> | undefined;
  /** It was made for the frame, and is closed. */
  closed = false;
  /** The method that was read of it last, and those before. */
  method: unknown = undefined;
  #methods: unknown[] | undefined;

  constructor(object: T, lease?: Lease<T>, loan?: PoolLoan<unknown>) {
    this.object = object;
    this.lease = lease;
    this.loan = loan;
  }

  /** Whether it can be used: a pool may take it away, and what was made may turn out to have died. */
  get alive(): boolean {
    return this.loan === undefined ? !this.closed : !this.loan.ended;
  }

  /** A call of it has failed, or what its frame was for: one on loan may be lent to nobody else then. */
  fail(error: unknown): void {
    this.loan?.fail(error);
  }

  /** One that all of its kind have is read of it. */
  note(method: unknown): void {
    const before = this.method;
    this.method = method;
    if (before === undefined || before === method) return;
    const all = this.#methods ??= [];
    if (!all.includes(before)) all.push(before);
  }

  /** Whether `method` was ever read of it. */
  had(method: unknown): boolean {
    return method === this.method || this.#methods !== undefined && this.#methods.includes(method);
  }

  /** What users get for it. */
  get handed(): T {
    return this.lease ?? this.object;
  }
}

/** Where objects come from. */
export interface Source<T> {
  /** Whether an object may have to be waited for: every method call then gives a promise. */
  readonly deferred: boolean;
  /** The frame to work in, if it matters: the one given, or the current one. */
  frame(given: Frame | undefined): Frame | undefined;
  /** What holds the object that is there already, if there is one; `frame`: instead of the current. */
  now(frame: Frame | undefined): Holding<T> | undefined;
  /** The same, and nothing where `now` throws: outside of any frame. */
  held(frame: Frame | undefined): Holding<T> | undefined;
  /** The same; made or got if need be. */
  take(frame: Frame | undefined, options?: GetOptions): Holding<T> | Promise<Holding<T>>;
  /** Gives back what the frame holds. */
  give(frame: Frame | undefined): Promise<void>;
  /** To give back what the frame holds now, and nothing that it holds later. */
  giver(frame: Frame | undefined, object: T): () => Promise<void>;
  /** Whether they come from a pool. */
  readonly pooled: boolean;
  /** Whether there has been one already. */
  readonly started: boolean;
  /** The pool that objects for the frame come from, if there is one already. */
  pool(frame: Frame | undefined): Pool<T> | undefined;
  /** Another source takes its place, and serves those who wait. */
  retire(): void;
}

/** What becomes of one frame's wish for an object. */
class Slot<T> {
  holding: Holding<T> | undefined = undefined;
  /** What the frame had failed with before it had that. */
  failure: Frame["failure"] = undefined;
  /** On its way. */
  attempt: Attempt<Holding<T>> | undefined = undefined;
  making = false;
  /** What the frame's end calls: gives it back, and gives up what is on its way. */
  give: (() => Promise<void>) | undefined = undefined;
  giveUp: (() => Promise<void>) | undefined = undefined;
  /** How many blocks hold it. */
  holders = 0;
}

/** How long a frame that ends waits for what does not come back by itself, in ms. */
export const GRACE = 1000;

/** One object for each frame of a scope, given back at the frame's end. */
export abstract class FrameSource<T> implements Source<T> {
  deferred: boolean;
  readonly pooled: boolean = false;
  started = false;
  protected readonly scope: Scope;
  /** Of all frames, those that wait for an object. */
  readonly #waiting = new Set<Slot<T>>();
  #retired = false;

  constructor(scope: Scope, deferred: boolean) {
    this.scope = scope;
    this.deferred = deferred;
  }

  /** The object, or a promise of one, for a frame that has none. */
  protected abstract make(
    frame: Frame,
    attempt: Attempt<Holding<T>>,
    options: GetOptions | undefined,
  ): T | PromiseLike<T>;
  /** What can be had at once, without a promise. */
  protected lent(_frame: Frame): Holding<T> | undefined {
    return undefined;
  }
  /** What a frame holds of what `make` gave. */
  protected abstract hold(made: T, attempt: Attempt<Holding<T>>): Holding<T>;
  /** A frame is done with it; never rejects. */
  protected abstract release(holding: Holding<T>): Promise<void>;
  /** A frame comes here for the first time. */
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

  /** Frames give back what they have at their ends; one that has none does so now. */
  retire(): void {
    this.#retired = true;
    for (const slot of this.#waiting) this.#giveUp(slot, replacedError);
    const frame = this.scope.current();
    const slot = frame?.permanent ? this.#slotOf(frame) : undefined;
    if (slot !== undefined) void this.#leave(frame!, slot);
  }

  /** For good, for the frame not to keep what no proxy stands for any more. */
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
      else if (this.#retired) attempt.cancel(replacedError()); // by `fun` itself
      else this.#expect(frame, slot, attempt);
      return outcome;
    } finally {
      slot.making = false;
    }
  }

  #expect(frame: Frame, slot: Slot<T>, attempt: Attempt<Holding<T>>): void {
    slot.attempt = attempt;
    // On Workers nobody who waits can be told so by another request.
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
    if (this.#gone(frame, slot)) { // `fun` has ended the very frame
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

  /** As late as the object is there: what it was made of by then goes back after it. */
  #defer(frame: Frame, slot: Slot<T>): void {
    if (slot.give !== undefined) return;
    slot.give = () => this.#empty(frame, slot, () => this.#ended());
    frame.defer(slot.give);
  }

  #gone(frame: Frame, slot: Slot<T>): boolean {
    return frame.ended || this.#slotOf(frame) !== slot;
  }

  /** What the slot holds is given back, also what is still on its way. */
  #empty(frame: Frame, slot: Slot<T>, why: () => ProxyError): Promise<void> {
    const { holding } = slot;
    slot.holding = undefined;
    // Only by what has failed since it was taken: it was not there before.
    if (frame.failure !== slot.failure) holding?.fail(frame.failure?.error);
    if (slot.attempt === undefined) return this.#letGo(holding);
    return this.#cancel(slot, why).then(() => this.#letGo(holding));
  }

  #letGo(holding: Holding<T> | undefined): Promise<void> {
    return holding === undefined ? Promise.resolve() : this.release(holding);
  }

  /** Who waits is told at once. What its maker makes of it all the same is released when it comes. */
  #cancel(slot: Slot<T>, why: () => ProxyError): Promise<void> {
    const { attempt } = slot;
    if (attempt === undefined) return Promise.resolve(); // an error would cost more than all the rest
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
