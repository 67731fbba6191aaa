// The property: whatever is done to a pool, and whatever its hooks do, it behaves as the model says.

import * as fc from "fast-check";
import { commands, scripts } from "./commands.ts";
import { run } from "./run.ts";
import { setups } from "./setup.ts";

const property = fc.asyncProperty(
  setups,
  scripts,
  commands,
  fc.scheduler(),
  (setup, script, commands, scheduler) => run(setup, script, commands, scheduler),
);

export interface Wish {
  numRuns: number;
  seed?: number;
  path?: string;
  /** Shows the first failure as it is, and looks for no simpler one. */
  endOnFailure?: boolean;
}

/** What is wrong, with how to see it again; undefined if nothing is. */
export async function check(wish: Wish): Promise<string | undefined> {
  const details = await fc.check(property, { endOnFailure: wish.path !== undefined, ...wish });
  const { failed, numRuns, seed, counterexample, counterexamplePath, errorInstance } = details;
  if (!failed) return undefined;
  const [setup, script, commands] = counterexample!;
  return [
    `The model is violated, by run ${numRuns}: see it again by`,
    `  deno task test:model --seed ${seed} --path ${counterexamplePath}`,
    `options   ${shown(setup.numbers, UNSET)} ${shown({ ...setup, numbers: 0 }, UNSET)}`,
    `hooks     ${shown(script, UNSET)}`,
    `commands  ${commands.map((command) => fc.stringify(command)).join(", ")}`,
    (errorInstance as Error).message,
  ].join("\n");
}

/** What shows nothing: it is as it would be if nobody had said anything. */
const UNSET: Record<string, unknown> = {
  numbers: 0,
  hookTimeout: 5_000,
  closeTimeout: 5_000,
  abortGrace: 1_000,
  healthFreq: 1,
  healthAfter: -1,
  discardOnError: undefined,
  forced: false,
  observed: false,
  traceHolders: "auto",
  createRetry: false,
  idleOrder: "lifo",
  quota: 0,
  queueInterval: -1,
};

function shown(values: object, unset: Record<string, unknown>): string {
  const told = Object.entries(values).filter(([name, value]) =>
    value !== undefined && value !== (unset[name] ?? 0) &&
    !(Array.isArray(value) && value.length === 0)
  );
  return fc.stringify(Object.fromEntries(told));
}
