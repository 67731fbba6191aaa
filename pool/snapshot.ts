// Snapshot: the present state of a pool, for dashboards. Its cost does not grow with the pool.

import type { Holder } from "../errors.ts";
import { longestHeld } from "./explain.ts";
import type { Totals } from "./observe.ts";
import type { Waiter } from "./queue.ts";
import type { State } from "./state.ts";

/** The counts of a pool: how many objects and borrowers are in each state. */
export const COUNTS = [
  "size",
  "available",
  "using",
  "creating",
  "closing",
  "requesting",
  "waiting",
] as const;

/** A borrower that waits. */
export interface Waiting {
  /**
   * How long it has waited, in ms; null if not known, because no option or observer needed the
   * clock at its begin.
   */
  readonly waited: number | null;
  readonly label: string | undefined;
  readonly priority: number;
}

/** A pool at one moment. All times are in milliseconds. */
export interface Snapshot {
  readonly id: number;
  readonly name: string;
  readonly started: boolean;
  readonly shutdown: boolean;
  /** The present bounds, after any `resize`; `maxSize` 0: unlimited. */
  readonly minSize: number;
  readonly minAvailable: number;
  readonly maxSize: number;
  readonly maxWaiting: number;
  readonly size: number;
  readonly available: number;
  readonly using: number;
  readonly creating: number;
  readonly closing: number;
  readonly requesting: number;
  readonly waiting: number;
  readonly totals: Readonly<Totals>;
  /** Creations fail, and the pool rests between attempts. */
  readonly outage: boolean;
  /** Load is being shed. */
  readonly overloaded: boolean;
  /** Checks of `health` fail or hang. */
  readonly alarm: boolean;
  /** The last failed attempt, and how long ago it was. */
  readonly failure: { readonly cause: unknown; readonly ago: number } | undefined;
  /** The holders of objects, the longest held first. */
  readonly holders: readonly Holder[];
  /** The waiters, in the order in which they are served. */
  readonly waiters: readonly Waiting[];
}

/** Takes a snapshot, with at most `most` holders and waiters; calls `tracer` for these. */
export function snapshot<T>(pool: State<T>, most: number): Snapshot {
  const { alarm, attempts, bag, clock, ending, failure, id, name, overload, queue, settings } =
    pool;
  const { maxSize, maxWaiting, minAvailable, minSize } = settings;
  return {
    id,
    name,
    started: pool.started !== undefined,
    shutdown: ending !== undefined,
    minSize,
    minAvailable,
    maxSize,
    maxWaiting,
    size: pool.size,
    available: bag.idle.size,
    using: bag.using,
    creating: attempts.size,
    closing: bag.closing,
    requesting: pool.permits?.pending ?? 0,
    waiting: queue.size,
    totals: { ...pool.totals },
    outage: pool.outage,
    overloaded: overload !== undefined,
    alarm,
    failure: failure && { cause: failure.cause, ago: Math.round(clock.awake() - failure.at) },
    holders: most > 0 ? longestHeld(pool, most) : [],
    waiters: most > 0 ? firstWaiting(pool, most) : [],
  };
}

function firstWaiting<T>({ clock, queue }: State<T>, most: number): Waiting[] {
  const now = clock.awake();
  const found: Waiting[] = [];
  for (const waiter of queue) {
    if (found.length === most) break;
    found.push(waitingOf(waiter, now));
  }
  return found;
}

function waitingOf<R>({ begun, terms }: Waiter<R>, now: number): Waiting {
  const since = begun < 0 ? terms.begun : begun;
  const earlier = terms.earlier?.waited ?? 0;
  return {
    waited: since === undefined ? null : Math.max(0, Math.round(now - since + earlier)),
    label: terms.borrower?.label,
    priority: terms.priority,
  };
}
