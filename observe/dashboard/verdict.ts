// Verdict: the state of a pool in one sentence.

import type { Snapshot } from "../../pool/snapshot.ts";
import { ago, counted, inWords, lasting } from "./text.ts";

/** The state of a pool. */
export interface Verdict {
  /** `off`: the pool has not started, or is shut down. */
  readonly level: "calm" | "busy" | "trouble" | "off";
  readonly text: string;
}

/** Recent problems of the pool. */
export interface Recent {
  /** For how long creations have failed, in ms. */
  readonly failing: number | undefined;
  /** When an object last leaked, and when a `get` last timed out; in ms since 1970, as `now`. */
  readonly lost: number | undefined;
  readonly late: number | undefined;
  readonly now: number;
}

/** How long a problem is shown, in ms. */
const TOLD = 60_000;

/** Names problems first, then the present load. */
export function verdict(seen: Snapshot, recent: Recent): Verdict {
  if (seen.shutdown) return { level: "off", text: ending(seen) };
  if (!seen.started) return { level: "off", text: "not used yet" };
  const wrong = faults(seen, recent);
  const level = wrong.length > 0 ? "trouble" : seen.waiting > 0 ? "busy" : "calm";
  const waiting = seen.waiting > 0 ? [queueing(seen)] : [];
  const told = [...wrong.slice(0, recent.failing === undefined ? 2 : 1), ...waiting];
  return { level, text: told.length > 0 ? told.join("; ") : calm(seen) };
}

function ending({ using, creating, closing }: Snapshot): string {
  const left = [
    ...(using > 0 ? [`${using} still in use`] : []),
    ...(creating + closing > 0 ? [`${creating + closing} being closed`] : []),
  ];
  return left.length > 0 ? `shutting down: ${left.join(", ")}` : "shut down";
}

function faults(seen: Snapshot, { failing, lost, late, now }: Recent): string[] {
  const wrong: string[] = [];
  const { alarm, failure, overloaded, totals } = seen;
  const why = failure === undefined ? "" : inWords(failure.cause);
  if (failing !== undefined) {
    wrong.push(`outage: no object could be created for ${lasting(failing)}: ${why}`);
  }
  if (overloaded) wrong.push("overloaded: sheds load");
  if (alarm) wrong.push("health checks fail or hang");
  if (failing === undefined && failure !== undefined && failure.ago < TOLD) {
    wrong.push(`an object could not be created, ${ago(failure.ago)}: ${why}`);
  }
  if (lost !== undefined && now - lost < TOLD) {
    const which = counted(totals.leaked, "object");
    wrong.push(`${which} leaked, the last ${ago(now - lost)}`);
  }
  if (late !== undefined && now - late < TOLD) {
    wrong.push(`gets time out, the last ${ago(now - late)}`);
  }
  return wrong;
}

function queueing(seen: Snapshot): string {
  return seen.requesting > 0 ? `${queue(seen)}, ${requests(seen)}` : queue(seen);
}

function requests({ requesting }: Snapshot): string {
  return `waits for ${counted(requesting, "permit")} of its quota`;
}

function queue({ waiting, using, maxSize, creating }: Snapshot): string {
  const who = waiting === 1 ? "1 waits" : `${waiting} wait`;
  if (maxSize > 0 && using >= maxSize) {
    return `${who}, ${maxSize === 1 ? "the only one is" : `all ${maxSize} are`} in use`;
  }
  return creating > 0 ? `${who}, ${creating} being created` : `${who}, ${using} in use`;
}

function calm(seen: Snapshot): string {
  return seen.requesting > 0 ? `${quiet(seen)}, ${requests(seen)}` : quiet(seen);
}

function quiet({ using, maxSize }: Snapshot): string {
  if (using === 0) return "calm: nothing in use";
  if (maxSize > 0 && using >= maxSize) {
    return maxSize === 1 ? "calm: the only one is in use" : `calm: all ${maxSize} are in use`;
  }
  return maxSize > 0 ? `calm: ${using} of ${maxSize} in use` : `calm: ${using} in use`;
}
