// Turns: does much work in several turns of the event loop, so that it does not stall.

import { after } from "./clock.ts";
import { DONE } from "./hooks.ts";

/** How many objects are created, closed or taken back in one turn of the event loop. */
export const TURN = 1_000;

/**
 * Calls `fn` for the first ones now, and for the others in later turns. Empties `all`. Resolves once
 * `fn` was called for all, and all that it returned is resolved.
 */
export function inTurns<V>(all: V[], fn: (one: V) => Promise<unknown> | void): Promise<unknown> {
  const pending: Promise<unknown>[] = [];
  for (const one of all.splice(0, TURN)) {
    const result = fn(one);
    if (result && result !== DONE) pending.push(result);
  }
  if (all.length > 0) {
    const later = new Promise<void>((resolve) => void after(0, true, resolve));
    pending.push(later.then(() => inTurns(all, fn)));
  }
  return pending.length === 0 ? DONE : Promise.all(pending);
}
