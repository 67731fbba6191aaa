// Stand-in for @std/assert: the names used by the tests, as strict as the real ones.

import { inspect } from "node:util";
import { common } from "./common.ts";
import { difference } from "./difference.ts";
import { equal } from "./equal.ts";

// deno-lint-ignore no-explicit-any
type AbstractClass<T> = abstract new (...args: any[]) => T;

/** Thrown by every assertion here that fails. */
export class AssertionError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}

function check(ok: boolean, what: string, msg?: string): asserts ok {
  if (!ok) throw new AssertionError(msg ? `${what}: ${msg}` : `${what}.`);
}

export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

export function assertFalse(
  expr: unknown,
  msg = "",
): asserts expr is false | 0 | "" | null | undefined {
  if (expr) throw new AssertionError(msg);
}

/** Deep equality, by the rules of tests/std/equal.ts. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) return;
  check(false, "Values are not equal", `${msg ?? ""}\n${difference(actual, expected)}`);
}

export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  check(!equal(actual, expected), `Expected a value other than ${inspect(expected)}`, msg);
}

export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  const what = `Values are not strictly equal: ${inspect(actual)} and ${inspect(expected)}`;
  check(Object.is(actual, expected), what, msg);
}

export function assertNotStrictEquals<T>(actual: T, expected: T, msg?: string): void {
  check(!Object.is(actual, expected), `Expected something other than ${inspect(expected)}`, msg);
}

export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  check(actual !== undefined && actual !== null, `Expected ${actual} to exist`, msg);
}

export function assertInstanceOf<C extends AbstractClass<unknown>>(
  actual: unknown,
  expectedType: C,
  msg?: string,
): asserts actual is InstanceType<C> {
  const what = `Expected an instance of ${expectedType.name}, got ${inspect(actual)}`;
  check(actual instanceof expectedType, what, msg);
}

export function assertIsError<E extends Error = Error>(
  error: unknown,
  ErrorClass?: AbstractClass<E>,
  msgMatches?: string | RegExp,
  msg?: string,
): asserts error is E {
  check(error instanceof Error, `Expected an Error, got ${inspect(error)}`, msg);
  if (ErrorClass) {
    check(error instanceof ErrorClass, `Expected ${ErrorClass.name}, got ${inspect(error)}`, msg);
  }
  if (!msgMatches) return;
  const message = plain((error as Error).message);
  const matches = typeof msgMatches === "string"
    ? message.includes(plain(msgMatches))
    : msgMatches.test(message);
  check(matches, `Expected a message with ${msgMatches}, got ${JSON.stringify(message)}`, msg);
}

const COLORS = new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*m`, "g");

function plain(text: string): string {
  return text.replaceAll(COLORS, "");
}

/** Any thrown value will do where no class is given; a message is compared only where one is. */
function checkThrown(
  error: unknown,
  verb: "thrown" | "rejected",
  ErrorClass?: AbstractClass<Error> | string,
  msgIncludes?: string,
  msg?: string,
): void {
  if (typeof ErrorClass !== "function") return;
  check(error instanceof Error, `A non-Error object was ${verb}`, msg);
  assertIsError(error, ErrorClass, msgIncludes, msg);
}

export function assertThrows(fn: () => unknown, msg?: string): unknown;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: AbstractClass<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows(
  fn: () => unknown,
  ErrorClass?: AbstractClass<Error> | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  try {
    fn();
  } catch (error) {
    checkThrown(error, "thrown", ErrorClass, msgIncludes, msg);
    return error;
  }
  check(false, "Expected function to throw", typeof ErrorClass === "string" ? ErrorClass : msg);
}

export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: AbstractClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects(
  fn: () => PromiseLike<unknown>,
  ErrorClass?: AbstractClass<Error> | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const said = typeof ErrorClass === "string" ? ErrorClass : msg;
  const promise = called(fn, said);
  try {
    await promise;
  } catch (error) {
    checkThrown(error, "rejected", ErrorClass, msgIncludes, msg);
    return error;
  }
  check(false, "Expected function to reject", said);
}

/** What `fn` returns, a promise: throwing at once is not rejecting, nor is a function with `then`. */
function called(fn: () => PromiseLike<unknown>, msg?: string): PromiseLike<unknown> {
  try {
    const promise = fn();
    if (typeof promise === "object" && typeof promise?.then === "function") return promise;
  } catch { /* Said below. */ }
  check(false, "Function throws when expected to reject", msg);
}

export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  check(expected.test(actual), `Expected ${inspect(actual)} to match ${expected}`, msg);
}

export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  check(
    actual.includes(expected),
    `Expected ${inspect(actual)} to contain ${inspect(expected)}`,
    msg,
  );
}

export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  check(actual > expected, `Expect ${inspect(actual)} > ${inspect(expected)}`, msg);
}

export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void {
  check(actual >= expected, `Expect ${inspect(actual)} >= ${inspect(expected)}`, msg);
}

export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  check(actual < expected, `Expect ${inspect(actual)} < ${inspect(expected)}`, msg);
}

export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  check(actual <= expected, `Expect ${inspect(actual)} <= ${inspect(expected)}`, msg);
}

export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance: number = isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7,
  msg?: string,
): void {
  const near = Object.is(actual, expected) || Math.abs(expected - actual) <= tolerance;
  check(near, `Expected ${actual} to be within ${tolerance} of ${expected}`, msg);
}

export function assertArrayIncludes<T>(
  actual: ArrayLike<T> & object,
  expected: ArrayLike<T> & object,
  msg?: string,
): void {
  const all = Array.from(actual);
  const missing = Array.from(expected).filter((x) => !all.some((y) => equal(x, y)));
  check(missing.length === 0, `Expected ${inspect(all)} to include ${inspect(missing)}`, msg);
}

export function assertObjectMatch(
  // deno-lint-ignore no-explicit-any
  actual: Record<PropertyKey, any>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  assertEquals(common(actual, expected), common(expected, expected), msg);
}

export function fail(msg?: string): never {
  check(false, "Failed assertion", msg);
}

export function unreachable(msg?: string): never {
  check(false, "Unreachable", msg);
}
