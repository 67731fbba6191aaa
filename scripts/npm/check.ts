// Checks of the package: each is run by itself, and has a line.

import { say, seconds, show, stop } from "../progress.ts";

export interface Check {
  name: string;
  /** Gives what there is to tell, or nothing; fails with what is wrong. May be async. */
  run(): string | void | Promise<string | void>;
}

/** Runs one after the other, and says how each went; returns how many failed. */
export async function runChecks(checks: Check[]): Promise<number> {
  let failed = 0;
  for (const { name, run } of checks) {
    const begun = performance.now();
    show(() => `${name}   ${seconds(begun)}`);
    const [fault, detail] = await Promise.try(run)
      .then((told) => ["", told], (error) => [reason(error), ""]);
    stop();
    say([fault ? "FAILED" : "ok    ", name, detail, seconds(begun)].filter(Boolean).join("   "));
    if (fault) say(`\n${fault}\n`);
    if (fault) failed++;
  }
  return failed;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
