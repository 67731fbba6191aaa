// The rules of the model: what the design says of one object at one moment.

import type { Job } from "./job.ts";
import { isKnown, OVERSLEPT, UNAGED } from "./known.ts";
import type { Ledger } from "./ledger.ts";
import type { Numbers } from "./setup.ts";

/** Whether it is available or in use. */
export function isLive({ state }: Job): boolean {
  return ["free", "checking", "lent", "back", "returning"].includes(state);
}

/** How many are certainly not about to end. */
function lasting(ledger: Ledger): number {
  return ledger.jobs.filter((job) => isLive(job) && !isAgeing(ledger, job, "most")).length;
}

/** It concerns nobody any more, or not yet. */
export function isPast({ state }: Job): boolean {
  return ["abandoned", "failed", "closing", "gone", "detached"].includes(state);
}

/** Time between rounds: half the shortest delay that needs them. */
export function roundDelay(numbers: Numbers): number {
  const { hkDelay, maxAvailDelay, maxUsingDelay, maxUsingDelayKill } = numbers;
  if (hkDelay > 0) return hkDelay;
  const delays = [maxAvailDelay, maxUsingDelay, maxUsingDelayKill].filter((delay) => delay > 0);
  return Math.min(60_000, ...delays.map((delay) => Math.ceil(delay / 2)));
}

/** By how much a timer may be late, in ms. */
export const LATE = 1;

/** How long an object lives; Infinity: without a limit. */
function lifeOf({ maxLifetime, lifetimeJitter }: Numbers): number {
  return maxLifetime > 0 ? maxLifetime * (1 - lifetimeJitter / 2) : Infinity; // chance is 0.5
}

/** How long before the end of its lifetime an object is ageing: two rounds, or a fifth of it. */
export function leadOf(ledger: Ledger): number {
  const { numbers } = ledger;
  const life = lifeOf(numbers);
  const { hkDelay, maxAvailDelay, maxUsingDelay, maxUsingDelayKill } = numbers;
  const delays = [hkDelay, maxAvailDelay, maxUsingDelay, maxUsingDelayKill];
  const rounds = ledger.has("health") || delays.some((delay) => delay > 0);
  return life === Infinity ? 0 : Math.min(life / 5, rounds ? 2 * roundDelay(numbers) : Infinity);
}

/**
 * Whether it is past its lifetime, given how long ago it was made at least or at most; or by how much
 * before that.
 */
export function isExpired(
  { time, numbers }: Ledger,
  { born }: Job,
  bound: "least" | "most",
  before = 0,
): boolean {
  if (born === undefined) return false;
  return time.since(born)[bound] >= lifeOf(numbers) - before;
}

/** Whether it is about to end, for certain, or perhaps. */
export function isAgeing(ledger: Ledger, job: Job, bound: "least" | "most"): boolean {
  if (bound === "most" && job.rotations.length > 0) return true;
  const lead = leadOf(ledger);
  if (bound === "most") return isExpired(ledger, job, "most", lead);
  if (isKnown(UNAGED) && ledger.frozen) return false;
  return ledger.time.passed(job.born!) >= lifeOf(ledger.numbers) - lead + LATE;
}

/** Whether a reset that was spread has certainly come to it, or may have, up to a little earlier. */
export function isRotated(
  ledger: Ledger,
  { rotations }: Job,
  bound: "least" | "most",
): boolean {
  const { numbers, time } = ledger;
  return rotations.some(({ at, spread, step }) => {
    if (bound === "least") return time.since(at).least >= spread;
    if (step === undefined) return true;
    return time.since(at).most >= step - earlyBy(ledger, step, numbers);
  });
}

/** By how much before its moment an object may be replaced. */
export function earlyBy(ledger: Ledger, step: number, { maxSize, minSize }: Numbers): number {
  return maxSize > 0 && minSize > 0 ? Math.max(leadOf(ledger), step) : 0;
}

/** Whether it was past its lifetime when it came back, or when its moment was. */
function isLongExpired({ time, numbers }: Ledger, { born, since }: Job): boolean {
  const life = lifeOf(numbers);
  if (!time.wavered && since!.world - born!.world >= life) return true;
  if (isKnown(OVERSLEPT) && time.slept > 0) return false;
  return time.passed(born!) >= life + LATE;
}

/** Why it must not be lent, or undefined. */
export function unfit(ledger: Ledger, job: Job): string | undefined {
  const { doom, dooms, uses } = job;
  const { maxUse, healthAfter } = ledger.numbers;
  const taken = job.taken ?? ledger.burst;
  // What befalls it while a hook looks at it counts when it comes back, unless it is dead.
  if (doom && doom.burst < taken) return doom.why;
  for (const why of ["invalidated", "reset"] as const) {
    if ((dooms.get(why) ?? Infinity) < ledger.burst) return why;
  }
  if (maxUse > 0 && uses >= maxUse) return `used ${uses} times`;
  if (isExpired(ledger, job, "least")) return "expired";
  if (isRotated(ledger, job, "least")) return "reset long ago";
  const fresh = taken < ledger.burst || ledger.looked.has(job);
  // What was just made may go straight to who waits, also if the first of them has gone.
  const straight = job.freed === ledger.burst && job.call?.hook === "retter";
  const made = uses === 0 && (job.bornIn === ledger.burst || straight);
  const distrusted = !ledger.time.wavered &&
    ledger.alarm.distrusts((job.proven?.at ?? job.at).world);
  const asks = (healthAfter === 0 || distrusted) && !made || job.suspect;
  if (ledger.has("health") && asks && !fresh) return "not asked for its health";
  if (taken < ledger.burst || job.freed === ledger.burst) return undefined;
  return unfitNow(ledger, job);
}

/** The same, as far as it goes by the time. */
function unfitNow(ledger: Ledger, job: Job): string | undefined {
  const { maxAvailDelay, minAvailable, minSize, healthAfter } = ledger.numbers;
  const { time } = ledger;
  const { least } = time.since(job.refreed?.at ?? job.since!);
  const same = ledger.resizedIn < ledger.burst;
  const idle = ledger.jobs.filter(({ state, freed }) => state === "free" && freed < ledger.burst);
  const ageing = ledger.live - lasting(ledger);
  const spare = same && Math.min(ledger.lowest, ledger.live) - ageing > minSize &&
    idle.length - ledger.asking > minAvailable;
  if (maxAvailDelay > 0 && least >= maxAvailDelay && spare) return "unused for too long";
  if (!ledger.has("health")) return undefined;
  const asked = job.proven ? Math.min(least, time.since(job.proven.at).least) : least;
  return healthAfter > 0 && asked >= healthAfter ? "not asked for its health" : undefined;
}

/** Why it must not be available, or undefined. */
export function unavailable(ledger: Ledger, job: Job): string | undefined {
  const { numbers, time, live, creating } = ledger;
  const { maxUse, maxSize, minAvailable, minSize, maxAvailDelay } = numbers;
  if (job.doom) return job.doom.why;
  if (ledger.closed) return "shut down";
  if (maxUse > 0 && job.uses >= maxUse) return "worn out";
  if (maxSize > 0 && live + creating > maxSize) return "over maxSize";
  if (isLongExpired(ledger, job)) return "expired";
  if (isKnown(OVERSLEPT) && time.slept > 0) return undefined;
  const rotation = job.rotations.find(({ at, spread }) => time.passed(at) >= spread + LATE);
  // What a sleep has made too old goes when it is to be lent, or when its own timer fires.
  if (rotation && !isExpired(ledger, job, "most")) return "reset long ago";
  if (maxAvailDelay === 0 || live <= minSize || ledger.short) return undefined;
  const idle = ledger.jobs.filter(({ state, examining }) => state === "free" && !examining);
  if (lasting(ledger) <= minSize || idle.length <= minAvailable) return undefined;
  const seen = time.called - Math.max(job.seen, ledger.shortAt);
  const unused = time.passed(job.refreed?.at ?? job.since!);
  const isLong = unused >= maxAvailDelay + 2 * LATE && seen >= 2 * LATE;
  return isLong ? `unused for ${unused} ms` : undefined;
}

/** Whether a hook has looked at it for somebody who has gone since. */
export function isUnclaimed(ledger: Ledger, { state, call }: Job): boolean {
  return state === "checking" && call!.over && !ledger.has("retter");
}

/** Of which attempt the pool itself says that it failed. */
export function attemptOf(error: unknown): number | undefined {
  const text = String(error);
  const n = /(?:fun must return .* for|creating object) #(\d+)/.exec(text)?.[1] ??
    /object #(\d+) was invalidated during its creation/.exec(text)?.[1] ??
    /object #(\d+) is abandoned: its permit was lost/.exec(text)?.[1];
  return n === undefined ? undefined : Number(n);
}
