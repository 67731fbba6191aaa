// Shows people in what two values differ, for the stand-in of @std/assert.

import { inspect } from "node:util";

const OPTIONS = { depth: 10, maxArrayLength: null, breakLength: 80, sorted: true } as const;

/** Both, line by line; what they begin and end with alike stands there once. */
export function difference(actual: unknown, expected: unknown): string {
  const left = lines(actual);
  const right = lines(expected);
  const start = shared(left, right);
  const end = shared(left.slice(start).reverse(), right.slice(start).reverse());
  const differing = (mark: string, all: string[]) =>
    all.slice(start, all.length - end).map((line) => `${mark} ${line}`);
  return [
    "(- actual, + expected)",
    ...left.slice(0, start).map((line) => `  ${line}`),
    ...differing("-", left),
    ...differing("+", right),
    ...left.slice(left.length - end).map((line) => `  ${line}`),
  ].join("\n");
}

/** A part of what is long on a line of its own. */
function lines(value: unknown): string[] {
  const text = inspect(value, OPTIONS);
  return text.length > OPTIONS.breakLength ? inspect(value, LONG).split("\n") : text.split("\n");
}

const LONG = { ...OPTIONS, compact: false };

/** How many lines they begin with alike. */
function shared(a: string[], b: string[]): number {
  const end = a.findIndex((line, i) => line !== b[i]);
  return end < 0 ? a.length : end;
}
