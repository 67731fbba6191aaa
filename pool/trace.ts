// Trace: finds the line of the user's code that borrowed an object.

import type { Borrower } from "./entry.ts";

/** An object whose `stack` is formatted when it is read. */
type Trace = NonNullable<Borrower["trace"]>;

interface Errors {
  captureStackTrace?(target: object, below?: unknown): void;
  stackTraceLimit?: number;
}

const { Bun } = globalThis as { Bun?: unknown };

/** The directory of the library, if it has one: in a bundle it has none. */
const ROOT = rootOf(import.meta.url);

/** How many frames are recorded if those of the library cannot be left out. */
const FRAMES = 30;

function rootOf(url: string | undefined): string | undefined {
  const found = /^(.*\/)pool\/trace\.\w+$/.exec(url ?? "");
  return found?.[1]?.replace(/^file:\/\//, "");
}

/** Records the stack, without `below` and the frames above it. */
export function record(below: unknown): Trace {
  const errors = Error as Errors;
  if (errors.captureStackTrace === undefined) return new Error();
  const trace = {};
  // Bun's engine drops frames of tail calls, so `below` may be missing.
  if (Bun === undefined) errors.captureStackTrace(trace, below);
  else {
    const { stackTraceLimit } = errors;
    errors.stackTraceLimit = FRAMES;
    errors.captureStackTrace(trace);
    errors.stackTraceLimit = stackTraceLimit!;
  }
  return trace;
}

/** The line that borrowed, as the runtime writes it; undefined if not known. */
export function lineOf(borrower: Borrower | undefined): string | undefined {
  const stack: unknown = borrower?.trace?.stack;
  if (typeof stack !== "string" || Bun !== undefined && ROOT === undefined) return undefined;
  const lines = stack.split("\n").filter((line) => /:\d+(:\d+)?\)?$/.test(line.trim()));
  return lines.find((line) => !isOwn(line))?.trim().replace(/^at /, "");
}

/** Whether a line of a stack is in the library. */
function isOwn(line: string): boolean {
  const [, path] = ROOT === undefined ? [] : line.split(ROOT);
  return path !== undefined &&
    /^(?:(?:pool|proxy|scopes|adapters|compat|quota)\/|\w+\.[jt]s:)/.test(path);
}
