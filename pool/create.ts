// Create: how objects come to be, as many as are missing and as there is room for.

import { outside } from "../context.ts";
import { PoolError } from "../errors.ts";
import { reason } from "../values.ts";
import { after, Timer } from "./clock.ts";
import { Attempt, Entry } from "./entry.ts";
import { evict, invalidate, vacated } from "./evict.ts";
import { invalidError, permitError, stillbornError, unneededError } from "./explain.ts";
import { notice, planRound } from "./health.ts";
import { tooLong } from "./hooks.ts";
import type { HeldPermit, Permits, Request } from "./permits.ts";
import { refuse } from "./refuse.ts";
import { readmit } from "./release.ts";
import { wakeBy } from "./recycle.ts";
import { backoff, leadOf, refillBackoff } from "./rules.ts";
import type { State } from "./state.ts";

/** How many objects in a row may be obsolete when they are made, before somebody is told. */
const STILLBORN = 3;

/** How many permits are waited for at once, at the most. */
const REQUESTS = 16;

/** How many objects there may be before it is said that nothing limits them. */
const MANY = 100;

/** How an attempt ended: a failed one may have left an object to be closed. */
type Outcome<T> = { object: T } | { error: unknown; leftover: T | undefined };

/** The pool starts: from now on `minSize` is kept up. */
export function begin<T>(pool: State<T>): void {
  if (pool.started !== undefined || pool.ending !== undefined) return;
  pool.started = { at: pool.clock.now(), date: new Date() };
  pool.refresh();
  pool.permits?.begin();
  pool.dispatch();
}

/** Begins as many attempts as are missing, as there is room for, and as may be under way at once. */
export function grow<T>(pool: State<T>): void {
  if (pool.permits !== undefined) return growWithin(pool, pool.permits);
  while (
    pool.producing && pool.attempts.size < missing(pool) && pool.room && mayCreate(pool)
  ) create(pool);
}

/** The same within a quota: as far as there are permits. As many are asked for as are needed. */
function growWithin<T>(pool: State<T>, permits: Permits<T>): void {
  const { attempts, clock, queue } = pool;
  if (queue.size > 0) permits.yielded = false;
  while (pool.producing) {
    const lacking = missing(pool) - attempts.size;
    const wanted = permitsFor(pool, lacking);
    if (permits.pending > wanted) permits.withdraw(unneededError(pool));
    else if (permits.ready.length > 0 && mayCreate(pool)) create(pool, permits.ready.shift());
    else if (permits.pending < wanted) permits.ask(clock.now(), queue.turn);
    else break;
  }
  if (pool.size === 0 && queue.size === 0) permits.emptied?.();
}

/** How many permits to wait for, or to have at hand, while so many objects are lacking. */
function permitsFor<T>(pool: State<T>, lacking: number): number {
  const { maxSize } = pool.settings;
  const room = maxSize === 0 ? Infinity : maxSize - pool.present;
  const most = !pool.outage ? REQUESTS : mayCreate(pool) ? 1 : 0;
  return Math.max(0, Math.min(lacking, room, most));
}

/** There is no permit to be had: an attempt has failed before `fun` was called. */
export function notPermitted<T>(pool: State<T>, request: Request, error: unknown): void {
  const { begun, turn } = request;
  const attempt = new Attempt<T>(
    pool.made++,
    pool.epoch,
    begun,
    turn,
    new Timer(pool.clock, () => {}),
  );
  if (pool.outage) pool.probe = attempt;
  end(pool, attempt, { error: permitError(pool, error), leftover: undefined });
}

/** How many are to be made: for who waits, for `minSize` and for `minAvailable`. */
function missing<T>(pool: State<T>): number {
  const { bag, ending, queue, rest, settings } = pool;
  const wanted = queue.size - pool.coming;
  const { createBackoff, minAvailable, minSize } = settings;
  const lacking = minSize - bag.live;
  // One successor after the other is made for those whose lifetime is about to end.
  const refill = lacking > 0 ? lacking : Math.min(1, lacking + bag.ageing);
  if (ending !== undefined || createBackoff === 0 && rest.at < Infinity) return wanted;
  const spares = minAvailable > 0 && !pool.permits?.yielded;
  const spare = spares ? Math.max(wanted, 0) + minAvailable - bag.idle.size : 0;
  return Math.max(wanted, refill, spare);
}

/** Whether one more may be under way; in an outage one at a time, after each rest. */
function mayCreate<T>({ attempts, outage, probe, rest, settings }: State<T>): boolean {
  const { maxCreating } = settings;
  if (maxCreating > 0 && attempts.size >= maxCreating) return false;
  return !outage || probe === undefined && rest.at === Infinity;
}

/** `fun` is called before it returns. `permit`: where there is a quota. */
function create<T>(pool: State<T>, permit?: HeldPermit<T>): void {
  const { attempts, clock, expecting, queue, settings: { createTimeout } } = pool;
  const timer: Timer = new Timer(clock, () => {
    const error = tooLong(`making object #${attempt.n}`, "createTimeout", createTimeout, "create");
    abandon(pool, attempt, error);
  });
  const begun = clock.now();
  const attempt = new Attempt<T>(pool.made++, pool.epoch, begun, queue.turn, timer);
  if (permit !== undefined) {
    attempt.permit = permit;
    permit.attempt = attempt;
  }
  attempts.add(attempt);
  if (pool.outage) pool.probe = attempt;
  planRound(pool);
  if (createTimeout > 0) timer.start(createTimeout, false);
  outside(start, pool, attempt);
  notice(pool, begun); // it logs, and a logger does anything; what is made from now on is not suspect
  if (expecting.length > 0) timer.keepAlive(true);
  if (pool.boundless && pool.size > MANY) warnBoundless(pool);
}

/** Once; most often it is leases that are kept, or a load that was not foreseen. */
function warnBoundless<T>(pool: State<T>): void {
  pool.boundless = false;
  if (pool.settings.maxSize > 0) return; // by resize
  const { log, size } = pool;
  log.warn(() => `${size} objects are live: give maxSize (0: unlimited on purpose)`);
}

function start<T>(pool: State<T>, attempt: Attempt<T>): void {
  const { seam } = pool;
  if (seam === undefined) void run(pool, attempt);
  else seam.create(attempt.n, () => void run(pool, attempt));
}

async function run<T>(pool: State<T>, attempt: Attempt<T>): Promise<void> {
  const { fun, opening, settings: { opener } } = pool;
  const context = {
    signal: attempt.aborting.signal,
    invalidate: (why?: unknown) => invalidateMade(pool, attempt, why),
  };
  try {
    // Within a function of its own, for what `fun` throws at once to come later, like all else.
    const object = await (async () => await fun(attempt.n, context))();
    if (attempt.over) return late(pool, object);
    check(pool, attempt, object);
    attempt.object = object;
    if (Object(object) === object) opening.set(object, attempt);
    checkValid(pool, attempt);
    await opener?.(object);
    checkValid(pool, attempt);
    end(pool, attempt, { object });
  } catch (error) {
    end(pool, attempt, { error, leftover: attempt.object });
  }
}

function check<T>(pool: State<T>, { n }: Attempt<T>, object: T): void {
  if (object === undefined || object === null) {
    throw new PoolError(`fun must return an object, got ${object} for #${n}`);
  }
  if (isKnown(pool, object)) {
    throw new PoolError(
      `fun must return a new object each time, got for #${n} one that the pool already has`,
    );
  }
}

function checkValid<T>(pool: State<T>, { n, invalid }: Attempt<T>): void {
  if (invalid !== undefined) throw invalidError(pool, n, invalid.why);
}

function isKnown<T>({ bag, opening }: State<T>, object: T): boolean {
  return opening.has(object) || bag.find(object) !== undefined;
}

/** An attempt that was given up has made an object after all: it is closed, and does not count. */
function late<T>(pool: State<T>, object: T): void {
  const { hooks, log, totals } = pool;
  if (object === undefined || object === null || isKnown(pool, object)) return;
  log.info(() => "an abandoned attempt created an object: it is closed");
  hooks.close(object, "leftover", () => "a late object", () => {
    totals.created++;
    totals.closed++;
  });
}

/** `fun` is to stop, and may still give an object: it goes on to be waited for. */
export function abort<T>({ aborting, timer }: Attempt<T>, reason: unknown): void {
  timer.keepAlive(true);
  outside(() => aborting.abort(reason));
}

/** An attempt is given up: it has failed now, and what may still come of it is closed. */
export function abandon<T>(pool: State<T>, attempt: Attempt<T>, error: unknown): void {
  if (attempt.over) return;
  abort(attempt, error); // before its place is another's
  end(pool, attempt, { error, leftover: attempt.object });
}

/** `fun`'s own `invalidate` is called. */
function invalidateMade<T>(pool: State<T>, attempt: Attempt<T>, why: unknown): void {
  if (attempt.entry !== undefined) invalidate(pool, attempt.entry, why);
  else attempt.invalid ??= { why }; // what `fun` itself fails with says more
}

/** The object of an attempt that is under way is invalidated; false if there is none. */
export function invalidateOpening<T>(pool: State<T>, object: unknown, why: unknown): boolean {
  const attempt = pool.opening.get(object);
  if (attempt !== undefined) invalidateMade(pool, attempt, why);
  return attempt !== undefined;
}

/** How every attempt ends, once. */
function end<T>(pool: State<T>, attempt: Attempt<T>, outcome: Outcome<T>): void {
  if (attempt.over) return;
  attempt.over = true;
  attempt.timer.stop();
  pool.attempts.delete(attempt);
  pool.opening.delete(attempt.object);
  const isProbe = pool.probe === attempt;
  if (isProbe) pool.probe = undefined;
  // Taken in before anybody hears of it, who may ask for another one at once.
  if ("object" in outcome) {
    const entry = admit(pool, attempt, outcome.object);
    endOutage(pool);
    tellCreated(pool, attempt, {});
    made(pool, attempt, entry);
  } else {
    const { error, leftover } = outcome;
    const entry = leftover === undefined ? undefined : admit(pool, attempt, leftover);
    if (entry === undefined) attempt.permit?.release(); // before anybody hears of it
    pool.totals.createFailed++;
    pool.failure = { cause: error, at: pool.clock.awake() };
    if (goesOn(pool)) takeRest(pool, attempt);
    tellCreated(pool, attempt, { error });
    failed(pool, attempt, error, entry, isProbe);
  }
}

/** Observers hear of it. */
function tellCreated<T>(
  { clock, observers }: State<T>,
  { begun, n }: Attempt<T>,
  outcome: { error?: unknown },
): void {
  if (!observers.hear("created")) return;
  observers.created({ n, duration: Math.round(clock.now() - begun), ...outcome });
}

function made<T>(pool: State<T>, attempt: Attempt<T>, entry: Entry<T>): void {
  const { hooks, log } = pool;
  log.debug(() => `${hooks.label(entry)} is created`);
  if (attempt.epoch === pool.epoch) pool.stillborn = 0;
  else stillborn(pool, attempt);
  readmit(pool, entry);
  recount(pool);
  if (pool.bag.ageing > 0) wakeBy(pool, 0); // for the next to be replaced
  pool.dispatch();
}

/**
 * `reset` was called while the object was made. Somebody who does that each time must not keep the
 * process busy for good: the event loop gets its turn, and who waits is told. Those that one `reset`
 * has made obsolete together count once.
 */
function stillborn<T>(pool: State<T>, attempt: Attempt<T>): void {
  pause(pool);
  if (attempt.n < pool.stillbornBy) return;
  pool.stillbornBy = pool.made;
  if (++pool.stillborn < STILLBORN) return;
  pool.stillborn = 0;
  tell(pool, attempt, stillbornError(pool));
}

/** The event loop gets its turn before another attempt begins. */
function pause<T>(pool: State<T>): void {
  if (pool.pausing) return;
  pool.pausing = true;
  after(0, true, () => {
    pool.pausing = false;
    pool.dispatch();
  });
}

function failed<T>(
  pool: State<T>,
  attempt: Attempt<T>,
  error: unknown,
  entry: Entry<T> | undefined,
  isProbe: boolean,
): void {
  const { bag, hooks, log } = pool;
  const retried = goesOn(pool) && hooks.retriesAfter(error);
  if (retried) pause(pool); // else one that fails at once would keep the process busy
  // With no object that could come back, each of them would only find out the same, one by one.
  const all = isProbe && bag.live === (entry === undefined ? 0 : 1);
  if ((retried || !tell(pool, attempt, error, all)) && pool.ending === undefined) {
    log.warn(() => `creating #${attempt.n} failed: ${reason(error)}`);
  }
  pool.rest.keepAlive(pool.expecting.length > 0);
  if (entry === undefined) vacated(pool);
  else if (entry.live) void evict(pool, entry, "leftover"); // a logger may do anything
}

/** Whether objects are still made. */
function goesOn<T>({ ending }: State<T>): boolean {
  return ending === undefined || ending.draining;
}

/** Objects can be made: what began before that says nothing any more. */
function endOutage<T>(pool: State<T>): void {
  pool.failures = 0;
  pool.madeBy = pool.made;
  pool.probe = undefined;
  pool.rest.stop();
}

/** Rests after a failure, unless it is one of those that began before the last rest, or success. */
function takeRest<T>(pool: State<T>, { n }: Attempt<T>): void {
  const { expecting, rest, settings: { createBackoff, minAvailable, minSize } } = pool;
  if (createBackoff > 0) {
    if (n < pool.madeBy || pool.outage && n < pool.failedBy) return;
    pool.failedBy = pool.made;
    const delay = backoff(++pool.failures, createBackoff, Math.random());
    if (delay > 0) rest.start(delay, expecting.length > 0);
  } else if (Math.max(minAvailable, minSize) > 0 && rest.at === Infinity) {
    rest.start(refillBackoff(++pool.failures, Math.random()), expecting.length > 0);
  }
}

/**
 * A failure is told who waits for `minSize`, and the oldest of those that waited when it began, or `all`
 * of them.
 */
function tell<T>(pool: State<T>, { turn }: Attempt<T>, error: unknown, all = false): boolean {
  const expecting = pool.expecting.splice(0);
  for (const { reject } of expecting) reject(error);
  const { oldest } = pool.queue;
  if (oldest === undefined || oldest.turn > turn) return expecting.length > 0;
  for (const waiter of all ? pool.queue.all() : [oldest]) {
    if (waiter.turn <= turn) refuse(pool, waiter, error, "failed");
  }
  return true;
}

function admit<T>(pool: State<T>, attempt: Attempt<T>, object: T): Entry<T> {
  const { bag, clock, hkDelay, settings: { lifetimeJitter, maxLifetime }, totals } = pool;
  const born = clock.now();
  const life = maxLifetime > 0 ? maxLifetime * (1 - lifetimeJitter * Math.random()) : Infinity;
  const end = born + life;
  const due = life < Infinity ? end - leadOf(life, hkDelay) : Infinity;
  const entry = new Entry(object, attempt, born, end, due);
  attempt.entry = entry;
  totals.created++;
  bag.add(entry);
  if (attempt.until < entry.end) {
    bag.outdate(entry, attempt.until, attempt.until);
    pool.rotating = true;
    pool.refresh(); // the clock is read until it is gone
  }
  wakeBy(pool, entry.due);
  return entry;
}

/** There may be `minSize` objects now: the bounds have changed, or there is another one. */
export function recount<T>(pool: State<T>): void {
  if (!isComplete(pool)) return;
  for (const { resolve } of pool.expecting.splice(0)) resolve();
  pool.rest.keepAlive(false);
}

/** Whether there are `minSize` objects. */
export function isComplete<T>({ bag, settings }: State<T>): boolean {
  return bag.live >= settings.minSize;
}
