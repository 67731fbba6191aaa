// Runs the suite on every runtime, each fetched at its pinned version, and adds up what they report.

import { endBundling } from "./bundle.ts";
import { called, exit, names, processes, read } from "./command_line.ts";
import { fetchBinary, isFetched } from "./fetch.ts";
import { installAll } from "./packages.ts";
import { inSeconds, say, seconds, show } from "./progress.ts";
import { type Job, jobsOf, type Runtime, RUNTIMES, visits } from "./runtimes.ts";
import { Slots } from "./slots.ts";
import { documents, testFiles } from "./sources.ts";
import { describeStd, findStd, type Std, stdFromSources } from "./std.ts";
import { type Count, runSuite } from "./suite.ts";

const usual = RUNTIMES.filter(({ usual }) => usual);
const HELP = `deno task test [${names} ...] [--filter TEXT] [--jobs N] [--times] [--std DIR]

Runs the suite on the runtimes named, by default ${usual.map(({ name }) => name).join(", ")}.
"workerd": all four of its kinds, which differ in compatibility date and flags.
--filter TEXT   only files with TEXT in their path ("examples": those of the documentation)
--jobs N        so many processes side by side, by default twice as many as there are cores
--times         tells which of them took longest
--std DIR       on Deno, @std from DIR, a checkout of github.com/denoland/std: see CONTRIBUTING.md`;

const OPTIONS = {
  filter: { type: "string" },
  jobs: { type: "string" },
  times: { type: "boolean" },
  std: { type: "string" },
} as const;

interface Wish {
  runtimes: Runtime[];
  filter: string;
  slots: Slots;
  times: boolean;
  /** Where @std is from; undefined: from wherever it is found. */
  std: Std | undefined;
}

/** Ends the process on --help, and on what it does not know. */
function parse(args: string[]): Wish {
  const { positionals, values } = read(args, OPTIONS, HELP);
  if (values.filter === "") exit(2, "--filter: no text follows, give a part of a path");
  return {
    runtimes: positionals.length > 0 ? [...new Set(positionals.flatMap(called))] : usual,
    filter: values.filter ?? "",
    slots: new Slots(processes(values.jobs)),
    times: values.times ?? false,
    std: values.std === undefined ? undefined : fromSources(values.std),
  };
}

function fromSources(dir: string): Std {
  try {
    return stdFromSources(dir);
  } catch (error) {
    exit(2, (error as Error).message);
  }
}

/** Fetches what is missing, all at once; tells of each whether it is there. */
function fetchAll(runtimes: Runtime[]): Map<Runtime, Promise<boolean>> {
  const begun = performance.now();
  const missing = runtimes.filter(({ binary }) => binary && !isFetched(binary));
  const labels = missing.map(({ label }) => label).join(", ");
  if (labels) say(`Fetching ${labels} from the npm registry (some 40 MB each) ...`);
  if (labels) show(() => `fetching ${labels}   ${seconds(begun)}`);
  return new Map(runtimes.map((runtime) => {
    const there = missing.includes(runtime) ? fetchOne(runtime, begun) : Promise.resolve(true);
    return [runtime, there];
  }));
}

async function fetchOne({ label, binary }: Runtime, begun: number): Promise<boolean> {
  try {
    await fetchBinary(binary!);
    say(`fetched ${label}   ${seconds(begun)}`);
    return true;
  } catch (error) {
    say(`FAILED  ${label}  ${(error as Error).message}`);
    return false;
  }
}

function allJobs(filter: string): Job[] {
  const tests = testFiles().map((file) => ({ title: file, files: [file], examples: false }));
  const examples = { title: "examples", files: documents(), examples: true };
  return [...tests, examples].filter(({ title }) => title.includes(filter));
}

/** Where the processes run that run all files by themselves: they wait for the most part. */
function laneOf(parts: Part[], slots: Slots): Slots {
  return parts.every(({ runtime }) => runtime.together) || slots.size === 1 ? slots : new Slots(2);
}

/** What a runtime has to do, in as many processes as it needs. */
interface Part {
  runtime: Runtime;
  jobs: Job[];
}

/** A filter may leave nothing for some. */
function partsOf({ runtimes, filter }: Wish): Part[] {
  const all = allJobs(filter);
  if (all.length === 0) exit(2, `--filter ${filter}: in the path of no test file`);
  const parts = runtimes.map((runtime) => ({ runtime, jobs: jobsOf(runtime, all) }))
    .filter(({ jobs }) => jobs.length > 0 || !filter);
  if (parts.length > 0) return parts;
  exit(2, `--filter ${filter}: in the path of no test file for these`);
}

async function runPart(
  { runtime, jobs }: Part,
  filter: string,
  slots: Slots,
  std: Std,
): Promise<Count> {
  // The real standard library is for Deno alone.
  const count = await runSuite(runtime, jobs, runtime.prepare ? "local" : std, slots);
  if (count.passed + count.failed > 0) return count;
  // Where a filter leaves only what this runtime cannot do, that is said already.
  if (filter && count.skipped > 0) return count;
  say(`FAILED  ${runtime.label}  ran no test`);
  return { ...count, failed: 1 };
}

async function main(): Promise<void> {
  const wish = parse(Deno.args);
  const parts = partsOf(wish);
  const visiting = parts.some(({ jobs }) => jobs.some(visits));
  const fetched = fetchAll(visiting ? wish.runtimes : parts.map(({ runtime }) => runtime));
  const allFetched = Promise.all(fetched.values());
  // A filter may leave nothing that wants them; whoever does installs them, too, and tells of a failure.
  const packages = visiting && !wish.filter ? installAll().catch(() => {}) : undefined;
  const allThere = Promise.all([allFetched, packages]);
  const std = wish.std ?? await findStd();
  say(describeStd(std));
  const lane = laneOf(parts, wish.slots);
  const counts = await Promise.all(parts.map(async ({ runtime, jobs }) => {
    const own = jobs.map((job) => visits(job) ? { ...job, after: allThere } : job);
    const slots = runtime.together ? lane : wish.slots;
    if (!await fetched.get(runtime)) return NONE;
    return await runPart({ runtime, jobs: own }, wish.filter, slots, std);
  }));
  await endBundling();
  if (wish.times) say(slowest(new Set([wish.slots, lane])).join("\n"));
  const unfetched = (await allFetched).filter((there) => !there).length;
  const { passed, failed, skipped } = sum([...counts, { ...NONE, failed: unfetched }]);
  say(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  Deno.exit(failed > 0 ? 1 : 0);
}

/** A line for each that took longest. */
function slowest(all: Set<Slots>): string[] {
  return [...all].flatMap(({ ended }) => ended).toSorted(([, a], [, b]) => b - a).slice(0, 20)
    .map(([name, ms]) => `${inSeconds(ms).padStart(8)}  ${name}`);
}

const NONE: Count = { passed: 0, failed: 0, skipped: 0 };

function sum(counts: Count[]): Count {
  const total = { ...NONE };
  for (const { passed, failed, skipped } of counts) {
    total.passed += passed;
    total.failed += failed;
    total.skipped += skipped;
  }
  return total;
}

await main();
