// A scope for tests that is the same on every runtime: one frame for each flow, lent objects shared.

import { FlowScope, versatile } from "../../scopes/mod.ts";

/** Like this runtime's own, but that a pool is everybody's, on Workers too. */
export const flow: FlowScope = new FlowScope("flow");

await flow.ready();
await versatile.ready();

/** What was written to console.error while `fn` ran, each as one text. */
export async function errorsOf(fn: () => unknown): Promise<string[]> {
  const told: string[] = [];
  const real = console.error;
  console.error = (...args: unknown[]) => void told.push(args.map(String).join(" "));
  try {
    await fn();
  } finally {
    console.error = real;
  }
  return told;
}
