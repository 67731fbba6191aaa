// The ledger of a run: what has happened, and what is wrong with it.

import type { CloseReason } from "../../mod.ts";
import { Alarm } from "./alarm.ts";
import type { Call, HookName, Job, State, Thing } from "./job.ts";
import { Outage } from "./outage.ts";
import { isAgeing, isLive } from "./rules.ts";
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
  /** Or perhaps it was one of those. */
  unsure: boolean;
}

const NONE: Row = { row: 0, burst: 0, exact: 0, broken: false, unsure: false };

function next({ row, burst, exact, broken, unsure }: Row): Row {
  if (!broken) return { ...NONE, row, exact };
  return { ...NONE, row: unsure ? row : burst, exact: burst === 0 && !unsure ? 0 : undefined };
}

/** After how many ms a hook that looks at an object takes long. */
const LONG = 100;

export class Ledger {
  readonly time: Time;
  readonly numbers: Numbers;
  readonly discardOnError: boolean | "ask";
  readonly createRetry: boolean | "ask";
  readonly idleOrder: "lifo" | "fifo";
  readonly traceHolders: boolean | "auto";
  /** Whether there is a quota. */
  readonly limited: boolean;
  /** What was asked to be closed for others: one now, or the next that comes back. */
  due: "no" | "now" | "next" = "no";
  /** Something was: none is made for minAvailable until somebody waits. */
  reclaimed = false;
  readonly outage: Outage;
  readonly alarm: Alarm = new Alarm();
  /** What `createRetry` has said, by the number of the attempt. */
  readonly retried = new Map<number, boolean>();
  /** How much has moved, as a deadlock goes by; and when something last did. */
  moves = 0;
  movedAt = 0;
  /** When a logger last did something. */
  loggedAt = -Infinity;
  /** The same when everything was last at rest. */
  rested = { moves: 0, movedAt: 0 };
  /** How much had moved when it was said that nothing does. */
  stillAt = -1;
  /** How many things were noted, and how many when everything was last at rest. */
  notes = 0;
  restNotes = 0;
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
  liveBefore = 0;
  failed = 0;
  /** After the first failure in a row, since which burst and until when a refill rests at least. */
  rest: { burst: number; until: number } | undefined;
  /** The program has stood still, or the machine has slept. */
  frozen = false;
  /** How often the pool has had no part of the time. */
  gaps = 0;
  /** When `resize` was last called. */
  resizedIn = 0;
  /** When the last attempt succeeded. */
  madeIn = 0;
  /** How many rounds there were when everything was last at rest, and whether there was no object. */
  rounds = 0;
  empty = false;
  /** Whether there were no more than `minSize` or `minAvailable` objects, and when there last were. */
  short = true;
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

  constructor(time: Time, setup: Setup) {
    const { numbers, hooks, discardOnError } = setup;
    this.time = time;
    this.createRetry = setup.createRetry;
    this.idleOrder = setup.idleOrder;
    this.limited = setup.quota > 0;
    this.traceHolders = setup.traceHolders;
    this.outage = new Outage(this, setup.observed);
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
    this.notes++;
    this.trace.push(`[${this.burst} @${this.time.awake}] ${text}`);
  }

  /** Nothing has happened since everything was at rest but what is happening now. */
  get quiet(): boolean {
    return this.notes - this.restNotes <= 1;
  }

  /** Something moves. */
  moved(): void {
    this.moves++;
    this.movedAt = this.time.awake;
  }

  jobOf(thing: Thing): Job {
    return this.jobs[thing.n]!;
  }

  count(...states: State[]): number {
    return this.jobs.reduce((sum, { state }) => sum + (states.includes(state) ? 1 : 0), 0);
  }

  /** How many ask for an object and may have got one unseen. */
  get asking(): number {
    return 0;
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
    this.lowest = this.liveBefore = this.live;
    const { minAvailable, minSize } = this.numbers;
    const idle = this.jobs.filter(({ state, examining }) => state === "free" && !examining).length;
    const ageing = this.jobs.filter((job) => isLive(job) && isAgeing(this, job, "most")).length;
    const short = this.live - ageing <= minSize || idle <= minAvailable;
    if (short || this.short) this.shortAt = this.time.awake;
    this.short = short;
    this.outage.settle();
    this.alarm.settle();
    this.restNotes = this.notes;
    this.rested = { moves: this.moves, movedAt: this.movedAt };
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
