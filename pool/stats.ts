// Stats: the picture that a pool gives of itself.

import type { Entry } from "./entry.ts";
import type { Totals } from "./observe.ts";
import { HOOKS, type NumberOption, NUMBERS, type Settings } from "./options.ts";
import type { State } from "./state.ts";
import { lineOf } from "./trace.ts";

/** One object, as {@linkcode PoolStats} shows it. All times are in milliseconds. */
export interface ObjectStats {
  /** How many times it has been lent. */
  uses: number;
  /** How long ago it was made. */
  age: number;
  /** Of an available one, how long it has been unused; null if no option in force reads the clock. */
  idle?: number | null;
  /**
   * Of one in use, how long it has been held. If no option in force reads the clock that is null, or
   * coarse once the pool has looked after what is out: it has been held for at least that long. From
   * the first leak, overdue object or timeout on it is exact.
   */
  held?: number | null;
  /** Of one in use, what its borrower gave as `label`. */
  label?: string;
  /** Of one in use, the line that borrowed it, where that was recorded (`traceHolders`). */
  line?: string;
  /** What `stats`, else `tracer`, else `String` makes of it. */
  object: unknown;
}

/** A picture of a pool that JSON can express. */
export interface PoolStats extends Totals {
  /** Which pool of this thread it is. */
  id: number;
  /** What messages call it. */
  name: string;
  /** When it started, in ISO 8601; null if it has not. */
  started: string | null;
  /** For how long it has been running, in milliseconds. */
  running: number;
  /** Whether it has been shut down. */
  shutdown: boolean;
  /** How many objects count for `maxSize`: available, in use, being made and being closed. */
  size: number;
  /** How many objects are in nobody's hands; `health` may be looking at some of them. */
  available: number;
  /** How many objects are in use, or being looked at by a hook. */
  using: number;
  /** How many objects are being made. */
  creating: number;
  /** How many objects are being closed. */
  closing: number;
  /** How many borrowers wait. */
  waiting: number;
  /** The options in force; of the hooks, whether they are there. */
  config: Record<string, number | string | boolean | null>;
  /** The objects. */
  objects: { available: ObjectStats[]; using: ObjectStats[] };
}

/** The picture. */
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
  const { createRetry, discardOnError, healthAfter, idleOrder, logLevel, traceHolders } = settings;
  return {
    ...config,
    hkDelay,
    healthAfter: healthAfter ?? null,
    discardOnError: discardOnError !== false,
    createRetry: createRetry !== false,
    idleOrder,
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
