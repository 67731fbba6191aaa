// The options of an adapter, apart: what is the driver's, what is the pool's, and what is refused.

import { OPTIONS } from "../pool/check.ts";
import { suggestion } from "../pool/names.ts";
import type { PoolOptions } from "../pool/options.ts";
import { shown } from "../values.ts";

/** What an adapter knows of its driver's names. */
export interface Names {
  /** What the driver's own pool calls otherwise, or has and this pool has not. */
  elsewhere: Readonly<Record<string, string>>;
  /** The driver's own, though they look like options of a pool. */
  drivers: readonly string[];
  /** What may be given though it is not enumerable. */
  hidden: readonly string[];
  /** Of the pool, as the driver's own has them. */
  defaults: Readonly<Record<string, unknown>>;
}

/** The options of an adapter, apart. */
export interface Apart<T> {
  /** What is the driver's. */
  config: Record<string, unknown>;
  /** What is the pool's. */
  own: PoolOptions<T>;
  reset: unknown;
  cancel: unknown;
}

/**
 * @param where what to call in an error
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
    // ORMs pass on what they were not given.
    if (value === undefined) continue;
    checkName(where, name, names);
    if (OPTIONS.includes(name)) own[name] = value;
    else config[name] = value;
  }
  return { config, own, reset, cancel };
}

/** Those that are inherited, and a password that is not enumerable, are given, too. */
function all(options: object, hidden: readonly string[]): Record<string, unknown> {
  const given: Record<string, unknown> = {};
  for (const name in options) given[name] = Reflect.get(options, name);
  for (const name of hidden) if (name in options) given[name] = Reflect.get(options, name);
  return given;
}

/**
 * @throws {TypeError} it is unknown
 */
export function checkName(where: string, name: string, names: Names): void {
  const fault = faultOf(name, names);
  if (fault !== undefined) throw new TypeError(`${where}: unknown option ${shown(name)}: ${fault}`);
}

function faultOf(name: string, { elsewhere, drivers }: Names): string | undefined {
  if (Object.hasOwn(elsewhere, name)) return elsewhere[name];
  if (OPTIONS.includes(name) || drivers.includes(name)) return undefined;
  // A driver knows more names than can be listed here: only what is ours by another name is refused.
  const hint = suggestion(name, [...OPTIONS, "reset", "cancel"]);
  return hint.startsWith("the options are") ? undefined : hint;
}

/** Logs and stacks do not show them. */
export function hide(config: object, names: readonly string[]): void {
  for (const name of names) {
    if (name in config) Object.defineProperty(config, name, { enumerable: false });
  }
}

/** Gives it if it is right. */
export function checkReset(where: string, reset: unknown = "rollback"): unknown {
  if (reset === "rollback" || reset === "session" || typeof reset === "function") return reset;
  throw new TypeError(
    `${where}: reset must be "rollback", "session" or a function of the session, got ${
      shown(reset)
    }`,
  );
}

/** Gives it if it is right. */
export function checkCancel(where: string, cancel: unknown = false): boolean {
  if (typeof cancel === "boolean") return cancel;
  throw new TypeError(`${where}: cancel must be true or false, got ${shown(cancel)}`);
}
