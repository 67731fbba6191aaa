// The ledger of a run: what has happened, and what is wrong with it.

import type { CloseReason } from "../../mod.ts";
import type { Call, HookName, Job, State, Thing } from "./job.ts";
import type { Numbers, Setup } from "./setup.ts";
import type { Time } from "./time.ts";

/** Counts what happens several times in a row. */
export interface Row {
  /** How many at the most, those of this burst too; and those of this burst. */
  row: number;
  burst: number;
  /** How many exactly, if that is known. */
  exact: number | undefined;
  /** Something else happened in this burst, before those or after. */
  broken: boolean;
}

const NONE: Row = { row: 0, burst: 0, exact: 0, broken: false };

function next({ row, burst, exact, broken }: Row): Row {
  if (!broken) return { ...NONE, row, exact };
  return { ...NONE, row: burst, exact: burst === 0 ? 0 : undefined };
}

/** After how many ms a hook that looks at an object takes long. */
const LONG = 100;

export class Ledger {
  readonly time: Time;
  readonly numbers: Numbers;
  readonly discardOnError: boolean | "ask";
  readonly jobs: Job[] = [];
  /** The calls of hooks that are not over. */
  readonly calls = new Set<Call>();
  /** Attempts that failed, and how many callers were told so. */
  readonly failures: { job: Job; burst: number; told: number }[] = [];
  /** Which hook failed for which object, by the error. */
  readonly errors = new Map<unknown, { n: number; hook: string }>();
  /** All that happened, for people. */
  readonly trace: string[] = [];
  /** The first thing that is wrong. */
  violation: string | undefined;
  /** Counts the times that everything was at rest: what happens between two of them is one burst. */
  burst = 1;
  started = false;
  /** It was shut down; while it is `draining`, who waits already is served. */
  ended = false;
  draining = false;
  /** The shutdown is over. */
  over = false;
  /** When a shutdown runs out of time, and whether it has. */
  forceAt = Infinity;
  forced = false;
  forcedAt = Infinity;
  /** Of this burst: how many objects came to their end, how few there were, how many attempts failed. */
  departed = 0;
  lowest = 0;
  failed = 0;
  /** After the first failure in a row, since which burst and until when a refill rests at least. */
  rest: { burst: number; until: number } | undefined;
  /** How often the pool has had no part of the time. */
  gaps = 0;
  /** When `resize` was last called. */
  resizedIn = 0;
  /** When the last attempt succeeded. */
  madeIn = 0;
  /** How many rounds there were when everything was last at rest, and whether there was no object. */
  rounds = 0;
  empty = false;
  /** When there were last no more than `minSize` objects. */
  shortAt = 0;
  /** Objects that a hook has looked at in this burst, for somebody or for housekeeping. */
  readonly looked = new Set<Job>();
  /** An observer has done something to the pool in this burst. */
  meddled = false;
  readonly counted = { doubleReturns: 0, refused: 0, lent: 0 };
  /** How many fresh objects were unfit, and how many were obsolete when they were made. */
  unfit: Row = { ...NONE };
  stillborn: Row = { ...NONE };
  /** One is counted but once with all that were begun before it was closed. */
  stillbornBy = 0;
  /** Those of this burst, and which of them were the third in a row: perhaps, or surely. */
  stillbirths: { job: Job; third: "perhaps" | "surely" | undefined }[] = [];
  /** The event loop is to have its turn before another one is made. */
  pausing = false;
  pausedAt = -Infinity;
  readonly #hooks: ReadonlySet<string>;

  constructor(time: Time, { numbers, hooks, discardOnError }: Setup) {
    this.time = time;
    this.numbers = { ...numbers };
    this.#hooks = new Set(hooks);
    this.discardOnError = discardOnError ?? !hooks.includes("retter");
  }

  has(hook: HookName): boolean {
    return this.#hooks.has(hook);
  }

  /** Not thrown: that would be one more hook that fails. The run looks at `violation`. */
  expect(condition: unknown, what: string): void {
    if (condition) return;
    this.note(`VIOLATION ${what}`);
    this.violation ??= what;
  }

  note(text: string): void {
    this.trace.push(`[${this.burst} @${this.time.awake}] ${text}`);
  }

  jobOf(thing: Thing): Job {
    return this.jobs[thing.n]!;
  }

  count(...states: State[]): number {
    return this.jobs.reduce((sum, { state }) => sum + (states.includes(state) ? 1 : 0), 0);
  }

  /** Nothing is lent any more. */
  get closed(): boolean {
    return this.ended && !this.draining;
  }

  /** How many are made, and not being closed. */
  get live(): number {
    return this.count("free", "checking", "lent", "back", "returning");
  }

  get creating(): number {
    return this.count("fun", "made", "opening");
  }

  get closing(): number {
    return this.jobs.filter(({ state, late }) => state === "closing" && !late).length;
  }

  /** How many objects a hook looks at, for somebody or for housekeeping. */
  get checking(): number {
    return this.jobs.filter(({ state, examining }) => state === "checking" || examining).length;
  }

  /** At how many of them `getter` certainly looks for who waits, and may be done before long. */
  get greeting(): number {
    return this.jobs.filter(({ state, call }) =>
      state === "checking" && !call!.over && !call!.trying && call!.burst < this.burst &&
      call!.refused === this.counted.refused && this.isSoon(call!)
    ).length;
  }

  /** Whether a hook that looks at an object does not take long: else others need not wait for it. */
  isSoon({ begun }: Call, now = this.time.awake): boolean {
    return begun + LONG > now;
  }

  /** It has to be closed from now on. */
  doom(job: Job, why: CloseReason): void {
    if (!job.dooms.has(why)) job.dooms.set(why, this.burst);
  }

  /** Everything is at rest: whatever comes is of the next burst. */
  nextBurst(): void {
    this.burst++;
    this.departed = this.failed = 0;
    this.lowest = this.live;
    if (this.live <= this.numbers.minSize) this.shortAt = this.time.awake;
    this.unfit = next(this.unfit);
    this.stillborn = next(this.stillborn);
    this.stillbirths = [];
    this.meddled = false;
    this.looked.clear();
    for (const job of this.jobs) {
      const { state, examining } = job;
      if (state === "checking" || examining) this.looked.add(job);
      else if (state === "free") job.taken = undefined;
    }
  }
}
