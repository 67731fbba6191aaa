// Timeline: what befell all callers of one run, over time and by phase.

import { BIN } from "./settings.ts";

/** Served in time; refused, while the caller was still there; neither as long as the caller waited. */
export type Outcome = "served" | "refused" | "late";

/** Counts, and percentiles of how long who got an object had waited for it, in ms. */
export interface Counts {
  /** Calls that began; some of them end later. */
  asked: number;
  served: number;
  refused: number;
  late: number;
  connects: number;
  p50: number | null;
  p99: number | null;
}

interface Event {
  at: number;
  what: Outcome | "asked" | "connect" | "lent";
  /** How long it was waited for, in ms. */
  waited?: number;
}

export class Timeline {
  #begun = performance.now();
  #events: Event[] = [];

  /** In ms since it has begun. */
  now(): number {
    return performance.now() - this.#begun;
  }

  /** Forgets what was before. */
  restart(): void {
    this.#begun = performance.now();
    this.#events = [];
  }

  connect(): void {
    this.#events.push({ at: this.now(), what: "connect" });
  }

  /** A call begins; returns when. */
  asked(): number {
    const at = this.now();
    this.#events.push({ at, what: "asked" });
    return at;
  }

  lent(waited: number): void {
    this.#events.push({ at: this.now(), what: "lent", waited });
  }

  ended(outcome: Outcome): Outcome {
    this.#events.push({ at: this.now(), what: outcome });
    return outcome;
  }

  /** Of what was from `from` to before `to`, in ms. */
  counts(from: number, to: number): Counts {
    const events = this.#events.filter(({ at }) => at >= from && at < to);
    const count = (wanted: Event["what"]) => events.filter(({ what }) => what === wanted).length;
    const waits = events.flatMap(({ waited }) => waited ?? []).sort((a, b) => a - b);
    return {
      asked: count("asked"),
      served: count("served"),
      refused: count("refused"),
      late: count("late"),
      connects: count("connect"),
      p50: percentile(waits, 50),
      p99: percentile(waits, 99),
    };
  }

  /** The same for each stretch of time up to `until`. */
  bins(until: number): Counts[] {
    return Array.from(
      { length: Math.ceil(until / BIN) },
      (_, i) => this.counts(i * BIN, Math.min(until, (i + 1) * BIN)),
    );
  }

  /** When the last caller was not served in time, in ms after `moment`; 0 if all were. */
  troubled(moment: number): number {
    const last = this.#events.findLast(({ what }) => what === "refused" || what === "late");
    return Math.max(0, Math.round((last?.at ?? 0) - moment));
  }

  /** When the first caller was served, in ms after `moment`. */
  firstServed(moment: number): number | null {
    const first = this.#events.find(({ at, what }) => what === "served" && at >= moment);
    return first ? Math.round(first.at - moment) : null;
  }
}

/** Of numbers in order: the least that so many of a hundred do not exceed. */
export function percentile(sorted: number[], percent: number): number | null {
  const value = sorted[Math.max(0, Math.ceil(sorted.length * percent / 100) - 1)];
  return value === undefined ? null : Math.round(value * 10) / 10;
}
