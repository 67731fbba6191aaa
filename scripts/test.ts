// Runs the suite on every runtime, each fetched at its pinned version, and adds up what they report.

import { endBundling } from "./bundle.ts";
import { fetchBinary, isFetched } from "./fetch.ts";
import { say, seconds, show, stop } from "./progress.ts";
import { type Job, type Runtime, RUNTIMES } from "./runtimes.ts";
import { documents, testFiles } from "./sources.ts";
import { describeStd, findStd, type Std } from "./std.ts";
import { type Count, runSuite } from "./suite.ts";

const names = RUNTIMES.map(({ name }) => name).join(" | ");
const usual = RUNTIMES.filter(({ usual }) => usual);
const HELP = `deno task test [${names} ...] [--filter TEXT]

Runs the suite on the runtimes named, by default ${usual.map(({ name }) => name).join(", ")}.
"workerd": all four of its kinds, which differ in compatibility date and flags.
--filter TEXT   only files with TEXT in their path ("examples": those of the documentation)`;

interface Wish {
  runtimes: Runtime[];
  filter: string;
}

/** Ends the process on --help, and on what it does not know. */
function parse(args: string[]): Wish {
  const wish: Wish = { runtimes: [], filter: "" };
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    const runtimes = RUNTIMES.filter(({ name }) => name === arg || name.startsWith(`${arg}-`));
    if (arg === "--help" || arg === "-h") exit(0, HELP);
    else if (arg.startsWith("--filter=")) wish.filter = arg.slice("--filter=".length);
    else if (arg === "--filter" && args[i + 1]) wish.filter = args[++i]!;
    else if (arg === "--filter") exit(2, "--filter: no text follows, give a part of a path");
    else if (runtimes.length > 0) wish.runtimes.push(...runtimes);
    else exit(2, `${arg}: no such runtime or option, known are: ${names} | --filter TEXT | --help`);
  }
  if (wish.runtimes.length === 0) wish.runtimes = usual;
  return wish;
}

function exit(code: number, text: string): never {
  (code === 0 ? console.log : console.error)(text);
  Deno.exit(code);
}

/** Fetches what is missing, all at once. Returns those that there are now. */
async function fetchAll(runtimes: Runtime[]): Promise<Runtime[]> {
  const missing = runtimes.filter(({ binary }) => binary && !isFetched(binary));
  if (missing.length === 0) return runtimes;
  const begun = performance.now();
  const waiting = new Set(missing.map(({ label }) => label));
  say(`Fetching ${[...waiting].join(", ")} from the npm registry (some 40 MB each) ...`);
  show(() => `fetching ${[...waiting].join(", ")}   ${seconds(begun)}`);
  const failed = new Map<Runtime, string>();
  await Promise.all(missing.map(async (runtime) => {
    await fetchBinary(runtime.binary!).catch((error) => failed.set(runtime, error.message));
    waiting.delete(runtime.label);
    if (!failed.has(runtime)) say(`fetched ${runtime.label}   ${seconds(begun)}`);
  }));
  stop();
  for (const [{ label }, why] of failed) say(`FAILED  ${label}  ${why}`);
  return runtimes.filter((runtime) => !failed.has(runtime));
}

function allJobs(filter: string): Job[] {
  const tests = testFiles().map((file) => ({ title: file, files: [file], examples: false }));
  const examples = { title: "examples", files: documents(), examples: true };
  return [...tests, examples].filter(({ title }) => title.includes(filter));
}

function together(jobs: Job[]): Job {
  return { title: "", files: jobs.flatMap(({ files }) => files), examples: false };
}

/** One runtime's part. */
async function runOn(runtime: Runtime, jobs: Job[], std: Std, filter: string): Promise<Count> {
  const each = jobs.filter(runtime.takes);
  const own = runtime.together ? [together(each)] : each;
  // The standard library from JSR is for Deno alone.
  const count = await runSuite(runtime, own, runtime.prepare ? "local" : std);
  if (count.passed + count.failed > 0) return count;
  // Where a filter leaves only what this runtime cannot do, that is said already.
  if (filter && count.skipped > 0) return count;
  say(`FAILED  ${runtime.label}  ran no test`);
  return { ...count, failed: 1 };
}

async function main(): Promise<void> {
  const { runtimes, filter } = parse(Deno.args);
  const jobs = allJobs(filter);
  if (jobs.length === 0) exit(2, `--filter ${filter}: in the path of no test file`);
  const std = await findStd();
  say(describeStd(std));
  // A filter may leave nothing for some, but not for all.
  const wanted = runtimes.filter((runtime) => !filter || jobs.some(runtime.takes));
  if (wanted.length === 0) exit(2, `--filter ${filter}: in the path of no test file for these`);
  const ready = await fetchAll(wanted);
  const sum: Count = { passed: 0, failed: wanted.length - ready.length, skipped: 0 };
  for (const runtime of ready) {
    const { passed, failed, skipped } = await runOn(runtime, jobs, std, filter);
    sum.passed += passed;
    sum.failed += failed;
    sum.skipped += skipped;
  }
  await endBundling();
  say(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
  Deno.exit(sum.failed > 0 ? 1 : 0);
}

await main();
