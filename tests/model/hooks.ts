// The hooks of a run's pool: they do as the script says, and tell the model.

import type { Scheduler } from "fast-check";
import type { CloseContext, CreateContext, PoolOptions } from "../../mod.ts";
import type { Quota } from "../../quota/mod.ts";
import { type Ask, type HookName, Thing } from "./job.ts";
import type { Model } from "./model.ts";
import { STILL } from "./nesting.ts";
import { attemptOf } from "./rules.ts";
import type { Action, Outcome, Script } from "./script.ts";
import type { Setup } from "./setup.ts";

/** What becomes of a call, by its outcome. */
export interface Ends<R> {
  done(): R;
  failed(error: unknown): void;
  bad(error: unknown): R;
}

export class Hooks {
  /** Every call is fine: from now on, or for as long as somebody looks at the pool. */
  tame = false;
  /** How many calls are doing something: the pool may know more of what has ended than the model. */
  acting = 0;
  /** How many actions there were from within calls. */
  acts = 0;
  /** The `use` whose callback is at work. */
  inside: Ask | undefined;
  readonly #model: Model;
  readonly #script: Script;
  readonly #scheduler: Scheduler;
  readonly #act: (action: Action) => void;
  readonly #calls = new Map<string, number>();
  readonly #hung: (() => void)[] = [];

  constructor(model: Model, script: Script, scheduler: Scheduler, act: (action: Action) => void) {
    this.#model = model;
    this.#script = script;
    this.#scheduler = scheduler;
    this.#act = (action) => {
      this.acts++;
      this.acting++;
      act(action);
      this.acting--;
    };
  }

  readonly fun = (n: number, context: CreateContext): Thing | Promise<Thing> => {
    const job = this.#model.create(n, context);
    return this.#run(this.#next("fun"), `fun(${n})`, {
      done: () => {
        const thing = new Thing(n);
        this.#model.made(job, thing);
        return thing;
      },
      failed: (error) => this.#model.notMade(job, error),
      bad: () => undefined as unknown as Thing,
    });
  };

  options(setup: Setup, quota: Quota | undefined): PoolOptions<Thing> {
    const { numbers, hooks, createRetry, discardOnError, idleOrder, logLevel, traceHolders } =
      setup;
    const { healthAfter, healthFreq, queueInterval, ...others } = numbers;
    const log = (text: string) => this.#log(text);
    const all = {
      opener: (thing: Thing) => this.#hook("opener", thing),
      getter: (thing: Thing) => this.#hook("getter", thing),
      retter: (thing: Thing) => this.#hook("retter", thing),
      health: (thing: Thing) => this.#hook("health", thing) as boolean,
      stats: (thing: Thing) => this.#tell("stats", thing),
      tracer: (thing: Thing) => this.#tell("tracer", thing) as string,
    };
    return {
      ...others,
      ...(healthAfter >= 0 ? { healthAfter } : {}),
      ...(healthFreq >= 0 ? { healthFreq } : {}),
      ...(queueInterval >= 0 ? { queueInterval } : {}),
      ...Object.fromEntries(hooks.map((name) => [name, all[name]])),
      closer: (thing, context) => this.#hook("closer", thing, context),
      discardOnError: discardOnError === "ask" ? (error) => this.#isSpoilt(error) : discardOnError,
      createRetry: createRetry === "ask" ? (error) => this.#isRetried(error) : createRetry,
      idleOrder,
      quota,
      logLevel,
      traceHolders,
      logger: { debug: log, info: log, warn: log, error: log },
    };
  }

  /** One call, which is called `what`. */
  run<R>(outcome: Outcome, what: string, { done, failed, bad }: Ends<R>): R | Promise<R> {
    const error = new Error(`${what} failed`);
    const fail = (): never => {
      failed(error);
      throw error;
    };
    if (outcome === "ok") return done();
    if (outcome === "throw") return fail();
    if (outcome === "later") return this.later(what).then(done);
    if (outcome === "fail later") return this.later(what).then(fail);
    if (outcome === "hang") return new Promise<void>((go) => this.#hung.push(go)).then(done);
    if (outcome !== "bad") {
      this.#act(outcome);
      return done();
    }
    failed(error);
    return bad(error);
  }

  /** How many calls wait for the scheduler. */
  get scheduled(): number {
    return this.#scheduler.count();
  }

  /** The next call comes to its end, as the scheduler chooses; what follows from it comes later. */
  step(): void {
    // Not waitNext, which lets many turns pass before it begins.
    if (this.scheduled > 0) void this.#scheduler.waitOne();
  }

  /** Whatever hangs does so no longer. */
  release(): void {
    for (const go of this.#hung.splice(0)) go();
  }

  /** Comes when the scheduler says so. */
  later(what: string): Promise<void> {
    return this.#scheduler.schedule(Promise.resolve(), what);
  }

  /** Does something from within a callback of `use`; undefined: from within none, also if it is called there. */
  within<R>(ask: Ask | undefined, fn: () => R): R {
    const before = this.inside;
    this.inside = ask;
    try {
      return fn();
    } finally {
      this.inside = before;
    }
  }

  #run<R>(outcome: Outcome, what: string, ends: Ends<R>): R | Promise<R> {
    return this.within(undefined, () => this.run(outcome, what, ends));
  }

  #next(name: keyof Script): Outcome {
    if (this.tame) return "ok";
    const i = this.#calls.get(name) ?? 0;
    this.#calls.set(name, i + 1);
    return this.#script[name][i] ?? "ok";
  }

  #hook(name: HookName, thing: Thing, context?: CloseContext): unknown {
    const call = this.#model.begin(name, thing, context);
    return this.#run<unknown>(this.#next(name), `${name}(${thing.n})`, {
      done: () => this.#model.end(call, true),
      failed: (error) => this.#model.end(call, false, error),
      bad: (error) => name === "health" ? false : unthenable(error),
    });
  }

  /** `stats` and `tracer`, which must not be asynchronous. */
  #tell(name: "stats" | "tracer", thing: Thing): unknown {
    const outcome = this.#next(name);
    if (outcome === "throw") throw new Error(`${name} failed`);
    if (outcome === "later" || outcome === "hang") return Promise.resolve(String(thing));
    if (outcome === "fail later") return Promise.reject(new Error(`${name} failed later`));
    if (outcome === "bad") return 1n;
    if (outcome !== "ok") this.within(undefined, () => this.#act(outcome));
    return String(thing);
  }

  #log(text: string): unknown {
    this.#model.expect(!text.includes("Bug:"), text);
    if (text.includes("no progress")) this.#still();
    const outcome = this.#next("logger");
    if (outcome === "throw" || outcome === "bad") throw new Error("logger failed");
    if (outcome === "fail later") return Promise.reject(new Error("logger failed later"));
    if (typeof outcome !== "object") return undefined;
    this.#model.loggedAt = this.#model.time.awake;
    this.within(undefined, () => this.#act(outcome));
    return undefined;
  }

  /** It is said that nothing has moved: once, of who waits for as long as it takes. */
  #still(): void {
    const { line, rested: { moves, movedAt }, stillAt, time } = this.#model;
    const endless = line.pending.some(({ deadline }) => deadline === Infinity);
    const long = time.awake - movedAt >= STILL;
    this.#model.expect(endless && long && stillAt !== moves, "it is said that nothing moves");
    this.#model.stillAt = moves;
  }

  /** What an observer does besides. */
  observe(): unknown {
    const outcome = this.#next("observer");
    if (outcome === "throw" || outcome === "bad") throw new Error("observer failed");
    if (outcome === "fail later") return Promise.reject(new Error("observer failed later"));
    if (typeof outcome !== "object") return undefined;
    this.#model.meddled = true;
    this.within(undefined, () => this.#act(outcome));
    return undefined;
  }

  /** `createRetry`, for what an attempt has failed with. */
  #isRetried(error: unknown): boolean {
    const model = this.#model;
    const n = attemptOf(error) ?? model.errors.get(error)?.n ?? -1;
    model.expect(model.jobs[n], `createRetry is asked about ${error}`);
    const outcome = this.#next("createRetry");
    if (typeof outcome === "object") this.within(undefined, () => this.#act(outcome));
    model.retried.set(n, outcome === "ok" || outcome === "hang");
    if (outcome === "throw" || outcome === "bad") throw new Error("createRetry failed");
    if (outcome !== "fail later") return outcome === "ok" || outcome === "hang";
    return Promise.reject(new Error("createRetry failed later")) as unknown as boolean;
  }

  /** `discardOnError`, for what a callback of `use` has failed with, or its caller has aborted with. */
  #isSpoilt(error: unknown): boolean {
    const model = this.#model;
    const concerned = model.line.asks.filter((ask) => isConcerned(ask, error));
    model.expect(concerned.length > 0, `discardOnError is asked about ${error}`);
    const outcome = this.#next("discardOnError");
    if (typeof outcome === "object") this.within(undefined, () => this.#act(outcome));
    const spoilt = outcome !== "ok";
    // Of several that one signal has aborted it may be any.
    if (spoilt) model.spoil(concerned.map(({ job }) => job!));
    if (outcome === "throw" || outcome === "bad") throw new Error("discardOnError failed");
    if (outcome !== "fail later") return spoilt;
    return Promise.reject(new Error("discardOnError failed later")) as unknown as boolean;
  }
}

/** Whether it is a `use` that may have failed with that. */
function isConcerned(ask: Ask, error: unknown): boolean {
  const { job, kind, signal, state, use } = ask;
  if (kind !== "use" || state !== "lent" || job!.uses !== use) return false;
  return ask.error === error || signal?.aborted === true && signal.reason === error;
}

/** What `await` does not survive. */
export function unthenable(error: unknown): unknown {
  return {
    get then() {
      return () => {
        throw error;
      };
    },
  };
}
