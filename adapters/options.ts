// Options: separates the options of an adapter into the driver's, the pool's, and refused ones.

import { OPTIONS } from "../pool/check.ts";
import { suggestion } from "../pool/names.ts";
import type { PoolOptions } from "../pool/options.ts";
import { shown } from "../values.ts";

/** The names of options that an adapter knows. */
export interface Names {
  /** Options of the driver's own pool, and what to write here instead. */
  elsewhere: Readonly<Record<string, string>>;
  /** Options of the driver that resemble options of a pool. */
  drivers: readonly string[];
  /** Options that may be non-enumerable. */
  hidden: readonly string[];
  /** Defaults of the pool, as in the driver's own pool. */
  defaults: Readonly<Record<string, unknown>>;
}

/** The options of an adapter, separated. */
export interface Apart<T> {
  /** The options of the driver. */
  config: Record<string, unknown>;
  /** The options of the pool. */
  own: PoolOptions<T>;
  reset: unknown;
  cancel: unknown;
}

/**
 * @param where the name of the function, for errors
 * @throws {TypeError} an option is unknown
 */
export function apart<T>(where: string, options: unknown, names: Names): Apart<T> {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`${where}: options must be an object, got ${shown(options)}`);
  }
  const config: Record<string, unknown> = {};
  const own: Record<string, unknown> = { ...names.defaults };
  const { reset, cancel, ...others } = all(options, names.hidden);
  if (cancel !== undefined && "cancel" in names.elsewhere) checkName(where, "cancel", names);
  for (const [name, value] of Object.entries(others)) {
    // ORMs pass on undefined values.
    if (value === undefined) continue;
    checkName(where, name, names);
    if (OPTIONS.includes(name)) own[name] = value;
    else config[name] = value;
  }
  return { config, own, reset, cancel };
}

/** All options, including inherited ones and a non-enumerable password. */
function all(options: object, hidden: readonly string[]): Record<string, unknown> {
  const given: Record<string, unknown> = {};
  for (const name in options) given[name] = Reflect.get(options, name);
  for (const name of hidden) if (name in options) given[name] = Reflect.get(options, name);
  return given;
}

/**
 * @throws {TypeError} the option is unknown
 */
export function checkName(where: string, name: string, names: Names): void {
  const fault = faultOf(name, names);
  if (fault !== undefined) throw new TypeError(`${where}: unknown option ${shown(name)}: ${fault}`);
}

function faultOf(name: string, { elsewhere, drivers }: Names): string | undefined {
  if (Object.hasOwn(elsewhere, name)) return elsewhere[name];
  if (OPTIONS.includes(name) || drivers.includes(name)) return undefined;
  // A driver has more options than can be listed here, so only names that resemble ours are
  // refused.
  const hint = suggestion(name, [...OPTIONS, "reset", "cancel"]);
  return hint.startsWith("the options are") ? undefined : hint;
}

/** Makes options non-enumerable, so that logs do not show them. */
export function hide(config: object, names: readonly string[]): void {
  for (const name of names) {
    if (name in config) Object.defineProperty(config, name, { enumerable: false });
  }
}

/** Returns a valid value. */
export function checkReset(where: string, reset: unknown = "rollback"): unknown {
  if (reset === "rollback" || reset === "session" || typeof reset === "function") return reset;
  throw new TypeError(
    `${where}: reset must be "rollback", "session" or a function of the session, got ${
      shown(reset)
    }`,
  );
}

/** Returns a valid value. */
export function checkCancel(where: string, cancel: unknown = false): boolean {
  if (typeof cancel === "boolean") return cancel;
  throw new TypeError(`${where}: cancel must be true or false, got ${shown(cancel)}`);
}
