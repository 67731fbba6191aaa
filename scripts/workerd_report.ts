// Reads what tests/std/bdd_workerd.ts prints, and what workerd itself says of each file.

import type { Case } from "./junit.ts";

const MARK = "proxypool-tests ";

type Line = Case | { ended: string };

/** Every test with its path, whose beginning is its file; and each file that did not come to a good end. */
export function readWorkerd(files: string[], stdout: string, stderr: string): Case[] {
  const lines = stdout.split("\n").filter((line) => line.startsWith(MARK))
    .map((line): Line => JSON.parse(line.slice(MARK.length)));
  const cases = lines.filter((line) => "path" in line);
  const ended = new Set(lines.flatMap((line) => "ended" in line ? line.ended : []));
  const faults = new Map<string, string[]>();
  for (const file of files) {
    const why = faultOf(file, cases, ended.has(file), stderr);
    // One that cannot be loaded keeps all others from being run.
    if (why) faults.set(why, [...faults.get(why) ?? [], file]);
  }
  return [...cases, ...[...faults].map(([why, files]) => failure(files, why))];
}

function failure([first = "", ...others]: string[], message: string): Case {
  const path = [others.length > 0 ? `${first} and ${others.length} more` : first];
  return { path, outcome: "failed", message };
}

/** What went wrong with a file that no test of it tells. */
function faultOf(file: string, cases: Case[], ended: boolean, stderr: string): string {
  const said = () => excerpt(file, stderr);
  if (!ended) return `was not run to its end; workerd said:\n${said()}`;
  if (stderr.includes(`[ FAIL ] ${file} `)) return `fails without a failed test:\n${said()}`;
  return cases.some(({ path }) => path[0] === file) ? "" : "holds no test";
}

/** What workerd said while it ran `file`, without the addresses of its own functions. */
function excerpt(file: string, stderr: string): string {
  const [, said = stderr] = stderr.split(`[ TEST ] ${file}\n`);
  const [own = ""] = said.split(/.*\[ (?:TEST|PASS) \]/);
  return own.replaceAll(/; kj::getStackTrace\(\).*|^stack: .*\n/gm, "").trim().slice(-4000);
}
