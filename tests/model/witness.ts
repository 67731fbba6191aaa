// An observer of the pool in some of the runs: what it hears must be what the model knows, each thing
// once.

import {
  type ClosedEvent,
  type CreatedEvent,
  type LentEvent,
  type Observer,
  PoolClosedError,
  PoolDeadlockError,
  PoolFullError,
  PoolOverloadError,
  type PoolStats,
  PoolTimeoutError,
  type RefusedEvent,
  type RefuseReason,
  type ReturnedEvent,
  type ReturnEnd,
} from "../../mod.ts";
import type { Ask } from "./job.ts";
import { isKnown, UNRESTED } from "./known.ts";
import type { Model } from "./model.ts";

/** What was heard of one borrower, who is known by a label. */
interface Heard {
  lentAt?: number;
  refused?: RefusedEvent;
  end?: ReturnEnd;
}

export class Witness implements Observer {
  readonly #model: Model;
  readonly #act: () => unknown;
  /** Which attempts have ended, and with what. */
  readonly #created = new Map<number, CreatedEvent>();
  readonly #closed = new Set<number>();
  readonly #heard = new Map<string, Heard>();
  #lent = 0;
  readonly #refused = new Counter<RefuseReason>();
  readonly #returned = new Counter<ReturnEnd>();

  /** `act`: what it does each time, which may be anything. */
  constructor(model: Model, act: () => unknown) {
    this.#model = model;
    this.#act = act;
  }

  created(event: CreatedEvent): unknown {
    const { n, duration } = event;
    const job = this.#model.jobs[n];
    this.#expect(job && !this.#created.has(n), `the end of fun(${n}) is told`);
    this.#created.set(n, event);
    const took = this.#model.time.passedSince(job!.begun);
    const right = duration > took.least - 1 && duration < took.most + 1;
    this.#expect(right, `fun(${n}) took ${duration} ms`);
    const { outage } = this.#model;
    if (!isKnown(UNRESTED)) outage.tell(job!, "error" in event);
    outage.telling = true;
    try {
      return this.#act();
    } finally {
      outage.telling = false;
      if (isKnown(UNRESTED)) outage.tell(job!, "error" in event);
    }
  }

  lent({ label, waited }: LentEvent): unknown {
    const { awake } = this.#model.time;
    this.#lent++;
    const heard = this.#of(label, waited);
    if (heard) {
      this.#expect(heard.lentAt === undefined && !heard.refused, `${label} is told to be lent`);
      heard.lentAt = awake;
    }
    return this.#act();
  }

  refused(event: RefusedEvent): unknown {
    const { label, reason, waited } = event;
    this.#refused.add(reason);
    const heard = this.#of(label, waited);
    if (heard) {
      this.#expect(heard.lentAt === undefined && !heard.refused, `${label} is told to be refused`);
      heard.refused = event;
    }
    return this.#act();
  }

  returned({ end, held, label }: ReturnedEvent): unknown {
    this.#returned.add(end);
    const heard = label === undefined ? undefined : this.#heard.get(label);
    this.#expect(heard || label === undefined, `${label} is told to return, which was never lent`);
    if (heard) {
      const { lentAt = Infinity } = heard;
      const most = this.#model.time.awake - lentAt;
      this.#expect(heard.end === undefined, `${label} is told to return`);
      this.#expect(held >= 0 && held < most + 1, `${label} held it for ${held} ms`);
      heard.end = end;
    }
    return this.#act();
  }

  closed({ n, reason, uses }: ClosedEvent): unknown {
    const { line, jobs } = this.#model;
    const job = jobs[n]!;
    this.#expect(!this.#closed.has(n), `${job.thing} is told to be closed`);
    this.#closed.add(n);
    this.#expect(job.told?.reason === reason, `${job.thing} is told to be closed: ${reason}`);
    const right = uses === job.uses || uses > job.uses && line.undelivered > 0;
    this.#expect(right, `${job.thing} is told to be closed after ${uses} uses`);
    return this.#act();
  }

  /** At rest: nothing is missing. */
  check(stats: PoolStats): void {
    this.#checkCounts(stats);
    const failed = new Set(this.#model.failures.map(({ job }) => job));
    for (const job of this.#model.jobs) {
      const created = this.#created.get(job.n);
      this.#expect(job.making === !created, `fun(${job.n}), ${job.state}, and its end`);
      const right = !created || "error" in created === failed.has(job);
      this.#expect(right, `fun(${job.n}) and its failure`);
      const gone = job.state === "gone" && !job.late;
      this.#expect(this.#closed.has(job.n) === gone, `${job.thing}, ${job.state}, and its closing`);
    }
    const made = [...this.#created.values()].filter((event) => !("error" in event)).length;
    const leftovers = this.#model.jobs.filter((job) => failed.has(job) && job.thing && !job.late);
    const there = stats.available + stats.using + stats.closing + stats.closed + stats.detached;
    const late = this.#model.jobs.filter((job) => job.late && job.state === "gone").length;
    this.#expect(made === there - leftovers.length - late, `${made} made of ${there}`);
    for (const ask of this.#model.line.asks) this.#checkAsk(ask);
  }

  #checkCounts(stats: PoolStats): void {
    const { aborted, deadlocks, detached, gets, leaked, overloaded, rejected, returned, timeouts } =
      stats;
    this.#expect(this.#refused.of("overload") === overloaded, `${overloaded} overloaded`);
    this.#expect(this.#refused.of("deadlock") === deadlocks, `${deadlocks} deadlocks`);
    const { closed, failed, full } = this.#refused.counts;
    this.#expect(this.#lent === gets, `${this.#lent} lent, not ${gets}`);
    this.#expect(this.#refused.of("timeout") === timeouts, `${timeouts} too late`);
    this.#expect(this.#refused.of("aborted") === aborted, `${aborted} aborted`);
    const others = (closed ?? 0) + (failed ?? 0) + (full ?? 0);
    this.#expect(others === rejected, `${others} refused, not ${rejected}`);
    this.#expect(this.#returned.of("returned") === returned, `${returned} returned`);
    this.#expect(this.#returned.of("detached") === detached, `${detached} detached`);
    this.#expect(this.#returned.of("leaked") <= leaked, `${leaked} leaked`);
    const out = this.#lent - this.#returned.sum;
    const lent = this.#model.count("lent");
    this.#expect(out === lent, `${out} did not return, and ${lent} are lent`);
  }

  /** Whoever has an end has heard of it, and of no other. */
  #checkAsk(ask: Ask): void {
    const { id, label, state } = ask;
    if (label === undefined) return;
    const { lentAt, refused, end } = this.#heard.get(label) ?? {};
    const isLent = lentAt !== undefined;
    const holds = ask.job?.user === ask && ask.job.state === "lent";
    if (state === "pending") this.#expect(!isLent && !refused, `ask ${id}, which is pending`);
    // A `use` may be aborted when it has its object already.
    else if (state === "lent") {
      this.#expect(isLent && (end === undefined) === holds, `ask ${id}: ${end}`);
    } else if (isLent) this.#expect(ask.kind === "use" && end !== undefined, `ask ${id}, refused`);
    else {this.#expect(
        refused?.error === ask.error && fits(refused!),
        `ask ${id}: ${refused?.reason}`,
      );}
  }

  #of(label: string | undefined, waited: number): Heard | undefined {
    const { line: { asks }, time } = this.#model;
    const waiting = asks.filter((ask) =>
      ask.label === label && Math.abs(waited - (time.awake - ask.at)) < 1
    );
    const tried = label === undefined && waited === 0; // by tryGet
    this.#expect(waiting.length > 0 || tried, `${label} waited ${waited} ms`);
    if (label === undefined) return undefined;
    const heard = this.#heard.get(label) ?? {};
    this.#heard.set(label, heard);
    return heard;
  }

  #expect(condition: unknown, what: string): void {
    this.#model.expect(condition, `observed: ${what}`);
  }
}

/** Whether the reason is that of the error. */
function fits({ error, reason }: RefusedEvent): boolean {
  if (error instanceof PoolClosedError) return reason === "closed";
  if (error instanceof PoolFullError) return reason === "full";
  if (error instanceof PoolTimeoutError && String(error).includes("no object within")) {
    return reason === "timeout";
  }
  if (error instanceof PoolOverloadError) return reason === "overload";
  if (error instanceof PoolDeadlockError) return reason === "deadlock";
  return reason === "failed" || reason === "aborted";
}

class Counter<K extends string> {
  readonly counts: Partial<Record<K, number>> = {};
  sum = 0;

  add(key: K): void {
    this.sum++;
    this.counts[key] = this.of(key) + 1;
  }

  of(key: K): number {
    return this.counts[key] ?? 0;
  }
}
