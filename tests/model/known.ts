// Faults of the pool that are known, reported, and left out of the runs until they are mended.

/** A `get` without a deadline waits, and no timer keeps the process alive or looks for lost leases. */
export const TIMERLESS = "who waits without a deadline may have no timer";

/** A hook aborts, ends or uses the pool while that is about something else. */
export const REENTRY = "hooks that call the pool";

/** An observer that hears of a failure to make an object asks for one: it is made before the rest. */
export const UNRESTED = "an observer of a failure has an object made without a rest";

/** A lifetime that ends while the program stands still ends unannounced. */
export const UNAGED = "what is in use at its end after a freeze has no successor made";

/** A second reset that is spread is the one that counts for what is being made. */
export const PROLONGED = "a second reset lets what is being made live for longer";

/** The rest after a failure keeps the process alive for those who were told of that failure. */
export const KEPT = "a rest keeps the process alive for nobody";

/** What falls due after a sleep waits for the timer that was started before. */
export const OVERSLEPT = "after a sleep what falls due is closed late";

/** What is excused because of a freeze may be excused for as long afterwards. */
export const EXCUSED = "overload and deadlocks are seen late after a freeze";

/** What is being made when all is reset little by little is lent past its end: nothing reads the clock. */
export const UNCLOCKED = "what is being made at a reset that is spread outlives its end";

/** Empty, if all is well. */
const KNOWN: readonly string[] = [];

export function isKnown(fault: string): boolean {
  return KNOWN.includes(fault);
}
