// The reference model: what each object may do next, told only what is seen from outside of the pool.
// `invariants.ts` says what must hold once everything has come to rest.

import { type Ask, type Call, type HookName, Job, type Thing } from "./job.ts";
import { Ledger } from "./ledger.ts";
import { Line } from "./line.ts";
import { isPast, isUnclaimed, mayClose, roundDelay, unfit } from "./rules.ts";

export class Model extends Ledger {
  readonly line: Line = new Line(this);
  /** An object was lent though another one had come back later. */
  #passedOver: { idle: Job; freed: number; lent: Job }[] = [];

  // ---- making

  create(n: number, signal: AbortSignal): Job {
    this.note(`fun(${n})`);
    const { maxSize, minSize } = this.numbers;
    this.expect(n === this.jobs.length, `fun is told ${n} for attempt ${this.jobs.length}`);
    this.expect(!this.ended, `fun(${n}) is called after shutdown`);
    const size = this.live + this.creating + this.closing;
    this.expect(maxSize === 0 || size < maxSize, `fun(${n}) is called for more than maxSize`);
    const wanted = Math.max(this.line.pending.length, minSize - this.live);
    this.expect(this.creating < wanted, `fun(${n}) is called, and nobody needs it`);
    const { burst = this.burst, until = 0 } = this.rest ?? {};
    const rested = burst === this.burst || this.time.awake >= until ||
      this.line.pending.length > this.creating;
    this.expect(rested, `fun(${n}) is called too soon after a failure`);
    const job = new Job(n, this.time.awake, signal);
    this.jobs.push(job);
    return job;
  }

  made(job: Job, thing: Thing): void {
    this.note(`fun(${job.n}) gives ${thing}`);
    job.thing = thing;
    if (job.state === "abandoned") {
      job.late = true;
      this.doom(job, "late");
    } else if (this.has("opener")) job.state = "made";
    else this.#succeed(job);
  }

  notMade(job: Job, error: unknown): void {
    this.note(`fun(${job.n}) fails`);
    this.errors.set(error, { n: job.n, hook: "fun" });
    if (job.state === "abandoned") return;
    job.state = "failed";
    this.#fail(job);
  }

  #fail({ n }: Job): void {
    this.failed++;
    this.failures.push({ n, burst: this.burst, told: 0 });
    const refills = this.live < this.numbers.minSize && this.madeIn < this.burst;
    const until = refills ? this.time.awake + 100 : 0;
    this.rest ??= { burst: this.burst, until };
  }

  #succeed(job: Job): void {
    // If others failed in this burst, who was the last is anybody's guess.
    this.rest = this.failed > 0 ? { burst: this.burst, until: 0 } : undefined;
    this.madeIn = this.burst;
    this.#bear(job);
  }

  #bear(job: Job): void {
    job.born = this.time.moment;
    this.#free(job);
  }

  #free(job: Job): void {
    job.state = "free";
    job.taken = undefined;
    job.since = this.time.moment;
    job.freed = this.burst;
    job.refreed = undefined;
  }

  // ---- hooks

  begin(hook: HookName, thing: Thing): Call {
    const job = this.jobOf(thing);
    this.note(`${hook}(${thing}), ${job.state}${job.doom ? `, ${job.doom.why}` : ""}`);
    const back = job.state === "back";
    const { gaps, time: { awake: begun } } = this;
    const call: Call = { hook, job, begun, gaps, back, over: false };
    this.calls.add(call);
    // After a gap it may be asked once more for whoever it is being looked at for.
    const other = hook !== "retter" && hook !== "health";
    if (other && isUnclaimed(this, job)) this.#free(job);
    if (hook === "opener") this.#open(job);
    else if (hook === "getter") this.#check(job);
    else if (hook === "health") this.#examine(job, call);
    else if (hook === "retter") this.#reset(job);
    else this.#close(job, call);
    if (hook !== "closer" && hook !== "health") job.call = call;
    return call;
  }

  end(call: Call, ok: boolean, error?: unknown): void {
    const { hook, job } = call;
    this.note(`${hook}(${job.thing}) ${ok ? "is done" : "fails"}`);
    if (error !== undefined) this.errors.set(error, { n: job.n, hook });
    if (!call.over) this.#over(call, ok ? undefined : `${hook} failed`);
  }

  #over(call: Call, fault: string | undefined): void {
    const { hook, job } = call;
    call.over = true;
    this.calls.delete(call);
    if (hook === "closer") {
      job.state = "gone";
      return;
    }
    job.seen = this.time.awake;
    if (hook === "getter" || hook === "health") this.looked.add(job);
    if (hook === "health") this.#examined(call, fault);
    if (job.state === "closing" || job.state === "gone") return;
    if (hook === "opener") {
      if (fault) this.#fail(job);
      if (fault) this.#bear(job);
      else this.#succeed(job);
    } else if (hook === "retter") this.#free(job);
    if (fault) this.doom(job, fault);
  }

  #open(job: Job): void {
    this.expect(job.state === "made", `opener is called for ${job.thing}, ${job.state}`);
    job.state = "opening";
  }

  #check(job: Job): void {
    const { state, thing } = job;
    this.expect(state === "free", `getter is called for ${thing}, ${state}`);
    const fault = unfit(this, job);
    this.expect(!fault, `getter is called for ${thing}, ${fault}`);
    const wanted = this.line.pending.length + this.line.trying > 0;
    this.expect(wanted, `getter is called for ${thing}, and nobody wants it`);
    this.#look(job);
    job.state = "checking";
  }

  #examine(job: Job, call: Call): void {
    const again = job.state === "checking" && job.call!.over;
    this.expect(again || job.state === "free", `health is called for ${job.thing}, ${job.state}`);
    job.examining = call;
    job.wanted = this.line.pending.length > 0;
    this.#look(job);
  }

  #examined({ job, gaps }: Call, fault: string | undefined): void {
    job.examining = undefined;
    if (job.wanted) job.refreed = { burst: this.burst, at: this.time.moment };
    if (fault) return;
    // The answer says nothing of what came after the question.
    if (gaps === this.gaps) job.suspect = false;
  }

  #look(job: Job): void {
    this.looked.add(job);
    if (job.taken === undefined) job.rivals = this.looked.size - 1;
    job.taken ??= this.burst;
  }

  #reset(job: Job): void {
    const { state, thing, call } = job;
    const unclaimed = state === "checking" && call!.over ||
      state === "free" && this.line.abortedIn === this.burst;
    this.expect(state === "back" || unclaimed, `retter is called for ${thing}, ${state}`);
    job.state = "returning";
  }

  #close(job: Job, call: Call): void {
    const { state, thing } = job;
    this.expect(!job.closing, `closer is called again for ${thing}`);
    this.expect(state !== "detached", `closer is called for ${thing}, which was detached`);
    const reason = mayClose(this, job, this.line.undelivered);
    this.expect(reason, `closer is called for ${thing}, ${state}, without a reason`);
    job.closing = call;
    job.state = "closing";
    this.#depart();
  }

  #depart(): void {
    this.departed++;
    this.lowest = Math.min(this.lowest, this.live);
  }

  // ---- lending

  /** `ask` has got `thing`; undefined: `tryGet` has. */
  lend(ask: Ask | undefined, thing: Thing): Job {
    const job = this.jobOf(thing);
    const { state } = job;
    this.note(`${ask ? `ask ${ask.id}` : "tryGet"} gets ${thing}, ${state}`);
    const checked = state === "checking" && job.call!.over;
    this.expect(checked || state === "free", `${thing} is lent, and is ${state}`);
    this.expect(checked || !this.has("getter"), `${thing} is lent without getter`);
    const fault = unfit(this, job);
    this.expect(!fault, `${thing} is lent, ${fault}`);
    const proven = !job.suspect || !this.has("health");
    this.expect(proven, `${thing} is lent, not asked for its health after a gap`);
    this.#expectLast(job);
    if (ask) this.line.serve(ask, job);
    this.counted.lent++;
    job.state = "lent";
    job.taken = undefined;
    job.since = this.time.moment;
    job.stood = { least: 0, most: 0 };
    job.uses++;
    job.user = ask;
    return job;
  }

  /** No object that came back later was available: to be looked at again when all is at rest. */
  #expectLast(lent: Job): void {
    const taken = lent.taken ?? this.burst;
    for (const idle of this.jobs) {
      const { state, freed, doom } = idle;
      if (state !== "free" || doom || this.looked.has(idle) || freed >= taken) continue;
      const since = Math.max(lent.freed, lent.refreed?.burst ?? 0);
      if (freed > since) this.#passedOver.push({ idle, freed, lent });
    }
  }

  // ---- taking back

  /** The borrower is done with it; `spoilt`: why it is not to be lent again. */
  giveBack(job: Job, spoilt?: string): void {
    this.note(`${job.thing} comes back, ${job.state}${spoilt ? `, ${spoilt}` : ""}`);
    if (job.state !== "lent") return; // taken away meanwhile
    if (this.has("retter") && !spoilt) job.state = "back";
    else this.#free(job);
    if (spoilt) this.doom(job, spoilt);
  }

  /** What came back turns out not to be fit. */
  spoil(job: Job, why: string): void {
    if (job.state !== "back" && job.state !== "free") return;
    this.#free(job);
    this.doom(job, why);
  }

  detach(job: Job): void {
    job.state = "detached";
    this.#depart();
  }

  reset(): void {
    for (const job of this.jobs) if (!isPast(job)) this.doom(job, "reset");
  }

  shutdown(timeout: number): void {
    if (timeout > 0) this.forceAt = Math.min(this.forceAt, this.time.awake + timeout);
    this.ended = true;
  }

  // ---- time

  /** Of that much time the pool has had no part. */
  gap(ms: number): void {
    if (this.time.wavered || ms <= roundDelay(this.numbers) + 1000) return;
    this.gaps++;
    // Where nothing is there or being made there are no rounds, and nobody knows.
    const known = this.live + this.creating > 0;
    for (const job of this.jobs) job.suspect ||= known;
  }

  /** The program stands still for that long, which is no use of what is lent. */
  freeze(ms: number): void {
    const delay = roundDelay(this.numbers);
    const seen = ms > delay + 1000 ? ms : 0;
    for (const { stood } of this.jobs) {
      stood.least += seen;
      stood.most += ms + delay; // since the last round
    }
  }

  /** What has run out of time has failed. Called before each timer, and at rest. */
  overdue(): void {
    const { createTimeout, hookTimeout, closeTimeout } = this.numbers;
    const { fired } = this.time;
    if (this.ended && this.forceAt <= fired && this.live + this.creating > 0) this.forced = true;
    for (const job of this.jobs) {
      const late = createTimeout > 0 && job.begun + createTimeout <= fired;
      if (late || this.forced) this.#abandon(job);
    }
    for (const call of this.calls) {
      const { hook, begun } = call;
      if (hook === "opener") continue;
      const late = begun + (hook === "closer" ? closeTimeout : hookTimeout) <= fired;
      if (late || this.forced && hook !== "closer") this.#over(call, `${hook} took too long`);
    }
  }

  #abandon(job: Job): void {
    const { state, call } = job;
    if (state !== "fun" && state !== "made" && state !== "opening") return;
    this.#fail(job);
    if (state === "fun") {
      job.state = "abandoned";
      return;
    }
    if (call) {
      call.over = true;
      this.calls.delete(call);
    }
    this.#bear(job);
    this.doom(job, "abandoned");
  }

  /** Everything is at rest: what has passed its check and was taken by nobody is available. */
  settle(): void {
    for (const job of this.jobs) {
      const { state, thing, doom } = job;
      this.expect(state !== "made", `opener is not called for ${thing}`);
      this.expect(state !== "back", `retter is not called for ${thing}`);
      if (state !== "checking" || !job.call!.over || job.examining) continue;
      this.expect(!this.has("retter") || doom, `${thing} passed its check, and is nowhere`);
      this.#free(job);
    }
    for (const { idle, freed, lent } of this.#passedOver.splice(0)) {
      const still = idle.state === "free" && idle.freed === freed && !this.looked.has(idle);
      this.expect(!still, `${lent.thing} is lent before ${idle.thing}, which came back later`);
    }
  }
}
