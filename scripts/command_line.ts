// What the scripts that run the suite have in common on their command lines.

import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { type Runtime, RUNTIMES } from "./runtimes.ts";

/** The names of the runtimes, for people. */
export const names: string = RUNTIMES.map(({ name }) => name).join(" | ");

/** Reads `args`; ends the process with `help` if that is asked for, or if there is an unknown one. */
export function read<O extends ParseArgsOptionsConfig>(args: string[], options: O, help: string) {
  if (args.includes("--help") || args.includes("-h")) exit(0, help);
  try {
    return parseArgs({ args, allowPositionals: true, options });
  } catch (error) {
    exit(2, `${(error as Error).message}\n\n${help}`);
  }
}

/** The runtimes of that name; ends the process if there are none. */
export function called(name: string): Runtime[] {
  const runtimes = RUNTIMES.filter((one) => one.name === name || one.name.startsWith(`${name}-`));
  return runtimes.length > 0 ? runtimes : exit(2, `${name}: no such runtime, known are: ${names}`);
}

/** How many run side by side: as `--jobs` says, or twice as many as there are cores, for most of them wait. */
export function processes(jobs = String(2 * navigator.hardwareConcurrency)): number {
  return /^[1-9]\d*$/.test(jobs) ? Number(jobs) : exit(2, `--jobs ${jobs}: not a number from 1 on`);
}

export function exit(code: number, text: string): never {
  (code === 0 ? console.log : console.error)(text);
  Deno.exit(code);
}
