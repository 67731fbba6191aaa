// Source: where the objects of a proxy come from, and the one that each frame holds.

import { ProxyError } from "../errors.ts";
import type { GetOptions } from "../pool/options.ts";
import type { Pool } from "../pool.ts";
import { endedError } from "../scopes/frame.ts";
import type { Frame, Scope } from "../scopes/mod.ts";
import { isThenable } from "../values.ts";
import { Attempt } from "./attempt.ts";

/** `T`: what the objects are; `V`: what a frame holds, the object itself or a lease of it. */
export interface Source<T, V = unknown> {
  /** Whether an object may have to be waited for: every method call then gives a promise. */
  readonly deferred: boolean;
  /** The frame to work in, if it matters: the one given, or the current one. */
  frame(given: Frame | undefined): Frame | undefined;
  /** The object that is there already, undefined if there is none; `frame`: instead of the current. */
  now(frame: Frame | undefined): T | undefined;
  /** The same, made or got if need be. */
  take(frame: Frame | undefined, options?: GetOptions): V | Promise<V>;
  /** The object behind what `take` gave; throws if it is gone. */
  bare(value: V): T;
  /** What users get for it. */
  handed(value: V): T;
  /** Gives back what the frame holds. */
  give(frame: Frame | undefined): Promise<void>;
  /** To give back what the frame holds now, and nothing that it holds later. */
  giver(frame: Frame | undefined, object: T): () => Promise<void>;
  /** Whether they come from a pool. */
  readonly pooled: boolean;
  /** Whether there has been one already. */
  readonly started: boolean;
  /** Whether the frame holds an object. */
  has(frame: Frame | undefined): boolean;
  /** The pool that objects for the frame come from, if there is one already. */
  pool(frame: Frame | undefined): Pool<T> | undefined;
  /** Another source takes its place. */
  retire(): void;
}

/** What one frame holds. */
class Slot<V> {
  value: V | undefined = undefined;
  /** On its way. */
  attempt: Attempt<V> | undefined = undefined;
  making = false;
  /** Whether the frame knows to give it back, and to give up what is on its way. */
  deferred = false;
  cancels = false;
  /** How many blocks hold it. */
  holders = 0;
}

/** How long a frame that ends waits for what does not come back by itself, in ms. */
export const GRACE = 1000;

/** One object for each frame of a scope, given back at the frame's end. */
export abstract class FrameSource<T, V> implements Source<T, V> {
  deferred = false;
  readonly pooled: boolean = false;
  started = false;
  protected readonly scope: Scope;

  constructor(scope: Scope) {
    this.scope = scope;
  }

  /** The object, or a promise of one, for a frame that has none. */
  protected abstract make(
    frame: Frame,
    attempt: Attempt<V>,
    options: GetOptions | undefined,
  ): V | PromiseLike<V>;
  /** The object behind `value`, undefined if it is gone. */
  protected abstract alive(value: V): T | undefined;
  /** A frame is done with it; never rejects. */
  protected abstract release(value: V): Promise<void>;
  /** A frame comes here for the first time. */
  protected open(_frame: Frame): void {}
  abstract bare(value: V): T;
  abstract handed(value: V): T;

  now(given: Frame | undefined): T | undefined {
    const slot = this.frame(given).get(this) as Slot<V> | undefined;
    return slot?.value === undefined ? undefined : this.alive(slot.value);
  }

  take(given: Frame | undefined, options?: GetOptions): V | Promise<V> {
    const frame = this.frame(given);
    if (frame.ended) throw this.#ended();
    const slot = this.#slot(frame);
    if (slot.value !== undefined && this.alive(slot.value) !== undefined) return slot.value;
    if (slot.attempt === undefined) return this.#make(frame, slot, options);
    return slot.attempt.join(() => this.take(frame) as Promise<V>, options);
  }

  give(given: Frame | undefined): Promise<void> {
    const slot = this.frame(given).get(this) as Slot<V> | undefined;
    return slot === undefined ? Promise.resolve() : this.#empty(slot, givenBackError);
  }

  giver(given: Frame | undefined, object: T): () => Promise<void> {
    const slot = this.frame(given).get(this) as Slot<V> | undefined;
    const value = slot?.value;
    const there = value !== undefined && this.handed(value) === object;
    if (slot === undefined || !there) return () => Promise.resolve();
    slot.holders++;
    let held = true;
    return async () => {
      if (!held || slot.value !== value) return;
      held = false;
      if (--slot.holders === 0) await this.#empty(slot, givenBackError);
    };
  }

  has(given: Frame | undefined): boolean {
    const frame = given ?? this.scope.current();
    const slot = frame?.get(this) as Slot<V> | undefined;
    return slot?.value !== undefined && this.alive(slot.value) !== undefined;
  }

  pool(_given: Frame | undefined): Pool<T> | undefined {
    return undefined;
  }

  /** Frames give back what they have at their ends; one that has none does so now. */
  retire(): void {
    const frame = this.scope.current();
    const slot = frame?.permanent ? frame.get(this) as Slot<V> | undefined : undefined;
    if (slot !== undefined) void this.#empty(slot, givenBackError);
  }

  frame(given: Frame | undefined): Frame {
    const frame = given ?? this.scope.current();
    if (frame === undefined) throw outsideError(this.scope.name);
    return frame;
  }

  #slot(frame: Frame): Slot<V> {
    const held = frame.get(this) as Slot<V> | undefined;
    if (held !== undefined) return held;
    const slot = new Slot<V>();
    this.open(frame);
    frame.set(this, slot);
    return slot;
  }

  /** As late as the object is there: what it was made of by then goes back after it. */
  #defer(frame: Frame, slot: Slot<V>): void {
    if (slot.deferred) return;
    slot.deferred = true;
    frame.defer(() => this.#empty(slot, () => this.#ended()));
  }

  #make(frame: Frame, slot: Slot<V>, options: GetOptions | undefined): V | Promise<V> {
    if (slot.making) {
      throw new ProxyError("fun uses the very proxy that it is to make an object for");
    }
    const attempt = new Attempt<V>(options !== undefined);
    slot.making = true;
    try {
      const made = this.make(frame, attempt, options);
      const gone = this.#gone(frame, slot); // `fun` has ended the very frame
      if (!isThenable(made)) return gone ? this.#tooLate(made) : this.#keep(frame, slot, made);
      this.deferred = true;
      if (gone) attempt.cancel(this.#ended());
      else {
        slot.attempt = attempt;
        if (!slot.cancels) frame.defer(() => this.#cancel(slot, this.#ended()));
        slot.cancels = true;
      }
      return attempt.pending = this.#arrive(frame, slot, attempt, made);
    } finally {
      slot.making = false;
    }
  }

  async #arrive(
    frame: Frame,
    slot: Slot<V>,
    attempt: Attempt<V>,
    made: PromiseLike<V>,
  ): Promise<V> {
    try {
      const value = await made;
      if (this.#gone(frame, slot)) attempt.cancelled ??= this.#ended();
      if (attempt.cancelled === undefined) return this.#keep(frame, slot, value);
      if (value !== undefined && value !== null) await this.release(value);
    } finally {
      if (slot.attempt === attempt) slot.attempt = undefined;
    }
    throw attempt.cancelled;
  }

  #tooLate(value: V): never {
    void this.release(value);
    throw this.#ended();
  }

  #keep(frame: Frame, slot: Slot<V>, value: V): V {
    if (value === undefined || value === null) {
      throw new ProxyError(`fun must make an object, got ${value}`);
    }
    this.#defer(frame, slot);
    slot.holders = 0;
    return slot.value = value;
  }

  #gone(frame: Frame, slot: Slot<V>): boolean {
    return frame.ended || frame.get(this) !== slot;
  }

  /** What the slot holds is given back, also what is still on its way. */
  async #empty(slot: Slot<V>, why: () => ProxyError): Promise<void> {
    const { value } = slot;
    slot.value = undefined;
    if (slot.attempt !== undefined) await this.#cancel(slot, why());
    if (value !== undefined) await this.release(value);
  }

  /** Nobody waits for one whose maker does not listen: it is released when it comes, if ever. */
  async #cancel(slot: Slot<V>, why: ProxyError): Promise<void> {
    const { attempt } = slot;
    slot.attempt = undefined;
    attempt?.cancel(why);
    await attempt?.over(GRACE);
  }

  #ended(): ProxyError {
    return endedError(this.scope.name, "a proxy is used");
  }
}

function givenBackError(): ProxyError {
  return new ProxyError(
    "the object that this call waited for was given back by _retObj() before it came",
  );
}

function outsideError(scope: string): ProxyError {
  return new ProxyError(
    `a proxy is used outside of any frame of the scope ${scope}: wrap what uses it, a request most ` +
      `often, in ${scope}.run(() => ...)`,
  );
}
