// The reference model: what each object may do next, told only what is seen from outside of the pool.
// `invariants.ts` says what must hold once everything has come to rest.

import type { CloseContext, CloseReason } from "../../mod.ts";
import { type Ask, type Call, holds, type HookName, type Job } from "./job.ts";
import type { Rotation, Thing } from "./job.ts";
import { isKnown, PROLONGED, UNCLOCKED } from "./known.ts";
import { Making } from "./making.ts";
import { isEarly, mayClose } from "./reasons.ts";
import { isLive, isPast, isUnclaimed, roundDelay, unfit } from "./rules.ts";

/** For how long closers go on when a shutdown has run out of time, in ms. */
const CLOSING_GRACE = 400;

/** What a failure of each hook is, for `closer`. */
const FAULTS: Readonly<Record<HookName, CloseReason>> = {
  opener: "leftover",
  getter: "unfit",
  retter: "unfit",
  health: "unhealthy",
  closer: "leftover", // it is closed already
};

export class Model extends Making {
  /** An object was lent though another one had come back later. */
  #passedOver: { idle: Job; freed: number; lent: Job }[] = [];
  /** One was reset before another one whose turn it was. */
  #outOfTurn: { other: Job; job: Job; freed: number }[] = [];
  readonly rotations: Rotation[] = [];
  /** What was closed before its time, and what had to be over by then. */
  #replacements: { job: Job; others: { other: Job; state: string }[]; asks: Ask[] }[] = [];

  // ---- hooks

  begin(hook: HookName, thing: Thing, context?: CloseContext): Call {
    const job = this.jobOf(thing);
    this.note(`${hook}(${thing}), ${job.state}${job.doom ? `, ${job.doom.why}` : ""}`);
    const back = job.state === "back";
    const { burst, gaps, line, time: { awake: begun, moment: at } } = this;
    const trying = line.trying > 0;
    const call: Call = {
      ...{ hook, job, begun, at, burst, gaps, back, trying },
      ...{ refused: this.counted.refused, slow: false, over: false, ended: false },
      overIn: Infinity,
    };
    this.calls.add(call);
    // After a gap it may be asked once more for whoever it is being looked at for.
    const other = hook !== "retter" && hook !== "health";
    // Unless somebody has waited all the time, who would have got it, and has not been aborted then.
    const unclaimed = isUnclaimed(this, job) && (
      job.call!.trying || this.line.abortedIn === this.burst ||
      !this.#isWanted(job, job.call!.overIn)
    );
    if (other && unclaimed) this.free(job);
    if (hook === "opener") this.#open(job);
    else if (hook === "getter") this.#check(job);
    else if (hook === "health") this.#examine(job, call);
    else if (hook === "retter") this.#reset(job);
    else this.#close(job, call, context!);
    if (hook !== "closer" && hook !== "health") job.call = call;
    return call;
  }

  end(call: Call, ok: boolean, error?: unknown): void {
    const { hook, job } = call;
    this.note(`${hook}(${job.thing}) ${ok ? "is done" : "fails"}`);
    if (error !== undefined) this.errors.set(error, { n: job.n, hook });
    call.ended = true;
    if (!call.over) this.#over(call, !ok);
  }

  #over(call: Call, failed: boolean): void {
    const { hook, job } = call;
    call.over = true;
    call.overIn = this.burst;
    this.calls.delete(call);
    if (hook === "closer") {
      this.moved();
      job.state = "gone";
      return;
    }
    job.seen = this.time.awake;
    if (hook === "getter" || hook === "health") this.looked.add(job);
    if (hook === "health") this.#examined(call, failed);
    if (job.state === "closing" || job.state === "gone") return;
    if (hook === "opener") {
      if (failed) this.fail(job);
      if (failed) this.bear(job);
      else this.succeed(job);
    } else if (hook === "retter") this.free(job);
    if (failed) this.doom(job, FAULTS[hook]);
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
    const { calling, pending: { length: waiting }, trying } = this.line;
    this.expect(waiting + trying > 0, `getter is called for ${thing}, and nobody wants it`);
    // What comes is offered to who waits, whatever a hook looks at, and who comes takes what there is.
    const comes = job.freed === this.burst || job.taken !== undefined;
    const wanted = trying + calling.length > 0 || comes || waiting > this.greeting;
    this.expect(wanted, `getter is called for ${thing}, besides others`);
    this.#look(job);
    job.state = "checking";
  }

  #examine(job: Job, call: Call): void {
    const again = job.state === "checking" && job.call!.over;
    this.expect(again || job.state === "free", `health is called for ${job.thing}, ${job.state}`);
    const { burst, gaps, uses, wanted } = job.proven ?? {};
    const proven = wanted && burst === this.burst && gaps === this.gaps && uses === job.uses &&
      this.#isWanted(job) && !this.time.wavered;
    // It may have been a round that asked first, whose answer is older than healthAfter: 0 allows.
    const byRound = this.numbers.healthAfter === 0 && roundDelay(this.numbers) < 60_000;
    const distrusted = this.alarm.bad || this.alarm.slow;
    // A use that is aborted before it has seen its object gives that back as if it had used it.
    const used = this.line.abortedIn === this.burst;
    this.expect(
      !proven || byRound || distrusted || used,
      `health is asked again for ${job.thing}, which is good`,
    );
    job.examining = call;
    job.wanted = this.line.pending.length > 0;
    this.#look(job);
  }

  #examined({ at, job, gaps }: Call, failed: boolean): void {
    job.examining = undefined;
    if (job.wanted) job.refreed = { burst: this.burst, at: this.time.moment };
    if (failed && isLive(job)) this.alarm.fail(at.world);
    if (failed) return;
    this.alarm.end();
    const { uses, wanted } = job;
    job.proven = { at, burst: this.burst, gaps, uses, wanted };
    // The answer says nothing of what came after the question.
    if (gaps === this.gaps) job.suspect = false;
  }

  #look(job: Job): void {
    this.looked.add(job);
    job.taken ??= this.burst;
  }

  /** Whether somebody has waited through all of that burst, and cannot have got another one. */
  #isWanted(job: Job, burst = this.burst): boolean {
    const waiting = this.line.pending.filter((ask) => ask.burst < burst && !ask.signal?.aborted);
    const others = this.jobs.filter((other) =>
      other !== job && (other.state === "free" || other.state === "checking" && other.call!.over)
    );
    return waiting.length > others.length;
  }

  #reset(job: Job): void {
    const { state, thing, call } = job;
    const unclaimed = state === "checking" && call!.over ||
      state === "free" && (this.line.abortedIn === this.burst || this.line.shedding.maybe);
    this.expect(state === "back" || unclaimed, `retter is called for ${thing}, ${state}`);
    const { burst = Infinity } = job.doom ?? {};
    const dead = burst < this.burst && job.doom!.why === "invalidated";
    this.expect(!dead, `retter is called for ${thing}, which is dead`);
    job.state = "returning";
  }

  #close(job: Job, call: Call, context: CloseContext): void {
    const { state, thing } = job;
    const { reason } = context;
    this.note(`closer is told ${reason}`);
    this.expect(!job.closing, `closer is called again for ${thing}`);
    this.expect(state !== "detached", `closer is called for ${thing}, which was detached`);
    const right = mayClose(this, job, reason, this.line.undelivered);
    this.expect(right, `closer is called for ${thing}, ${state}, and told ${reason}`);
    if (job.user && holds(job.user)) {
      const { heard } = job.user;
      job.user.taken = reason;
      this.expect(!heard || heard.aborted, `${thing} is closed, and its callback does not know`);
    }
    job.told = { reason, context };
    job.closing = call;
    job.state = "closing";
    this.countUnfit(job, reason);
    this.countStillborn(job, reason);
    if (reason === "reset") this.#rotated(job);
    if (isEarly(this, job, reason)) this.#replaced(job);
    this.#depart();
  }

  /** It makes room for its successor: if nobody waits, and nothing else is made or closed. */
  #replaced(job: Job): void {
    const { burst, jobs, outage } = this;
    this.expect(outage.failing !== true, `${job.thing} makes room, and none can be made`);
    const others = jobs.filter((other) =>
      other !== job && (other.making && other.burst < burst ||
        other.state === "closing" && !other.late)
    ).map((other) => ({ other, state: other.state }));
    const asks = this.line.pending.filter((ask) => ask.burst < burst);
    this.#replacements.push({ job, others, asks });
  }

  /** Of what is reset little by little what is available goes first, the longest unused before others. */
  #rotated(job: Job): void {
    for (const { idle, step } of job.rotations) {
      const own = idle.get(job);
      if (step === undefined || own === undefined || job.freed > own.latest) continue;
      // What a hook looks at is closed when that is done; after a freeze several go at once.
      if (own.latest === Infinity || this.frozen || this.rotations.length > 1) continue;
      for (const [other, { latest, uses }] of idle) {
        if (other === job || latest >= own.earliest || other.uses !== uses) continue;
        if (other.state === "free" && !this.looked.has(other)) {
          this.#outOfTurn.push({ other, job, freed: other.freed });
        }
      }
    }
    for (const rotation of job.rotations) if (rotation.jobs.includes(job)) rotation.closed++;
  }

  #depart(): void {
    this.departed++;
    const born = this.jobs.filter((job) => isLive(job) && job.bornIn === this.burst).length;
    this.lowest = Math.min(this.lowest, this.live - born);
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
    this.counted.lent++;
    this.moved();
    if (ask) this.unfit.broken = true;
    job.state = "lent";
    job.taken = undefined;
    job.since = this.time.moment;
    job.lentAt = this.time.awake;
    job.stood = { least: 0, most: 0 };
    job.uses++;
    job.user = ask;
    if (ask) this.line.serve(ask, job);
    // It may have died on its way.
    if (ask?.kind === "use" && job.dooms.has("invalidated")) this.#died(ask);
    return job;
  }

  /** No object was available whose turn it was: to be looked at again when all is at rest. */
  #expectLast(lent: Job): void {
    const taken = lent.taken ?? this.burst;
    for (const idle of this.jobs) {
      const { state, freed, doom } = idle;
      if (state !== "free" || doom || this.looked.has(idle) || freed >= taken) continue;
      const since = Math.max(lent.freed, lent.refreed?.burst ?? 0);
      const fifo = this.idleOrder === "fifo";
      const earlier = Math.max(freed, idle.refreed?.burst ?? 0) < lent.freed;
      // What has just come goes straight to who waits.
      const before = fifo ? earlier && lent.freed < taken : freed > since;
      if (before) this.#passedOver.push({ idle, freed, lent });
    }
  }

  // ---- taking back

  /** The borrower of its `use`th use is done with it; `spoilt`: it is not to be lent again. */
  giveBack(job: Job, use: number, spoilt = false): void {
    this.note(`${job.thing} comes back, ${job.state}${spoilt ? ", spoilt" : ""}`);
    if (job.state !== "lent" || job.uses !== use) return; // taken away meanwhile
    const dead = job.dooms.has("invalidated"); // there is nothing to be reset
    if (this.has("retter") && !spoilt && !dead) job.state = "back";
    else this.free(job);
    if (spoilt) this.doom(job, "discarded");
  }

  /** What came back turns out not to be fit: one of these. */
  spoil(jobs: Job[]): void {
    const back = jobs.filter(({ state }) => state === "back" || state === "free");
    const [job] = back;
    for (const one of back) one.spoilt = this.burst;
    if (back.length !== 1 || job === undefined) return;
    this.free(job);
    this.doom(job, "discarded");
  }

  detach(job: Job): void {
    job.state = "detached";
    this.moved();
    this.#depart();
  }

  /** It has died, says somebody, or `fun` itself. */
  invalidate(job: Job): void {
    this.note(`object ${job.n} is invalidated, ${job.state}`);
    if (job.making) job.invalid = true;
    if (job.state === "made") this.succeed(job); // opener is not called any more
    else if (job.making) return;
    else if (!isPast(job)) this.doom(job, "invalidated");
    if (job.user && holds(job.user)) this.#died(job.user);
  }

  #died(user: Ask): void {
    user.died = true;
    user.grace ??= this.time.awake;
  }

  reset(): void {
    for (const job of this.jobs) {
      if (isPast(job)) continue;
      this.doom(job, "reset");
      if (job.making) job.obsolete = "surely";
      else if (job.bornIn === this.burst && job.state === "free") {
        job.obsolete ??= "perhaps";
        this.stillborn.unsure = true;
      }
    }
  }

  /** All that is there is reset within `spread` ms. */
  rotate(spread: number, exact: boolean): Rotation {
    const jobs = this.jobs.filter(isLive);
    const idle = new Map(
      jobs.filter(({ state }) => state === "free").map((job) => {
        const { examining, freed, refreed, uses } = job;
        const latest = examining ? Infinity : Math.max(freed, refreed?.burst ?? 0);
        return [job, { uses, earliest: freed, latest }];
      }),
    );
    const step = exact ? spread / Math.max(1, jobs.length) : undefined;
    const rotation = { at: this.time.moment, spread, jobs, idle, step, closed: 0 };
    this.rotations.push(rotation);
    for (const job of this.jobs) {
      const young = job.making || job.bornIn === this.burst;
      if (young && isKnown(PROLONGED)) job.rotations.length = 0;
      const unsure = { ...rotation, spread: Infinity, step: undefined };
      if (young && isKnown(UNCLOCKED)) job.rotations.push(unsure);
      else if (isLive(job) || job.making) job.rotations.push(rotation);
    }
    return rotation;
  }

  shutdown(timeout: number, drain: boolean): void {
    if (timeout > 0) this.forceAt = Math.min(this.forceAt, this.time.awake + timeout);
    this.line.shutdown(drain);
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
    const { createTimeout } = this.numbers;
    const { fired } = this.time;
    this.line.shedding.look();
    for (const call of this.calls) {
      if (call.hook !== "health" || call.slow || this.isSoon(call)) continue;
      call.slow = true;
      this.alarm.hang();
    }
    if (this.ended && this.forceAt <= fired) this.#force();
    for (const job of this.jobs) {
      const late = createTimeout > 0 && job.begun + createTimeout <= fired;
      if (late || this.forced) this.abandon(job);
    }
    for (const call of this.calls) {
      if (call.hook !== "opener" && this.#isLate(call)) this.#over(call, true);
    }
  }

  /** The shutdown runs out of time, unless it is over. */
  #force(): void {
    const { draining, live, creating, closing } = this;
    if (this.forced || live + creating + closing === 0 && !draining) return;
    this.forced = true;
    this.forcedAt = this.time.awake;
  }

  #isLate({ begun, hook, job }: Call): boolean {
    const { hookTimeout, closeTimeout } = this.numbers;
    const { fired } = this.time;
    const limit = hook === "closer" ? closeTimeout : hookTimeout;
    if (limit > 0 && begun + limit <= fired) return true;
    if (!this.forced || job.late) return false;
    return hook !== "closer" || this.forcedAt + CLOSING_GRACE <= fired;
  }

  /** Everything is at rest: what has passed its check and was taken by nobody is available. */
  settle(): void {
    if (this.forced) this.draining = false; // others of the same moment may have come before that
    for (const job of this.jobs) {
      const { state, thing, doom } = job;
      this.expect(state !== "made", `opener is not called for ${thing}`);
      this.expect(state !== "back", `retter is not called for ${thing}`);
      if (state !== "checking" || !job.call!.over || job.examining) continue;
      this.expect(!this.has("retter") || doom, `${thing} passed its check, and is nowhere`);
      this.free(job);
    }
    for (const { job, others, asks } of this.#replacements.splice(0)) {
      const ask = asks.find(({ state }) => state === "pending");
      this.expect(!ask, `${job.thing} makes room while ask ${ask?.id} waits`);
      const busy = others.find(({ other, state }) => other.state === state);
      this.expect(!busy, `${job.thing} makes room while object ${busy?.other.n} is ${busy?.state}`);
    }
    for (const { other, job, freed } of this.#outOfTurn.splice(0)) {
      const still = other.state === "free" && other.freed === freed && !this.looked.has(other);
      this.expect(!still, `${job.thing} is reset before ${other.thing}, unused for longer`);
    }
    for (const { idle, freed, lent } of this.#passedOver.splice(0)) {
      const still = idle.state === "free" && idle.freed === freed && !this.looked.has(idle);
      this.expect(!still, `${lent.thing} is lent before ${idle.thing}, whose turn it is`);
    }
  }
}
