// Observe: what happens in a pool, as it is counted and as observers hear of it.

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
  | "shutdown"
  | "leftover";

/** Why a borrower got nothing. */
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

/** An attempt to make an object has ended. All times are in milliseconds. */
export interface CreatedEvent {
  /** Which attempt it was. */
  readonly n: number;
  /** How long it took. */
  readonly duration: number;
  /** What it failed with; only in the event of an attempt that failed. */
  readonly error?: unknown;
}

/** A borrower has got an object. */
export interface LentEvent {
  /** What `tracer`, else `String`, makes of the object, after its number. Computed when it is read. */
  readonly object: string;
  /** How long the borrower waited, in milliseconds; 0 if it came before the observer. */
  readonly waited: number;
  /** What the borrower gave as `label`. */
  readonly label?: string;
}

/** A borrower has got none. */
export interface RefusedEvent {
  /** How long it waited, in milliseconds; 0 if it came before the observer. */
  readonly waited: number;
  /** What the borrower gave as `label`. */
  readonly label?: string;
  /** What it was told. */
  readonly error: unknown;
  /** Why. */
  readonly reason: RefuseReason;
}

/** A borrower is done with its object. */
export interface ReturnedEvent {
  /** What `tracer`, else `String`, makes of the object, after its number. Computed when it is read. */
  readonly object: string;
  /** How long it was held, in milliseconds; of one lent before the observer came, since then. */
  readonly held: number;
  /** What the borrower gave as `label`. */
  readonly label?: string;
  /** How it ended. */
  readonly end: ReturnEnd;
}

/**
 * An object is gone: closed, and its place is free. With reason `leftover` it is what an attempt has left
 * that failed.
 */
export interface ClosedEvent {
  /** Which attempt had made it. */
  readonly n: number;
  /** How old it got, in milliseconds. */
  readonly age: number;
  /** How many times it was lent. */
  readonly uses: number;
  /** Why it was closed. */
  readonly reason: CloseReason;
}

/**
 * Hears what happens in a pool, by any of these methods. Each is called once for what it names,
 * synchronously, outside of every caller's asynchronous context. What it throws is logged.
 */
export interface Observer {
  /** An attempt to make an object has ended. */
  created?(event: CreatedEvent): void;
  /** A borrower has got an object. */
  lent?(event: LentEvent): void;
  /** A borrower has got none. */
  refused?(event: RefusedEvent): void;
  /** A borrower is done with its object. */
  returned?(event: ReturnedEvent): void;
  /** An object is gone. */
  closed?(event: ClosedEvent): void;
}

/**
 * What the entry points of the library hear with: no event is made for each loan, and each method is called
 * in the context in which that happens, be that the borrower's or another's. Times are not rounded.
 */
export interface Tap {
  lent?(waited: number, label: string | undefined): void;
  refused?(waited: number, label: string | undefined, error: unknown, reason: RefuseReason): void;
  returned?(held: number, label: string | undefined, end: ReturnEnd, describe: Describe): void;
  created?(event: CreatedEvent): void;
  closed?(event: ClosedEvent): void;
}

/** What `tracer`, else `String`, makes of an object, after its number. */
export type Describe = () => string;

/** The methods of an observer. */
export const EVENTS = ["created", "lent", "refused", "returned", "closed"] as const;

/** What has happened since the pool was made; each only grows. */
export class Totals {
  /** Objects made, also those that `opener` then failed for, which count as `createFailed` too. */
  created = 0;
  /** Attempts to make one that failed. */
  createFailed = 0;
  /** Objects lent. */
  gets = 0;
  /** Loans given back, and uses that ended, without a failure for which the object was closed. */
  returned = 0;
  /** Objects closed after `maxUse` uses. */
  wornOut = 0;
  /** Objects closed after being unused for `maxAvailDelay`. */
  recycled = 0;
  /** Objects closed at `maxLifetime`. */
  expired = 0;
  /** Objects taken away after `maxUsingDelayKill`, or by a shutdown that ran out of time. */
  killed = 0;
  /** Loans that were garbage-collected without being given back. */
  leaked = 0;
  /** Objects closed for their borrower, after its failure, by `reset` or by `resize`. */
  discarded = 0;
  /** Objects taken out of the pool by `detach`. */
  detached = 0;
  /** Objects that are gone, through `closer` where there is one. */
  closed = 0;
  /** Calls of `health`. */
  healthChecks = 0;
  /** Objects that `health` did not find good. */
  unhealthy = 0;
  /** Objects closed because the pool was told that they had died. */
  invalidated = 0;
  /** `get`s refused because the pool was overloaded (`queueTarget`). */
  overloaded = 0;
  /** `get`s that failed because each object was held by a `use` that waited for another one. */
  deadlocks = 0;
  /** `get`s that took longer than their `timeout`. */
  timeouts = 0;
  /** `get`s given up by their `signal`. */
  aborted = 0;
  /** `get`s that failed otherwise: refused, or told of a failure. */
  rejected = 0;
  /** Loans given back after they had ended. */
  doubleReturns = 0;
  /** Housekeeping rounds. */
  hkRounds = 0;
  /** Housekeeping rounds that failed: none, unless there is a bug in the pool. */
  hkErrors = 0;
  /** Hooks that failed or took too long. */
  hookErrors = 0;
}

/** Which total counts those closed for a reason. */
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
