// What the model knows of: things, the attempts to make them, calls of hooks, and callers.

import type { CloseContext, CloseReason, CreateContext } from "../../mod.ts";
import type { Moment } from "./time.ts";

/** Something to lend. */
export class Thing {
  readonly n: number;

  constructor(n: number) {
    this.n = n;
  }

  toString(): string {
    return `thing ${this.n}`;
  }
}

export type HookName = "opener" | "getter" | "retter" | "closer" | "health";

/**
 * `free`: available, or on its way to whoever is next; `back`: on its way to `retter`; `abandoned`:
 * given up before there was an object.
 */
export type State =
  | "fun"
  | "made"
  | "opening"
  | "abandoned"
  | "failed"
  | "free"
  | "checking"
  | "lent"
  | "back"
  | "returning"
  | "closing"
  | "gone"
  | "detached";

/** One attempt to make an object, and what becomes of it. */
export class Job {
  readonly n: number;
  readonly begun: number;
  readonly at: Moment;
  readonly context: CreateContext;
  /** In which burst it was begun, and how many had asked by then. */
  readonly burst: number;
  readonly asks: number;
  state: State = "fun";
  thing: Thing | undefined;
  born: Moment | undefined;
  /** In which burst. */
  bornIn = 0;
  /** Since when it is in its state, if that is `free` or `lent`. */
  since: Moment | undefined;
  /** When it was last lent. */
  lentAt = 0;
  /** For how long the program stood still while it was lent, as far as the pool has to see that or may. */
  stood = { least: 0, most: 0 };
  /** In which burst it became free. */
  freed = 0;
  /** When it may have become so again: it was asked for its health, perhaps for somebody. */
  refreed: { burst: number; at: Moment } | undefined;
  /** Whether somebody waited when that began. */
  wanted = false;
  /** When it was last found good, after how many gaps in time and uses, and perhaps for whom. */
  proven: { at: Moment; burst: number; gaps: number; uses: number; wanted: boolean } | undefined;
  /** In which burst a hook began to look at it for somebody. */
  taken: number | undefined;
  uses = 0;
  /** Why it must be closed, as `closer` is to be told, and since which burst. */
  readonly dooms = new Map<CloseReason, number>();
  /** Everything was made obsolete while it was made: perhaps, if it had just been. */
  obsolete: "surely" | "perhaps" | undefined;
  /** It was invalidated while it was made. */
  invalid = false;
  /** Whether it was begun in an outage, to find out whether that is over; undefined: perhaps. */
  probe: boolean | undefined;
  /** Who resets everything little by little has reset it. */
  readonly rotations: Rotation[] = [];
  /** Its permit is lost. */
  unpermitted = false;
  /** It came of an attempt that was given up. */
  late = false;
  /** In which burst it may have been found spoilt. */
  spoilt = 0;
  /** Its lease is out of reach. */
  lost = false;
  /** It has to be asked for its health before it is lent. */
  suspect = false;
  /** When a hook has last looked at it. */
  seen = 0;
  /** Who has it, or had it last. */
  user: Ask | undefined;
  /** The last call of `opener`, `getter` or `retter`, the running one of `health`, that of `closer`. */
  call: Call | undefined;
  examining: Call | undefined;
  closing: Call | undefined;
  /** What `closer` was told. */
  told: { reason: CloseReason; context: CloseContext } | undefined;

  constructor(n: number, at: Moment, context: CreateContext, burst: number, asks: number) {
    this.n = n;
    this.at = at;
    this.begun = at.awake;
    this.context = context;
    this.burst = burst;
    this.asks = asks;
  }

  /** The first reason why it must be closed. */
  get doom(): { why: CloseReason; burst: number } | undefined {
    const [first] = this.dooms;
    return first && { why: first[0], burst: first[1] };
  }

  /** Whether it is being made. */
  get making(): boolean {
    return this.state === "fun" || this.state === "made" || this.state === "opening";
  }
}

/** One call of a hook. */
export interface Call {
  readonly hook: HookName;
  readonly job: Job;
  readonly begun: number;
  readonly at: Moment;
  readonly burst: number;
  /** How many gaps in time there had been. */
  readonly gaps: number;
  /** How many had been refused. */
  readonly refused: number;
  /** Of `retter`: whether its object comes from a borrower. */
  readonly back: boolean;
  /** Of `getter`: whether `tryGet` was at work. */
  readonly trying: boolean;
  /** It takes long. */
  slow: boolean;
  /** For the pool, which may have given up waiting; and in truth. */
  over: boolean;
  ended: boolean;
  /** In which burst it was over. */
  overIn: number;
}

export type Kind = "get" | "borrow" | "use";

/** How a loan ended, as far as its borrower knows. */
export type End = "returned" | "discarded" | "detached";

/** One call of `get`, `borrow` or `use`. */
export interface Ask {
  readonly id: number;
  readonly kind: Kind;
  readonly priority: number;
  readonly label: string | undefined;
  readonly burst: number;
  readonly at: number;
  readonly deadline: number;
  /** How many were waiting when it came. */
  readonly ahead: number;
  readonly signal: AbortSignal | undefined;
  /** The `use` in whose callback it was called, if it was. */
  readonly inside: Ask | undefined;
  /** Whether that waits for it. */
  awaited: boolean;
  /** How many waited when it came is known for sure. */
  exact: boolean;
  /** Calls from whose hooks it comes: who is first of these is anybody's guess. */
  readonly within: readonly Ask[];
  state: "pending" | "lent" | "refused";
  /** What it got, and the how-manieth use of that it is. */
  job: Job | undefined;
  use: number;
  /** What it was refused with, or a `use`'s own callback failed with, and in which burst that was over. */
  error: unknown;
  over: number | undefined;
  /** Its signal aborted while its callback ran. */
  stopped: { at: number; burst: number } | undefined;
  /** The signal of a `use`'s callback, if it has read that. */
  heard: AbortSignal | undefined;
  /** Why it was taken away. */
  taken: CloseReason | undefined;
  /** Its object was invalidated while it had it. */
  died: boolean;
  /** When its callback began to be told to stop, after which it may go on for `abortGrace`. */
  grace: number | undefined;
}

/** A reset that is spread over some time. */
export interface Rotation {
  readonly at: Moment;
  readonly spread: number;
  /** All that was there; of these, what was available, with the bursts in which it came back at the earliest, latest. */
  readonly jobs: readonly Job[];
  readonly idle: ReadonlyMap<Job, { uses: number; earliest: number; latest: number }>;
  /** Time between two of them; undefined: not known exactly how many there were. */
  readonly step: number | undefined;
  /** How many were closed by it. */
  closed: number;
}

/** Whether it has its object still. */
export function holds({ job, use }: Ask): boolean {
  return job?.state === "lent" && job.uses === use;
}
