// Registers tests that need a server: skipped, and saying so, where it does not answer.

import type { Scenario } from "./scenarios.ts";
import type { Kind } from "./server.ts";

export async function register(kind: Kind, tests: Scenario[]): Promise<void> {
  const skipped = await whySkipped(kind);
  for (const [name, fn] of tests) Deno.test({ name: name + skipped, ignore: skipped !== "", fn });
}

/** The reason, for the name of a test: Deno's reports have no other place for it. Nothing if it is there. */
export async function whySkipped({ name, port, open }: Kind): Promise<string> {
  try {
    await using _server = await open(1);
    return "";
  } catch (error) {
    return ` (skipped: no ${name} for us at 127.0.0.1:${port}: ${(error as Error).message})`;
  }
}
