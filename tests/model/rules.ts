// The rules of the model: what the design says of one object at one moment.

import type { Job } from "./job.ts";
import type { Ledger } from "./ledger.ts";
import type { Numbers } from "./setup.ts";

/** It concerns nobody any more, or not yet. */
export function isPast({ state }: Job): boolean {
  return ["abandoned", "failed", "closing", "gone", "detached"].includes(state);
}

/** Time between rounds: half the shortest delay that needs them. */
export function roundDelay(numbers: Numbers): number {
  const { hkDelay, maxAvailDelay, maxUsingDelay, maxUsingDelayKill, maxLifetime } = numbers;
  if (hkDelay > 0) return hkDelay;
  const delays = [maxAvailDelay, maxUsingDelay, maxUsingDelayKill, maxLifetime]
    .filter((delay) => delay > 0);
  return Math.min(60_000, ...delays.map((delay) => Math.ceil(delay / 2)));
}

/** Whether it is past its lifetime, given how long ago it was made at least or at most. */
export function isExpired(
  { time, numbers }: Ledger,
  { born }: Job,
  bound: "least" | "most",
): boolean {
  const { maxLifetime, lifetimeJitter } = numbers;
  if (maxLifetime === 0 || born === undefined) return false;
  return time.since(born)[bound] >= maxLifetime * (1 - lifetimeJitter / 2); // chance is 0.5
}

/** Whether it was past its lifetime when it came back, or when a round was due that has been. */
function isLongExpired({ time, numbers }: Ledger, { born, since }: Job): boolean {
  const { maxLifetime, lifetimeJitter } = numbers;
  if (maxLifetime === 0 || time.wavered) return false;
  const life = maxLifetime * (1 - lifetimeJitter / 2);
  return since!.world - born!.world >= life || time.passed(born!) - roundDelay(numbers) >= life;
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
  const fresh = taken < ledger.burst || ledger.looked.has(job);
  // What was just made may go straight to who waits, also if the first of them has gone.
  const straight = job.freed === ledger.burst && job.call?.hook === "retter";
  const made = uses === 0 && (job.bornIn === ledger.burst || straight);
  const asks = healthAfter === 0 && !made || job.suspect;
  if (ledger.has("health") && asks && !fresh) return "not asked for its health";
  if (taken < ledger.burst || job.freed === ledger.burst) return undefined;
  return unfitNow(ledger, job);
}

/** The same, as far as it goes by the time. */
function unfitNow(ledger: Ledger, job: Job): string | undefined {
  const { maxAvailDelay, minSize, healthAfter } = ledger.numbers;
  const { time } = ledger;
  const { least } = time.since(job.refreed?.at ?? job.since!);
  const same = ledger.resizedIn < ledger.burst;
  const spare = same && Math.min(ledger.lowest, ledger.live) > minSize;
  if (maxAvailDelay > 0 && least >= maxAvailDelay && spare) return "unused for too long";
  if (!ledger.has("health")) return undefined;
  const asked = job.proven ? Math.min(least, time.since(job.proven.at).least) : least;
  return healthAfter > 0 && asked >= healthAfter ? "not asked for its health" : undefined;
}

/** Why it must not be available, or undefined. */
export function unavailable(ledger: Ledger, job: Job): string | undefined {
  const { numbers, time, live, creating } = ledger;
  const { maxUse, maxSize, minSize, maxAvailDelay } = numbers;
  if (job.doom) return job.doom.why;
  if (ledger.closed) return "shut down";
  if (maxUse > 0 && job.uses >= maxUse) return "worn out";
  if (maxSize > 0 && live + creating > maxSize) return "over maxSize";
  if (isLongExpired(ledger, job)) return "expired";
  if (maxAvailDelay === 0 || live <= minSize) return undefined;
  const seen = time.fired - Math.max(job.seen, ledger.shortAt);
  const unused = time.passed(job.refreed?.at ?? job.since!);
  const round = roundDelay(numbers);
  return unused >= maxAvailDelay + round && seen >= round ? `unused for ${unused} ms` : undefined;
}

/** Whether a hook has looked at it for somebody who has gone since. */
export function isUnclaimed(ledger: Ledger, { state, call }: Job): boolean {
  return state === "checking" && call!.over && !ledger.has("retter");
}

/** Of which attempt the pool itself says that it failed. */
export function attemptOf(error: unknown): number | undefined {
  const text = String(error);
  const n = /(?:fun must make .* for|making object) #(\d+)/.exec(text)?.[1] ??
    /object #(\d+) was invalidated while it was being made/.exec(text)?.[1];
  return n === undefined ? undefined : Number(n);
}
