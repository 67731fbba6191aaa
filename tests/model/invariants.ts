// What must hold whenever everything has come to rest, by the model and by what the pool says.

import { LeaseError, Pool, type PoolStats } from "../../mod.ts";
import type { Ask, Job } from "./job.ts";
import { isKnown, TIMERLESS } from "./known.ts";
import type { Model } from "./model.ts";
import { isPast, roundDelay, unavailable } from "./rules.ts";
import { type Held, isAlive, isReturning, type World } from "./world.ts";

/** Looks at all of it; then begins the next burst. */
export function checkAtRest(world: World): void {
  const { model, hooks, pool } = world;
  const { tame } = hooks;
  hooks.tame = true;
  const stats = pool.stats();
  hooks.tame = tame;
  model.settle();
  checkCounts(model, stats);
  checkTotals(model, stats);
  checkLine(model, stats);
  for (const job of model.jobs) checkJob(model, job);
  for (const held of world.held) checkLease(model, held);
  checkSignals(world);
  checkSupply(model, stats);
  checkPromises(world);
  checkTimers(world, stats);
  checkRounds(model, stats);
  model.nextBurst();
}

function checkCounts(model: Model, stats: PoolStats): void {
  const { size, creating, available, using, closing } = stats;
  const text = JSON.stringify({ size, creating, available, using, closing });
  // Those are available if it is housekeeping that asks for their health, and in use otherwise.
  const asked = model.jobs.filter(({ state, examining }) => state === "free" && examining).length;
  const free = model.count("free");
  const used = model.count("lent", "checking", "returning");
  model.expect(creating === model.creating, `creating is not ${model.creating}: ${text}`);
  model.expect(closing === model.closing, `closing is not ${model.closing}: ${text}`);
  model.expect(available + using === free + used, `there are ${free} + ${used}: ${text}`);
  model.expect(using >= used && using <= used + asked, `using is not ${used}: ${text}`);
  model.expect(size === creating + available + using + closing, `size is no sum: ${text}`);
}

function checkTotals(model: Model, stats: PoolStats): void {
  const { created, available, using, closing, closed, detached } = stats;
  const gone = model.count("gone");
  model.expect(closed === gone, `closed is ${closed}, not ${gone}`);
  model.expect(detached === model.count("detached"), `detached is ${detached}`);
  const there = available + using + closing + closed + detached;
  model.expect(created === there, `created is ${created}, of which there are ${there}`);
  const ended = stats.gets + stats.aborted + stats.timeouts + stats.rejected;
  const { lent, refused, doubleReturns } = model.counted;
  model.expect(ended === lent + refused, `${ended} gets have ended, not ${lent} + ${refused}`);
  model.expect(stats.doubleReturns === doubleReturns, `doubleReturns is ${stats.doubleReturns}`);
  model.expect(stats.createFailed === model.failures.length, `createFailed: ${stats.createFailed}`);
  model.expect(stats.hkErrors === 0, "a housekeeping round failed");
}

function checkLine(model: Model, { waiting }: PoolStats): void {
  const { pending } = model.line;
  model.expect(waiting === pending.length, `${waiting} wait, of ${pending.length} pending`);
  for (const { id, signal, deadline } of pending) {
    model.expect(!signal?.aborted, `ask ${id} is aborted, and pending`);
    model.expect(deadline > model.time.fired, `ask ${id} is late, and pending`);
    model.expect(!model.ended, `ask ${id} is pending after shutdown`);
  }
  model.line.checkOrder();
  checkFull(model, waiting);
  if (waiting <= model.checking) return;
  const idle = model.jobs.find(({ state, examining }) => state === "free" && !examining);
  model.expect(!idle, `${waiting} wait, and ${idle?.thing} is available`);
}

/** Whoever has come, all else being equal, is not one too many. */
function checkFull(model: Model, waiting: number): void {
  const { numbers: { maxWaiting }, burst, looked, failed, departed } = model;
  const isNew = model.line.pending.some((ask) => ask.burst === burst);
  if (maxWaiting === 0 || !isNew || looked.size + failed + departed > 0) return;
  model.expect(waiting - model.creating <= maxWaiting, `${waiting} wait, over maxWaiting`);
}

function checkJob(model: Model, job: Job): void {
  const { state, thing, since, stood, signal, examining, n } = job;
  const { maxUsingDelayKill: kill } = model.numbers;
  const making = state === "fun" || state === "made" || state === "opening";
  model.expect(!making || !model.ended || signal.aborted, `fun(${n}) is not told of the shutdown`);
  model.expect(state !== "abandoned" || signal.aborted, `fun(${n}) is not told to stop`);
  if (state === "lent") {
    model.expect(!model.forced, `${thing} is lent after a forced shutdown`);
    const held = model.time.passed(since!) - stood.most;
    const late = kill > 0 && held >= kill + roundDelay(model.numbers);
    model.expect(!late, `${thing} is held for ${held} ms`);
  }
  if (state !== "free" || examining) return;
  const fault = unavailable(model, job);
  model.expect(!fault, `${thing} is available, ${fault}`);
}

function checkLease(model: Model, held: Held): void {
  const { lease, job } = held;
  if (job.lost) return;
  let object: unknown;
  try {
    object = Pool.unwrap(lease);
  } catch (error) {
    object = error;
  }
  if (isAlive(held)) model.expect(object === job.thing, `a lease of ${job.thing}: ${object}`);
  else model.expect(object instanceof LeaseError, `a dead lease of ${job.thing}: ${object}`);
}

/** A callback is told if its object is taken away, and if its caller gives up; then nobody listens. */
function checkSignals(world: World): void {
  const { model, running, aborts } = world;
  for (const { ask, abort } of aborts) {
    const open = aborts.some((other) => other.abort === abort && isListening(world, other.ask));
    const idle = open || abort.listeners === 0 || abort.signal.aborted;
    model.expect(idle, `${abort.listeners} listen to the signal of ask ${ask.id}`);
  }
  for (const { ask, job, signal } of running) {
    const told = !signal || signal.aborted || !isPast(job) && !ask.signal?.aborted;
    model.expect(told, `the callback of use ${ask.id} is not told`);
  }
}

/** A `use` may listen until it is over, retter and all. */
function isListening(world: World, ask: Ask): boolean {
  return world.isOpen(ask) || ask.job?.user === ask && isReturning(ask.job);
}

/** Nobody waits because something was not made. */
function checkSupply(model: Model, { size, creating, waiting }: PoolStats): void {
  const { maxSize, minSize } = model.numbers;
  const full = maxSize > 0 && size >= maxSize;
  if (model.ended) return;
  const served = creating + model.checking;
  model.expect(full || served >= waiting, `${waiting} wait, and only ${creating} are made`);
  for (const { burst, told, n } of model.failures) {
    if (burst < model.burst || told > 0 || model.looked.size > 0) continue;
    const ask = model.line.pending.find((ask) => ask.burst < burst);
    model.expect(!ask, `the failure of fun(${n}) is told nobody`);
  }
  if (!model.started || model.failures.length > 0) return;
  if (isKnown("minSize is not kept up while an object is being closed") && model.closing > 0) {
    return;
  }
  const short = minSize - model.live - creating;
  model.expect(full || short <= 0, `${short} are missing for minSize`);
}

function checkPromises(world: World): void {
  const { model } = world;
  world.awaited = world.awaited.filter(({ settled }) => !settled);
  for (const { what, holds } of world.awaited) model.expect(holds(), `${what} does not settle`);
}

function checkTimers({ time, model }: World, { waiting }: PoolStats): void {
  const { held } = time.timers;
  const alive = waiting === 0 || held > 0 || isKnown(TIMERLESS);
  model.expect(alive, "nothing keeps the process alive for who waits");
  const busy = waiting > 0 || model.calls.size > 0 || model.creating > 0 || model.ended;
  model.expect(busy || held === 0, "the process is kept alive for nothing");
}

/** Where there is nothing there are no rounds. */
function checkRounds(model: Model, { size, hkRounds }: PoolStats): void {
  model.expect(!model.empty || hkRounds === model.rounds, "a round comes when there is nothing");
  model.rounds = hkRounds;
  model.empty = size === 0;
}
