// The outage of a run: how many attempts have failed in a row, and for how long the pool rests by that.

import type { Job } from "./job.ts";
import { isKnown, UNRESTED } from "./known.ts";
import type { Ledger } from "./ledger.ts";

/** The first rest, in ms; each is twice as long. */
const FIRST = 50;

/** What Math.random gives. */
const CHANCE = 0.5;

interface End {
  job: Job;
  failed: boolean;
  /** How many attempts there were, at the least. */
  made: number;
}

export class Outage {
  /** An observer hears of an end at this very moment. */
  telling = false;
  /** No object was made since permits were lost. */
  loses = false;
  #losses = 0;
  /** Until when it rests. */
  until = -Infinity;
  readonly #ledger: Ledger;
  /** An observer tells of each end in the order in which the pool has seen it. */
  readonly #exact: boolean;
  #failures = 0;
  /** How many attempts there were when a failure last counted, and when one last succeeded. */
  #failedBy = { least: 0, most: 0 };
  #madeBy = { least: 0, most: 0 };
  /** Whether that is known. */
  #sure = true;
  /** Those of this burst. */
  #ends: End[] = [];

  constructor(ledger: Ledger, exact: boolean) {
    this.#ledger = ledger;
    this.#exact = exact;
  }

  /** A permit is lost: from the second one on that may be a reason to rest. */
  lose(): void {
    this.#sure = false;
    if (++this.#losses > 1) this.loses = true;
  }

  /** Whether it is known how things stand. */
  get sure(): boolean {
    return this.#sure && this.#ends.length === 0;
  }

  /** Whether objects cannot be made at the moment; undefined: not known. */
  get on(): boolean | undefined {
    if (this.#ledger.numbers.createBackoff === 0) return false;
    return this.sure ? this.#failures > 1 : undefined;
  }

  /** Whether an attempt has failed since the last one that succeeded; undefined: not known. */
  get failing(): boolean | undefined {
    return this.sure ? this.#failures > 0 : undefined;
  }

  /** An observer hears that an attempt has ended. */
  tell(job: Job, failed: boolean): void {
    if (this.#exact) this.#end({ job, failed, made: this.#ledger.jobs.length });
  }

  /** An attempt has ended, as it looks from outside. */
  note(job: Job, failed: boolean): void {
    if (this.#exact) return;
    this.#ends.push({ job, failed, made: this.#ledger.jobs.length });
    // What ends in the same burst may have been a probe no more.
    if (!failed) {
      for (const other of this.#ledger.jobs) if (other.making) other.probe &&= undefined;
    }
  }

  /** Why no attempt may begin, if it may not. */
  get fault(): string | undefined {
    if (this.on !== true || this.telling && isKnown(UNRESTED)) return undefined;
    const { jobs, time: { awake } } = this.#ledger;
    if (awake < this.until) {
      return `${this.until - awake} ms too soon after ${this.#failures} failures`;
    }
    return jobs.some(({ making, probe }) => making && probe) ? "besides a probe" : undefined;
  }

  /** Whether none need begin. */
  get rests(): boolean {
    const { jobs, time: { fired } } = this.#ledger;
    return this.on !== false &&
      (!this.sure || fired <= this.until ||
        jobs.some(({ making, probe }) => making && probe !== false));
  }

  /** Everything is at rest. */
  settle(): void {
    const ends = this.#ends;
    this.#ends = [];
    if (ends.length === 0) return;
    const { burst } = this.#ledger;
    const all = ends.every(({ failed }) => failed);
    const none = ends.every(({ failed }) => !failed);
    const old = ends.every(({ job }) => job.burst < burst);
    if (none) this.#sure = true;
    else if (ends.length > 1 && !(all && old && this.#isLast(burst))) this.#sure = false;
    for (const end of ends) this.#end(end);
  }

  /** Whether no attempt has begun in this burst. */
  #isLast(burst: number): boolean {
    return this.#ledger.jobs.every((job) => job.burst < burst);
  }

  /** Whether the failure of that attempt counts: perhaps, or for sure. */
  #counts(n: number, bound: "least" | "most"): boolean {
    return n >= this.#madeBy[bound] && !(this.#failures > 1 && n < this.#failedBy[bound]);
  }

  #end({ job, failed, made }: End): void {
    const { closed, jobs, numbers: { createBackoff }, time } = this.#ledger;
    if (!failed) {
      this.#failures = 0;
      this.loses = false;
      this.#madeBy = { least: made, most: jobs.length };
      this.until = -Infinity;
      for (const other of jobs) if (other.making) other.probe = false;
    } else if (!closed && this.#counts(job.n, "least")) {
      if (!this.#counts(job.n, "most")) this.#sure = false;
      this.#failedBy = { least: made, most: jobs.length };
      if (++this.#failures < 2) return;
      const longest = Math.min(createBackoff, FIRST * 2 ** (this.#failures - 2));
      this.until = time.awake + Math.ceil(CHANCE * longest);
    }
  }
}
