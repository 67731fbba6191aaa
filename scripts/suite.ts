// Runs the test files on one runtime, and adds up what its reports say.

import type { Case } from "./junit.ts";
import { type Ended, run, tail } from "./process.ts";
import { say, seconds, show, stop } from "./progress.ts";
import type { Job, Runtime } from "./runtimes.ts";
import type { Std } from "./std.ts";

export interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

/** What a process may take in all; a test that hangs has failed by its own limit long before. */
const LIMIT = 120_000;
/** The same for one that runs all files. */
const LONG_LIMIT = 300_000;
const REPORTS = ".cache/reports";

/** Runs one after the other, since tests of time would suffer from company. */
export async function runSuite(runtime: Runtime, jobs: Job[], std: Std): Promise<Count> {
  const total = { passed: 0, failed: 0, skipped: 0 };
  const begun = performance.now();
  await Deno.mkdir(REPORTS, { recursive: true });
  const skipped: Case[] = [];
  for (const [i, job] of jobs.entries()) {
    show(() => `${runtime.label}   ${i + 1}/${jobs.length}   ${job.title}   ${seconds(begun)}`);
    const cases = await runJob(runtime, job, std);
    stop();
    for (const one of cases) total[one.outcome]++;
    for (const one of cases) if (one.outcome === "failed") report(runtime, job, one);
    skipped.push(...cases.filter(({ outcome }) => outcome === "skipped"));
  }
  say(line(runtime, total, begun));
  for (const reason of reasons(skipped)) say(`    ${reason}`);
  return total;
}

/** Why tests were skipped, as far as that is known, with how many for each reason. */
function reasons(skipped: Case[]): string[] {
  const known = skipped.filter(({ message }) => message);
  const by = Map.groupBy(known, ({ path, message }) => `${path[0]}: ${message}`);
  return [...by].map(([reason, cases]) => `${cases.length} skipped in ${reason}`);
}

function line({ label }: Runtime, { passed, failed, skipped }: Count, begun: number): string {
  const counts = `${passed} passed, ${failed} failed, ${skipped} skipped`;
  return `${label.padEnd(25)} ${counts}   ${seconds(begun)}`;
}

function report({ label }: Runtime, { title }: Job, { path, message }: Case): void {
  say(`\nFAILED  ${label}  ${[title, ...path].filter(Boolean).join(" > ")}`);
  say(message.split("\n").slice(0, 40).map((text) => `    ${text}`).join("\n") + "\n");
}

async function runJob(runtime: Runtime, job: Job, std: Std): Promise<Case[]> {
  const report = `${Deno.cwd()}/${REPORTS}/${runtime.name}.xml`;
  await Deno.remove(report).catch(() => {});
  let files = job.files;
  try {
    if (runtime.prepare) files = await runtime.prepare(files);
  } catch (error) {
    return [failure(`cannot be bundled: ${(error as Error).message}`)];
  }
  const command = runtime.command({ ...job, files }, { report, std });
  const limit = runtime.together ? LONG_LIMIT : LIMIT;
  const ended = await run(command, { env: { PROXYPOOL_STD: std }, limit });
  const written = await Deno.readTextFile(report).catch(() => "");
  const cases = runtime.read({ files: job.files, report: written, ...ended });
  explain(cases, ended);
  return [...cases, ...judge(ended, cases, limit)];
}

/** A test that was cancelled does not say why; the output does. */
function explain(cases: Case[], { output }: Ended): void {
  const cancelled = cases.find(({ message }) => /^(Cancelled$|'test did not finish)/.test(message));
  if (cancelled) cancelled.message += `\nLast output:\n${tail(output)}`;
}

/** What the process did wrong that no test of its report tells. */
function judge({ code, late, output }: Ended, cases: Case[], limit: number): Case[] {
  const why = late
    ? `does not end, killed after ${limit / 1000} s; its last output:`
    : code !== 0 && !cases.some(({ outcome }) => outcome === "failed")
    ? `exit code ${code}, though no test failed; its last output:`
    : cases.length === 0
    ? "holds no test; its output:"
    : undefined;
  return why ? [failure(`${why}\n${tail(output)}`)] : [];
}

function failure(message: string): Case {
  return { path: [], outcome: "failed", message };
}
