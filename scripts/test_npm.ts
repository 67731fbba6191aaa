// Installs the package for npm as a user does, and tests that: its files, its types, its behaviour.

import { endBundling } from "./bundle.ts";
import { fetchBinary, isFetched } from "./fetch.ts";
import { type Check, runChecks } from "./npm/check.ts";
import { loadChecks } from "./npm/load_checks.ts";
import { packAgain, packSources } from "./npm/pack.ts";
import { packageChecks } from "./npm/package_checks.ts";
import { faultCheck, jobs, jobsOf, onPackage } from "./npm/suite_checks.ts";
import { fetchTools } from "./npm/tools.ts";
import { typeChecks } from "./npm/type_checks.ts";
import { fill } from "./npm/workspace.ts";
import { say } from "./progress.ts";
import { type Runtime, RUNTIMES } from "./runtimes.ts";
import { type Count, runSuite } from "./suite.ts";

const names = RUNTIMES.map(({ name }) => name).join(" | ");
const HELP = `deno task test:npm [${names} ...] [--filter TEXT] [--package PATH]

Packs these sources, installs the tarball into a folder of its own, and tests what is there now: the
package and its types, how each runtime loads it, and the suite's tests of behaviour on it.
Runtimes: those named, by default all. Deno, whose users have JSR, only has to load it.
--filter TEXT   only test files with TEXT in their path
--package PATH  not these sources, but the package in this folder or tarball: that of deno task
                build:npm is in .cache/npm`;

interface Wish {
  runtimes: Runtime[];
  filter: string;
  built: string;
}

/** Ends the process on --help, and on what it does not know. */
function parse(args: string[]): Wish {
  const wish: Wish = { runtimes: [], filter: "", built: "" };
  for (let i = 0; i < args.length; i++) {
    const [arg, value] = [args[i]!, args[i + 1]];
    const runtimes = RUNTIMES.filter(({ name }) => name === arg || name.startsWith(`${arg}-`));
    if (arg === "--help" || arg === "-h") exit(0, HELP);
    else if (arg === "--filter" && value) wish.filter = args[++i]!;
    else if (arg === "--package" && value) wish.built = args[++i]!;
    else if (runtimes.length > 0) wish.runtimes.push(...runtimes);
    else exit(2, `${arg}: no such runtime or option, or no value for it\n\n${HELP}`);
  }
  if (wish.runtimes.length === 0) wish.runtimes = RUNTIMES;
  return wish;
}

function exit(code: number, text: string): never {
  (code === 0 ? console.log : console.error)(text);
  Deno.exit(code);
}

async function fetchAll(runtimes: Runtime[]): Promise<void> {
  await fetchTools();
  for (const { binary } of runtimes) {
    if (binary && !isFetched(binary)) await fetchBinary(binary);
  }
}

/** In the folder where the package is installed. */
async function testAll(wish: Wish, tarball: string, sources: string): Promise<Count> {
  const sum: Count = { passed: 0, failed: 0, skipped: 0 };
  const alone = wish.runtimes.filter(({ together }) => !together);
  const suites = wish.runtimes.filter(({ prepare }) => prepare);
  const checks: Check[] = [
    ...packageChecks(tarball, sources),
    ...typeChecks(),
    ...loadChecks(alone),
    ...suites.map(faultCheck),
  ];
  sum.failed = await runChecks(checks);
  sum.passed = checks.length - sum.failed;
  const all = jobs(wish.filter);
  for (const runtime of suites) {
    const count = await runSuite(onPackage(runtime), jobsOf(runtime, all), "local");
    sum.passed += count.passed;
    sum.failed += count.failed;
    sum.skipped += count.skipped;
  }
  return sum;
}

/** In a folder of its own, which is gone afterwards. */
async function testPackage(wish: Wish): Promise<Count> {
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
  await fetchAll(wish.runtimes);
  const { passed, failed, skipped } = await testPackage(wish);
  say(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  Deno.exit(failed > 0 ? 1 : 0);
}

await main();
