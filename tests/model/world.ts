// The world of a run: its time, its pool, and all who borrow from that. It tells the model what
// happens, and never what the pool says of itself.

import type { Scheduler } from "fast-check";
import {
  type GetOptions,
  type Lease,
  LeaseError,
  type Loan,
  Pool,
  type ResizeOptions,
  type UseContext,
} from "../../mod.ts";
import { Abort } from "./abort.ts";
import { Hooks, unthenable } from "./hooks.ts";
import type { Ask, End, Job, Kind, Thing } from "./job.ts";
import { isKnown, UNCLOCKED } from "./known.ts";
import { Model } from "./model.ts";
import { Permits } from "./permits.ts";
import { isPast, LATE } from "./rules.ts";
import type { Action, Outcome, Script } from "./script.ts";
import type { Setup } from "./setup.ts";
import type { Time } from "./time.ts";
import { Witness } from "./witness.ts";

/** A lease or a loan, and the how-manieth use of which object it is. */
export interface Held {
  readonly lease: Lease<Thing> | undefined;
  readonly loan: Loan<Thing> | undefined;
  readonly job: Job;
  readonly use: number;
  /** How its borrower ended it. */
  end: End | undefined;
}

/** A promise of the pool's. */
export interface Awaited {
  readonly what: string;
  settled: boolean;
  /** Whether there still is something to wait for. */
  readonly holds: () => boolean;
}

/** What follows when that settles, and what must be the case then. */
interface Reactions<V> {
  done?: (value: V) => void;
  failed?: (error: unknown) => void;
  notBefore?: () => boolean;
}

/** When a callback of `use` reads its signal: when it begins, or only when all is at rest. */
export type Watch = "never" | "early" | "late";

/** A callback of `use` that has not come to its end. */
export interface Running {
  readonly ask: Ask;
  readonly signal: () => AbortSignal | undefined;
}

/** What a callback of `use` does that asks for another object. */
export interface Nested {
  readonly text: string;
  readonly nested: (world: World) => Promise<void>;
  /** How many times at once. */
  readonly times: number;
  /** Whether it waits for it. */
  readonly awaited: boolean;
  /** Whether it begins with something else. */
  readonly later: boolean;
}

/** How somebody asks for an object; a `shared` signal is that of others, too. */
export interface Asking {
  timeout: number | undefined;
  signal: "none" | "own" | "shared";
  priority: number | undefined;
  labelled: boolean;
}

export class World {
  readonly time: Time;
  readonly model: Model;
  readonly hooks: Hooks;
  readonly pool: Pool<Thing>;
  readonly witness: Witness | undefined;
  readonly permits: Permits | undefined;
  readonly held: Held[] = [];
  readonly running = new Set<Running>();
  awaited: Awaited[] = [];
  readonly aborts: { ask: Ask; abort: Abort }[] = [];
  #shared = new Abort();

  constructor(time: Time, setup: Setup, script: Script, scheduler: Scheduler) {
    this.time = time;
    this.model = new Model(this.time, setup);
    const act = (action: Action) => action.run(this);
    this.hooks = new Hooks(this.model, script, scheduler, act);
    this.permits = setup.quota > 0 ? new Permits(this.model, setup.quota) : undefined;
    this.model.permits = this.permits;
    this.pool = new Pool<Thing>(this.hooks.fun, this.hooks.options(setup, this.permits));
    if (!setup.observed) return;
    this.witness = new Witness(this.model, () => this.hooks.observe());
    this.pool.observe(this.witness);
  }

  /** The leases and loans that are alive. */
  get leases(): Held[] {
    return this.held.filter((held) => isAlive(held) && this.isKnown(held.job));
  }

  /** Those that are dead. */
  get dead(): Held[] {
    const isOut = ({ thing }: Job) => this.hooks.acting > 0 && this.pool.loanOf(thing!);
    return this.held.filter((held) => !isAlive(held) && !held.job.lost && !isOut(held.job));
  }

  /** While a hook hears of the end of a loan, the model may not know of that yet, or already. */
  isKnown({ thing }: Job): boolean {
    return this.hooks.acting === 0 || this.pool.loanOf(thing!) !== undefined;
  }

  // ---- borrowing

  /** Comes to its end when the pool has answered. */
  get(asking: Asking): Promise<void> {
    const { ask, options } = this.#ask("get", asking);
    return this.model.line.call(ask, () => this.pool.get(options)).then(
      (lease) => this.#hold(ask, Pool.unwrap(lease), lease, undefined),
      (error) => this.model.line.refuse(ask, error),
    );
  }

  borrow(asking: Asking): Promise<void> {
    const { ask, options } = this.#ask("borrow", asking);
    return this.model.line.call(ask, () => this.pool.borrow(options)).then(
      (loan) => this.#hold(ask, loan.object, undefined, loan),
      (error) => this.model.line.refuse(ask, error),
    );
  }

  tryGet(): void {
    const { model } = this;
    model.line.trying++;
    model.started ||= !model.ended;
    try {
      const lease = this.pool.tryGet();
      if (lease) this.#hold(undefined, Pool.unwrap(lease), lease, undefined);
    } catch (error) {
      model.expect(model.ended, `tryGet fails: ${error}`);
    } finally {
      model.line.trying--;
    }
  }

  /** `outcome`: what its callback does. */
  use(asking: Asking, watch: Watch, outcome: Outcome | Nested): Promise<void> {
    const { ask, options } = this.#ask("use", asking);
    const fn = (thing: Thing, context: UseContext) =>
      this.#work(ask, thing, context, watch, outcome);
    const used = this.model.line.call(ask, () => this.pool.use(fn, options));
    const settle = (error: unknown) => {
      if (ask.state === "pending") this.model.line.refuse(ask, error);
      else this.model.expect(this.#mayEnd(ask, error), `use ${ask.id} ends with ${error}`);
    };
    return this.await(`use ${ask.id}`, used, () => this.#isInUse(ask), {
      done: (id) => settle(id === ask.id ? undefined : id),
      failed: settle,
      notBefore: () => ask.stopped !== undefined || !isReturning(ask),
    });
  }

  #ask(
    kind: Kind,
    { timeout, signal, priority, labelled }: Asking,
  ): { ask: Ask; options: GetOptions | undefined } {
    if (this.#shared.signal.aborted) this.#shared = new Abort();
    const own = signal === "own" ? new Abort() : undefined;
    const abort = signal === "shared" ? this.#shared : own;
    const label = labelled ? `ask ${this.model.line.asks.length}` : undefined;
    const options = { timeout, signal: abort?.signal, priority, label };
    const { acting, acts, inside } = this.hooks;
    const ask = this.model.line.ask({ kind, ...options, inside });
    void Promise.resolve().then(() => ask.exact &&= acting === 0 && this.hooks.acts === acts);
    if (abort) this.aborts.push({ ask, abort });
    const some = Object.values(options).some((value) => value !== undefined);
    return { ask, options: some ? options : undefined };
  }

  #hold(
    ask: Ask | undefined,
    thing: Thing,
    lease: Lease<Thing> | undefined,
    loan: Loan<Thing> | undefined,
  ): void {
    const job = this.model.lend(ask, thing);
    this.held.push({ lease, loan, job, use: job.uses, end: undefined });
  }

  #work(
    ask: Ask,
    thing: Thing,
    context: UseContext,
    watch: Watch,
    outcome: Outcome | Nested,
  ): number | Promise<number> {
    const { hooks, model } = this;
    const job = model.lend(ask, thing);
    const early = watch === "early" ? context.signal : undefined;
    ask.heard = early;
    const running = { ask, signal: () => watch === "late" ? context.signal : early };
    this.running.add(running);
    const end = (error: unknown, failed: boolean) => {
      this.running.delete(running);
      ask.error = error;
      ask.over = model.burst;
      const spoilt = (failed || ask.stopped !== undefined) && model.discardOnError === true;
      model.giveBack(job, ask.use, spoilt);
      return ask.id;
    };
    const done = () => end(undefined, false);
    if (typeof outcome === "object" && "nested" in outcome) return this.#nest(ask, outcome, done);
    return hooks.within(ask, () =>
      hooks.run(outcome, `use ${ask.id}`, {
        done,
        failed: (error) => void end(error, true),
        bad: (error) => unthenable(error) as number,
      }));
  }

  /** A callback of `use` asks for another object. */
  #nest<R>(ask: Ask, { awaited, later, nested, times }: Nested, done: () => R): R | Promise<R> {
    const go = () => {
      const answers = Array.from({ length: times }, () => {
        const { length } = this.model.line.asks;
        const answer = this.hooks.within(ask, () => nested(this));
        this.model.line.asks[length]!.awaited = awaited;
        return answer;
      });
      return awaited ? Promise.all(answers).then(done) : done();
    };
    return later ? this.hooks.later(`use ${ask.id}`).then(go) : go();
  }

  /** Who has asked within a callback that waits for it gives up. */
  giveUpNested(): void {
    for (const { ask, abort } of this.aborts) {
      if (!ask.awaited || ask.state !== "pending" || abort.signal.aborted) continue;
      this.model.line.abort(ask);
      abort.abort(new Error(`ask ${ask.id} is given up`));
    }
  }

  /** Whether a `use` that has had an object may end so; undefined: it has succeeded. */
  #mayEnd(ask: Ask, error: unknown): boolean {
    const { error: own, over, signal, stopped, taken } = ask;
    const aborted = signal?.aborted === true && error === signal.reason;
    const killed = taken === "killed" && error instanceof LeaseError;
    if (stopped) return aborted || killed;
    if (taken === "invalidated") return String(error).includes("invalidated");
    if (taken === "killed") return killed;
    // The pool may have seen the abort before it saw the end of the callback.
    return over !== undefined && error === own || aborted && over === this.model.burst;
  }

  #isInUse(ask: Ask): boolean {
    if (ask.state === "pending") return true;
    if (ask.stopped || ask.taken) return false;
    const isRunning = [...this.running].some((one) => one.ask === ask);
    return isRunning || isReturning(ask);
  }

  abort(i: number): void {
    const all = this.aborts.filter(({ ask, abort }) => !abort.signal.aborted && this.isOpen(ask));
    const one = all[i % Math.max(1, all.length)];
    if (one === undefined) return;
    const { abort } = one;
    for (const { ask } of all.filter((other) => other.abort === abort)) {
      this.model.note(`abort of ask ${ask.id}`);
      this.model.line.abort(ask);
    }
    abort.abort(new Error(`ask ${one.ask.id} is aborted`));
  }

  /** Whether its signal has a meaning. */
  isOpen(ask: Ask): boolean {
    return ask.state === "pending" || [...this.running].some((one) => one.ask === ask);
  }

  /** A loan can be reached no more. That of a `use` is its callback's, which cannot be lost. */
  lose(i: number): void {
    const lent = this.model.jobs.filter(({ lost, state }) => state === "lent" && !lost);
    const job = lent[i % Math.max(1, lent.length)];
    const loan = job && this.pool.loanOf(job.thing!);
    if (!loan) return;
    job.lost = job.user?.kind !== "use";
    this.time.lost.add(loan);
  }

  // ---- managing

  ready(): void {
    const { model } = this;
    model.started ||= !model.ended;
    if (model.rest) model.rest.until = 0; // it tries again at once, without createBackoff
    const failures = model.failures.length;
    const isShort = () => !model.closed && model.live < model.numbers.minSize;
    const isTold = ({ job }: { job: Job }) =>
      model.createRetry !== true && !model.retried.get(job.n);
    const holds = () => isShort() && !model.failures.slice(failures).some(isTold);
    void this.await("ready()", this.pool.ready(), holds, {
      done: () => {
        const changed = model.departed > 0 || model.resizedIn === model.burst;
        model.expect(changed || !isShort(), "ready() resolves too early");
      },
      failed: (error) => {
        const isRetried = model.createRetry === true && !String(error).includes("obsolete");
        const reason = model.ended || model.line.isOfMaking(error) && !isRetried;
        model.expect(reason, `ready() fails with ${error}`);
      },
    });
  }

  resize(options: ResizeOptions): void {
    const { model, pool } = this;
    const { minSize = model.numbers.minSize, maxSize = model.numbers.maxSize } = options;
    if (maxSize > 0 && minSize > maxSize) return;
    Object.assign(model.numbers, { minSize, maxSize });
    model.resizedIn = model.burst;
    pool.resize(options);
  }

  reset(spread = 0): void {
    const young = this.model.jobs.some((job) => job.making || job.bornIn === this.model.burst);
    if (spread > 0 && young && isKnown(UNCLOCKED)) return;
    if (spread > 0) return this.#rotate(spread);
    const { hooks, model, pool } = this;
    const { acts } = hooks;
    const before = new Set(model.jobs.filter(({ closing }) => closing));
    model.reset();
    const done = pool.reset();
    // Those that were available are being closed already.
    const closed = model.jobs.filter((job) => job.told?.reason === "reset" && !before.has(job));
    const isBusy = () => closed.some(({ state }) => state === "closing");
    const sure = acts === hooks.acts;
    void this.await("reset()", done, isBusy, { notBefore: () => !sure || !isBusy() });
  }

  #rotate(spread: number): void {
    const { hooks, model, pool, time } = this;
    const exact = model.quiet && hooks.acting === 0;
    const rotation = model.rotate(spread, exact);
    const { at, idle, jobs } = rotation;
    const sure = [...idle.values()].filter(({ latest }) => latest < Infinity).length;
    const least = exact ? Math.ceil(spread / Math.max(1, jobs.length) * sure) : 0;
    const isBusy = () =>
      model.jobs.some(({ told, state }) => told?.reason === "reset" && state === "closing");
    const isLeft = (job: Job) => {
      const { latest, uses } = idle.get(job)!;
      const same = job.state === "free" && job.uses === uses && job.freed <= latest;
      return same && !job.examining && !model.looked.has(job) && latest < Infinity;
    };
    // None of them is left to be closed: others have taken or closed all.
    const isOver = () => [...idle.keys()].every(({ state }) => state !== "free");
    const holds = () =>
      !model.closed && jobs.length > 0 && time.passed(at) < spread + LATE || isBusy();
    void this.await("reset(spread)", pool.reset({ spread }), holds, {
      done: () => {
        const left = exact && !model.closed && !model.frozen && [...idle.keys()].some(isLeft);
        model.expect(!left, "a reset that is spread settles before all is closed");
      },
      notBefore: () => model.ended || time.awake - at.awake >= least || isOver(),
    });
  }

  /** What has died is told by itself, by who borrowed it, or by anybody else. */
  invalidate(i: number, how: "by fun" | "by lease" | "by object"): void {
    const { model, pool } = this;
    // When exactly the pool gets what was just made only the pool can tell.
    const all = model.jobs.filter(({ bornIn }) => bornIn !== model.burst);
    const job = all[i % Math.max(1, all.length)];
    if (job === undefined) return;
    const { state, thing } = job;
    if (how === "by fun") {
      model.invalidate(job);
      return job.context.invalidate("it has died");
    }
    if (thing === undefined) return;
    const lease = this.held.find((held) => held.job === job && held.lease)?.lease;
    const has = state === "opening" || !job.making && !isPast(job);
    if (has) model.invalidate(job);
    const told = pool.invalidate(how === "by lease" && lease ? lease : thing);
    // What ends at this very moment the pool may have still.
    const sure = this.hooks.acting === 0;
    model.expect(!sure || told === has, `invalidate gives ${told} for ${thing}, ${state}`);
  }

  shutdown(timeout: number, drain: boolean): void {
    const { model, pool } = this;
    model.shutdown(timeout, drain);
    const isThere = () => model.live + model.creating + model.closing > 0;
    const isBusy = () => isThere() || model.draining;
    const options = drain ? { timeout, drain } : { timeout };
    void this.await("shutdown()", pool.shutdown(options), isBusy, {
      done: () => {
        model.expect(!isThere(), "shutdown() resolves too early");
        model.over = true;
      },
    });
  }

  /** Time passes, and no timer is called. */
  jump(how: "freeze" | "sleep" | "setBack", ms: number): void {
    this.time[how](ms);
    this.model.frozen = true;
    if (how === "freeze") this.model.freeze(ms);
    if (how !== "setBack") this.model.gap(ms);
  }

  /** A promise of the pool's must not reject, and not be pending without a reason. */
  await<V>(
    what: string,
    promise: PromiseLike<V>,
    holds: () => boolean,
    { done, failed, notBefore }: Reactions<V> = {},
  ): Promise<void> {
    const awaited: Awaited = { what, settled: false, holds };
    this.awaited.push(awaited);
    const settle = () => {
      awaited.settled = true;
      this.model.expect(notBefore?.() ?? true, `${what} settles too early`);
    };
    return Promise.resolve(promise).then((value) => {
      settle();
      done?.(value);
    }, (error) => {
      settle();
      if (failed) failed(error);
      else this.model.expect(false, `${what} fails: ${error}`);
    });
  }
}

/** Whether `retter` runs for what a callback of `use` gave back, or is to. */
export function isReturning({ job, use }: Ask): boolean {
  if (job === undefined || job.uses !== use) return false;
  return job.state === "back" || job.state === "returning" && job.call!.back;
}

export function isAlive({ job, use }: Held): boolean {
  return job.state === "lent" && job.uses === use && !job.lost;
}
