// Dispatch: the one loop that matches waiters with objects.

import { pick } from "./lend.ts";
import { offer } from "./prepare.ts";
import { grow } from "./create.ts";
import type { Entry } from "./entry.ts";
import { drained } from "./manage.ts";
import { store } from "./recycle.ts";
import type { State } from "./state.ts";

/**
 * Serves waiters with idle objects, then creates missing ones. Every function that frees an object
 * or a place, or adds a waiter, ends with it. `entry`: an object that nobody uses; it goes to the
 * next waiter or becomes idle, and nothing else changes.
 */
export function dispatch<T>(pool: State<T>, entry?: Entry<T>): void {
  if (entry !== undefined) {
    // A waiter whose object is still checked by a hook gets this one, if it comes first.
    if (pool.queue.size > 0) offer(pool, entry);
    else store(pool, entry);
    return;
  }
  if (pool.dispatching) return; // called by a hook: the loop below goes on
  pool.dispatching = true;
  try {
    while (pool.wanted && pool.bag.idle.size > 0) {
      const entry = pick(pool);
      if (entry === undefined) break;
      offer(pool, entry);
    }
  } finally {
    pool.dispatching = false;
  }
  grow(pool);
  if (pool.ending?.draining && pool.queue.size === 0) drained(pool);
}
