// Stats: the picture that a pool gives of itself.

import type { Core } from "./core.ts";
import { HOOKS, type NumberOption, NUMBERS, type Settings } from "./options.ts";
import type { Totals } from "./totals.ts";

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
   * coarse once the pool has looked after what is out: it has been held for at least that long.
   */
  held?: number | null;
  /** What `stats`, else `tracer`, else `String` makes of it. */
  object: unknown;
}

/** A picture of a pool that JSON can express. */
export interface PoolStats extends Totals {
  /** Which pool of this thread it is. */
  id: number;
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
  /** How many `get`s wait: queued, or while a hook looks at an object for them. */
  waiting: number;
  /** The options in force; of the hooks, whether they are there. */
  config: Record<string, number | string | boolean | null>;
  /** The objects. */
  objects: { available: ObjectStats[]; using: ObjectStats[] };
}

/** What the picture is taken of, besides what the parts of a pool share. */
export interface Pictured {
  readonly id: number;
  readonly hkDelay: number;
  readonly started: { at: number; date: Date } | undefined;
  readonly ended: boolean;
  readonly creating: number;
  readonly waiting: number;
}

/** The picture. */
export function statsOf<T>(core: Core<T>, of: Pictured): PoolStats {
  const { bag, clock, totals, settings } = core;
  const now = clock.now();
  return {
    id: of.id,
    started: of.started?.date.toISOString() ?? null,
    running: of.started === undefined ? 0 : Math.round(now - of.started.at),
    shutdown: of.ended,
    size: of.creating + bag.size,
    available: bag.idle.size,
    using: bag.using,
    creating: of.creating,
    closing: bag.closing,
    waiting: of.waiting,
    ...totals,
    config: configOf(settings, of.hkDelay),
    objects: objectsOf(core),
  };
}

function configOf<T>(settings: Settings<T>, hkDelay: number): PoolStats["config"] {
  const config: PoolStats["config"] = {};
  for (const name of Object.keys(NUMBERS) as NumberOption[]) config[name] = settings[name];
  for (const name of HOOKS) config[name] = settings[name] !== undefined;
  const { healthAfter, discardOnError, logLevel } = settings;
  return {
    ...config,
    hkDelay,
    healthAfter: healthAfter ?? null,
    discardOnError: discardOnError !== false,
    logLevel,
  };
}

function objectsOf<T>(core: Core<T>): PoolStats["objects"] {
  const now = core.clock.now();
  const awake = core.clock.awake();
  const objects: PoolStats["objects"] = { available: [], using: [] };
  for (const entry of core.bag.entries()) {
    const free = entry.state === "available";
    const known = core.clocked || !free && entry.noticed;
    const since = known ? Math.round((free ? now : awake) - entry.since) : null;
    objects[free ? "available" : "using"].push({
      uses: entry.uses,
      age: Math.round(now - entry.born),
      ...(free ? { idle: since } : { held: since }),
      object: core.hooks.picture(entry.object),
    });
  }
  return objects;
}
