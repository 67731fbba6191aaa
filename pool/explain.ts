// Explains what went wrong; a `get` that took too long, with who holds what it waited for.

import {
  type Holder,
  LeaseError,
  PoolClosedError,
  PoolError,
  PoolTimeoutError,
} from "../errors.ts";
import { reason, shown } from "../values.ts";
import type { Core } from "./core.ts";
import { loanOf } from "./lease.ts";
import type { Waiter } from "./wait_queue.ts";

/** How many holders are named. */
const NAMED = 5;

/** The pool at the moment. */
export interface Situation<T> {
  core: Core<T>;
  creating: number;
  failure: { cause: unknown; at: number } | undefined;
}

/** The error for a waiter whose time is over. */
export function timeoutError<T, R>(waiter: Waiter<R>, at: Situation<T>): PoolTimeoutError {
  const { ahead, terms: { timeout } } = waiter;
  const waited = Math.round(at.core.clock.awake() - (waiter.due - timeout));
  const phase = waiter.state === "held" ? "check" : at.creating > 0 ? "create" : "wait";
  const holders = longestHeld(at.core);
  const message = `${at.core.name}: no object within timeout, ${timeout} ms ` +
    `(waited ${waited} ms, ${ahead} queued ahead; ${doing[phase]}): ` +
    [counts(at), ...held(holders), ...lastFailure(at)].join("; ");
  return new PoolTimeoutError(
    message,
    { timeout, waited, ahead, phase, holders },
    at.failure && { cause: at.failure.cause },
  );
}

const doing = {
  wait: "waiting for one to come back",
  create: "one was being made",
  check: "a hook was looking at one",
};

function counts<T>({ core: { bag, settings: { maxSize } }, creating }: Situation<T>): string {
  const most = maxSize > 0 ? ` of ${maxSize}` : "";
  return `${bag.using}${most} in use, ${creating} being made, ${bag.closing} being closed`;
}

function longestHeld<T>({ bag, clock, hooks, clocked }: Core<T>): Holder[] {
  const holders: Holder[] = [];
  const now = clock.awake();
  for (const list of [bag.overdue, bag.lent]) {
    for (const entry of list) {
      if (holders.length === NAMED) return holders;
      holders.push({
        object: hooks.label(entry),
        held: clocked || entry.noticed ? Math.round(now - entry.since) : null,
        atLeast: !clocked,
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

function lastFailure<T>({ failure, core }: Situation<T>): string[] {
  if (failure === undefined) return [];
  const ago = Math.round(core.clock.awake() - failure.at);
  return [`the last failure to make one, ${ago} ms ago: ${reason(failure.cause)}`];
}

/** Objects come to the end of their lifetime while a hook looks at them. */
export function outlivedError<T>({ name, settings }: Core<T>, hook: string): PoolError {
  return new PoolError(
    `${name}: objects reach maxLifetime, ${settings.maxLifetime} ms, in ${hook}: ` +
      `raise maxLifetime, or look why ${hook} takes so long`,
  );
}

/** Whoever comes too late. */
export function closedError(pool: string): PoolClosedError {
  return new PoolClosedError(`${pool} is shut down: make another pool to go on`);
}

/** Something else, or another pool's, is given to `method` as a lease of `pool`. */
export function foreignError(pool: string, method: string, lease: unknown): LeaseError {
  const other = loanOf(lease);
  if (other === undefined) {
    return new LeaseError(
      `${method} takes a lease of ${pool}, got ${shown(lease)}: ` +
        "give it what get() gave, not the object itself",
    );
  }
  return new LeaseError(
    `${method} takes a lease of ${pool}, got one of ${other.lender.name}: ` +
      "give it back to the pool that lent it",
  );
}
