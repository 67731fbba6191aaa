// Installs the package for npm as a user does, and tests that: its files, its types, its behaviour.

import { endBundling } from "./bundle.ts";
import { called, exit, names, processes, read } from "./command_line.ts";
import { fetchBinary, isFetched } from "./fetch.ts";
import { type Check, runChecks } from "./npm/check.ts";
import { loadChecks } from "./npm/load_checks.ts";
import { packAgain, packSources } from "./npm/pack.ts";
import { packageChecks } from "./npm/package_checks.ts";
import { faultCheck, findTests, onPackage, type Tests } from "./npm/suite_checks.ts";
import { fetchTools } from "./npm/tools.ts";
import { typeChecks } from "./npm/type_checks.ts";
import { fill } from "./npm/workspace.ts";
import { say } from "./progress.ts";
import { jobsOf, type Runtime, RUNTIMES } from "./runtimes.ts";
import { Slots } from "./slots.ts";
import { type Count, runSuite } from "./suite.ts";

const HELP = `deno task test:npm [${names} ...] [--filter TEXT] [--package PATH] [--jobs N]

Packs these sources, installs the tarball into a folder of its own, and tests what is there now: the
package and its types, how each runtime loads it, and the suite's tests of behaviour on it.
Runtimes: those named, by default all. Deno, whose users have JSR, only has to load it.
--filter TEXT   only test files with TEXT in their path
--package PATH  not these sources, but the package in this folder or tarball: that of deno task
                build:npm is in .cache/npm
--jobs N        so many processes side by side, by default twice as many as there are cores`;

interface Wish {
  runtimes: Runtime[];
  tests: Tests;
  slots: Slots;
  /** The package; if it is empty, it is made of the sources. */
  built: string;
}

/** Ends the process on --help, and on what it does not know. */
function parse(args: string[]): Wish {
  const text = { type: "string" } as const;
  const options = { filter: text, package: text, jobs: text };
  const { positionals, values } = read(args, options, HELP);
  const tests = findTests(values.filter ?? "");
  if (tests.jobs.length === 0) exit(2, `--filter ${values.filter}: in the path of no test file`);
  return {
    runtimes: positionals.length > 0 ? [...new Set(positionals.flatMap(called))] : RUNTIMES,
    tests,
    slots: new Slots(processes(values.jobs)),
    built: values.package ?? "",
  };
}

async function fetchAll(runtimes: Runtime[]): Promise<void> {
  await fetchTools();
  for (const { binary } of runtimes) {
    if (binary && !isFetched(binary)) await fetchBinary(binary);
  }
}

/** In the folder where the package is installed. */
async function testAll(
  { runtimes, tests, slots }: Wish,
  tarball: string,
  sources: string,
): Promise<Count> {
  const suites = runtimes.filter(({ prepare }) => prepare);
  const checks: Check[] = [
    ...packageChecks(tarball, sources),
    ...typeChecks(),
    ...loadChecks(runtimes.filter(({ together }) => !together)),
    ...suites.map(faultCheck),
  ];
  const failed = await runChecks(checks);
  const counts = await Promise.all(
    suites.map((runtime) =>
      runSuite(onPackage(runtime), jobsOf(runtime, tests.jobs), "local", slots)
    ),
  );
  for (const [file, internals] of tests.left) {
    say(`skipped  ${file}, which looks into ${internals}`);
  }
  const own = { passed: checks.length - failed, failed, skipped: tests.left.length };
  return [own, ...counts].reduce(add);
}

function add(one: Count, other: Count): Count {
  return {
    passed: one.passed + other.passed,
    failed: one.failed + other.failed,
    skipped: one.skipped + other.skipped,
  };
}

/** In a folder of its own, which is gone afterwards. */
async function testPackage(wish: Wish): Promise<Count> {
  await fetchAll(wish.runtimes);
  const sources = Deno.cwd();
  const dir = await Deno.makeTempDir({ prefix: "proxypool-npm-" });
  try {
    const packed = `${dir}/packed`;
    await Deno.mkdir(packed);
    const tarball = await (wish.built ? packAgain(wish.built, packed) : packSources(packed));
    await fill(dir, tarball);
    Deno.chdir(dir);
    return await testAll(wish, tarball, sources);
  } finally {
    await endBundling();
    Deno.chdir(sources);
    await Deno.remove(dir, { recursive: true });
  }
}

async function main(): Promise<void> {
  const wish = parse(Deno.args);
  const { passed, failed, skipped } = await testPackage(wish).catch(noPackage);
  say(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  Deno.exit(failed > 0 ? 1 : 0);
}

/** What there is to test could not be made, or not be installed. */
function noPackage(error: Error): Count {
  say(`FAILED   ${error.message}`);
  return { passed: 0, failed: 1, skipped: 0 };
}

await main();
