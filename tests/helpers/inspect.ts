// The ways to inspect a value that this runtime has.

import { inspect } from "node:util";

interface Inspectors {
  Deno?: { inspect(value: unknown, options?: object): string };
  Bun?: { inspect(value: unknown, options?: object): string };
}

const { Deno: deno, Bun: bun } = globalThis as Inspectors;

/** What the runtime's console goes by, and node:util's, where that is another one. */
export const WAYS: [string, (value: unknown) => string][] = [
  ["inspect of node:util", (value) => inspect(value)],
];
if (deno) WAYS.push(["Deno.inspect", (value) => deno.inspect(value)]);
if (bun) WAYS.push(["Bun.inspect", (value) => bun.inspect(value)]);

/** Without what Bun sets otherwise where an inspection is the object's own: lines, quotes, arrows. */
export function plain(text: string): string {
  return text.replaceAll(/\s|["',]|=>|:/g, "");
}
