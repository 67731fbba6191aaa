// What must hold whenever everything has come to rest, by the model and by what the pool says.

import { type CloseReason, LeaseError, Pool, type PoolStats } from "../../mod.ts";
import { type Ask, holds, type Job } from "./job.ts";
import { isKnown, KEPT, OVERSLEPT, TIMERLESS } from "./known.ts";
import type { Model } from "./model.ts";
import { earlyBy, isAgeing, isExpired, isLive, LATE, roundDelay, unavailable } from "./rules.ts";
import { type Held, isAlive, type World } from "./world.ts";

const COUNTED = [
  ...["wornOut", "expired", "recycled", "discarded", "invalidated", "killed", "leaked"] as const,
];

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
  checkReasons(model, stats);
  checkLabels(model, stats);
  world.witness?.check(stats);
  checkLine(model, stats);
  for (const job of model.jobs) checkJob(model, job);
  for (const held of world.held) checkLease(model, held);
  for (const job of model.jobs) checkLoan(world, job);
  for (const job of model.jobs) checkClosing(model, job);
  checkSignals(world);
  world.permits?.check(stats.requesting);
  checkSupply(model, stats);
  checkSpare(model, stats);
  checkRotations(model);
  checkReplaced(model, stats);
  checkPromises(world);
  checkTimers(world, stats);
  checkRounds(model, stats);
  model.nextBurst();
}

function checkCounts(model: Model, stats: PoolStats): void {
  const { size, creating, available, using, closing, requesting } = stats;
  const text = JSON.stringify({ size, creating, available, using, closing });
  // Those are available if it is housekeeping that asks for their health, and in use otherwise.
  const asked = model.jobs.filter(({ state, examining }) => state === "free" && examining).length;
  const free = model.count("free");
  const used = model.count("lent", "checking", "returning");
  model.expect(creating === model.creating, `creating is not ${model.creating}: ${text}`);
  model.expect(closing === model.closing, `closing is not ${model.closing}: ${text}`);
  model.expect(available + using === free + used, `there are ${free} + ${used}: ${text}`);
  model.expect(using >= used && using <= used + asked, `using is not ${used}: ${text}`);
  const sum = creating + available + using + closing + requesting;
  model.expect(size === sum, `size is no sum: ${text}`);
}

function checkTotals(model: Model, stats: PoolStats): void {
  const { created, available, using, closing, closed, detached } = stats;
  const gone = model.count("gone");
  model.expect(closed === gone, `closed is ${closed}, not ${gone}`);
  model.expect(detached === model.count("detached"), `detached is ${detached}`);
  const there = available + using + closing + closed + detached;
  model.expect(created === there, `created is ${created}, of which there are ${there}`);
  const { aborted, deadlocks, gets, overloaded, rejected, timeouts } = stats;
  const ended = gets + aborted + timeouts + rejected + overloaded + deadlocks;
  const { lent, refused, doubleReturns } = model.counted;
  model.expect(ended === lent + refused, `${ended} gets have ended, not ${lent} + ${refused}`);
  model.expect(stats.doubleReturns === doubleReturns, `doubleReturns is ${stats.doubleReturns}`);
  model.expect(stats.createFailed === model.failures.length, `createFailed: ${stats.createFailed}`);
  model.expect(stats.hkErrors === 0, "a housekeeping round failed");
}

/** What is counted is what `closer` was told. */
function checkReasons(model: Model, stats: PoolStats): void {
  const count = (...reasons: CloseReason[]) =>
    model.jobs.filter(({ told }) => told && reasons.includes(told.reason)).length;
  for (const reason of COUNTED) {
    const closed = reason === "discarded" ? count(reason, "reset", "resized") : count(reason);
    model.expect(stats[reason] === closed, `${reason} is ${stats[reason]}, not ${closed}`);
  }
}

/** The labels of those who hold objects. */
function checkLabels(model: Model, { objects }: PoolStats): void {
  const shown = objects.using.map(({ label }) => label).filter((label) => label !== undefined);
  const there = model.jobs.filter(({ state }) => state === "lent").map(({ user }) => user?.label)
    .filter((label) => label !== undefined);
  const same = String(shown.sort()) === String(there.sort());
  model.expect(same, `objects are held by ${shown}, not by ${there}`);
}

function checkLine(model: Model, { requesting, waiting }: PoolStats): void {
  const { pending } = model.line;
  model.expect(waiting === pending.length, `${waiting} wait, of ${pending.length} pending`);
  for (const { id, signal, deadline } of pending) {
    model.expect(!signal?.aborted, `ask ${id} is aborted, and pending`);
    model.expect(deadline > model.time.fired, `ask ${id} is late, and pending`);
    model.expect(!model.closed, `ask ${id} is pending after shutdown`);
  }
  model.expect(!model.over || !model.draining, "the shutdown is over, and somebody waits");
  model.line.checkOrder();
  checkFull(model, waiting - requesting);
  const isOld = (ask: Ask) => ask.burst < model.burst;
  const came = model.jobs.find(({ state, examining, freed }) =>
    state === "free" && !examining && freed === model.burst
  );
  const missed = came && model.line.pending.some(isOld);
  model.expect(!missed, `${waiting} wait, and ${came?.thing} has come`);
  if (waiting <= model.checking) return;
  const idle = model.jobs.find(({ state, examining }) => state === "free" && !examining);
  model.expect(!idle, `${waiting} wait, and ${idle?.thing} is available`);
}

/** Whoever has come, all else being equal, is not one too many. */
function checkFull(model: Model, waiting: number): void {
  const { numbers: { maxWaiting }, burst, looked, failed, departed } = model;
  const isNew = model.line.pending.some((ask) => ask.burst === burst);
  if (maxWaiting === 0 || !isNew || looked.size + failed + departed > 0) return;
  if (model.limited && model.resizedIn === burst) return; // a permit was on its way, and is not any more
  model.expect(waiting - model.creating <= maxWaiting, `${waiting} wait, over maxWaiting`);
}

function checkJob(model: Model, job: Job): void {
  const { state, thing, since, stood, context: { signal }, examining, making, n } = job;
  const { maxUsingDelayKill: kill } = model.numbers;
  model.expect(!making || !model.closed || signal.aborted, `fun(${n}) is not told of the shutdown`);
  model.expect(state !== "abandoned" || signal.aborted, `fun(${n}) is not told to stop`);
  if (state === "lent") {
    model.expect(!model.forced, `${thing} is lent after a forced shutdown`);
    const held = model.time.passed(since!) - stood.most;
    const late = kill > 0 && held >= kill + roundDelay(model.numbers);
    model.expect(!late, `${thing} is held for ${held} ms`);
    const { grace = Infinity } = job.user?.kind === "use" && holds(job.user) ? job.user : {};
    const hangs = model.time.fired >= grace + model.numbers.abortGrace;
    model.expect(!hangs, `${thing} is held by a use that is to stop`);
  }
  if (state !== "free" || examining) return;
  const fault = unavailable(model, job);
  model.expect(!fault, `${thing} is available, ${fault}`);
}

/** `closer` is told when it has taken too long, and when a shutdown runs out of time. */
function checkClosing(model: Model, { told, closing, late, thing }: Job): void {
  if (!told || closing!.ended) return;
  const hurries = closing!.over || model.forced && !late;
  const { aborted } = told.context.signal;
  model.expect(aborted === hurries, `closer of ${thing} is ${aborted ? "" : "not "}to hurry`);
}

function checkLease(model: Model, held: Held): void {
  const { lease, loan, job } = held;
  if (job.lost) return;
  const object = resultOf(() => lease ? Pool.unwrap(lease) : loan!.object);
  const alive = isAlive(held);
  const n = lease ? resultOf(() => lease.n) : undefined;
  const right = !lease || (alive ? n === job.n : n instanceof LeaseError);
  model.expect(right, `a lease of ${job.thing} gives ${n}`);
  if (alive) model.expect(object === job.thing, `a lease of ${job.thing}: ${object}`);
  else model.expect(object instanceof LeaseError, `a dead lease of ${job.thing}: ${object}`);
  if (loan) model.expect(loan.ended === !alive, `a loan of ${job.thing} has ended: ${loan.ended}`);
}

/** What it gives, or throws. */
function resultOf(fn: () => unknown): unknown {
  try {
    return fn();
  } catch (error) {
    return error;
  }
}

/** Who has an object can be told by the object. */
function checkLoan({ held, model, pool }: World, job: Job): void {
  const { lost, state, thing, user, uses } = job;
  if (thing === undefined || lost) return;
  const loan = pool.loanOf(thing);
  const isOnLoan = state === "lent" && user?.kind !== "use"; // of which the callback has it
  model.expect(isOnLoan === (loan !== undefined), `loanOf ${thing}, ${state}: ${loan}`);
  if (loan) model.expect(loan.object === thing, `loanOf ${thing} is a loan of another object`);
  const own = held.find((one) => one.loan && one.job === job && one.use === uses && isAlive(one));
  if (own) model.expect(loan === own.loan, `loanOf ${thing} is another loan`);
}

/** A callback is told if its object is taken away, and if its caller gives up; then nobody listens. */
function checkSignals(world: World): void {
  const { model, running, aborts } = world;
  for (const { ask, abort } of aborts) {
    const open = aborts.some((other) => other.abort === abort && isListening(world, other.ask));
    const idle = open || abort.listeners === 0 || abort.signal.aborted;
    model.expect(idle, `${abort.listeners} listen to the signal of ask ${ask.id}`);
  }
  for (const { ask, signal } of running) {
    const { aborted } = signal() ?? {};
    const told = aborted === undefined || aborted === isToStop(ask);
    model.expect(told, `the callback of use ${ask.id} is ${aborted ? "" : "not "}told to stop`);
  }
}

/** Its object was taken away or has died, or its caller gives up. */
function isToStop(ask: Ask): boolean {
  const { job, stopped, taken } = ask;
  return stopped !== undefined || taken !== undefined || ask.died ||
    holds(ask) && job!.dooms.has("invalidated");
}

function isListening(world: World, ask: Ask): boolean {
  return ask.stopped === undefined && ask.taken === undefined && world.isOpen(ask);
}

/** Nobody waits because something was not made. */
function checkSupply(model: Model, { size, creating, requesting, waiting }: PoolStats): void {
  const { maxSize, minSize } = model.numbers;
  const full = maxSize > 0 && size >= maxSize;
  if (model.closed) return;
  const checks = model.jobs.map(({ state, call, examining }) =>
    state === "checking" ? call! : examining
  );
  // While health fails, what it looks at is no object to come.
  const soon =
    checks.filter((call) =>
      call && (call.over || !(model.alarm.sure && call.hook === "health") &&
          (model.isSoon(call, model.time.fired) || model.time.thawed(EXCUSE)))
    ).length;
  const served = creating + requesting + soon;
  const limited = full || isLimited(model, creating) || isAsking(model, requesting);
  model.expect(limited || served >= waiting, `${waiting} wait, and only ${creating} are made`);
  for (const failure of model.failures) checkFailure(model, failure);
  for (const { job, third } of model.stillbirths) {
    const ask = model.line.pending.find((ask) => ask.burst < job.burst);
    model.expect(third !== "surely" || !ask, "that objects are obsolete is told nobody");
  }
  if (!model.started || model.ended || limited || isResting(model)) return;
  if (isKnown("minSize is not kept up while an object is being closed") && model.closing > 0) {
    return;
  }
  const lacking = minSize - model.live;
  model.expect(lacking <= creating + requesting, `${lacking} are missing for minSize`);
  const ageing = model.jobs.filter((job) => isLive(job) && isAgeing(model, job, "least")).length;
  const next = lacking + ageing <= 0 || lacking > 0 || creating + requesting > 0;
  model.expect(next, `nothing is made in place of what is about to end, ${ageing}`);
}

/** Whether no more may be made for the moment, though there is room. */
function isLimited({ numbers: { maxCreating }, outage }: Model, creating: number): boolean {
  return maxCreating > 0 && creating >= maxCreating || outage.rests;
}

/** Whether no more permits are asked for: one at a time in an outage, 16 otherwise. */
function isAsking({ outage }: Model, requesting: number): boolean {
  return requesting >= (outage.on === false ? 16 : 1);
}

/** Whether only those who wait have objects made, after a failure. */
function isResting({ failures, numbers: { createBackoff }, outage }: Model): boolean {
  return createBackoff === 0 && (failures.length > 0 || outage.loses);
}

/** It is told somebody who waited when the attempt began; of one that ends an outage, all. */
function checkFailure(model: Model, { burst, told, job }: Model["failures"][number]): void {
  const { createRetry, jobs, liveBefore, numbers, retried } = model;
  if (burst < model.burst || createRetry === true || retried.get(job.n)) return;
  const ask = model.line.pending.find((ask) => ask.burst < job.burst);
  model.expect(told > 0 || !ask, `the failure of fun(${job.n}) is told nobody`);
  const others = liveBefore > 0 || jobs.some((other) => other !== job && other.bornIn === burst);
  const all = job.probe === true && numbers.createBackoff > 0 && !others;
  model.expect(!all || !ask, `the failure of fun(${job.n}) is not told ask ${ask?.id}`);
}

/** `minAvailable` are kept. */
function checkSpare(model: Model, { creating, requesting, size, waiting }: PoolStats): void {
  const { maxSize, minAvailable } = model.numbers;
  if (minAvailable === 0 || !model.started || model.ended || isResting(model)) return;
  if (model.reclaimed) return;
  if (maxSize > 0 && size >= maxSize || isLimited(model, creating)) return;
  if (isAsking(model, requesting)) return;
  // What a hook looks at for tryGet, or has had for somebody who has gone, goes back to where it was.
  const idle =
    model.jobs.filter(({ call, state }) =>
      state === "free" || state === "checking" && call!.trying ||
      state === "returning" && !call!.back
    ).length;
  const wanted = Math.max(0, waiting - model.checking);
  const enough = creating + requesting >= wanted + minAvailable - idle;
  model.expect(enough, `${idle} are available, and ${creating} are made, for ${minAvailable}`);
}

/** By how much the pool may look later at what is slow, after a freeze, in ms. */
const EXCUSE = 52;

/** What is about to end makes room for its successor, if nothing stands against it. */
function checkReplaced(
  model: Model,
  { closing, creating, requesting, size, waiting }: PoolStats,
): void {
  const { failures, jobs, live, numbers: { maxSize, minSize }, resizedIn } = model;
  const calm = waiting + closing + creating + requesting === 0 && failures.length === 0 &&
    resizedIn === 0;
  if (!calm || model.ended || maxSize === 0 || size < maxSize) return;
  if (model.time.called <= model.movedAt + LATE) return; // it looks again a moment later
  const ageing = jobs.filter((job) => isLive(job) && isAgeing(model, job, "least"));
  const idle = ageing.find(({ state, examining }) => state === "free" && !examining);
  const kept = idle && live - ageing.length < minSize;
  model.expect(!kept, `${idle?.thing} is about to end, and makes no room`);
}

/** Those that a reset comes to one after the other go by and by. */
function checkRotations(model: Model): void {
  const { jobs, numbers, rotations, time } = model;
  for (const { at, closed, jobs: all, step, spread } of rotations) {
    if (step === undefined || all.length === 0) continue;
    if (isKnown(OVERSLEPT) && time.slept > 0) continue;
    const passed = Math.min(all.length, Math.floor((time.passed(at) - LATE) / step));
    const left = all.filter((job) =>
      job.state === "free" && !job.examining && !isExpired(model, job, "most")
    ).length;
    model.expect(
      left <= all.length - passed,
      `${left} are left of those reset within ${spread} ms`,
    );
    if (rotations.length > 1 || model.resizedIn > 0) continue;
    if (jobs.some(({ dooms }) => dooms.has("reset"))) continue;
    const most = Math.floor((time.since(at).most + earlyBy(model, step, numbers)) / step + 1e-6);
    model.expect(closed <= most, `${closed} are reset, too early, of those within ${spread} ms`);
  }
}

function checkPromises(world: World): void {
  const { model } = world;
  world.awaited = world.awaited.filter(({ settled }) => !settled);
  for (const { what, holds } of world.awaited) model.expect(holds(), `${what} does not settle`);
}

function checkTimers(world: World, { waiting }: PoolStats): void {
  const { awaited, time, model, running } = world;
  const { held } = time.timers;
  const alive = waiting === 0 || held > 0 || isKnown(TIMERLESS);
  model.expect(alive, "nothing keeps the process alive for who waits");
  const grace = [...running].some(({ ask }) => ask.grace !== undefined && holds(ask));
  const working = model.calls.size > 0 || model.creating > 0 || grace;
  const asked = awaited.some(({ what }) => what.startsWith("reset") || what === "ready()");
  const kept = isKnown(KEPT) && model.failures.length > 0;
  const busy = waiting > 0 || working || model.ended || asked || kept;
  model.expect(busy || held === 0, "the process is kept alive for nothing");
}

/** Where there is nothing there are no rounds. */
function checkRounds(model: Model, { size, hkRounds }: PoolStats): void {
  model.expect(!model.empty || hkRounds === model.rounds, "a round comes when there is nothing");
  model.rounds = hkRounds;
  model.empty = size === 0;
}
