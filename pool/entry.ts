// Entry: the records of an object, of its creation, and of a loan of it.

import type { Timer } from "./clock.ts";
import type { Dated } from "./deadlines.ts";
import { Node } from "./list.ts";
import type { Permit } from "./quota.ts";

/** The state of an object. During its creation there is no object yet: `Attempt`. */
export type EntryState = "available" | "using" | "closing" | "gone";

/** How a loan ended. */
export type LoanEnd =
  | "returned"
  | "discarded"
  | "detached"
  | "killed"
  | "revoked by shutdown"
  | "revoked by its quota";

/** A borrower, recorded if it has a label, or if its stack is recorded. */
export interface Borrower {
  readonly label: string | undefined;
  /**
   * Its stack has the line that borrowed. Dropped at the end of the loan, because it keeps objects
   * in memory.
   */
  trace: { readonly stack?: unknown } | undefined;
  /** The borrower of the `use` in whose callback this one borrows, if traced. */
  within: Borrower | undefined;
}

/** A loan of an object, as far as the pool needs it. */
export class Lending<T> {
  declare entry: Entry<T>;
  declare readonly borrower: Borrower | undefined;
  /** How the loan ended; undefined until then. */
  declare end: LoanEnd | undefined;
  /**
   * The last failure of a call through the loan, or of the callback. `spoilt`: the object must be
   * closed.
   */
  declare failure: { readonly error: unknown; readonly spoilt: boolean } | undefined;

  constructor(entry: Entry<T>, borrower: Borrower | undefined) {
    this.entry = entry;
    this.borrower = borrower;
    this.end = undefined;
    this.failure = undefined;
  }

  /** Whether the loan may be garbage-collected, and so leak. */
  get collectable(): boolean {
    return true;
  }

  /** Called at the end of the loan. */
  over(): void {}

  /** Called when the object is taken away or invalidated. */
  interrupt(_end: LoanEnd | "invalidated", _why?: unknown): void {}
}

/** A loan that is watched for its garbage collection. The pool then holds it weakly. */
export interface Watched<T> {
  readonly entry: Entry<T>;
  readonly borrower: Borrower | undefined;
  readonly loan: WeakRef<Lending<T>>;
}

/** An attempt to create an object. */
export class Attempt<T> {
  /** The number of the attempt. */
  readonly n: number;
  /** The number of resets before it. */
  readonly epoch: number;
  /** When it began, by `clock.now()`. */
  readonly begun: number;
  /** The turn of the newest waiter at its begin: a failure concerns no later ones. */
  readonly turn: number;
  readonly aborting: AbortController = new AbortController();
  readonly timer: Timer;
  /** The object of `fun`, while `opener` has it. */
  object: T | undefined = undefined;
  /** When the lifetime of its object ends at the latest, after a `reset` with `spread`. */
  until = Infinity;
  /** The entry of its object. */
  entry: Entry<T> | undefined = undefined;
  /** Set if `invalidate` was called before there was an entry. */
  invalid: { why: unknown } | undefined = undefined;
  /** The permit of its object, with a quota. */
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

/** An object of a pool. */
export class Entry<T> extends Node implements Dated {
  readonly object: T;
  /** The number of the attempt that created it. */
  readonly n: number;
  /** Its permit, with a quota. */
  readonly permit: Permit | undefined;
  /** The number of resets before its creation: after a later one it is obsolete. */
  readonly epoch: number;
  readonly born: number;
  state: EntryState = "using";
  uses = 0;
  /** It has been idle before: no longer fresh, though perhaps never used. */
  stored = false;
  /**
   * Since when it is idle, by `clock.now()`, or in use, by `clock.awake()`, because sleep does not
   * count as use. Valid if the clock is read for it, or it was noticed.
   */
  since = 0;
  /** `since` is only when the pool noticed it: a lower bound of the time. */
  coarse = false;
  /** When it was last known to be good: at its last check, or at the begin of its creation. */
  proven: number;
  /** A housekeeping round checks it; it stays idle meanwhile. */
  checking = false;
  /** The last look at lent objects has seen it. */
  noticed = false;
  /** It was invalidated. */
  invalid = false;
  /** Its loan, held strongly until it is watched: so no leak goes unnoticed. */
  loan: Lending<T> | undefined = undefined;
  watched: Watched<T> | undefined = undefined;
  /** Fails the hook that runs on it, so that the hook is no longer awaited. */
  giveUp: ((error: unknown) => void) | undefined = undefined;
  /** When its lifetime ends, and why it is closed then. */
  end: number;
  ends: "expired" | "reset" = "expired";
  /** Its lifetime is about to end: a successor is created. */
  ageing = false;
  /** When it begins to age; then its end. */
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

  /** Whether it is idle or in use. */
  get live(): boolean {
    return this.state === "available" || this.state === "using";
  }

  /** Its loan, unless that was garbage-collected. */
  get lending(): Lending<T> | undefined {
    return this.loan ?? this.watched?.loan.deref();
  }

  /** Whether it is on loan. */
  get borrowed(): boolean {
    return this.loan !== undefined || this.watched !== undefined;
  }

  /** Its borrower, if recorded. */
  get borrower(): Borrower | undefined {
    return (this.loan ?? this.watched)?.borrower;
  }
}
