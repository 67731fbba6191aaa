// Entry: what a pool remembers of one object, of its making, and of one loan of it.

import type { Timer } from "./clock.ts";
import type { Dated } from "./deadlines.ts";
import { Node } from "./list.ts";
import type { Permit } from "./quota.ts";

/** Where an object is in its life. `creating` is only counted: there is no object yet. */
export type EntryState = "available" | "using" | "closing" | "gone";

/** How a loan ended. */
export type LoanEnd =
  | "returned"
  | "discarded"
  | "detached"
  | "killed"
  | "revoked by shutdown"
  | "revoked by its quota";

/** What is known of a borrower; most give no label, and have no stack recorded. */
export interface Borrower {
  readonly label: string | undefined;
  /** Its stack holds the line that borrowed; dropped at the end, for it keeps what is on the stack. */
  trace: { readonly stack?: unknown } | undefined;
  /** Who has borrowed by the `use` in whose callback this one borrows, where that is traced. */
  within: Borrower | undefined;
}

/** One loan of an object, as far as the pool itself needs it. */
export class Lending<T> {
  declare entry: Entry<T>;
  declare readonly borrower: Borrower | undefined;
  /** How it ended; undefined while it is alive. */
  declare end: LoanEnd | undefined;
  /** The last call through it, or the callback, that failed; `spoilt`: its object is to be closed. */
  declare failure: { readonly error: unknown; readonly spoilt: boolean } | undefined;

  constructor(entry: Entry<T>, borrower: Borrower | undefined) {
    this.entry = entry;
    this.borrower = borrower;
    this.end = undefined;
    this.failure = undefined;
  }

  /** Whether the pool may find out that nobody holds it any more. */
  get collectable(): boolean {
    return true;
  }

  /** It has just ended. */
  over(): void {}

  /** The pool takes the object away, or has learned that it is dead. */
  interrupt(_end: LoanEnd | "invalidated", _why?: unknown): void {}
}

/** A loan that is watched for being garbage-collected; the pool itself then holds it weakly. */
export interface Watched<T> {
  readonly entry: Entry<T>;
  readonly borrower: Borrower | undefined;
  readonly loan: WeakRef<Lending<T>>;
}

/** One attempt to make an object. */
export class Attempt<T> {
  /** Counts the attempts of a pool. */
  readonly n: number;
  /** How many resets there had been. */
  readonly epoch: number;
  /** By `clock.now()`. */
  readonly begun: number;
  /** The turn of the waiter who had come last: a failure concerns nobody who comes later. */
  readonly turn: number;
  readonly aborting: AbortController = new AbortController();
  readonly timer: Timer;
  /** What `fun` gave. */
  object: T | undefined = undefined;
  /** When the lifetime of what it makes ends at the latest: it is being replaced already. */
  until = Infinity;
  /** What came of it. */
  entry: Entry<T> | undefined = undefined;
  /** `invalidate` was called before there was anything to close. */
  invalid: { why: unknown } | undefined = undefined;
  /** What allows its object to be, where there is a quota. */
  permit: Permit | undefined = undefined;
  over = false;

  constructor(n: number, epoch: number, begun: number, turn: number, timer: Timer) {
    this.n = n;
    this.epoch = epoch;
    this.begun = begun;
    this.turn = turn;
    this.timer = timer;
  }
}

/** One object of a pool. */
export class Entry<T> extends Node implements Dated {
  readonly object: T;
  /** Which attempt made it. */
  readonly n: number;
  /** What allows it to be, where there is a quota. */
  readonly permit: Permit | undefined;
  /** How many resets there had been: an older one is obsolete. */
  readonly epoch: number;
  readonly born: number;
  state: EntryState = "using";
  uses = 0;
  /** It has been available before: no longer fresh, though perhaps never used. */
  stored = false;
  /**
   * Since when it is available, by `clock.now()`, or in use, by `clock.awake()`: nobody uses a thing
   * while the machine sleeps. Meaningful if the clock is read for it, or it has been noticed.
   */
  since = 0;
  /** `since` is when that was noticed; it may have been so for longer. */
  coarse = false;
  /** When it was last known to be good: the last time it was checked, or its making began. */
  proven: number;
  /** A housekeeping round checks its health; it stays where it is meanwhile. */
  checking = false;
  /** It has been out since before the last look at what is out. */
  noticed = false;
  /** The pool was told that it is dead. */
  invalid = false;
  /** Its loan, held so that it cannot be lost unnoticed; once it is watched, only that. */
  loan: Lending<T> | undefined = undefined;
  watched: Watched<T> | undefined = undefined;
  /** Makes the hook fail that is at work on it, so that nobody waits for that any longer. */
  giveUp: ((error: unknown) => void) | undefined = undefined;
  /** When its lifetime ends, and why it is closed then. */
  end: number;
  ends: "expired" | "reset" = "expired";
  /** Its lifetime is about to end: a successor is made. */
  ageing = false;
  /** When that begins, then when it ends. */
  due: number;
  slot = -1;

  constructor(object: T, attempt: Attempt<T>, born: number, end: number, due: number) {
    super();
    const { n, epoch, begun, permit } = attempt;
    this.object = object;
    this.n = n;
    this.permit = permit;
    this.epoch = epoch;
    this.born = born;
    this.proven = begun;
    this.end = end;
    this.due = due;
  }

  /** Whether it is available or in use. */
  get live(): boolean {
    return this.state === "available" || this.state === "using";
  }

  /** The loan it is out on, unless that has been garbage-collected. */
  get lending(): Lending<T> | undefined {
    return this.loan ?? this.watched?.loan.deref();
  }

  /** Whether it is out on a loan. */
  get borrowed(): boolean {
    return this.loan !== undefined || this.watched !== undefined;
  }

  /** Who has it, as far as that is known. */
  get borrower(): Borrower | undefined {
    return (this.loan ?? this.watched)?.borrower;
  }
}
