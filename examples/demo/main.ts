// The demo: one service over PostgreSQL, measured without and with a pool. See --help.
import { once } from "node:events";
import { Connections } from "./connections.ts";
import { openDatabase } from "./database.ts";
import { faults, measure, type Result, type Setup } from "./measure.ts";
import { HELP, parseOptions, UsageError } from "./options.ts";
import { hint, line, progress, table } from "./report.ts";
import { listen } from "./server.ts";
import { type Phase, phases, pooled } from "./service.ts";
import { Interrupted, onInterrupt } from "./signals.ts";

async function main(args: string[]): Promise<number> {
  const options = parseOptions(args);
  if (options.help) {
    console.log(HELP);
    return 0;
  }
  using interrupt = onInterrupt();
  const { signal } = interrupt;
  // Before the database, which takes seconds to start: a busy port is told at once.
  await using server = listen(options.port);
  hint("Starting the database …");
  await using database = await openDatabase(Deno.env.get("DATABASE_URL"), signal);
  return await (options.serve ? serve : compare)({ options, server, database, signal });
}

async function serve({ options, server, database, signal }: Setup): Promise<number> {
  const { connect } = new Connections(database.url("proxypool demo"));
  await using service = pooled.open(connect, options.poolSize);
  server.handler = service.handle;
  console.log(`Over ${database.name}: ${server.url}/sum/100 and ${server.url}/stats (Ctrl-C ends)`);
  if (!signal.aborted) await once(signal, "abort");
  hint("Shutting down …");
  await server[Symbol.asyncDispose]();
  return 0;
}

async function compare(setup: Setup): Promise<number> {
  const { requests, concurrency, poolSize } = setup.options;
  line(`${requests} requests a phase, ${concurrency} at a time, over ${setup.database.name}`);
  const results: Result[] = [];
  for (const phase of phases) {
    const result = await rehearsed(setup, phase);
    line(`${phase.name}: ${result.seconds.toFixed(1)} s`);
    results.push(result);
  }
  console.log(`\n${table(results)}\n`);
  const found = results.flatMap((result) => faults(result, poolSize));
  for (const fault of found) console.error(`FAILED: ${fault}`);
  if (found.length === 0) {
    console.log(`No error, no leak, never more than ${poolSize} in the pool.`);
  }
  return found.length === 0 ? 0 : 1;
}

/** Else the first phase would pay for the compilation of the code that all share. */
async function rehearsed(setup: Setup, phase: Phase): Promise<Result> {
  const { requests, poolSize } = setup.options;
  const rehearsal = await measure(setup, phase, Math.min(requests, 200), () => {});
  if (faults(rehearsal, poolSize).length > 0) return rehearsal;
  return await measure(setup, phase, requests, progress(phase.name, requests));
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
