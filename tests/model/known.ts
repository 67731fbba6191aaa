// Faults of the pool that are known, reported, and left out of the runs until they are mended.

/** A `get` without a deadline waits, and no timer keeps the process alive or looks for lost leases. */
export const TIMERLESS = "who waits without a deadline may have no timer";

/** A hook aborts, ends or uses the pool while that is about something else. */
export const REENTRY = "hooks that call the pool";

/** Empty, if all is well. */
const KNOWN: readonly string[] = [];

export function isKnown(fault: string): boolean {
  return KNOWN.includes(fault);
}
