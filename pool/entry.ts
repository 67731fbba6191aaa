// Entry: what a pool remembers of one object.

import type { Dated } from "./deadlines.ts";
import { Node } from "./list.ts";

/** Where an object is in its life. `creating` is only counted: there is no object yet. */
export type State = "available" | "using" | "closing" | "gone";

/** How a lease came to its end. */
export type LeaseEnd =
  | "returned"
  | "discarded"
  | "detached"
  | "killed"
  | "leaked"
  | "revoked by shutdown";

/** Whoever has an object, as far as the pool can reach them. */
export interface Borrower {
  /** The object is taken away. */
  revoke(end: LeaseEnd): void;
}

/** What an object was made by. */
export interface Attempt {
  readonly n: number;
  /** Which `reset` it has seen. */
  readonly epoch: number;
  /** By `clock.now()`. */
  readonly begun: number;
}

/** One object of a pool. */
export class Entry<T> extends Node implements Dated {
  readonly object: T;
  /** Which attempt of `fun` made it. */
  readonly n: number;
  /** Which `reset` it has seen: an older one makes it obsolete. */
  readonly epoch: number;
  readonly born: number;
  state: State = "using";
  uses = 0;
  /** It has been available before: no longer fresh, though perhaps never used. */
  stored = false;
  /**
   * Since when it is available, by `clock.now()`, or in use, by `clock.awake()`: nobody uses a thing
   * while the machine sleeps. If the clock is read for it, or it has been noticed.
   */
  since = 0;
  /** When it was last known to be good: the last time it was asked, or the making of it began. */
  proven: number;
  /** A housekeeping round asks for its health; it stays where it is meanwhile. */
  checking = false;
  /** It has been out since before the last look at what is out. */
  noticed = false;
  borrower: Borrower | undefined = undefined;
  /** Makes the hook fail that is under way on it, for nobody to wait for that any longer. */
  giveUp: ((error: unknown) => void) | undefined = undefined;
  /** When its lifetime ends. */
  due: number;
  slot = -1;

  constructor(object: T, { n, epoch, begun }: Attempt, born: number, due: number) {
    super();
    this.object = object;
    this.n = n;
    this.epoch = epoch;
    this.born = born;
    this.proven = begun;
    this.due = due;
  }

  /** Whether it is available or in use. */
  get live(): boolean {
    return this.state === "available" || this.state === "using";
  }
}
