// Runs a recipe as its reader does, on every runtime that can and has been fetched.

import { assertEquals } from "@std/assert";
import { type Runner, runners } from "../../helpers/program.ts";
import { bundled, type Name } from "./packages.ts";

/** Those that run TypeScript as it stands: Node does since 23. */
export function takers(): Runner[] {
  return runners().filter(({ label }) => !/^node 2[02]/.test(label));
}

/** What it is told besides its name. */
export interface Told {
  args?: string[];
  env?: Record<string, string>;
  /** Those that it imports: other runtimes than Deno find them beside a bundle only. */
  packages?: readonly Name[];
}

/** A recipe's command on a runtime, which is good until `remove` is called. */
export interface Prepared {
  command: string[];
  remove(): Promise<void>;
}

export async function prepare(
  { command, label }: Runner,
  recipe: string,
  packages: readonly Name[] = [],
): Promise<Prepared> {
  if (packages.length === 0 || label.startsWith("deno")) {
    const path = new URL(`../../../examples/recipes/${recipe}`, import.meta.url).pathname;
    return { command: [...command, path], remove: () => Promise.resolve() };
  }
  const { path, remove } = await bundled(recipe, packages);
  return { command: [...command, path], remove };
}

/** What it prints; throws if that is not all, or if it does not end well. */
export async function printed(
  runner: Runner,
  recipe: string,
  { args = [], env = {}, packages = [] }: Told = {},
): Promise<string[]> {
  const { command: [file = "", ...rest], remove } = await prepare(runner, recipe, packages);
  try {
    const { code, stdout, stderr } = await new Deno.Command(file, {
      args: [...rest, ...args],
      signal: AbortSignal.timeout(20_000),
      env: { NO_COLOR: "1", ...env },
    }).output();
    const text = new TextDecoder();
    assertEquals([code, text.decode(stderr)], [0, ""]);
    return text.decode(stdout).trim().split("\n");
  } finally {
    await remove();
  }
}
