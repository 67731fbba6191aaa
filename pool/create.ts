// Create: creates missing objects, as far as there is room.

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
import { TURN } from "./turns.ts";

/** How many new objects in a row may be obsolete until a `get` fails. */
const STILLBORN = 3;

/** How many permits the pool requests at the same time, at most. */
const REQUESTS = 16;

/** After how long without a lost permit, in ms, their count begins again. */
const FORGIVEN = 60_000;

/** From how many objects on the pool warns that it has no limit. */
const MANY = 100;

/** The outcome of an attempt. A failed one may leave an object to close. */
type Outcome<T> = { object: T } | { error: unknown; leftover: T | undefined };

/** Starts the pool: from now on `minSize` is kept up. */
export function begin<T>(pool: State<T>): void {
  if (pool.started !== undefined || pool.ending !== undefined) return;
  pool.started = { at: pool.clock.now(), date: new Date() };
  pool.refresh();
  pool.permits?.begin();
  pool.dispatch();
}

/** Begins the missing attempts, as far as `maxSize` and `maxCreating` allow. */
export function grow<T>(pool: State<T>): void {
  if (pool.permits !== undefined) return growWithin(pool, pool.permits);
  let begun = 0;
  while (
    pool.producing && pool.attempts.size < missing(pool) && pool.room && mayCreate(pool)
  ) {
    create(pool);
    if (++begun === TURN) pause(pool);
  }
}

/** The same with a quota, as far as there are permits. Requests as many as are needed. */
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
  permits.changed?.();
}

/** How many permits to request or keep, if `lacking` objects are missing. */
function permitsFor<T>(pool: State<T>, lacking: number): number {
  const { maxSize } = pool.settings;
  const room = maxSize === 0 ? Infinity : maxSize - pool.present;
  const most = !pool.outage ? REQUESTS : mayCreate(pool) ? 1 : 0;
  return Math.max(0, Math.min(lacking, room, most));
}

/** The quota failed: so an attempt fails before `fun` is called. */
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

/** How many objects must be created for waiters, for `minSize` and for `minAvailable`. */
function missing<T>(pool: State<T>): number {
  const { bag, ending, queue, rest, settings } = pool;
  const wanted = queue.size - pool.coming;
  const { createBackoff, minAvailable, minSize } = settings;
  const lacking = minSize - bag.live;
  // Successors of ageing objects are created one at a time.
  const refill = lacking > 0 ? lacking : Math.min(1, lacking + bag.ageing);
  if (ending !== undefined || createBackoff === 0 && rest.at < Infinity) return wanted;
  const spares = minAvailable > 0 && !pool.permits?.yielded;
  const spare = spares ? Math.max(wanted, 0) + minAvailable - bag.idle.size : 0;
  return Math.max(wanted, refill, spare);
}

/** Whether another attempt may begin; in an outage one at a time, after each rest. */
function mayCreate<T>({ attempts, outage, probe, rest, settings }: State<T>): boolean {
  const { maxCreating } = settings;
  if (maxCreating > 0 && attempts.size >= maxCreating) return false;
  return !outage || probe === undefined && rest.at === Infinity;
}

/** Begins an attempt, and calls `fun` before it returns. `permit`: only with a quota. */
function create<T>(pool: State<T>, permit?: HeldPermit<T>): void {
  const { attempts, clock, expecting, queue, settings: { createTimeout } } = pool;
  const timer: Timer = new Timer(clock, () => {
    const error = tooLong(
      `creating object #${attempt.n}`,
      "createTimeout",
      createTimeout,
      "create",
    );
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
  notice(pool, begun); // first: it logs, and a logger may do anything; objects created from now on are not suspect
  if (expecting.length > 0) timer.keepAlive(true);
  if (pool.boundless && pool.size > MANY) warnBoundless(pool);
}

/** Logged once. Most often leases are not returned, or the load is higher than expected. */
function warnBoundless<T>(pool: State<T>): void {
  pool.boundless = false;
  if (pool.settings.maxSize > 0) return; // set by resize
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
    // In its own async function, so that a synchronous throw of `fun` also arrives later.
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

/** Closes the object of an abandoned attempt; it does not count. */
function late<T>(pool: State<T>, object: T): void {
  const { ending, hooks, log, totals } = pool;
  if (object === undefined || object === null || isKnown(pool, object)) return;
  log.info(() => "an abandoned attempt created an object: it is closed");
  const closing = hooks.close(object, "leftover", () => "a late object", () => {
    totals.created++;
    totals.closed++;
  });
  if (ending?.forced !== undefined) closing.abort(ending.forced);
}

/** Aborts the signal of `fun`. The attempt goes on: `fun` may still return an object. */
export function abort<T>({ aborting, timer }: Attempt<T>, reason: unknown): void {
  timer.keepAlive(true);
  outside(() => aborting.abort(reason));
}

/** Abandons an attempt: it has failed now, and an object that still arrives is closed. */
export function abandon<T>(pool: State<T>, attempt: Attempt<T>, error: unknown): void {
  if (attempt.over) return;
  abort(attempt, error); // before its place is reused
  end(pool, attempt, { error, leftover: attempt.object });
}

/** Called by the `invalidate` that `fun` gets. */
function invalidateMade<T>(pool: State<T>, attempt: Attempt<T>, why: unknown): void {
  if (attempt.entry !== undefined) invalidate(pool, attempt.entry, why);
  else attempt.invalid ??= { why }; // an own error of `fun` says more
}

/** Invalidates an object that `opener` still has; false if there is no such object. */
export function invalidateOpening<T>(pool: State<T>, object: unknown, why: unknown): boolean {
  const attempt = pool.opening.get(object);
  if (attempt !== undefined) invalidateMade(pool, attempt, why);
  return attempt !== undefined;
}

/** Ends an attempt, once: every way out comes here. */
function end<T>(pool: State<T>, attempt: Attempt<T>, outcome: Outcome<T>): void {
  if (attempt.over) return;
  attempt.over = true;
  attempt.timer.stop();
  pool.attempts.delete(attempt);
  pool.opening.delete(attempt.object);
  const isProbe = pool.probe === attempt;
  if (isProbe) pool.probe = undefined;
  // Admitted before others are told: they may call `get` at once.
  if ("object" in outcome) {
    const entry = admit(pool, attempt, outcome.object);
    endOutage(pool);
    tellCreated(pool, attempt, {});
    made(pool, attempt, entry);
  } else {
    const { error, leftover } = outcome;
    const entry = leftover === undefined ? undefined : admit(pool, attempt, leftover);
    if (entry === undefined) attempt.permit?.release(); // before others are told
    pool.totals.createFailed++;
    pool.failure = { cause: error, at: pool.clock.awake() };
    if (goesOn(pool)) takeRest(pool, attempt);
    tellCreated(pool, attempt, { error });
    failed(pool, attempt, error, entry, isProbe);
  }
}

/** Tells observers. */
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
  if (pool.bag.ageing > 0) wakeBy(pool, 0); // to replace the next one
  pool.dispatch();
}

/**
 * `reset` was called during the creation. If that happens each time, the pool must not keep the
 * process busy for ever: the event loop gets its turn, and a `get` fails in the end. Objects that
 * one `reset` has made obsolete together count once.
 */
function stillborn<T>(pool: State<T>, attempt: Attempt<T>): void {
  pause(pool);
  if (attempt.n < pool.stillbornBy) return;
  pool.stillbornBy = pool.made;
  if (++pool.stillborn < STILLBORN) return;
  pool.stillborn = 0;
  tell(pool, attempt, stillbornError(pool));
}

/** Lets the event loop run before the next attempt. */
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
  if (retried) pause(pool); // else an immediate failure would keep the process busy
  // Without a live object no object can be returned: each waiter would get the same failure, one by
  // one.
  const all = isProbe && bag.live === (entry === undefined ? 0 : 1);
  if ((retried || !tell(pool, attempt, error, all)) && pool.ending === undefined) {
    log.warn(() => `creating #${attempt.n} failed: ${reason(error)}`);
  }
  pool.rest.keepAlive(pool.expecting.length > 0);
  if (entry === undefined) vacated(pool);
  else if (entry.live) void evict(pool, entry, "leftover"); // a logger may do anything
}

/** Whether the pool still creates objects. */
function goesOn<T>({ ending }: State<T>): boolean {
  return ending === undefined || ending.draining;
}

/** An attempt has succeeded: failures of attempts that began before do not count. */
function endOutage<T>(pool: State<T>): void {
  pool.failures = 0;
  pool.madeBy = pool.made;
  pool.probe = undefined;
  pool.rest.stop();
}

/**
 * Rests after a permit that was lost early, as after a failed creation. Otherwise a quota that loses each
 * permit at once would make the pool create and close objects without rest.
 */
export function restAfterLoss<T>(pool: State<T>, n: number, error: PoolError): void {
  const { clock, rest, settings: { createBackoff } } = pool;
  if (n < pool.failedBy || rest.at < Infinity || !goesOn(pool)) return; // permits that are lost together count once
  const at = clock.awake();
  pool.losses = at - pool.lostAt > FORGIVEN ? 1 : pool.losses + 1;
  pool.lostAt = at;
  pool.failure = { cause: error, at };
  pool.failedBy = pool.made;
  if (pool.losses === 1) return;
  pool.failures = pool.losses - 1; // startRest adds one
  pool.probe = undefined;
  startRest(pool, createBackoff);
}

/** Rests after a failure, unless its attempt began before the last rest or success. */
function takeRest<T>(pool: State<T>, { n }: Attempt<T>): void {
  const { createBackoff } = pool.settings;
  if (createBackoff > 0 && (n < pool.madeBy || pool.outage && n < pool.failedBy)) return;
  startRest(pool, createBackoff);
}

/** Counts a failure, and starts the rest. */
function startRest<T>(pool: State<T>, createBackoff: number): void {
  const { expecting, rest, settings: { minAvailable, minSize } } = pool;
  if (createBackoff > 0) {
    pool.failedBy = pool.made;
    const delay = backoff(++pool.failures, createBackoff, Math.random());
    if (delay > 0) rest.start(delay, expecting.length > 0);
  } else if (Math.max(minAvailable, minSize) > 0 && rest.at === Infinity) {
    rest.start(refillBackoff(++pool.failures, Math.random()), expecting.length > 0);
  }
}

/**
 * Rejects the calls of `ready`, and the oldest waiter of those that waited when the attempt began,
 * or `all` of them. Returns whether there was one.
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
    pool.refresh(); // the clock is read until it is closed
  }
  wakeBy(pool, entry.due);
  return entry;
}

/** Resolves the calls of `ready`, if there are `minSize` objects now. */
export function recount<T>(pool: State<T>): void {
  if (!isComplete(pool)) return;
  for (const { resolve } of pool.expecting.splice(0)) resolve();
  pool.rest.keepAlive(false);
}

/** Whether there are `minSize` objects. */
export function isComplete<T>({ bag, settings }: State<T>): boolean {
  return bag.live >= settings.minSize;
}
