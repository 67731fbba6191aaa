// Nesting: finds the `use` around a borrower, and cycles of waiters that hold all objects.

import { type Carrier, carrier, carryingIsDear } from "../context.ts";
import type { Borrower } from "./entry.ts";
import type { Waiter } from "./queue.ts";
import type { State } from "./state.ts";

/**
 * Carries the borrower of the `use` whose callback runs. Not its loan: that would keep the object
 * in memory for as long as work started there. Created when first needed.
 */
let flow: Carrier<Borrower> | undefined;

/** The borrower of the `use` whose callback runs, if it is traced and has not ended. */
export function enclosing(): Borrower | undefined {
  const borrower = alive(flow?.getStore());
  // A job that starts the next one from its callback must not keep all earlier ones in memory.
  if (borrower !== undefined) borrower.within = alive(borrower.within);
  return borrower;
}

/** The innermost borrower whose loan has not ended; the end of a loan drops its trace. */
function alive(borrower: Borrower | undefined): Borrower | undefined {
  let one = borrower;
  while (one !== undefined && one.trace === undefined) one = one.within;
  return one;
}

/**
 * Calls `fn` in a context that carries `borrower`, if the runtime can. If that makes each `await`
 * slower, only if it is `asked` for.
 */
export function runWithin<R>(borrower: Borrower, asked: boolean, fn: () => R): R {
  if (carryingIsDear && !asked) return fn();
  flow ??= carrier();
  return flow === undefined ? fn() : flow.run(borrower, fn);
}

/** Whether a waiter was called in the callback of a `use` that goes on. */
export function isNested({ terms: { borrower } }: Waiter<unknown>): boolean {
  return alive(borrower?.within) !== undefined;
}

/** The waiters that hold all objects, the newest last; empty if another borrower may return one. */
export function cycle<T>(pool: State<T>): Waiter<unknown>[] {
  const { attempts, bag, looking, queue } = pool;
  if (pool.room || bag.using === 0 || bag.live < pool.size || looking + attempts.size > 0) {
    return [];
  }
  const borrowers: Borrower[] = [];
  // Objects first: most often already the first is not held by a traced `use`.
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
