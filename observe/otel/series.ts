// Series: the points of one set of attributes, and the counts in them.

import type { CreatedEvent, ReturnEnd, Tap } from "../../pool/observe.ts";
import { type Snapshot, snapshot } from "../../pool/snapshot.ts";
import type { State } from "../../pool/state.ts";
import { STATE } from "./conventions.ts";
import type { Instruments, Read } from "./instruments.ts";
import type { Attributes, Observation } from "./types.ts";

/** The counts that a collection reads. */
export type Counts =
  & Pick<
    Snapshot,
    | "available"
    | "using"
    | "creating"
    | "closing"
    | "waiting"
    | "minSize"
    | "minAvailable"
    | "maxSize"
  >
  & { readonly timeouts: number };

/** The counts of an ended pool, beside what its series knows. */
export const GONE: Counts = {
  available: 0,
  using: 0,
  creating: 0,
  closing: 0,
  waiting: 0,
  minSize: 0,
  minAvailable: 0,
  maxSize: 0,
  timeouts: 0,
};

/** The counts of a pool now. */
export function countsOf<T>(pool: State<T>): Counts {
  const now = snapshot(pool, 0);
  return { ...now, timeouts: now.totals.timeouts };
}

/** The sum of two counts, with the limit of the first. */
export function added(sum: Counts, more: Counts): Counts {
  return {
    available: sum.available + more.available,
    using: sum.using + more.using,
    creating: sum.creating + more.creating,
    closing: sum.closing + more.closing,
    waiting: sum.waiting + more.waiting,
    minSize: sum.minSize + more.minSize,
    minAvailable: sum.minAvailable + more.minAvailable,
    maxSize: sum.maxSize,
    timeouts: sum.timeouts + more.timeouts,
  };
}

/** The points of one set of attributes. */
export class Series implements Tap {
  readonly #instruments: Instruments;
  readonly #attributes: Attributes;
  /** A limit was reported. Then it is always reported, or an exporter would repeat the last one. */
  #limited = false;
  /** The timeouts of its pools that have gone. */
  late = 0;

  constructor(instruments: Instruments, attributes: Attributes) {
    this.#instruments = instruments;
    this.#attributes = attributes;
  }

  lent(waited: number): void {
    this.#instruments.waitTime.record(waited / 1000, this.#attributes);
  }

  returned(held: number, _label: string | undefined, end: ReturnEnd): void {
    if (end === "detached" || end === "leaked") return;
    this.#instruments.useTime.record(held / 1000, this.#attributes);
  }

  created(event: CreatedEvent): void {
    if ("error" in event) return;
    this.#instruments.createTime.record(event.duration / 1000, this.#attributes);
  }

  report(observation: Observation, now: Counts): void {
    const report = (name: Read, value: number, more?: Attributes) => {
      observation.observe(this.#instruments.read[name], value, { ...this.#attributes, ...more });
    };
    const states = {
      idle: now.available,
      used: now.using,
      creating: now.creating,
      closing: now.closing,
    };
    for (const [state, count] of Object.entries(states)) report("count", count, { [STATE]: state });
    report("pending_requests", now.waiting);
    report("idle.min", Math.max(now.minSize, now.minAvailable));
    this.#limited ||= now.maxSize > 0;
    if (this.#limited) {
      report("max", now.maxSize);
      report("idle.max", now.maxSize);
    }
    report("timeouts", this.late + now.timeouts);
  }
}
