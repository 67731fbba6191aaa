// The demo: one service over PostgreSQL, measured without a pool, with one, and with one behind a proxy. See --help.
import { HELP, parseOptions, UsageError } from "./options.ts";
import { line, patiently } from "./report.ts";
import { Interrupted, onInterrupt } from "./signals.ts";

/** Not to be seen by Deno before it runs: else it fetches pg before anybody can say so. */
const RUN = new URL("./run.ts", import.meta.url).href;

async function main(args: string[]): Promise<number> {
  const options = parseOptions(args);
  if (options.help) {
    console.log(HELP);
    return 0;
  }
  using interrupt = onInterrupt();
  const loading: Promise<typeof import("./run.ts")> = import(RUN);
  const { run } = await patiently("pg", loading);
  return await run(options, interrupt.signal);
}

function exitCode(error: unknown): number {
  if (error instanceof Interrupted) {
    line("Interrupted: all closed.");
    return error.exitCode;
  }
  line(error instanceof Error ? error.message : String(error));
  return error instanceof UsageError ? 2 : 1;
}

Deno.exitCode = await main(Deno.args).catch(exitCode);
