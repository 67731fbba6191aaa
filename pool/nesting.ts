// Nesting: which `use` a borrower is called in, and whether all objects are held by who waits.

import { type Carrier, carrier, carryingIsDear } from "../context.ts";
import type { Borrower } from "./entry.ts";
import type { Waiter } from "./queue.ts";
import type { State } from "./state.ts";

/**
 * Carries who has borrowed by the `use` in whose callback one is: not the loan itself, which would keep its
 * object in memory for as long as what was started there. Made when first needed.
 */
let flow: Carrier<Borrower> | undefined;

/** Who has borrowed by the `use` in whose callback this is called, if that is traced and goes on. */
export function enclosing(): Borrower | undefined {
  const borrower = alive(flow?.getStore());
  // A job that starts the next one from its callback must not keep all before it in memory.
  if (borrower !== undefined) borrower.within = alive(borrower.within);
  return borrower;
}

/** The first whose loan has not ended, which drops its trace, from within outwards. */
function alive(borrower: Borrower | undefined): Borrower | undefined {
  let one = borrower;
  while (one !== undefined && one.trace === undefined) one = one.within;
  return one;
}

/**
 * Calls `fn` in a context that tells of `borrower`, where the runtime has one, and where that costs nothing
 * else, unless it is `asked` for.
 */
export function runWithin<R>(borrower: Borrower, asked: boolean, fn: () => R): R {
  if (carryingIsDear && !asked) return fn();
  flow ??= carrier();
  return flow === undefined ? fn() : flow.run(borrower, fn);
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
  const borrowers: Borrower[] = [];
  // First, for there are few: most often the first of them is on no traced `use`.
  for (const { lending } of bag.entries()) {
    if (lending?.borrower?.trace === undefined || lending.collectable) return [];
    borrowers.push(lending.borrower);
  }
  const waiters = queue.all().filter(isNested);
  const holders = new Set<Borrower>();
  for (const { terms } of waiters) {
    let one = terms.borrower?.within;
    for (; one !== undefined; one = one.within) holders.add(one);
  }
  const all = borrowers.every((borrower) => holders.has(borrower));
  return all ? waiters.sort((a, b) => a.turn - b.turn) : [];
}
