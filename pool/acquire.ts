// Acquire: how borrowers come to an object, or fail: at once, or once it is their turn.

import { outside } from "../context.ts";
import { PoolFullError } from "../errors.ts";
import { abortReason, isThenable } from "../values.ts";
import { checkGet } from "./check.ts";
import { begin } from "./create.ts";
import type { Borrower, Entry } from "./entry.ts";
import { evict, evictUsing } from "./evict.ts";
import { closedError, outlivedError } from "./explain.ts";
import { distrust, doubtful, examine, notice, suspects } from "./health.ts";
import { type Lease, leaseOf } from "./lease.ts";
import { PoolLoan } from "./loan.ts";
import { enclosing } from "./nesting.ts";
import type { CloseReason } from "./observe.ts";
import { EARLIER, type GetOptions, type ResumedOptions } from "./options.ts";
import { beginWaiting, endWaiting, shedFirst } from "./overload.ts";
import { type Kind, type Resolve, type Terms, Waiter } from "./queue.ts";
import { refuse, tellRefused } from "./refuse.ts";
import { giveBack, isDead, putBack, readmit } from "./release.ts";
import { stale } from "./rules.ts";
import { watch } from "./standstill.ts";
import type { Check, State } from "./state.ts";
import { record } from "./trace.ts";
import { Usage } from "./usage.ts";

/** How many fresh objects in a row may turn out unfit before somebody is told. */
const UNFIT = 3;

/** After how many ms a check no longer counts as an object to come. */
const LONG = 100;

/** A timer that is that much late, in ms, tells of an event loop that stood still. */
const LATE = 50;

/** What a borrower gets: of `use`, a {@linkcode Usage}. */
export type Lent<T> = Lease<T> | PoolLoan<T>;

/** `get` and `borrow` without options: no more than it takes where no option in force asks for more. */
export function acquireQuickly<T>(
  pool: State<T>,
  usual: Terms,
  below: unknown,
): Promise<Lent<T>> {
  if (pool.quick && !pool.seam?.wanted()) {
    const entry = pool.queue.size === 0 ? pick(pool) : undefined;
    if (entry !== undefined) return Promise.resolve(lend(pool, entry, usual));
    // Asked again: `closer`, of what was closed on the way, may have ended the pool.
    if (pool.quick) return wait(pool, usual);
  }
  return acquire(pool, usual, undefined, below);
}

const METHODS: Readonly<Record<Kind, string>> = { lease: "get", loan: "borrow", use: "use" };

/**
 * The same with options, and with all that is in force. `below`: the public method that was called; a
 * recorded stack begins at its caller.
 */
export function acquire<T>(
  pool: State<T>,
  usual: Terms,
  options: GetOptions | undefined,
  below: unknown,
): Promise<Lent<T>> {
  const { seam } = pool;
  if (!seam?.wanted()) return acquireWith(pool, usual, options, below);
  return seam.get(options, () => acquireWith(pool, usual, options, below));
}

function acquireWith<T>(
  pool: State<T>,
  usual: Terms,
  options: GetOptions | undefined,
  below: unknown,
): Promise<Lent<T>> {
  let terms: Terms;
  try {
    if (options !== undefined) checkGet(METHODS[usual.kind], options);
    terms = termsOf(pool, usual, options, below);
  } catch (error) {
    return Promise.reject(error);
  }
  const refusal = start(pool, terms);
  if (refusal !== undefined) return Promise.reject(refusal.error);
  while (pool.queue.size === 0) {
    const entry = pick(pool);
    const usable = entry !== undefined && !refused(pool, terms);
    const ready = usable && prepare(pool, entry, terms);
    const refusal = refuseIf(pool, terms); // `closer` and hooks may do anything
    if (refusal !== undefined) {
      if (ready) void giveBack(pool, entry);
      else if (!usable && entry !== undefined) leave(pool, entry);
      return Promise.reject(refusal.error);
    }
    if (ready) {
      pool.unfit = 0;
      const lent = lend(pool, entry, terms);
      keepSpare(pool);
      return Promise.resolve(lent);
    }
    if (entry === undefined || pool.checks.size > 0) break;
  }
  try {
    return wait(pool, terms);
  } catch (error) {
    return Promise.reject(error); // of a signal that cannot be listened to
  }
}

/** Lends an available object that needs no check, now or not at all. */
export function acquireNow<T>(pool: State<T>, below: unknown): Lease<T> | undefined {
  const { seam } = pool;
  return seam?.wanted() ? seam.getNow(() => takeNow(pool, below)) : takeNow(pool, below);
}

function takeNow<T>(pool: State<T>, below: unknown): Lease<T> | undefined {
  begin(pool); // whose `fun` may end it
  for (;;) {
    if (pool.ending !== undefined) throw closedError(pool);
    const entry = pick(pool, true);
    if (entry === undefined) return undefined;
    let greeting: unknown;
    try {
      greeting = pool.hooks.run("getter", entry);
    } catch {
      evictUsing(pool, entry, "unfit");
      continue;
    }
    if (isThenable(greeting)) {
      afterGetter(pool, entry, greeting);
      keepSpare(pool);
      if (pool.ending === undefined) return undefined;
    } else if (pool.ending !== undefined || isDead(pool, entry)) void giveBack(pool, entry);
    else {
      pool.unfit = 0;
      const lent = lend(pool, entry, termsOf(pool, pool.usual.lease, undefined, below));
      keepSpare(pool);
      return lent as Lease<T>;
    }
  }
}

/** One fewer is available. */
function keepSpare<T>(pool: State<T>): void {
  if (pool.settings.minAvailable > 0) pool.dispatch();
}

/** An object goes back once its `getter` is done, for nobody. */
function afterGetter<T>(pool: State<T>, entry: Entry<T>, greeting: PromiseLike<unknown>): void {
  const then = [() => void giveBack(pool, entry), () => evictUsing(pool, entry, "unfit")] as const;
  outside(() => greeting.then(...then));
}

function termsOf<T>(
  pool: State<T>,
  usual: Terms,
  options: GetOptions | undefined,
  below: unknown,
): Terms {
  const { clock, hooked, observed, tracing } = pool;
  // Who is served at once without a hook has not waited, and `wait` asks when the others came.
  const begun = observed && hooked ? clock.awake() : undefined;
  if (options === undefined && tracing === 0 && begun === undefined) return usual;
  const { signal, timeout = usual.timeout, priority = 0, label, [EARLIER]: earlier }:
    ResumedOptions = options ?? {};
  const trace = tracing > 0 ? record(below) : undefined;
  const borrower: Borrower | undefined = label === undefined && trace === undefined
    ? undefined
    : { label, trace, within: trace && enclosing() };
  if (tracing > 0) pool.traced();
  const { kind } = usual;
  return { kind, timeout, signal, priority, borrower, begun, earlier };
}

/** Starts the pool, unless it has; why a borrower is refused, if it is. */
function start<T>(pool: State<T>, terms: Terms): { error: unknown } | undefined {
  const refusal = refuseIf(pool, terms);
  if (refusal !== undefined || pool.started !== undefined) return refusal;
  begin(pool); // whose `fun` may do anything
  return refuseIf(pool, terms);
}

function refused<T>({ ending }: State<T>, { signal }: Terms): boolean {
  return ending !== undefined || signal?.aborted === true;
}

/** Refuses a borrower if it must be. */
function refuseIf<T>(pool: State<T>, terms: Terms): { error: unknown } | undefined {
  if (!refused(pool, terms)) return undefined;
  const closed = pool.ending !== undefined;
  const error = closed ? closedError(pool) : abortReason(terms.signal!);
  tellRefused(pool, terms, error, closed ? "closed" : "aborted");
  return { error };
}

/** Nobody needs an object any more that was picked. */
function leave<T>(pool: State<T>, entry: Entry<T>): void {
  putBack(pool, entry);
  pool.dispatch();
}

/**
 * Takes the next available object, as `idleOrder` has it; those past their limits are closed on the way. `sure`: only
 * one whose health need not be asked.
 */
export function pick<T>(pool: State<T>, sure = false): Entry<T> | undefined {
  const { bag, clock, settings, timed } = pool;
  if (!timed) return bag.takeNext(pool.fifo);
  if (bag.idle.size === 0) return undefined;
  const now = pool.now = clock.now();
  notice(pool, now);
  for (;;) {
    let entry = pool.fifo ? bag.idle.first : bag.idle.last;
    while (entry?.checking) entry = (pool.fifo ? entry.next : entry.prev) as Entry<T> | undefined;
    if (entry === undefined || sure && doubtful(pool, entry, now)) return undefined;
    const fault = stale(entry, settings, pool.spare, now);
    bag.take(entry);
    if (fault === undefined) return entry;
    void evict(pool, entry, fault);
  }
}

/** Puts an object that is in use by nobody into a borrower's hands. */
export function lend<T>(pool: State<T>, entry: Entry<T>, terms: Terms): Lent<T> {
  const { bag, clock, totals } = pool;
  if (pool.clocked) {
    // It is still as late as it was: a hook that takes time gives a promise, after which the clock is read.
    entry.since = pool.timed ? pool.now - clock.slept : clock.awake();
    entry.coarse = false;
  }
  totals.gets++;
  bag.lend(entry);
  const { kind, borrower } = terms;
  const loan = kind === "use"
    ? new Usage(pool, entry, borrower)
    : new PoolLoan(pool, entry, borrower);
  entry.loan = loan;
  if (pool.observed) tellLent(pool, entry, terms);
  return kind === "lease" ? leaseOf(loan) : loan;
}

function tellLent<T>({ hooks, observers }: State<T>, entry: Entry<T>, terms: Terms): void {
  const { begun, borrower, earlier } = terms;
  const waited = begun === undefined ? 0 : entry.since - begun;
  observers.lent(waited + (earlier?.waited ?? 0), borrower?.label, () => hooks.label(entry));
}

// ---- those who wait

/** Queues for an object, when there is none to be had at once. */
function wait<T>(pool: State<T>, asked: Terms): Promise<Lent<T>> {
  const isTimed = asked.begun !== undefined || !pool.observed;
  const terms = isTimed ? asked : { ...asked, begun: pool.clock.awake() };
  const promise = new Promise<Lent<T>>(keepResolver);
  const waiter = new Waiter<unknown>(takeResolver(), terms);
  pool.queue.push(waiter);
  if (pool.settings.queueTarget > 0) beginWaiting(pool);
  if (terms.timeout === 0 || terms.borrower?.within !== undefined) watch(pool, waiter);
  // Most often all objects are out, and nothing is to be made.
  if (pool.bag.idle.size > 0 || pool.permits !== undefined || pool.room) pool.dispatch();
  if (pool.settings.maxWaiting > 0 && waiter.waits && isFull(pool)) {
    refuse(pool, waiter, fullError(pool), "full");
  }
  return promise;
}

function isFull<T>(pool: State<T>): boolean {
  const { attempts, checks, clock, permits, queue, settings: { maxWaiting } } = pool;
  if (queue.size <= maxWaiting) return false;
  // A permit that takes long is no object to come.
  const asked = permits?.soon(clock.now() - LONG) ?? 0;
  return queue.size - attempts.size - checks.size - asked > maxWaiting;
}

function fullError<T>({ name, settings }: State<T>): PoolFullError {
  return new PoolFullError(
    `${name}: ${settings.maxWaiting} wait already (maxWaiting): ` +
      "try again later, or raise maxSize or maxWaiting",
  );
}

/** Offers an object in use by nobody to those who wait, once hooks let it be lent. */
export function offer<T>(pool: State<T>, entry: Entry<T>): void {
  if (!pool.hooked || prepare(pool, entry, undefined)) deliver(pool, entry);
}

/** To whose turn it is. */
function deliver<T>(pool: State<T>, entry: Entry<T>): void {
  const sheds = pool.settings.queueTarget > 0;
  if (sheds) shedFirst(pool);
  if (entry.state !== "using") return; // taken away while a hook or an observer ran
  if (pool.careful && isDead(pool, entry)) return readmit(pool, entry); // which closes it
  const waiter = pool.queue.shift();
  if (waiter === undefined) {
    if (pool.settings.getter === undefined) return readmit(pool, entry); // nobody has touched it
    return void giveBack(pool, entry);
  }
  if (sheds) endWaiting(pool, waiter);
  pool.unfit = 0;
  waiter.resolve(lend(pool, entry, waiter.terms));
  // It may have been the last, or a permit is not needed any more.
  if (pool.permits !== undefined || pool.ending?.draining) pool.dispatch();
}

/**
 * Has hooks look at an object. True: it can be lent now. Else a hook takes its time, or the object is
 * not fit, or nobody wants it any more, which is seen to. `terms`: of who comes, unless that is who
 * waits.
 */
function prepare<T>(pool: State<T>, entry: Entry<T>, terms: Terms | undefined): boolean {
  try {
    const health = doubtful(pool, entry, pool.now)
      ? examine(pool, entry, true, pool.now)
      : undefined;
    if (health === undefined) return greet(pool, entry, terms);
    later(pool, entry, health, "unhealthy", false);
  } catch (error) {
    notFit(pool, entry, error, "unhealthy");
  }
  return false;
}

/** The same from `getter` on. */
function greet<T>(pool: State<T>, entry: Entry<T>, terms: Terms | undefined): boolean {
  const wanted = terms === undefined ? pool.queue.size > 0 : !refused(pool, terms);
  if (!wanted || isDead(pool, entry)) {
    readmit(pool, entry); // which closes what has died
    return false;
  }
  try {
    const greeting = pool.hooks.run("getter", entry);
    if (isThenable(greeting)) later(pool, entry, greeting, "unfit", true);
    else if (isDead(pool, entry)) readmit(pool, entry);
    else return true;
  } catch (error) {
    notFit(pool, entry, error, "unfit");
  }
  return false;
}

/** A hook takes its time: then the object goes to whose turn it is by then. `why`: if the hook fails. */
function later<T>(
  pool: State<T>,
  entry: Entry<T>,
  hook: PromiseLike<unknown>,
  why: "unhealthy" | "unfit",
  greeted: boolean,
): void {
  const check = beginCheck(pool, why === "unhealthy");
  const good = () => {
    endCheck(pool, check);
    goOn(pool, entry, greeted);
  };
  const bad = (error: unknown) => {
    endCheck(pool, check);
    notFit(pool, entry, error, why);
  };
  outside(() => hook.then(good, bad)); // who waits may have gone by then, and with it its context
}

function beginCheck<T>(pool: State<T>, ofHealth: boolean): Check {
  const { clock } = pool;
  const check = { begun: clock.awake(), asked: ofHealth ? clock.now() : undefined };
  pool.looking++;
  pool.count(check);
  if (pool.slow.at === Infinity) pool.slow.start(LONG, false);
  return check;
}

function endCheck<T>(pool: State<T>, check: Check): void {
  const { checks, orphans, slow } = pool;
  pool.looking--;
  pool.discount(check);
  orphans.delete(check);
  if (checks.size + orphans.size === 0) slow.stop();
}

/** What takes long is no object to come: another one is looked at, or made. */
export function forgetSlow<T>(pool: State<T>, late: number): void {
  const { clock, slow } = pool;
  const now = clock.awake();
  if (late > LATE && !pool.excused) {
    // The event loop stood still: the answers that have come meanwhile go first.
    pool.excused = true;
    return slow.start(LATE, false);
  }
  pool.excused = false;
  for (const set of [pool.checks, pool.orphans]) {
    for (const check of set) {
      if (check.begun + LONG > now) break;
      pool.discount(check);
      pool.orphans.delete(check);
      if (check.asked !== undefined) distrust(pool, check.asked);
    }
  }
  const next = firstSlow(pool);
  if (next < Infinity) slow.start(Math.max(1, Math.ceil(next - now)), false);
  pool.dispatch();
}

/** When the oldest check has taken long. */
function firstSlow<T>({ checks, orphans }: State<T>): number {
  let first = Infinity;
  for (const set of [checks, orphans]) {
    for (const { begun } of set) {
      first = Math.min(first, begun + LONG);
      break;
    }
  }
  return first;
}

/** After a hook that took its time. */
function goOn<T>(pool: State<T>, entry: Entry<T>, greeted: boolean): void {
  if (entry.state !== "using") return pool.dispatch(); // taken away meanwhile
  if (pool.timed) pool.now = pool.clock.now();
  if (pool.queue.size > 0) {
    if (entry.end < Infinity && pool.now >= entry.end) {
      if (entry.ends === "reset") return readmit(pool, entry); // which closes it
      const error = outlivedError(pool, greeted ? "getter" : "health");
      return notFit(pool, entry, error, "expired");
    }
    try {
      const again = reexamine(pool, entry);
      if (again !== undefined) return later(pool, entry, again, "unhealthy", greeted);
    } catch (error) {
      return notFit(pool, entry, error, "unhealthy");
    }
  }
  if (greeted || greet(pool, entry, undefined)) deliver(pool, entry);
}

/** The program may have stood still while a hook took its time. */
function reexamine<T>(pool: State<T>, entry: Entry<T>): Promise<void> | undefined {
  if (pool.settings.health === undefined) return undefined;
  notice(pool, pool.now);
  return suspects(pool, entry) ? examine(pool, entry, true, pool.now) : undefined;
}

/** Hooks do not let an object be lent: the next is tried, unless too many fresh ones were unfit. */
function notFit<T>(pool: State<T>, entry: Entry<T>, error: unknown, why: CloseReason): void {
  if (entry.state !== "using") return pool.dispatch(); // taken away meanwhile
  // What dies while it is stored says nothing of the next; what gets too old in a hook does.
  const fresh = entry.uses === 0 && (why === "expired" || !entry.stored);
  pool.unfit = fresh ? pool.unfit + 1 : 0;
  if (pool.unfit >= UNFIT) {
    pool.unfit = 0;
    const waiter = pool.queue.next;
    if (waiter !== undefined) refuse(pool, waiter, error, "failed");
  }
  evictUsing(pool, entry, why); // asked again: who was told may do anything
  pool.dispatch();
}

let resolver: Resolve<never> | undefined;

/** Without a closure for each promise, which would be a sixth of what a waiter takes. */
export const keepResolver = (resolve: Resolve<never>): void => void (resolver = resolve);

/** Of the promise just made. */
export function takeResolver(): Resolve<unknown> {
  const taken = resolver as Resolve<unknown>;
  resolver = undefined; // it would keep the last lease from collection
  return taken;
}
