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

/** Creates an object for a key; may be async. `n` counts the attempts for this key, from 0. */
export type KeyedCreate<K, T> = (key: K, n: number, context: CreateContext) => T | PromiseLike<T>;

/**
 * The options of a keyed pool: these, and the options of the pool of each key, except `minSize` and
 * `quota`.
 */
export interface KeyedPoolOptions<T> extends Omit<PoolOptions<T>, "minSize" | "maxSize" | "quota"> {
  /**
   * Hard cap on the live objects of all keys together: being created, idle, in use and being
   * closed.
   *
   * @default {0}, unlimited
   */
  maxSize?: number | undefined;
  /**
   * Hard cap on the live objects of each key.
   *
   * @default {0}, as many as `maxSize` allows
   */
  maxSizePerKey?: number | undefined;
  /**
   * How many keys may have objects, waiters or loans at the same time. A new key waits until
   * another one is dropped; keys with only idle objects are dropped for it.
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
  /** The options of each pool, without name and quota. */
  readonly each: PoolOptions<T>;
  readonly settings: Settings<T>;
}

const REFUSED: Readonly<Record<string, string>> = {
  minSize: "a key without objects is forgotten, so none can be kept for it: leave it out",
  quota: "it has its own, maxSize over all keys: leave it out",
};

/** The names of its own options, and of all options of a pool. */
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
