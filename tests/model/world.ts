// The world of a run: its time, its pool, and all who borrow from that. It tells the model what
// happens, and never what the pool says of itself.

import type { Scheduler } from "fast-check";
import { type GetOptions, type Lease, Pool, type ResizeOptions } from "../../mod.ts";
import { Abort } from "./abort.ts";
import { Hooks, unthenable } from "./hooks.ts";
import type { Ask, Job, Thing } from "./job.ts";
import { Model } from "./model.ts";
import type { Action, Outcome, Script } from "./script.ts";
import type { Setup } from "./setup.ts";
import { Time } from "./time.ts";

/** A lease, and the how-manieth use of which object it is. */
export interface Held {
  readonly lease: Lease<Thing>;
  readonly job: Job;
  readonly use: number;
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

/** A callback of `use` that has not come to its end. */
export interface Running {
  readonly ask: Ask;
  readonly job: Job;
  readonly signal: AbortSignal | undefined;
}

/** How somebody asks for an object; a `shared` signal is that of others, too. */
export interface Asking {
  timeout: number | undefined;
  signal: "none" | "own" | "shared";
}

export class World {
  readonly time = new Time();
  readonly model: Model;
  readonly hooks: Hooks;
  readonly pool: Pool<Thing>;
  readonly held: Held[] = [];
  readonly running = new Set<Running>();
  awaited: Awaited[] = [];
  readonly aborts: { ask: Ask; abort: Abort }[] = [];
  #shared = new Abort();

  constructor(setup: Setup, script: Script, scheduler: Scheduler) {
    this.model = new Model(this.time, setup);
    const act = (action: Action) => action.run(this);
    this.hooks = new Hooks(this.model, script, scheduler, act);
    this.pool = new Pool<Thing>(this.hooks.fun, this.hooks.options(setup));
  }

  /** The leases that are alive. */
  get leases(): Held[] {
    return this.held.filter(isAlive);
  }

  // ---- borrowing

  get(asking: Asking): void {
    const { ask, options } = this.#ask(false, asking);
    this.model.line.call(ask, () => this.pool.get(options)).then(
      (lease) => this.#hold(lease, ask),
      (error) => this.model.line.refuse(ask, error),
    );
  }

  tryGet(): void {
    const { model } = this;
    model.line.trying++;
    model.started ||= !model.ended;
    try {
      const lease = this.pool.tryGet();
      if (lease) this.#hold(lease, undefined);
    } catch (error) {
      model.expect(model.ended, `tryGet fails: ${error}`);
    } finally {
      model.line.trying--;
    }
  }

  /** `watches`: whether the callback takes a signal; `outcome`: what it does. */
  use(asking: Asking, watches: boolean, outcome: Outcome): void {
    const { ask, options } = this.#ask(true, asking);
    const work = (thing: Thing, signal?: AbortSignal) => this.#work(ask, thing, signal, outcome);
    const fn = watches
      ? (thing: Thing, signal: AbortSignal) => work(thing, signal)
      : (thing: Thing) => work(thing);
    const used = this.model.line.call(ask, () => this.pool.use(fn, options));
    const settle = (error: unknown) => {
      if (ask.state === "pending") this.model.line.refuse(ask, error);
      else this.model.expect(error === ask.error, `use ${ask.id} ends with ${error}`);
    };
    this.await(`use ${ask.id}`, used, () => this.#isInUse(ask), {
      done: (id) => settle(id === ask.id ? undefined : id),
      failed: settle,
      notBefore: () => ask.job?.user !== ask || !isReturning(ask.job),
    });
  }

  #ask(use: boolean, { timeout, signal }: Asking): { ask: Ask; options: GetOptions | undefined } {
    if (this.#shared.signal.aborted) this.#shared = new Abort();
    const own = signal === "own" ? new Abort() : undefined;
    const abort = signal === "shared" ? this.#shared : own;
    const ask = this.model.line.ask(use, timeout, abort?.signal);
    if (abort) this.aborts.push({ ask, abort });
    const some = timeout !== undefined || abort !== undefined;
    return { ask, options: some ? { timeout, signal: abort?.signal } : undefined };
  }

  #hold(lease: Lease<Thing>, ask: Ask | undefined): void {
    const job = this.model.lend(ask, Pool.unwrap(lease));
    this.held.push({ lease, job, use: job.uses });
  }

  #work(
    ask: Ask,
    thing: Thing,
    signal: AbortSignal | undefined,
    outcome: Outcome,
  ): number | Promise<number> {
    const job = this.model.lend(ask, thing);
    const running = { ask, job, signal };
    this.running.add(running);
    const end = (error: unknown, spoilt: string | undefined) => {
      this.running.delete(running);
      ask.error = error;
      this.model.giveBack(job, ask.signal?.aborted ? "tainted" : spoilt);
      return ask.id;
    };
    const spoilt = this.model.discardOnError === true ? "discardOnError" : undefined;
    return this.hooks.run(outcome, `use ${ask.id}`, {
      done: () => end(undefined, undefined),
      failed: (error) => void end(error, spoilt),
      bad: (error) => unthenable(error) as number,
    });
  }

  #isInUse({ state, job }: Ask): boolean {
    if (state === "pending") return true;
    const isRunning = [...this.running].some((one) => one.job === job);
    return isRunning || job!.call?.hook === "retter" && !job!.call.over;
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

  // ---- managing

  ready(): void {
    const { model } = this;
    model.started ||= !model.ended;
    if (model.rest) model.rest.until = 0; // it tries again at once
    const failures = model.failures.length;
    const isShort = () => !model.ended && model.live < model.numbers.minSize;
    const holds = () => isShort() && model.failures.length === failures;
    this.await("ready()", this.pool.ready(), holds, {
      done: () => {
        const changed = model.departed > 0 || model.resizedIn === model.burst;
        model.expect(changed || !isShort(), "ready() resolves too early");
      },
      failed: (error) => {
        const reason = model.ended || model.line.isOfMaking(error);
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

  shutdown(timeout: number): void {
    const { model, pool } = this;
    model.shutdown(timeout);
    const isBusy = () => model.live + model.creating + model.closing > 0;
    this.await("shutdown()", pool.shutdown({ timeout }), isBusy, {
      done: () => model.expect(!isBusy(), "shutdown() resolves too early"),
    });
  }

  /** Time passes, and no timer is called. */
  jump(how: "freeze" | "sleep" | "setBack", ms: number): void {
    this.time[how](ms);
    if (how === "freeze") this.model.freeze(ms);
    if (how !== "setBack") this.model.gap(ms);
  }

  /** A promise of the pool's must not reject, and not be pending without a reason. */
  await<V>(
    what: string,
    promise: Promise<V>,
    holds: () => boolean,
    { done, failed, notBefore }: Reactions<V> = {},
  ): void {
    const awaited: Awaited = { what, settled: false, holds };
    this.awaited.push(awaited);
    const settle = () => {
      awaited.settled = true;
      this.model.expect(notBefore?.() ?? true, `${what} settles too early`);
    };
    promise.then((value) => {
      settle();
      done?.(value);
    }, (error) => {
      settle();
      if (failed) failed(error);
      else this.model.expect(false, `${what} fails: ${error}`);
    });
  }
}

/** Whether `retter` runs for what its borrower gave back, or is to. */
export function isReturning({ state, call }: Job): boolean {
  return state === "back" || state === "returning" && call!.back;
}

export function isAlive({ job, use }: Held): boolean {
  return job.state === "lent" && job.uses === use && !job.lost;
}
