// Run: opens the server and the database, and serves, or measures each way and compares them.
import { openDatabase } from "./database.ts";
import { faults, measure, type Result, type Setup } from "./measure.ts";
import type { Options } from "./options.ts";
import { comparison, hint, line, progress, table } from "./report.ts";
import { serve } from "./serve.ts";
import { listen } from "./server.ts";
import { phases } from "./service.ts";

/** Returns the exit code. */
export async function run(options: Options, signal: AbortSignal): Promise<number> {
  // Before the database, which takes seconds to start: a busy port is told at once.
  await using server = listen(options.port);
  hint("Starting the database …");
  await using database = await openDatabase(Deno.env.get("DATABASE_URL"), signal);
  return await (options.serve ? serve : compare)({ options, server, database, signal });
}

async function compare(setup: Setup): Promise<number> {
  const { requests, concurrency, seconds, poolSize } = setup.options;
  line(`${requests} requests or ${seconds} s each way, by turns, ${concurrency} at a time,`);
  line(`each a transaction of four queries, over ${setup.database.name}`);
  const results = await rehearse(setup) ?? await measureAll(setup);
  console.log(`\n${table(results)}\n`);
  const found = results.flatMap((result) => faults(result, poolSize));
  for (const fault of found) console.error(`FAILED: ${fault}`);
  if (found.length === 0) {
    const capped = `never over ${poolSize} in a pool`;
    console.log(`No error, no leak, each request on one connection, ${capped}.`);
    if (setup.database.remark) console.log(setup.database.remark);
    console.log(comparison(results));
  }
  return found.length === 0 ? 0 : 1;
}

/** Else the first phase would pay for the compilation of what all share. Returns what failed. */
async function rehearse(setup: Setup): Promise<Result[] | undefined> {
  hint("Rehearsing …");
  const results = await measure(setup, phases, Math.min(setup.options.requests, 100), () => {});
  const failed = results.filter((result) => faults(result, setup.options.poolSize).length > 0);
  return failed.length > 0 ? failed : undefined;
}

async function measureAll(setup: Setup): Promise<Result[]> {
  const { requests } = setup.options;
  const bars = new Map(phases.map((phase) => [phase, progress(phase.name, requests)]));
  const results = await measure(setup, phases, requests, (phase, done) => bars.get(phase)!(done));
  hint(`Measured for ${results.reduce((sum, { seconds }) => sum + seconds, 0).toFixed(0)} s.`);
  return results;
}
