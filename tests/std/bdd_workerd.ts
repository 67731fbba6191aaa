// Stand-in for @std/testing/bdd on workerd, which has none of its own: runs the tests in one request,
// one after the other, and prints what came of each as a line of JSON (read by scripts/workerd.ts).

import { NotHere } from "../helpers/not_here.ts";
import { bdd, type Step } from "./steps.ts";

const tests: Step[] = [];

export const { describe, it, beforeAll, beforeEach, afterEach, afterAll } = bdd((step) =>
  void tests.push(step)
);

// The real ones, whatever a test fakes.
const { log } = console;
const { setTimeout } = globalThis;

/** Errors that nobody caught; those of timers come to no event, and make workerd fail the file. */
const uncaught: unknown[] = [];
addEventListener("unhandledrejection", ({ reason }) => void uncaught.push(reason));
addEventListener("error", ({ error }) => void uncaught.push(error));

/** The handler of `workerd test`, for all tests of `file`. */
export async function runAll(file: string): Promise<void> {
  for (const step of tests) await run([file], step);
  await turn();
  if (uncaught.length) tell([file, "after the last test"], nobodyCaught());
  print({ ended: file });
}

/** Lets errors be noticed. */
function turn(): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, 1));
}

/** Resolves to whether it went well. */
async function run(above: string[], { name, ignore, fn }: Step): Promise<boolean> {
  const path = [...above, name];
  if (ignore) return tell(path, new NotHere(""));
  let isSuite = false;
  let error: unknown;
  const step = (step: Step) => {
    isSuite = true;
    return run(path, step);
  };
  try {
    await fn({ step });
  } catch (thrown) {
    error = thrown ?? new Error(`${thrown} was thrown`);
  }
  // What a test leaves behind that breaks off in the middle is not its fault.
  if (error instanceof NotHere) await turn().then(() => uncaught.splice(0));
  if (uncaught.length) error ??= nobodyCaught();
  // A suite is no test, unless it fails by itself.
  return isSuite && !error || tell(path, error);
}

function nobodyCaught(): Error {
  const cause = uncaught.splice(0);
  return new Error(`nobody caught this, of this test or one before: ${cause.map(describeError)}`);
}

function tell(path: string[], error?: unknown): boolean {
  const outcome = error instanceof NotHere ? "skipped" : error ? "failed" : "passed";
  const message = error instanceof NotHere ? error.message : error ? describeError(error) : "";
  print({ path, outcome, message });
  return !error;
}

/** Tests print, too: a mark tells whose line it is. */
function print(line: object): void {
  log(`proxypool-tests ${JSON.stringify(line)}`);
}

function describeError(error: unknown): string {
  const { stack, message, cause } = Object(error) as Error;
  const text = stack?.includes(message) ? stack : `${error}\n${stack ?? ""}`;
  return cause === undefined ? text : `${text}\ncause: ${describeError(cause)}`;
}
