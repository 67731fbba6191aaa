// Lend: picks an idle object, and lends an object to a borrower.

import type { Entry } from "./entry.ts";
import { evict } from "./evict.ts";
import { doubtful, notice } from "./health.ts";
import { type Lease, leaseOf } from "./lease.ts";
import { PoolLoan } from "./loan.ts";
import { endWaiting, shedFirst } from "./overload.ts";
import type { Terms } from "./queue.ts";
import { giveBack, isDead, readmit } from "./release.ts";
import { stale } from "./rules.ts";
import type { State } from "./state.ts";
import { Usage } from "./usage.ts";

/** What a borrower gets; `use` gets a {@linkcode Usage}. */
export type Lent<T> = Lease<T> | PoolLoan<T>;

/**
 * Takes the next idle object in `idleOrder`. Closes objects past their limits on the way. With `sure` it
 * takes only an object that needs no health check.
 */
export function pick<T>(pool: State<T>, sure = false): Entry<T> | undefined {
  const { bag, clock, settings, timed } = pool;
  if (!timed) return bag.takeNext(pool.fifo);
  if (bag.idle.size === 0) return undefined;
  const now = pool.now = clock.now();
  notice(pool, now);
  for (;;) {
    let entry = pool.fifo ? bag.idle.first : bag.idle.last;
    while (entry?.checking) entry = (pool.fifo ? entry.next : entry.prev) as Entry<T> | undefined;
    if (entry === undefined || sure && doubtful(pool, entry, now)) return undefined;
    const fault = stale(entry, settings, pool.spare, now);
    bag.take(entry);
    if (fault === undefined) return entry;
    void evict(pool, entry, fault);
  }
}

/** Lends an object that was picked, returned or created. */
export function lend<T>(pool: State<T>, entry: Entry<T>, terms: Terms): Lent<T> {
  const { bag, clock, totals } = pool;
  if (pool.clocked) {
    // `pool.now` still holds: a slow hook returns a promise, and after that the clock is read.
    entry.since = pool.timed ? pool.now - clock.slept : clock.awake();
    entry.coarse = false;
  }
  totals.gets++;
  bag.lend(entry);
  const { kind, borrower } = terms;
  const loan = kind === "use"
    ? new Usage(pool, entry, borrower)
    : new PoolLoan(pool, entry, borrower);
  entry.loan = loan;
  if (pool.observed) tellLent(pool, entry, terms);
  return kind === "lease" ? leaseOf(loan) : loan;
}

function tellLent<T>({ hooks, observers }: State<T>, entry: Entry<T>, terms: Terms): void {
  const { begun, borrower, earlier } = terms;
  const waited = begun === undefined ? 0 : entry.since - begun;
  observers.lent(waited + (earlier?.waited ?? 0), borrower?.label, () => hooks.label(entry));
}

/** Lends an object to the waiter whose turn it is. */
export function deliver<T>(pool: State<T>, entry: Entry<T>): void {
  const sheds = pool.settings.queueTarget > 0;
  if (sheds) shedFirst(pool);
  if (entry.state !== "using") return; // taken away while a hook or an observer ran
  if (pool.careful && isDead(pool, entry)) return readmit(pool, entry); // which closes it
  const waiter = pool.queue.shift();
  if (waiter === undefined) {
    if (pool.settings.getter === undefined) return readmit(pool, entry); // nobody has touched it
    return void giveBack(pool, entry);
  }
  if (sheds) endWaiting(pool, waiter);
  pool.unfit = 0;
  waiter.resolve(lend(pool, entry, waiter.terms));
  // That may have been the last waiter, or a permit is no longer needed.
  if (pool.permits !== undefined || pool.ending?.draining) pool.dispatch();
}
