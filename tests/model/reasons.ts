// The reasons that `closer` may be told, by what the model knows of the object.

import type { CloseReason } from "../../mod.ts";
import type { Job } from "./job.ts";
import type { Ledger } from "./ledger.ts";
import { isExpired, isRotated, leadOf } from "./rules.ts";

/** Once one of these is known, nothing else counts but a shutdown. */
const VERDICTS: readonly CloseReason[] = ["unhealthy", "unfit", "discarded", "leftover"];

/** What is only looked at if none of what dooms an object holds. */
const LESSER: readonly CloseReason[] = ["wornOut", "resized", "recycled", "reclaimed"];

/** Whether that may be why it is closed; `unseen` uses may have been counted besides. */
export function mayClose(
  ledger: Ledger,
  job: Job,
  reason: CloseReason,
  unseen: number,
): boolean {
  const { dooms, state } = job;
  const judged = VERDICTS.some((verdict) => dooms.has(verdict));
  // A round's check of what is closed meanwhile decides nothing any more.
  const checked = dooms.has("unhealthy") && state === "free";
  if (judged && !checked && !isFinal(reason)) return false;
  const doomed = [...dooms.values()].some((burst) => burst < ledger.burst);
  if (doomed && LESSER.includes(reason)) return false;
  if (reason === "killed") return ledger.forced || job.unpermitted || isOverdue(ledger, job);
  if (reason === "leaked") return state === "lent" && job.lost;
  if (reason === "leftover" && job.late) return true;
  if (reason === "discarded" && mayDiscard(ledger, job)) return true;
  if (state === "lent" && reason === (dooms.has("invalidated") ? "invalidated" : "discarded")) {
    return isHanging(ledger, job);
  }
  // The pool may hear that it is dead before it sees that its callback is over.
  if (state === "back" && dooms.get("invalidated") === ledger.burst) {
    return reason === "invalidated" || reason === "shutdown" && ledger.ended;
  }
  const greeted = state === "checking" && job.call!.over;
  if (state !== "free" && !greeted) return false;
  switch (reason) {
    case "shutdown":
      return ledger.ended;
    case "expired":
      return isExpired(ledger, job, "most", mayReplace(ledger) ? leadOf(ledger) : 0);
    case "reset":
      return dooms.has(reason) || isRotated(ledger, job, "most");
    case "recycled":
      return isUnused(ledger, job);
    case "reclaimed":
      return ledger.due !== "no" && ledger.live > ledger.numbers.minSize;
    case "wornOut":
      return state === "free" && isWorn(ledger, job, unseen);
    case "resized":
      // What a reset has come to while a hook looked at it is looked at like what comes back.
      return (state === "free" || job.rotations.length > 0) && isOver(ledger);
    default:
      return dooms.has(reason);
  }
}

/** Whether it may count as being closed already: all that is due counts so before the first is closed. */
export function mayBeCondemned(ledger: Ledger, job: Job): boolean {
  const reasons = ["expired", "reset", "recycled", "resized"] as const;
  return job.state === "free" && reasons.some((reason) => mayClose(ledger, job, reason, 0));
}

/** Whether it goes before its time, to make room for its successor. */
export function isEarly(ledger: Ledger, job: Job, reason: CloseReason): boolean {
  if (reason === "expired") return !isExpired(ledger, job, "most");
  if (reason !== "reset" || job.dooms.has("reset") || job.state !== "free") return false;
  const { time } = ledger;
  return job.rotations.length > 0 &&
    job.rotations.every(({ at, step }) => step !== undefined && time.since(at).most < step);
}

function isFinal(reason: CloseReason): boolean {
  return VERDICTS.includes(reason) || reason === "shutdown" || reason === "killed";
}

function isOverdue({ burst, numbers, time }: Ledger, job: Job): boolean {
  const { call, freed, lentAt, state, stood } = job;
  const { maxUsingDelayKill: kill } = numbers;
  // The pool may not have seen yet that retter is done.
  const isBack = state === "free" && freed === burst && call?.hook === "retter";
  const isOut = isBack || state === "lent" || state === "back" || state === "returning";
  return isOut && kill > 0 && time.awake - lentAt - stood.least >= kill;
}

/** The callback of a `use` has been told to stop, long enough ago. */
function isHanging({ numbers, time }: Ledger, { user, uses }: Job): boolean {
  if (user?.kind !== "use" || user.use !== uses || user.grace === undefined) return false;
  return time.awake >= user.grace + numbers.abortGrace;
}

/** A `use` was aborted just before its callback was over, or has failed. */
function mayDiscard(
  { burst, discardOnError }: Ledger,
  { spoilt, state, user, uses }: Job,
): boolean {
  if (user?.kind !== "use" || user.use !== uses) return false;
  if (state !== "back" && state !== "free") return false;
  const { over, signal } = user;
  return spoilt === burst || discardOnError === true && signal?.aborted === true && over === burst;
}

function isUnused({ jobs, live, numbers, time }: Ledger, { since }: Job): boolean {
  const { maxAvailDelay, minAvailable, minSize } = numbers;
  const idle =
    jobs.filter(({ state, call }) => state === "free" || state === "checking" && call!.over).length;
  const spare = live > minSize && idle > minAvailable;
  return maxAvailDelay > 0 && spare && time.since(since!).most >= maxAvailDelay;
}

/** Whether what is about to end may have to make room for its successor. */
function mayReplace({ creating, closing, failed, departed, live, numbers }: Ledger): boolean {
  const { maxSize, minSize } = numbers;
  return minSize > 0 && maxSize > 0 && live + creating + closing + failed + departed >= maxSize;
}

function isWorn({ numbers: { maxUse } }: Ledger, { uses }: Job, unseen: number): boolean {
  return maxUse > 0 && uses + unseen >= maxUse;
}

function isOver({ creating, failed, live, numbers: { maxSize } }: Ledger): boolean {
  return maxSize > 0 && live + creating + failed > maxSize;
}
