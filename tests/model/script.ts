// The script of a run: what each call of a hook does, one by one.

import type { World } from "./world.ts";

/** What one call does: at once, when the scheduler says so, or never before the end of the run. */
export type Outcome =
  | "ok"
  | "throw"
  | "later"
  | "fail later"
  | "hang"
  /** What no hook should give: no object, a thenable that throws. Of `health`, that it is not good. */
  | "bad"
  /** Something is done from within the call, which then is fine. */
  | Action;

/** Something done to the world. */
export interface Action {
  readonly text: string;
  readonly run: (world: World) => void;
}

export const SCRIPTED = [
  ...["fun", "opener", "getter", "retter", "closer", "health", "stats", "tracer"] as const,
  ...["logger", "discardOnError", "createRetry", "observer"] as const,
];

/** What each hook does, call by call; once that is used up, it is fine. */
export type Script = Record<typeof SCRIPTED[number], readonly Outcome[]>;
