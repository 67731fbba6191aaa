// Real garbage collection on every runtime, for tests of what must not be kept.

import { NotHere } from "./not_here.ts";

interface Collectors {
  gc?: () => void;
  Bun?: { gc(force: boolean): void };
}

const { gc, Bun } = globalThis as Collectors;

/** False where the runtime was started without its flag: the runner always sets it. */
export const hasGc: boolean = gc !== undefined || Bun !== undefined;

/** For tests that notice what was collected: old Workers do not let them. */
export function needGc(): void {
  if (!hasGc) throw new Error("No garbage collector to call: run the tests by `deno task test`");
  if (typeof WeakRef === "undefined") {
    throw new NotHere("there are no WeakRef and FinalizationRegistry");
  }
}

/**
 * Collects what can be, and lets finalizers run: these are macrotasks, and what one lets go of needs
 * another round.
 */
export async function collect(rounds = 5): Promise<void> {
  needGc();
  for (let i = 0; i < rounds; i++) {
    if (Bun) Bun.gc(true);
    else gc!();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
