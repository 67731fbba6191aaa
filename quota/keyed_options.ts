// The options of a keyed pool, and their checks.

import {
  checkBounds,
  checkCount,
  checkFun,
  checkNames,
  OPTIONS,
  settingsOf,
} from "../pool/check.ts";
import { type CreateContext, HOOKS, type PoolOptions, type Settings } from "../pool/options.ts";

/** Makes an object for a key; may be async. `n` counts the attempts for that key, from 0. */
export type KeyedCreate<K, T> = (key: K, n: number, context: CreateContext) => T | PromiseLike<T>;

/**
 * The options of a keyed pool: those of a pool, which hold for each key, but `minSize` and `quota`; and
 * these.
 */
export interface KeyedPoolOptions<T> extends Omit<PoolOptions<T>, "minSize" | "maxSize" | "quota"> {
  /**
   * Hard cap on the live objects of all keys together: being made, available, in use and being closed.
   *
   * @default {0}, unlimited
   */
  maxSize?: number | undefined;
  /**
   * The same for each key.
   *
   * @default {0}, as many as `maxSize` allows
   */
  maxSizePerKey?: number | undefined;
  /**
   * How many keys may have objects, waiters or loans at once. A new key waits until another one is
   * forgotten; keys whose objects are unused make room.
   *
   * @default {0}, unlimited
   */
  maxKeys?: number | undefined;
}

/** The options with their defaults. */
export interface KeyedSettings<T> {
  readonly maxSize: number;
  readonly maxSizePerKey: number;
  readonly maxKeys: number;
  /** Those of each pool, but its name and its quota. */
  readonly each: PoolOptions<T>;
  readonly settings: Settings<T>;
}

const REFUSED: Readonly<Record<string, string>> = {
  minSize: "a key without objects is forgotten, so none can be kept for it: leave it out",
  quota: "it has its own, maxSize over all keys: leave it out",
};

/** Those of its own, and all of a pool. */
const KNOWN: readonly string[] = [
  "maxSizePerKey",
  "maxKeys",
  ...OPTIONS.filter((name) => REFUSED[name] === undefined),
];

/** Throws if `fun` or an option is wrong. */
export function keyedSettingsOf<T>(
  fun: unknown,
  options: KeyedPoolOptions<T>,
): KeyedSettings<T> {
  checkFun(fun, "new KeyedPool");
  for (const [name, why] of Object.entries(REFUSED)) {
    if (Object(options)[name] === undefined) continue;
    throw new TypeError(`new KeyedPool: ${name} cannot be given: ${why}`);
  }
  checkNames("new KeyedPool", options, [...KNOWN, ...Object.keys(REFUSED)]);
  const { maxSize = 0, maxSizePerKey = 0, maxKeys = 0 } = options;
  checkBounds(0, maxSize);
  for (const [name, value] of Object.entries({ maxSizePerKey, maxKeys })) {
    checkCount(name, value, 0);
  }
  if (maxSize > 0 && maxSizePerKey > maxSize) {
    throw new RangeError(
      `maxSizePerKey must not be over maxSize (${maxSize}), got ${maxSizePerKey}: ` +
        "lower it, or raise maxSize (0: unlimited)",
    );
  }
  const each = eachOf(options, maxSizePerKey);
  return { maxSize, maxSizePerKey, maxKeys, each, settings: settingsOf(each) };
}

/** The options of each pool. They are read once: they may be inherited, or come from getters. */
function eachOf<T>(options: KeyedPoolOptions<T>, maxSize: number): PoolOptions<T> {
  const hooks: readonly string[] = HOOKS;
  const each: Record<string, unknown> = {};
  for (const name of OPTIONS) {
    const value: unknown = options[name as keyof KeyedPoolOptions<T>];
    const isMethod = hooks.includes(name) && typeof value === "function";
    if (value !== undefined) each[name] = isMethod ? value.bind(options) : value;
  }
  return { ...each, maxSize };
}
