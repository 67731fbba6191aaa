// What the model knows of: things, the attempts to make them, calls of hooks, and callers.

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
  readonly signal: AbortSignal;
  state: State = "fun";
  thing: Thing | undefined;
  born: Moment | undefined;
  /** Since when it is in its state, if that is `free` or `lent`. */
  since: Moment | undefined;
  /** For how long the program stood still while it was lent, as far as the pool has to see that or may. */
  stood = { least: 0, most: 0 };
  /** In which burst it became free. */
  freed = 0;
  /** When it may have become so again: it was asked for its health, perhaps for somebody. */
  refreed: { burst: number; at: Moment } | undefined;
  /** Whether somebody waited when that began. */
  wanted = false;
  /** In which burst a hook began to look at it for somebody, and at how many others then. */
  taken: number | undefined;
  rivals = 0;
  uses = 0;
  /** Why it must be closed, and since which burst. */
  doom: { why: string; burst: number } | undefined;
  /** It came of an attempt that was given up. */
  late = false;
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

  constructor(n: number, begun: number, signal: AbortSignal) {
    this.n = n;
    this.begun = begun;
    this.signal = signal;
  }
}

/** One call of a hook. */
export interface Call {
  readonly hook: HookName;
  readonly job: Job;
  readonly begun: number;
  /** How many gaps in time there had been. */
  readonly gaps: number;
  /** Of `retter`: whether its object comes from a borrower. */
  readonly back: boolean;
  over: boolean;
}

/** One call of `get` or `use`. */
export interface Ask {
  readonly id: number;
  readonly use: boolean;
  readonly burst: number;
  readonly deadline: number;
  /** How many were waiting when it came. */
  readonly ahead: number;
  readonly signal: AbortSignal | undefined;
  /** Calls from whose hooks it comes: who is first of these is anybody's guess. */
  readonly within: readonly Ask[];
  /** What a `use`'s own callback fails with. */
  error: unknown;
  state: "pending" | "lent" | "refused";
  /** What it got. */
  job: Job | undefined;
}
