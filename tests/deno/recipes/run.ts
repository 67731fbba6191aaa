// Runs a recipe as its reader does, on every runtime that takes it as it stands and has been fetched.

import { assertEquals } from "@std/assert";
import { type Runner, runners } from "../../helpers/program.ts";

/** Those that run TypeScript as it stands: Node does since 23. */
export function takers(): Runner[] {
  return runners().filter(({ label }) => !/^node 2[02]/.test(label));
}

/** What it prints; throws if that is not all, or if it does not end well. */
export async function printed({ command }: Runner, recipe: string): Promise<string[]> {
  const [file = "", ...args] = command;
  const path = new URL(`../../../examples/recipes/${recipe}`, import.meta.url).pathname;
  const { code, stdout, stderr } = await new Deno.Command(file, {
    args: [...args, path],
    signal: AbortSignal.timeout(20_000),
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder();
  assertEquals([code, text.decode(stderr)], [0, ""]);
  return text.decode(stdout).trim().split("\n");
}
