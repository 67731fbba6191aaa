// Observe: the events of a pool, for observers and totals.

/** Why an object was closed. */
export type CloseReason =
  | "wornOut"
  | "expired"
  | "recycled"
  | "discarded"
  | "unhealthy"
  | "unfit"
  | "invalidated"
  | "killed"
  | "leaked"
  | "reset"
  | "resized"
  | "reclaimed"
  | "shutdown"
  | "leftover";

/** Why a borrower got no object. */
export type RefuseReason =
  | "timeout"
  | "aborted"
  | "full"
  | "overload"
  | "deadlock"
  | "closed"
  | "failed";

/** How a loan ended, for the pool. */
export type ReturnEnd = "returned" | "discarded" | "detached" | "killed" | "leaked";

/** An attempt to create an object has ended. All times are in milliseconds. */
export interface CreatedEvent {
  /** The number of the attempt. */
  readonly n: number;
  /** How long the attempt took. */
  readonly duration: number;
  /** The failure; only present if the attempt failed. */
  readonly error?: unknown;
}

/** A borrower has got an object. */
export interface LentEvent {
  /**
   * The object: its number, and what `tracer`, else `String`, makes of it. Computed when it is
   * read.
   */
  readonly object: string;
  /**
   * How long the borrower waited, in milliseconds; 0 if the wait began before the observer was
   * added.
   */
  readonly waited: number;
  /** The `label` of the borrower. */
  readonly label?: string;
}

/** A borrower has got no object. */
export interface RefusedEvent {
  /**
   * How long the borrower waited, in milliseconds; 0 if the wait began before the observer was
   * added.
   */
  readonly waited: number;
  /** The `label` of the borrower. */
  readonly label?: string;
  /** The error that the borrower got. */
  readonly error: unknown;
  /** Why it got no object. */
  readonly reason: RefuseReason;
}

/** A loan has ended. */
export interface ReturnedEvent {
  /**
   * The object: its number, and what `tracer`, else `String`, makes of it. Computed when it is
   * read.
   */
  readonly object: string;
  /**
   * How long the object was held, in milliseconds; since the observer was added, if it was lent
   * before.
   */
  readonly held: number;
  /** The `label` of the borrower. */
  readonly label?: string;
  /** How the loan ended. */
  readonly end: ReturnEnd;
}

/**
 * An object was closed, and its place is free. The reason `leftover` means the object of a failed
 * attempt.
 */
export interface ClosedEvent {
  /** The number of the attempt that created the object. */
  readonly n: number;
  /** The age of the object, in milliseconds. */
  readonly age: number;
  /** How many times the object was lent. */
  readonly uses: number;
  /** Why the object was closed. */
  readonly reason: CloseReason;
}

/**
 * Is told what happens in a pool. Give any of these methods. Each is called once for each event,
 * synchronously, and outside every caller's asynchronous context. What it throws is logged.
 */
export interface Observer {
  /** An attempt to create an object has ended. */
  created?(event: CreatedEvent): void;
  /** A borrower has got an object. */
  lent?(event: LentEvent): void;
  /** A borrower has got no object. */
  refused?(event: RefusedEvent): void;
  /** A loan has ended. */
  returned?(event: ReturnedEvent): void;
  /** An object was closed. */
  closed?(event: ClosedEvent): void;
}

/**
 * The observers of the library's own entry points. They get no event objects, and are called in
 * whatever context runs at that moment. Times are not rounded.
 */
export interface Tap {
  lent?(waited: number, label: string | undefined): void;
  refused?(waited: number, label: string | undefined, error: unknown, reason: RefuseReason): void;
  returned?(held: number, label: string | undefined, end: ReturnEnd, describe: Describe): void;
  created?(event: CreatedEvent): void;
  closed?(event: ClosedEvent): void;
}

/** The number of an object, and what `tracer`, else `String`, makes of it. */
export type Describe = () => string;

/** The methods of an observer. */
export const EVENTS = ["created", "lent", "refused", "returned", "closed"] as const;

/** What has happened since the pool was created. Totals only grow. */
export class Totals {
  /** Objects created. If `opener` failed for one, it counts for `createFailed`, too. */
  created = 0;
  /** Attempts to create an object that failed. */
  createFailed = 0;
  /** Objects lent. */
  gets = 0;
  /** Loans and uses that ended without a failure for which the object was closed. */
  returned = 0;
  /** Objects closed after `maxUse` uses. */
  wornOut = 0;
  /** Objects closed after being idle for `maxAvailDelay`. */
  recycled = 0;
  /** Objects closed at `maxLifetime`. */
  expired = 0;
  /**
   * Objects taken away: at `maxUsingDelayKill`, by a shutdown out of time, or with a lost permit.
   */
  killed = 0;
  /** Loans that were garbage-collected without being returned. */
  leaked = 0;
  /** Objects closed by `discard`, after a failure of their borrower, by `reset` or by `resize`. */
  discarded = 0;
  /** Objects taken out of the pool by `detach`. */
  detached = 0;
  /** Objects closed, for whatever reason. */
  closed = 0;
  /** Calls of `health`. */
  healthChecks = 0;
  /** Objects for which `health` returned false or failed. */
  unhealthy = 0;
  /** Objects closed because of `invalidate`. */
  invalidated = 0;
  /** `get`s refused because the pool was overloaded (`queueTarget`). */
  overloaded = 0;
  /** `get`s that failed with {@linkcode PoolDeadlockError}. */
  deadlocks = 0;
  /** `get`s that exceeded their `timeout`. */
  timeouts = 0;
  /** `get`s aborted by their `signal`. */
  aborted = 0;
  /** `get`s that failed for another reason. */
  rejected = 0;
  /** Returns of loans that had already ended. */
  doubleReturns = 0;
  /** Housekeeping rounds. */
  hkRounds = 0;
  /** Housekeeping rounds that failed: a bug in the pool. */
  hkErrors = 0;
  /** Calls of hooks that failed or exceeded their time limit. */
  hookErrors = 0;
}

/** The total that counts each reason. */
export const COUNTED: Readonly<Partial<Record<CloseReason, keyof Totals>>> = {
  wornOut: "wornOut",
  expired: "expired",
  recycled: "recycled",
  discarded: "discarded",
  reset: "discarded",
  resized: "discarded",
  invalidated: "invalidated",
  killed: "killed",
  leaked: "leaked",
};
