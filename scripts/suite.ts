// Runs the test files on one runtime, and adds up what its reports say.

import type { Case } from "./junit.ts";
import { type Ended, run, tail } from "./process.ts";
import { say, seconds, show, stop } from "./progress.ts";
import { type Job, rankOf, type Runtime } from "./runtimes.ts";
import { Slots } from "./slots.ts";
import type { Std } from "./std.ts";

export interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

/** For how long a process may print nothing; a test that hangs has failed by its own limit before. */
const SILENCE = 120_000;
/** What it may take in all. */
const LIMIT = 300_000;
const REPORTS = ".cache/reports";

/** Runs each job once there is a slot for it: by default, one after the other, the longest first. */
export async function runSuite(
  runtime: Runtime,
  jobs: Job[],
  std: Std,
  slots: Slots = new Slots(1),
): Promise<Count> {
  const begun = performance.now();
  await Deno.mkdir(REPORTS, { recursive: true });
  const cases = await runAll(runtime, jobs, std, slots);
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const { outcome } of cases) total[outcome]++;
  say(line(runtime, total, begun));
  for (const reason of reasons(cases)) say(`    ${reason}`);
  return total;
}

async function runAll(runtime: Runtime, jobs: Job[], std: Std, slots: Slots): Promise<Case[]> {
  try {
    const ready = await prepared(runtime, jobs);
    return (await Promise.all(ready.map((one) => runInTurn(runtime, one, std, slots)))).flat();
  } catch (error) {
    const fault = failure(`cannot be bundled: ${(error as Error).message}`);
    report(runtime.label, fault);
    return [fault];
  }
}

/** A job, and the files that the runtime runs for it. */
interface Ready {
  job: Job;
  made: string[];
}

/** Of all files at once: what they share is then read once. */
async function prepared({ prepare, together }: Runtime, jobs: Job[]): Promise<Ready[]> {
  if (prepare === undefined) return jobs.map((job) => ({ job, made: job.files }));
  const files = jobs.flatMap((job) => job.files);
  const made = await prepare(files);
  const by = new Map(files.map((file, i) => [file, made[i]!]));
  return jobs.map((job) => ({
    job,
    made: together ? made : job.files.map((file) => by.get(file)!),
  }));
}

/** What takes long comes first, so that the end finds every slot at work. */
async function runInTurn(
  runtime: Runtime,
  ready: Ready,
  std: Std,
  slots: Slots,
): Promise<Case[]> {
  const { job } = ready;
  await job.after;
  const name = `${runtime.label}  ${job.title}`.trim();
  const cases = await slots.run(name, rankOf(job), () => {
    show(() => progress(slots));
    return runJob(runtime, ready, std);
  });
  if (slots.running.size === 0) stop();
  for (const one of cases) if (one.outcome === "failed") report(name, one);
  return cases;
}

function progress({ ended, known, running }: Slots): string {
  return `${ended.length}/${known}   ${seconds(0)}   ${[...running].join(", ")}`;
}

/** Why tests were skipped, as far as that is known, with how many for each reason. */
function reasons(cases: Case[]): string[] {
  const known = cases.filter(({ outcome, message }) => outcome === "skipped" && message);
  const by = Map.groupBy(known, ({ path, message }) => `${path[0]}: ${message}`);
  return [...by].map(([reason, cases]) => `${cases.length} skipped in ${reason}`);
}

function line({ label }: Runtime, { passed, failed, skipped }: Count, begun: number): string {
  const counts = `${passed} passed, ${failed} failed, ${skipped} skipped`;
  return `${label.padEnd(25)} ${counts}   ${seconds(begun)}`;
}

function report(name: string, { path, message }: Case): void {
  say(`\nFAILED  ${[name, ...path].filter(Boolean).join(" > ")}`);
  const lines = message.split("\n").slice(0, 40).map((text) => `    ${text.slice(0, 500)}\n`);
  say(lines.join(""));
}

async function runJob(runtime: Runtime, { job, made }: Ready, std: Std): Promise<Case[]> {
  // Its own, for those who run the suite more than once at a time.
  const report = await Deno.makeTempFile({ dir: `${Deno.cwd()}/${REPORTS}`, suffix: ".xml" });
  try {
    const command = runtime.command({ ...job, files: made }, { report, std });
    const env = { PROXYPOOL_STD: std };
    const ended = await run(command, { env, limit: LIMIT, silence: SILENCE });
    const written = await Deno.readTextFile(report);
    const cases = runtime.read({ files: job.files, report: written, ...ended });
    explain(cases, ended);
    return [...cases, ...judge(ended, cases)];
  } catch (error) {
    return [failure(`cannot be run: ${(error as Error).message}`)];
  } finally {
    await Deno.remove(report).catch(() => {});
  }
}

/** A test that was cancelled does not say why; the output does. */
function explain(cases: Case[], { output }: Ended): void {
  const cancelled = cases.find(({ message }) => /^(Cancelled$|'test did not finish)/.test(message));
  if (cancelled) cancelled.message += `\nLast output:\n${tail(output)}`;
}

/** What the process did wrong that no test of its report tells. */
function judge({ code, late, output }: Ended, cases: Case[]): Case[] {
  const why = late
    ? `killed after ${LIMIT / 1000} s, or ${SILENCE / 1000} s in silence; its last output:`
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
