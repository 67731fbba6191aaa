// Acquire: `get`, `borrow`, `use` and `tryGet` take an object at once, or queue for one.

import { outside } from "../context.ts";
import { PoolFullError } from "../errors.ts";
import { abortReason, isThenable } from "../values.ts";
import { checkGet } from "./check.ts";
import { begin } from "./create.ts";
import type { Borrower, Entry } from "./entry.ts";
import { evictUsing } from "./evict.ts";
import { closedError } from "./explain.ts";
import type { Lease } from "./lease.ts";
import { lend, type Lent, pick } from "./lend.ts";
import { enclosing } from "./nesting.ts";
import { EARLIER, type GetOptions, type ResumedOptions } from "./options.ts";
import { beginWaiting } from "./overload.ts";
import { LONG, prepare, refused } from "./prepare.ts";
import { type Kind, type Resolve, type Terms, Waiter } from "./queue.ts";
import { refuse, tellRefused } from "./refuse.ts";
import { giveBack, isDead, putBack } from "./release.ts";
import { watch } from "./standstill.ts";
import type { State } from "./state.ts";
import { record } from "./trace.ts";

/** `get` and `borrow` without options. It does nothing for options that are not in force. */
export function acquireQuickly<T>(
  pool: State<T>,
  usual: Terms,
  below: unknown,
): Promise<Lent<T>> {
  if (pool.quick && !pool.seam?.wanted()) {
    const entry = pool.queue.size === 0 ? pick(pool) : undefined;
    if (entry !== undefined) return Promise.resolve(lend(pool, entry, usual));
    // Read again: `pick` may have closed an object, whose `closer` may have ended the pool.
    if (pool.quick) return wait(pool, usual);
  }
  return acquire(pool, usual, undefined, below);
}

const METHODS: Readonly<Record<Kind, string>> = { lease: "get", loan: "borrow", use: "use" };

/**
 * The same with options, and with all that is in force. `below` is the public method that was called:
 * a recorded stack begins at its caller.
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

/** Lends an idle object that needs no check; undefined if there is none. */
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

/** After a loan: keeps up `minAvailable`. */
function keepSpare<T>(pool: State<T>): void {
  if (pool.settings.minAvailable > 0) pool.dispatch();
}

/** Returns an object once its `getter` is done: no borrower waits for it. */
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
  // A borrower that is served at once without a hook has not waited. `wait` dates the others.
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

/** Starts the pool, if it has not started. Returns why the borrower is refused, if it is. */
function start<T>(pool: State<T>, terms: Terms): { error: unknown } | undefined {
  const refusal = refuseIf(pool, terms);
  if (refusal !== undefined || pool.started !== undefined) return refusal;
  begin(pool); // whose `fun` may do anything
  return refuseIf(pool, terms);
}

/** Refuses a borrower if the pool has ended or its signal has aborted. */
function refuseIf<T>(pool: State<T>, terms: Terms): { error: unknown } | undefined {
  if (!refused(pool, terms)) return undefined;
  const closed = pool.ending !== undefined;
  const error = closed ? closedError(pool) : abortReason(terms.signal!);
  tellRefused(pool, terms, error, closed ? "closed" : "aborted");
  return { error };
}

/** Puts back a picked object whose borrower was refused. */
function leave<T>(pool: State<T>, entry: Entry<T>): void {
  putBack(pool, entry);
  pool.dispatch();
}

// ---- waiting

/** Queues for an object. */
function wait<T>(pool: State<T>, asked: Terms): Promise<Lent<T>> {
  const isTimed = asked.begun !== undefined || !pool.observed;
  const terms = isTimed ? asked : { ...asked, begun: pool.clock.awake() };
  const promise = new Promise<Lent<T>>(keepResolver);
  const waiter = new Waiter<unknown>(takeResolver(), terms);
  pool.queue.push(waiter);
  if (pool.settings.queueTarget > 0) beginWaiting(pool);
  if (terms.timeout === 0 || terms.borrower?.within !== undefined) watch(pool, waiter);
  // Most often all objects are in use, and none can be created.
  if (pool.bag.idle.size > 0 || pool.permits !== undefined || pool.room) pool.dispatch();
  if (pool.settings.maxWaiting > 0 && waiter.waits && isFull(pool)) {
    refuse(pool, waiter, fullError(pool), "full");
  }
  return promise;
}

function isFull<T>(pool: State<T>): boolean {
  const { attempts, checks, clock, permits, queue, settings: { maxWaiting } } = pool;
  if (queue.size <= maxWaiting) return false;
  // A permit that takes long does not count as an object to come.
  const asked = permits?.soon(clock.now() - LONG) ?? 0;
  return queue.size - attempts.size - checks.size - asked > maxWaiting;
}

function fullError<T>({ name, settings }: State<T>): PoolFullError {
  return new PoolFullError(
    `${name}: ${settings.maxWaiting} wait already (maxWaiting): ` +
      "try again later, or raise maxSize or maxWaiting",
  );
}

let resolver: Resolve<never> | undefined;

/** Saves a closure for each promise: a sixth of the memory of a waiter. */
export const keepResolver = (resolve: Resolve<never>): void => void (resolver = resolve);

/** The resolver of the promise just created. */
export function takeResolver(): Resolve<unknown> {
  const taken = resolver as Resolve<unknown>;
  resolver = undefined; // it would keep the last lease from collection
  return taken;
}
