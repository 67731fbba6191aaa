// Stats: what a pool shows of itself.

import type { Entry } from "./entry.ts";
import type { Totals } from "./observe.ts";
import { HOOKS, type NumberOption, NUMBERS, type Settings } from "./options.ts";
import type { State } from "./state.ts";
import { lineOf } from "./trace.ts";

/** An object in {@linkcode PoolStats}. All times are in milliseconds. */
export interface ObjectStats {
  /** How many times the object has been lent. */
  uses: number;
  /** How long ago the object was created. */
  age: number;
  /** How long an idle object has been idle; null if no option in force reads the clock. */
  idle?: number | null;
  /**
   * How long an object in use has been held. If no option in force reads the clock, it is null, or
   * a lower bound once the pool has noticed the loan. After the first leak, overdue object or
   * timeout it is exact.
   */
  held?: number | null;
  /** The `label` of the borrower of an object in use. */
  label?: string;
  /** The line that borrowed an object in use, if it was recorded (`traceHolders`). */
  line?: string;
  /** What `stats`, else `tracer`, else `String` makes of the object. */
  object: unknown;
}

/** The state of a pool, JSON-compatible. */
export interface PoolStats extends Totals {
  /** The number of the pool in this thread. */
  id: number;
  /** The pool's name in messages. */
  name: string;
  /** When the pool started, in ISO 8601; null if it has not. */
  started: string | null;
  /** How long ago the pool started, in milliseconds. */
  running: number;
  /** Whether `shutdown` was called. */
  shutdown: boolean;
  /**
   * How many objects count for `maxSize`: available, in use, being created, being closed, and
   * waiting for a permit.
   */
  size: number;
  /** How many objects are idle; `health` may be checking some of them. */
  available: number;
  /** How many objects are in use, by a borrower or by a hook. */
  using: number;
  /** How many objects are being created. */
  creating: number;
  /** How many objects are being closed. */
  closing: number;
  /** How many permits of its `quota` the pool waits for, or keeps unused. */
  requesting: number;
  /** How many borrowers wait for an object. */
  waiting: number;
  /** The options in force; for each hook, whether it is given. */
  config: Record<string, number | string | boolean | null>;
  /** The objects. */
  objects: { available: ObjectStats[]; using: ObjectStats[] };
}

/** Describes a pool now. */
export function statsOf<T>(pool: State<T>): PoolStats {
  const { attempts, bag, clock, ending, id, name, queue, started, totals } = pool;
  const now = clock.now();
  return {
    id,
    name,
    started: started?.date.toISOString() ?? null,
    running: started === undefined ? 0 : Math.round(now - started.at),
    shutdown: ending !== undefined,
    size: pool.size,
    available: bag.idle.size,
    using: bag.using,
    creating: attempts.size,
    closing: bag.closing,
    requesting: pool.permits?.pending ?? 0,
    waiting: queue.size,
    ...totals,
    config: configOf(pool.settings, pool.hkDelay),
    objects: objectsOf(pool),
  };
}

function configOf<T>(settings: Settings<T>, hkDelay: number): PoolStats["config"] {
  const config: PoolStats["config"] = {};
  for (const name of Object.keys(NUMBERS) as NumberOption[]) config[name] = settings[name];
  for (const name of HOOKS) config[name] = settings[name] !== undefined;
  const { createRetry, discardOnError, healthAfter, idleOrder, logLevel, quota, traceHolders } =
    settings;
  return {
    ...config,
    hkDelay,
    healthAfter: healthAfter ?? null,
    discardOnError: discardOnError !== false,
    createRetry: createRetry !== false,
    idleOrder,
    quota: quota !== undefined,
    traceHolders,
    logLevel,
  };
}

function objectsOf<T>(pool: State<T>): PoolStats["objects"] {
  const now = pool.clock.now();
  const objects: PoolStats["objects"] = { available: [], using: [] };
  for (const entry of pool.bag.entries()) {
    const age = Math.round(now - entry.born);
    const object = pool.hooks.picture(entry.object);
    const { uses } = entry;
    if (entry.state === "available") {
      const idle = pool.timed ? Math.round(now - entry.since) : null;
      objects.available.push({ uses, age, idle, object });
    } else objects.using.push({ uses, age, ...holderOf(pool, entry), object });
  }
  return objects;
}

function holderOf<T>(
  { clock, clocked }: State<T>,
  { borrower, noticed, since }: Entry<T>,
): Pick<ObjectStats, "held" | "label" | "line"> {
  const held = clocked || noticed ? Math.round(clock.awake() - since) : null;
  const label = borrower?.label;
  const line = lineOf(borrower);
  return {
    held,
    ...(label === undefined ? {} : { label }),
    ...(line === undefined ? {} : { line }),
  };
}
