// The options of a proxy, and their check.

import { ProxyError } from "../errors.ts";
import { checkNames, OPTIONS, settingsOf } from "../pool/check.ts";
import { ownedBy } from "../pool/hooks.ts";
import type { Logger, LogLevel } from "../pool/log.ts";
import { type Hook, type HookOption, HOOKS, type PoolOptions } from "../pool/options.ts";
import { type Scope, type ScopeName, scopes } from "../scopes/mod.ts";
import { shown } from "../values.ts";

/** The options of every proxy. */
export interface ScopeOptions<N extends string> {
  /**
   * The scope in which each frame has its own object: a name, or a {@linkcode Scope} of your own.
   * With `obj` there is only one object, in any scope.
   *
   * @default {"thread"}: `"versatile"` with a pool, `"shared"` with `obj`
   */
  scope?: ScopeName | Scope | undefined;
  /**
   * The prefix of the proxy's setters: `set`, `setObj`, `setFun`. Give another one if the object
   * has methods of these names.
   *
   * @default {"set"}
   */
  setName?: N | undefined;
}

/** The options of a proxy without a pool. */
export interface OwnOptions<T> {
  /** Called with each object of `fun` at the end of its frame; may be async. */
  closer?: Hook<T> | undefined;
  /**
   * How long `closer` may take, in ms. Then the object counts as closed. 0: no limit.
   *
   * @default {5000}
   */
  closeTimeout?: number | undefined;
  /**
   * The least severe level that is logged.
   *
   * @default {"warn"}
   */
  logLevel?: LogLevel | undefined;
  /**
   * The logger to use.
   *
   * @default {console}
   */
  logger?: Logger | undefined;
  /** Without `maxSize` there is no pool. */
  maxSize?: undefined;
}

/** The options of a proxy with a pool: all options of a pool. `maxSize` is required. */
export interface PooledOptions<T> extends PoolOptions<T> {
  /** Hard cap on live objects; 0: unlimited. */
  maxSize: number;
}

const UNPOOLED: readonly string[] = ["closer", "closeTimeout", "logLevel", "logger"];

/** Throws unless `options` are valid options of a proxy. */
export function checkOptions(options: object): void {
  checkNames("new Proxy", options, ["obj", "fun", "scope", "setName", ...OPTIONS]);
}

/**
 * The options of a pool among `options`. They may be inherited, and hooks are called as methods of
 * `options`.
 */
export function poolOptions<T>(options: PoolOptions<T>): PoolOptions<T> {
  const given = OPTIONS.map((name) => [name, options[name as keyof PoolOptions<T>]] as const)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, isHook(name, value) ? ownedBy(value, options) : value] as const);
  return Object.fromEntries(given) as PoolOptions<T>;
}

function isHook(name: string, value: unknown): value is (...args: never[]) => unknown {
  return typeof value === "function" && HOOKS.includes(name as HookOption);
}

/**
 * Throws unless `options` are valid for a pool or, without `maxSize`, for a proxy without a pool.
 */
export function checkPooled<T>(options: PoolOptions<T>): void {
  settingsOf(options);
  if (options.maxSize !== undefined) return;
  for (const name in options) {
    if (UNPOOLED.includes(name)) continue;
    throw new ProxyError(
      `${name} is for a proxy with a pool only: give maxSize, too (0: unlimited)`,
    );
  }
}

/** The scope; throws if it is unknown, or belongs to another runtime. */
export function scopeOf(scope: unknown): Scope | undefined {
  if (scope === undefined) return undefined;
  const found = typeof scope === "string" && Object.hasOwn(scopes, scope)
    ? scopes[scope as ScopeName]
    : scope as Scope;
  if (typeof found?.current !== "function" || typeof found.run !== "function") {
    const names = Object.keys(scopes).map(shown).join(", ");
    throw new ProxyError(`scope must be one of ${names}, or a Scope, got ${shown(scope)}`);
  }
  // Throws if the scope belongs to another runtime.
  if (Object.values(scopes).includes(found)) found.current();
  return found;
}

/** The names of a proxy's own members. */
export const MEMBERS = [
  "_getObj",
  "_retObj",
  "_hasObj",
  "_obj",
  "_in",
  "_setPool",
  "_pool",
] as const;

/** Throws unless `setName` can be the prefix of the setters. */
export function checkSetName(setName: unknown): void {
  if (typeof setName !== "string" || setName === "") {
    throw new ProxyError(
      `setName must be the name of a method, "set" by default, got ${shown(setName)}`,
    );
  }
  const taken: readonly string[] = [...MEMBERS, "then"];
  const name = ["", "Obj", "Fun"].map((end) => setName + end).find((name) => taken.includes(name));
  if (name === undefined) return;
  throw new ProxyError(
    `setName ${shown(setName)} makes a method ${name}, which has another meaning`,
  );
}
