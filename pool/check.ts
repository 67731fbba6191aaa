// Check: checks the arguments of users. Each error names the option, the value, and what is right.

import { isThenable, shown } from "../values.ts";
import { ownedBy } from "./hooks.ts";
import { LEVELS, type Logger, METHODS } from "./log.ts";
import { suggestion } from "./names.ts";
import { MAX_DELAY } from "./clock.ts";
import { EVENTS } from "./observe.ts";
import {
  type GetOptions,
  HOOKS,
  type NumberOption,
  NUMBERS,
  type PoolOptions,
  type ResetOptions,
  type Settings,
  type ShutdownOptions,
} from "./options.ts";
import type { Quota } from "./quota.ts";

const COUNTS: ReadonlySet<string> = new Set<NumberOption>([
  "maxSize",
  "minSize",
  "minAvailable",
  "maxCreating",
  "maxWaiting",
  "maxUse",
  "healthFreq",
]);

/** The names of all options of a pool. */
export const OPTIONS: readonly string[] = [
  ...Object.keys(NUMBERS),
  ...HOOKS,
  "healthAfter",
  "discardOnError",
  "createRetry",
  "idleOrder",
  "name",
  "quota",
  "traceHolders",
  "logLevel",
  "logger",
];

/** The options with their defaults; throws if one is invalid. */
export function settingsOf<T>(options: PoolOptions<T>): Settings<T> {
  checkNames("new Pool", options, OPTIONS);
  // Read one by one: options may be inherited, or come from getters.
  const given = Object.fromEntries(
    OPTIONS.map((name) => [name, options[name as keyof PoolOptions<T>]] as const)
      .filter(([, value]) => value !== undefined),
  ) as PoolOptions<T>;
  const settings = {
    ...NUMBERS,
    healthAfter: undefined,
    // Without a retter nothing resets the object after a failure.
    discardOnError: given.retter === undefined,
    createRetry: false,
    idleOrder: "lifo",
    name: undefined,
    quota: undefined,
    traceHolders: "auto",
    logLevel: "warn",
    logger: undefined,
    ...given,
  } as Settings<T>;
  for (const name of Object.keys(NUMBERS) as NumberOption[]) checkNumber(name, settings[name]);
  for (const name of HOOKS) {
    checkFunction(name, settings[name]);
    const hook = settings[name];
    if (hook !== undefined) settings[name] = ownedBy(hook, options) as never;
  }
  if (settings.healthAfter !== undefined) checkNumber("healthAfter", settings.healthAfter);
  checkTogether(settings);
  checkUseless(given, settings);
  checkQuota(settings.quota);
  checkNaming(settings);
  checkLogging(settings);
  return settings;
}

/** Throws unless `fun` is a function. */
export function checkFun(fun: unknown, where = "new Pool"): void {
  if (typeof fun === "function") return;
  const got = `${shown(fun)}${instead(fun, where)}`;
  throw new TypeError(`${where}: fun must be a function that returns an object, got ${got}`);
}

/** What to write, if it can be told from what was given as `fun`. */
function instead(fun: unknown, where: string): string {
  if (typeof fun !== "object" || fun === null) return "";
  if (isThenable(fun)) return ": write () => connect(), not connect()";
  const isFactory = typeof (fun as { create?: unknown }).create === "function";
  return isFactory
    ? `: write ${where}(create, { closer: destroy, health: validate, … })`
    : `: write ${where}(fun, { maxSize, … })`;
}

/** Throws unless the bounds are counts, and `minSize` is at most `maxSize`. */
export function checkBounds(minSize: number, maxSize: number): void {
  checkNumber("minSize", minSize);
  checkNumber("maxSize", maxSize);
  if (maxSize > 0 && minSize > maxSize) {
    throw new RangeError(
      `minSize must not be over maxSize (${maxSize}), got ${minSize}: ` +
        "lower minSize or raise maxSize (0: unlimited)",
    );
  }
}

/** Throws unless `options` are valid for `get`, `borrow` and `use`. */
export function checkGet(method: string, options: GetOptions): void {
  if (isSignal(options)) {
    throw new TypeError(`${method}: options must be an object, got a signal: write { signal }`);
  }
  checkNames(method, options, ["signal", "timeout", "priority", "label"]);
  const { timeout, priority, label }: GetOptions = options;
  const signal: unknown = options.signal;
  if (timeout !== undefined) checkDelay(`${method}: timeout`, timeout);
  if (priority !== undefined) checkPriority(`${method}: priority`, priority);
  if (label !== undefined) checkText(`${method}: label`, label);
  if (signal !== undefined && !isSignal(signal)) {
    throw new TypeError(`${method}: signal must be an AbortSignal, got ${shown(signal)}`);
  }
}

/** Throws unless `options` are valid for `reset`. */
export function checkReset(options: ResetOptions): void {
  checkNames("reset", options, ["spread"]);
  if (options.spread !== undefined) checkDelay("reset: spread", options.spread);
}

/** Throws unless `options` are valid for `shutdown`. */
export function checkShutdown(options: ShutdownOptions): void {
  checkNames("shutdown", options, ["timeout", "drain"]);
  if (options.timeout !== undefined) checkDelay("shutdown: timeout", options.timeout);
  const drain: unknown = options.drain;
  if (drain !== undefined && typeof drain !== "boolean") {
    throw new TypeError(`shutdown: drain must be true or false, got ${shown(drain)}`);
  }
}

/** Throws if a method without options gets one: it would have no effect. */
export function checkNoOptions(method: string, given: ArrayLike<unknown>): void {
  if (given.length === 0 || given[0] === undefined) return;
  throw new TypeError(`${method} takes no options, got ${shown(given[0])}: leave them out`);
}

/** Throws unless `observer` is an observer. */
export function checkObserver(observer: unknown): void {
  const known: readonly string[] = EVENTS;
  // An instance of a class may have other fields and methods.
  const own: string[] = [];
  if (!isPlainObject(observer)) { for (const name in Object(observer)) own.push(name); }
  checkNames("observe", observer, [...known, ...own], "observer", "method");
  const methods = observer as Record<string, unknown>;
  const given = known.filter((name) => methods[name] !== undefined);
  for (const name of given) checkFunction(`observe: ${name}`, methods[name]);
  if (given.length > 0) return;
  throw new TypeError(`observe: the observer has no method: give it one of ${known.join(", ")}`);
}

/** Throws if `options` is no object or has an unknown name. */
export function checkNames(
  where: string,
  options: unknown,
  known: readonly string[],
  what = "options",
  each = "option",
): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new TypeError(`${where}: ${what} must be an object, got ${shown(options)}`);
  }
  for (const name in options) {
    if (known.includes(name)) continue;
    throw new TypeError(
      `${where}: unknown ${each} ${shown(name)}: ${suggestion(name, known, each)}`,
    );
  }
}

function checkTogether(settings: Settings<never>): void {
  const { minSize, maxSize, maxUsingDelay: warn, maxUsingDelayKill: kill } = settings;
  checkBounds(minSize, maxSize);
  if (kill > 0 && warn > kill) {
    throw new RangeError(
      `maxUsingDelay must not be over maxUsingDelayKill (${kill}), got ${warn}: ` +
        "the object is killed by then",
    );
  }
  checkDecision("discardOnError", settings.discardOnError);
  checkDecision("createRetry", settings.createRetry);
  const { idleOrder } = settings;
  if (idleOrder !== "lifo" && idleOrder !== "fifo") {
    throw new TypeError(`idleOrder must be "lifo" or "fifo", got ${shown(idleOrder)}`);
  }
}

function checkDecision(name: string, value: unknown): void {
  if (typeof value === "boolean" || typeof value === "function") return;
  throw new TypeError(
    `${name} must be true, false or a function of the error, got ${shown(value)}`,
  );
}

/** An option without effect is most often a mistake: another option was forgotten or misspelt. */
function checkUseless<T>(given: PoolOptions<T>, settings: Settings<T>): void {
  const { health, maxLifetime, queueTarget } = settings;
  for (const name of ["healthAfter", "healthFreq"] as const) {
    if (given[name] === undefined || health !== undefined) continue;
    throw new TypeError(
      `${name} (${given[name]}) needs a health hook: give health, or leave it out`,
    );
  }
  const { lifetimeJitter, queueInterval } = given;
  if (queueInterval !== undefined && queueTarget === 0) {
    throw new TypeError(
      `queueInterval (${queueInterval}) needs queueTarget: give queueTarget, or leave it out`,
    );
  }
  if (lifetimeJitter === undefined || lifetimeJitter === 0 || maxLifetime > 0) return;
  throw new TypeError(
    `lifetimeJitter (${lifetimeJitter}) needs maxLifetime, which it shortens: ` +
      "give maxLifetime, or leave it out",
  );
}

function checkQuota(quota: unknown): void {
  if (quota === undefined || typeof (quota as Quota | null)?.attach === "function") return;
  throw new TypeError(
    `quota must have attach(), as that of localQuota() has, got ${shown(quota)}`,
  );
}

function checkNaming({ name, traceHolders }: { name: unknown; traceHolders: unknown }): void {
  if (name !== undefined) checkText("name", name);
  if (typeof traceHolders === "boolean" || traceHolders === "auto") return;
  throw new TypeError(`traceHolders must be true, false or "auto", got ${shown(traceHolders)}`);
}

function checkLogging(
  { logLevel, logger }: { logLevel: string; logger: Logger | undefined },
): void {
  if (typeof logLevel !== "string" || !Object.hasOwn(LEVELS, logLevel)) {
    const levels = Object.keys(LEVELS).map(shown).join(", ");
    throw new TypeError(`logLevel must be one of ${levels}, got ${shown(logLevel)}`);
  }
  if (logger === undefined) return;
  const missing = METHODS.find((name) => typeof logger?.[name] !== "function");
  if (missing !== undefined) {
    throw new TypeError(
      `logger must have the methods ${METHODS.join(", ")}, as console has; ` +
        `${missing} is missing in ${shown(logger)}`,
    );
  }
}

function checkNumber(name: string, value: unknown): void {
  if (name === "lifetimeJitter") return checkRange(name, value, 0, 1);
  if (COUNTS.has(name)) {
    const least = name === "healthFreq" ? 1 : 0;
    checkCount(name, value, least);
  } else {
    const least = name === "queueInterval" ? 1 : 0;
    checkRange(name, value, least, MAX_DELAY, "an integer of milliseconds");
  }
}

/** Throws unless `value` is a whole number, `least` or more. */
export function checkCount(name: string, value: unknown, least: number): void {
  checkRange(name, value, least, Number.MAX_SAFE_INTEGER, "an integer");
}

/** A delay of a call may be a fraction: it is often the rest of another delay. */
function checkDelay(name: string, value: unknown): void {
  checkRange(name, value, 0, MAX_DELAY, "milliseconds", false);
}

function checkPriority(name: string, value: unknown): void {
  if (Number.isSafeInteger(value)) return;
  const Wrong = typeof value === "number" ? RangeError : TypeError;
  throw new Wrong(`${name} must be a whole number (0 by default), got ${shown(value)}`);
}

function checkText(name: string, value: unknown): void {
  if (typeof value === "string" && value.trim() !== "") return;
  throw new TypeError(`${name} must be a non-empty string, got ${shown(value)}`);
}

/** Throws unless `value` is a number of this kind in this range. */
export function checkRange(
  name: string,
  value: unknown,
  least: number,
  most: number,
  kind = "a number",
  whole = kind !== "a number",
): void {
  const isNumber = typeof value === "number";
  if (isNumber && value >= least && value <= most && (!whole || Number.isInteger(value))) return;
  const range = bounds(name, least, most, value);
  if (!isNumber) throw new TypeError(`${name} must be ${kind}, ${range}, got ${shown(value)}`);
  throw new RangeError(`${name} must be ${kind}, ${range}, got ${value}`);
}

/** Names the upper bound of a count only if the value exceeds it. */
function bounds(name: string, least: number, most: number, value: unknown): string {
  const isOver = typeof value === "number" && value > most;
  if (most === Number.MAX_SAFE_INTEGER && !isOver) return `${least} or more`;
  const unlimited = value === Infinity && least === 0 && /^max|timeout$/i.test(name)
    ? " (0: unlimited)"
    : "";
  return `${least} to ${most}${unlimited}`;
}

function checkFunction(name: string, value: unknown): void {
  if (value === undefined || typeof value === "function") return;
  throw new TypeError(`${name} must be a function, got ${shown(value)}`);
}

function isPlainObject(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function isSignal(value: unknown): boolean {
  const signal = value as AbortSignal | null;
  return typeof signal === "object" && signal !== null && typeof signal.aborted === "boolean" &&
    typeof signal.addEventListener === "function" &&
    typeof signal.removeEventListener === "function";
}
