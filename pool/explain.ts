// Explains a `get` that took too long: how long, behind whom, and who holds what it waited for.

import { type Holder, PoolTimeoutError } from "../errors.ts";
import { reason } from "../values.ts";
import type { Bag } from "./bag.ts";
import type { Entry } from "./entry.ts";
import type { Waiter } from "./wait_queue.ts";

/** How many holders are named. */
const NAMED = 5;

/** The pool at the moment. */
export interface Situation<T> {
  name: string;
  /** The time by `clock.awake()`, and by `clock.now()`. */
  awake: number;
  now: number;
  /** Whether entries know since when they are held, all of them. */
  clocked: boolean;
  bag: Bag<T>;
  creating: number;
  maxSize: number;
  failure: { cause: unknown } | undefined;
  label(entry: Entry<T>): string;
}

/** The error for a waiter whose time is over. */
export function timeoutError<T, R>(waiter: Waiter<R>, at: Situation<T>): PoolTimeoutError {
  const { timeout, ahead } = waiter;
  const waited = Math.round(at.awake - (waiter.due - timeout));
  const phase = waiter.state === "served" ? "check" : at.creating > 0 ? "create" : "wait";
  const holders = longestHeld(at);
  const message = `${at.name}: no object within timeout, ${timeout} ms ` +
    `(waited ${waited} ms, ${ahead} queued ahead; ${doing[phase]}): ` +
    [counts(at), ...held(holders), ...lastFailure(at)].join("; ");
  return new PoolTimeoutError(
    message,
    { timeout, waited, ahead, phase, holders },
    at.failure,
  );
}

const doing = {
  wait: "waiting for one to come back",
  create: "one was being made",
  check: "a hook was looking at one",
};

function counts<T>({ bag, creating, maxSize }: Situation<T>): string {
  const most = maxSize > 0 ? ` of ${maxSize}` : "";
  return `${bag.using}${most} in use, ${creating} being made, ${bag.closing} being closed`;
}

function longestHeld<T>(at: Situation<T>): Holder[] {
  const holders: Holder[] = [];
  for (const list of [at.bag.overdue, at.bag.lent]) {
    for (const entry of list) {
      if (holders.length === NAMED) return holders;
      const known = at.clocked || entry.noticed;
      holders.push({
        object: at.label(entry),
        held: known ? Math.round(at.now - entry.since) : null,
        atLeast: !at.clocked,
      });
    }
  }
  return holders;
}

function held(holders: readonly Holder[]): string[] {
  if (holders.length === 0) return [];
  const each = holders.map(({ object, held, atLeast }) =>
    held === null ? `${object} lately` : `${object} for ${atLeast ? "at least " : ""}${held} ms`
  );
  return [`held longest: ${each.join(", ")}`];
}

function lastFailure<T>({ failure }: Situation<T>): string[] {
  return failure === undefined ? [] : [`the last failure to make one: ${reason(failure.cause)}`];
}
