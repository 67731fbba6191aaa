// The making of objects, as the model knows it: attempts, their failures, and how they end.

import type { CloseReason, CreateContext } from "../../mod.ts";
import { Job, type Thing } from "./job.ts";
import { Ledger } from "./ledger.ts";
import { Line } from "./line.ts";
import { mayBeCondemned } from "./reasons.ts";
import { isAgeing, isLive } from "./rules.ts";

/** How many objects in a row may be obsolete when they are made, before somebody is told. */
const STILLBORN = 3;

export class Making extends Ledger {
  readonly line: Line = new Line(this);
  /** Its quota, if it has one. */
  permits: { use(job: Job): void } | undefined;

  create(n: number, context: CreateContext): Job {
    this.note(`fun(${n})`);
    const { createBackoff, maxCreating, maxSize } = this.numbers;
    this.expect(n === this.jobs.length, `fun is told ${n} for attempt ${this.jobs.length}`);
    this.expect(!this.closed, `fun(${n}) is called after shutdown`);
    this.expect(!this.pausing, `fun(${n}) is called before the event loop has had its turn`);
    const size = this.live + this.creating + this.closing;
    this.expect(maxSize === 0 || size < maxSize, `fun(${n}) is called for more than maxSize`);
    const full = maxCreating > 0 && this.creating >= maxCreating;
    this.expect(!full, `fun(${n}) is called for more than maxCreating`);
    this.expect(this.creating < this.needed, `fun(${n}) is called, and nobody needs it`);
    const { fault, on } = this.outage;
    this.expect(!fault, `fun(${n}) is called ${fault}`);
    const { length: waiting } = this.line.pending;
    const { burst = this.burst, until = 0 } = this.rest ?? {};
    const rested = createBackoff > 0 || burst === this.burst || this.time.awake >= until ||
      waiting > this.creating;
    this.expect(rested, `fun(${n}) is called too soon after a failure`);
    const { burst: begunIn, line: { asks }, time: { moment } } = this;
    const job = new Job(n, moment, context, begunIn, asks.length);
    job.probe = on;
    this.jobs.push(job);
    this.permits?.use(job);
    return job;
  }

  override get asking(): number {
    return this.line.pending.length + this.line.trying;
  }

  /** How many may be in the making at the most. */
  get needed(): number {
    const { pending } = this.line;
    // Who has just gone leaves a check behind that is for nobody.
    const leaving = pending.some(({ deadline, signal }) =>
      signal?.aborted || deadline <= this.time.awake
    );
    return this.#needed(leaving ? 0 : this.greeting);
  }

  /** The same if what hooks look at comes to nothing. */
  get neededAtMost(): number {
    return this.#needed(0);
  }

  #needed(coming: number): number {
    const { line: { pending, trying }, numbers: { minAvailable, minSize } } = this;
    const wanted = pending.length - coming;
    if (this.ended) return wanted;
    const condemned = new Set(this.jobs.filter((job) => mayBeCondemned(this, job)));
    const lacking = minSize - (this.live - condemned.size);
    const ageing = this.jobs.filter((job) => isLive(job) && isAgeing(this, job, "most")).length;
    const refill = lacking > 0 ? lacking : Math.min(1, lacking + ageing);
    const idle =
      this.jobs.filter((job) =>
        job.state === "free" && !job.doom && job.freed < this.burst && !this.looked.has(job) &&
        !condemned.has(job)
      ).length;
    const spare = minAvailable > 0 ? Math.max(0, wanted) + trying + minAvailable - idle : 0;
    return Math.max(wanted, refill, spare);
  }

  made(job: Job, thing: Thing): void {
    this.note(`fun(${job.n}) gives ${thing}`);
    job.thing = thing;
    if (job.state === "abandoned") {
      job.late = true;
      this.doom(job, "leftover");
    } else if (this.has("opener") && !job.invalid) job.state = "made";
    else this.succeed(job);
  }

  notMade(job: Job, error: unknown): void {
    this.note(`fun(${job.n}) fails`);
    this.errors.set(error, { n: job.n, hook: "fun" });
    if (job.state === "abandoned") return;
    job.state = "failed";
    this.fail(job);
  }

  protected fail(job: Job): void {
    this.failed++;
    this.moved();
    this.outage.note(job, true);
    if (this.createRetry !== false) this.pausedAt = this.time.awake; // one that is tried again waits a turn
    this.failures.push({ job, burst: this.burst, told: 0 });
    const refills = this.live < this.numbers.minSize && this.madeIn < this.burst;
    const until = refills ? this.time.awake + 100 : 0;
    if (this.numbers.createBackoff === 0) this.rest ??= { burst: this.burst, until };
  }

  /** Its making is over, and has failed if somebody has said that it is dead. */
  protected succeed(job: Job): void {
    if (job.invalid) {
      this.fail(job);
      this.bear(job);
      return this.doom(job, "leftover");
    }
    // If others failed in this burst, who was the last is anybody's guess.
    this.rest = this.failed > 0 ? { burst: this.burst, until: 0 } : undefined;
    this.madeIn = this.burst;
    this.moved();
    this.outage.note(job, false);
    if (!job.obsolete) this.stillborn.broken = true;
    this.bear(job);
  }

  protected bear(job: Job): void {
    job.born = this.time.moment;
    job.bornIn = this.burst;
    this.free(job);
  }

  protected free(job: Job): void {
    job.state = "free";
    job.taken = undefined;
    job.since = this.time.moment;
    job.freed = this.burst;
    job.refreed = undefined;
  }

  /** Its permit is lost. */
  lose(job: Job): void {
    this.note(`the permit of object ${job.n} is lost, ${job.state}`);
    job.unpermitted = true;
    if (!job.making) this.outage.lose();
    this.abandon(job);
  }

  protected abandon(job: Job): void {
    const { state, call } = job;
    if (!job.making) return;
    this.fail(job);
    if (state !== "opening") {
      job.state = "abandoned";
      job.late = state === "made";
      if (job.late) this.doom(job, "leftover");
      return;
    }
    call!.over = true;
    this.calls.delete(call!);
    this.bear(job);
    this.doom(job, "leftover");
  }

  /** Objects that hooks do not let be lent although they are fresh. */
  protected countUnfit({ uses }: Job, reason: CloseReason): void {
    if (uses > 0 || !["expired", "unfit", "unhealthy"].includes(reason)) return;
    this.unfit.row++;
    this.unfit.burst++;
  }

  /** Objects that were made obsolete while they were made. */
  protected countStillborn(job: Job, reason: CloseReason): void {
    const { stillborn } = this;
    if (!job.obsolete || !["reset", "invalidated", "shutdown"].includes(reason)) return;
    this.pausing ||= job.obsolete === "surely";
    this.pausedAt = this.time.awake;
    stillborn.burst++;
    stillborn.row++;
    const surely = this.#isThird(job);
    const third = surely ? "surely" : stillborn.row >= STILLBORN ? "perhaps" : undefined;
    this.stillbirths.push({ job, third });
  }

  /** Whether it certainly is the third in a row. */
  #isThird({ n, obsolete }: Job): boolean {
    const { stillborn } = this;
    if (stillborn.broken || obsolete === "perhaps") stillborn.exact = undefined;
    if (n < this.stillbornBy) return false;
    this.stillbornBy = this.jobs.length;
    if (stillborn.exact === undefined || ++stillborn.exact < STILLBORN) return false;
    stillborn.exact = 0;
    return true;
  }
}
