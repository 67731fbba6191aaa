// Explain: what the pool says when something went wrong, and who holds what others wait for.

import {
  type Holder,
  LeaseError,
  PoolClosedError,
  PoolDeadlockError,
  PoolError,
  PoolOverloadError,
  PoolTimeoutError,
} from "../errors.ts";
import { reason, shown } from "../values.ts";
import type { Entry, LoanEnd } from "./entry.ts";
import { cycle } from "./nesting.ts";
import type { Waiter } from "./queue.ts";
import type { QuotaShare } from "./quota.ts";
import type { State } from "./state.ts";
import { retryAfter } from "./rules.ts";
import { lineOf } from "./trace.ts";

/** How many holders are named. */
export const NAMED = 5;

/** What all whose time is over at one moment have in common. */
export interface Situation {
  readonly now: number;
  readonly phase: PoolTimeoutError["phase"];
  readonly holders: readonly Holder[];
  readonly text: string;
  readonly cause: ErrorOptions | undefined;
}

/** The pool at this moment; calls `tracer`. */
export function situation<T>(pool: State<T>): Situation {
  const { attempts, bag, clock, failure, looking, settings: { maxSize } } = pool;
  const holders = longestHeld(pool);
  const shares = sharesOf(pool);
  const most = maxSize > 0 ? ` of ${maxSize}` : "";
  const text = [
    `${bag.using}${most} in use, ${attempts.size} being created, ${bag.closing} being closed`,
    ...requested(pool),
    ...shared(shares),
    ...allHeld(pool),
    ...held(holders),
    ...lastFailure(pool),
  ].join("; ");
  const phase = looking > 0 ? "check" : attempts.size > 0 ? "create" : "wait";
  const cause = failure && { cause: failure.cause };
  const others = shares.flatMap((one) => one.holders.map((held) => ({ ...held, pool: one.pool })));
  return { now: clock.awake(), phase, holders: [...holders, ...others], text, cause };
}

/** How many permits are waited for. */
function requested<T>({ permits }: State<T>): string[] {
  const waiting = permits?.requests.length ?? 0;
  return waiting === 0 ? [] : [`${waiting} waiting for a permit of the quota`];
}

/** Which other pools have permits, if permits are waited for; calls their `tracer`. */
function sharesOf<T>({ permits }: State<T>): readonly QuotaShare[] {
  return permits === undefined || permits.requests.length === 0 ? [] : permits.shares(NAMED);
}

function shared(shares: readonly QuotaShare[]): string[] {
  if (shares.length === 0) return [];
  const told = shares.map(({ pool, permits, holders }) => `${permits} in ${pool}${among(holders)}`);
  const text = `permits are held by other pools: ${told.join("; ")}`;
  const isHeld = shares.some(({ holders }) => holders.length > 0);
  return [isHeld ? `${text}: a deadlock, if these wait for this pool` : text];
}

/** Who holds objects of another pool. */
function among(holders: readonly Holder[]): string {
  if (holders.length === 0) return " (none in use)";
  return ` (${holders.map((one) => `${one.object} ${holding(one)}`).join(", ")})`;
}

const DOING = {
  wait: "none was returned",
  create: "one was being created",
  check: "a hook was running on one",
};

/** The error for a waiter whose time is over. */
export function timeoutError<T, R>(
  pool: State<T>,
  { ahead, begun, terms }: Waiter<R>,
  { now, phase, holders, text, cause }: Situation,
): PoolTimeoutError {
  const { earlier } = terms;
  const { timeout } = earlier ?? terms;
  const waited = Math.round((earlier?.waited ?? 0) + now - begun);
  const before = earlier === undefined
    ? ""
    : `, ${Math.round(earlier.waited)} ms of it ${earlier.what}`;
  return new PoolTimeoutError(
    `${pool.name}: no object within timeout, ${timeout} ms ` +
      `(waited ${waited} ms${before}, ${ahead} ahead of it; ${DOING[phase]}): ${text}`,
    { timeout, waited, ahead, phase, holders },
    cause,
  );
}

/** For a waiter that is shed. */
export function overloadError<T>(pool: State<T>, waited: number): PoolOverloadError {
  const { failure, failures, name, settings: { queueInterval, queueTarget } } = pool;
  const after = retryAfter(queueInterval, Math.random());
  return new PoolOverloadError(
    `${name} is overloaded: waited ${Math.round(waited)} ms, over twice queueTarget ` +
      `(${queueTarget} ms): try again in ${after} ms, send less, or raise maxSize`,
    { retryAfter: after, waited: Math.round(waited) },
    failures > 0 ? { cause: failure!.cause } : undefined,
  );
}

/** That objects may be held by who waits. */
function allHeld<T>(pool: State<T>): string[] {
  const { length } = cycle(pool);
  if (length > 0) return [`${nested(pool, length)}: a deadlock, if the callback awaits it`];
  const { bag, looking, settings: { maxSize } } = pool;
  if (maxSize === 0 || bag.using - looking < maxSize) return [];
  return ["all are held: look for leases that are never returned, and for nested use()"];
}

/** For the last one to come of `waiters`, who hold all objects and wait for another one each. */
export function deadlockError<T>(pool: State<T>, waiters: number): PoolDeadlockError {
  const holders = longestHeld(pool);
  const all = holders.map((one) => `${one.object} ${holding(one)}`).join(", ");
  return new PoolDeadlockError(
    `${pool.name}: deadlock: ${nested(pool, waiters)}: ${all}. ` +
      "Pass the object to the inner calls, or raise maxSize",
    holders,
  );
}

function nested<T>({ bag }: State<T>, waiters: number): string {
  const each = bag.using === 1 ? "the only object" : `each of the ${bag.using} objects`;
  return `${each} is held by a use() in whose callback another get waits (${waiters} waiting)`;
}

/** Why nobody may get on; calls `tracer`. */
export function stillness<T>(pool: State<T>): string {
  return `${pool.queue.size} wait, ${situation(pool).text}`;
}

/** Who holds objects, at most `most`, the longest held first; calls `tracer`. */
export function longestHeld<T>(pool: State<T>, most = NAMED): Holder[] {
  const holders: Holder[] = [];
  for (const list of [pool.bag.overdue, pool.bag.lent]) {
    for (const entry of list) {
      if (holders.length === most) return holders;
      holders.push(holderOf(pool, entry));
    }
  }
  return holders;
}

/** Who holds an object, and for how long; calls `tracer`. */
export function holderOf<T>(pool: State<T>, entry: Entry<T>): Holder {
  const { clock, clocked, hooks } = pool;
  const known = clocked || entry.noticed;
  return {
    object: hooks.label(entry),
    held: known ? Math.round(clock.awake() - entry.since) : null,
    atLeast: !clocked || entry.coarse,
    label: entry.borrower?.label,
    line: lineOf(entry.borrower),
  };
}

/** How long, by whom and from where an object is held. */
export function holding({ held, atLeast, label, line }: Holder): string {
  const time = held === null ? "lately" : `for ${atLeast ? "at least " : ""}${held} ms`;
  const by = label === undefined ? "" : ` by ${shown(label)}`;
  return `${time}${by}${line === undefined ? "" : `, taken at ${line}`}`;
}

function held(holders: readonly Holder[]): string[] {
  if (holders.length === 0) return [];
  return [`held longest: ${holders.map((one) => `${one.object} ${holding(one)}`).join(", ")}`];
}

function lastFailure<T>({ failure, clock }: State<T>): string[] {
  if (failure === undefined) return [];
  const ago = Math.round(clock.awake() - failure.at);
  return [`last failed creation, ${ago} ms ago: ${reason(failure.cause)}`];
}

/** Objects come to the end of their lifetime while a hook looks at them. */
export function outlivedError<T>({ name, settings }: State<T>, hook: string): PoolError {
  return new PoolError(
    `${name}: objects reach maxLifetime, ${settings.maxLifetime} ms, during ${hook}: ` +
      `raise maxLifetime, or make ${hook} faster`,
  );
}

/** Objects are obsolete as soon as they are made. */
export function stillbornError<T>({ name }: State<T>): PoolError {
  return new PoolError(
    `${name}: reset() made three new objects in a row obsolete: do not call it in fun or opener`,
  );
}

/** There was no permit for an attempt. */
export function permitError<T>({ name }: State<T>, error: unknown): PoolError {
  return new PoolError(`${name}: no permit from the quota: ${reason(error)}`, { cause: error });
}

/** A permit is not needed any more. */
export function unneededError<T>({ name }: State<T>): PoolError {
  return new PoolError(`${name}: this permit is no longer needed`);
}

/** The permit of an object was lost while that was made. */
export function lostError<T>({ name }: State<T>, n: number): PoolError {
  return new PoolError(`${name}: object #${n} is abandoned: its permit was lost`);
}

/** A permit was lost before it was used. */
export function unusedError<T>({ name }: State<T>): PoolError {
  return new PoolError(`${name}: the permit was lost before its use`);
}

/** An object died before it was there. */
export function invalidError<T>({ name }: State<T>, n: number, why: unknown): PoolError {
  const said = why === undefined ? "" : `: ${reason(why)}`;
  return new PoolError(
    `${name}: object #${n} was invalidated during its creation${said}`,
    why === undefined ? undefined : { cause: why },
  );
}

/** For who comes too late, or still waits, and may still hold an object. */
export function closedError<T>({ name, bag }: State<T>, waited = false): PoolClosedError {
  const way = waited
    ? "this get still waited; shutdown({ drain: true }) serves waiters first"
    : "create another pool";
  const advice = bag.using === 0 ? way : `${way}; ` +
    "a borrower may use its object to the end, but gets no second one";
  return new PoolClosedError(`${name} is shut down: ${advice}`);
}

/** Something else, or another pool's, is given to `method` as a lease of `pool`. */
export function foreignError(
  pool: string,
  method: string,
  lease: unknown,
  other: string | undefined,
): LeaseError {
  if (other === undefined) {
    return new LeaseError(
      `${method} takes a lease of ${pool}, got ${shown(lease)}: ` +
        "pass what get() returned, not the object itself",
    );
  }
  return new LeaseError(
    `${method} takes a lease of ${pool}, got one of ${other}: ` +
      "return it to the pool that lent it",
  );
}

/** A loan is given to `method`, which takes leases. */
export function loanError(pool: string, method: string): LeaseError {
  return new LeaseError(
    `${method} takes a lease of ${pool}, got a loan: call its own release(), discard() ` +
      "or detach()",
  );
}

/** An object is used after its loan has ended. */
export function deadError(pool: string, what: string, end: LoanEnd): LeaseError {
  return new LeaseError(
    `this ${what} of ${pool} was ${end} and can no longer be used: ${ADVICE[end]}`,
  );
}

const KEEP = "get another one, or return this one later";

const ADVICE: Readonly<Record<LoanEnd, string>> = {
  returned: KEEP,
  discarded: KEEP,
  detached: "use what detach() returned",
  killed: "return it sooner, or raise maxUsingDelayKill",
  "revoked by shutdown": "return it sooner, or give shutdown() a longer timeout",
  "revoked by its quota": "get another one, and find out why the quota lost its permit",
};

/** The object that a callback of `use` has is taken away. */
export function takenAway(pool: string, end: string): LeaseError {
  return new LeaseError(
    `the object that ${pool} lent to use() was ${end}: ` +
      (end === "revoked by its quota" ? "try again" : "end the callback sooner"),
  );
}

/** The object that a callback of `use` has is dead; the callback decides what to do about that. */
export function invalidatedError(pool: string, why: unknown): PoolError {
  return new PoolError(
    `the object that ${pool} lent to use() was invalidated: it has died`,
    why === undefined ? undefined : { cause: why },
  );
}
