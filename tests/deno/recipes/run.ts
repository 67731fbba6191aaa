// Runs a recipe as its reader does: copied out of this repository, on every runtime that can.

import { assertEquals } from "@std/assert";
import { type Runner, runners } from "../../helpers/program.ts";
import { copied } from "./packed.ts";

/** Those that run TypeScript as it stands: Node does since 23. */
export function takers(): Runner[] {
  return runners().filter(({ label }) => !/^node 2[02]/.test(label));
}

/** What it is told besides its name. */
export interface Told {
  args?: string[];
  env?: Record<string, string>;
}

/** A recipe's command on a runtime, which is good until `remove` is called. */
export interface Prepared {
  command: string[];
  remove(): Promise<void>;
}

/** As its reader has it: out of this repository, with the packed library. */
export async function prepare({ command }: Runner, recipe: string): Promise<Prepared> {
  const { dir, remove } = await copied(recipe);
  return { command: [...command, `${dir}/${recipe}`], remove };
}

/** What it prints; throws if that is not all, or if it does not end well. */
export async function printed(
  runner: Runner,
  recipe: string,
  { args = [], env = {} }: Told = {},
): Promise<string[]> {
  const { command, remove } = await prepare(runner, recipe);
  try {
    return await run([...command, ...args], env);
  } finally {
    await remove();
  }
}

/** What a program prints, line by line; throws as `printed` does. */
export async function run(
  [file = "", ...args]: string[],
  env: Record<string, string> = {},
): Promise<string[]> {
  const { code, stdout, stderr } = await new Deno.Command(file, {
    args,
    signal: AbortSignal.timeout(20_000),
    env: { NO_COLOR: "1", ...env },
  }).output();
  const text = new TextDecoder();
  assertEquals([code, text.decode(stderr)], [0, ""]);
  return text.decode(stdout).trim().split("\n");
}
