// Nesting: which `use` a borrower is called in, and whether all objects are held by who waits.

import { type Carrier, carrier, carryingIsDear } from "../context.ts";
import type { Lending } from "./entry.ts";
import type { Waiter } from "./queue.ts";
import type { State } from "./state.ts";

/** Carries the `use` in whose callback one is. Made when first needed: on Node 20 it costs each await. */
let flow: Carrier<Lending<unknown>> | undefined;

/** The `use` in whose callback this is called, if that is traced and has not ended. */
export function enclosing(): Lending<unknown> | undefined {
  const lending = alive(flow?.getStore());
  // A job that starts the next one from its callback must not keep all before it in memory.
  if (lending?.borrower !== undefined) lending.borrower.within = alive(lending.borrower.within);
  return lending;
}

/** The first that has not ended, from within outwards. */
function alive(lending: Lending<unknown> | undefined): Lending<unknown> | undefined {
  let one = lending;
  while (one?.end !== undefined) one = one.borrower?.within;
  return one;
}

/**
 * Calls `fn` in a context that tells of `lending`, where the runtime has one, and where that costs nothing
 * else, unless it is `asked` for.
 */
export function runWithin<R>(lending: Lending<unknown>, asked: boolean, fn: () => R): R {
  if (carryingIsDear && !asked) return fn();
  flow ??= carrier();
  return flow === undefined ? fn() : flow.run(lending, fn);
}

/** Whether it is called in the callback of a `use` that goes on. */
export function isNested({ terms: { borrower } }: Waiter<unknown>): boolean {
  return alive(borrower?.within) !== undefined;
}

/**
 * Who holds all objects and waits for another one, the last to come at the end; empty if somebody else
 * may give one back.
 */
export function cycle<T>(pool: State<T>): Waiter<unknown>[] {
  const { attempts, bag, looking, queue } = pool;
  if (pool.room || bag.using === 0 || bag.live < pool.size || looking + attempts.size > 0) {
    return [];
  }
  const lendings: Lending<unknown>[] = [];
  // First, for there are few: most often the first of them is on no traced `use`.
  for (const { lending } of bag.entries()) {
    if (lending?.borrower?.trace === undefined || lending.collectable) return [];
    lendings.push(lending);
  }
  const waiters = queue.all().filter(isNested);
  const holders = new Set<Lending<unknown>>();
  for (const { terms } of waiters) {
    let one = terms.borrower?.within;
    for (; one !== undefined; one = one.borrower?.within) holders.add(one);
  }
  const all = lendings.every((lending) => holders.has(lending));
  return all ? waiters.sort((a, b) => a.turn - b.turn) : [];
}
