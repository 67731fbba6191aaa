// Breaks the library in many ways, each in a copy of its own, and says which tests notice.

import { type Mutation, MUTATIONS } from "../tests/model/mutations.ts";
import { type Ended, run } from "./process.ts";
import { say, seconds, show, stop } from "./progress.ts";
import { exists, find, librarySources, testFiles } from "./sources.ts";

const HELP = `deno task test:mutants [--runs N] [--only TEXT] [--model]

Breaks the library in ${MUTATIONS.length} ways, and shows which tests notice each: the model of the
pool, or if it does not, the suite on this Deno.
--runs N      how many runs the model has, 10000 by default
--only TEXT   only mutants with TEXT in their name or file
--model       does without the suite`;

/** In milliseconds: a mutant that takes longer hangs, and is noticed by that. */
const MODEL_LIMIT = 120_000;
const SUITE_LIMIT = 240_000;

interface Wish {
  runs: string;
  only: string;
  modelOnly: boolean;
}

function parse(args: string[]): Wish {
  const wish: Wish = { runs: "10000", only: "", modelOnly: false };
  for (let i = 0; i < args.length; i++) {
    const [arg, value] = [args[i]!, args[i + 1]];
    if (arg === "--help" || arg === "-h") exit(0, HELP);
    else if (arg === "--model") wish.modelOnly = true;
    else if (arg === "--runs" && /^\d+$/.test(value ?? "")) wish.runs = args[++i]!;
    else if (arg === "--only" && value) wish.only = args[++i]!;
    else exit(2, `${arg}: no such option, or no value for it\n\n${HELP}`);
  }
  return wish;
}

function exit(code: number, text: string): never {
  (code === 0 ? console.log : console.error)(text);
  Deno.exit(code);
}

/** A copy of all that the tests need. */
async function copy(): Promise<string> {
  const dir = await Deno.makeTempDir({ prefix: "mutants-" });
  const files = [...librarySources(), ...find("tests", ""), ...find("scripts", "")];
  for (const file of [...files, "deno.json", "import_map.json"]) {
    await Deno.mkdir(`${dir}/${file}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.copyFile(file, `${dir}/${file}`);
  }
  return dir;
}

/** What does not fit the library any more, a line each. */
function misfits(mutations: Mutation[]): string[] {
  return mutations.flatMap(({ name, file, from }) => {
    const times = exists(file) ? Deno.readTextFileSync(file).split(from).length - 1 : 0;
    return times === 1 ? [] : `${file}: occurs ${times} times, not once ("${name}"): ${from}`;
  });
}

/** What notices the mutant, or undefined. */
async function killer(dir: string, mutation: Mutation, wish: Wish): Promise<string | undefined> {
  const { file, from, to } = mutation;
  const path = `${dir}/${file}`;
  const text = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, text.replace(from, () => to));
  try {
    const { code, late, output } = await model(dir, wish.runs);
    if (late || output.includes("The model is violated")) return "model";
    if (code !== 0) throw new Error(`"${mutation.name}" does not even run:\n${output}`);
    return wish.modelOnly ? undefined : await failingTest(dir);
  } finally {
    await Deno.writeTextFile(path, text);
  }
}

function model(dir: string, runs: string): Promise<Ended> {
  const args = [
    "run",
    "-A",
    `${dir}/tests/model/main.ts`,
    "--first",
    "--seed",
    "1",
    "--runs",
    runs,
  ];
  return run([Deno.execPath(), ...args], { limit: MODEL_LIMIT });
}

/** The first test file of the suite that fails, or undefined. */
async function failingTest(dir: string): Promise<string | undefined> {
  const files = testFiles().filter((file) => /^tests\/[^/]*$/.test(file));
  const map = `--import-map=${dir}/tests/std/import_map.json`;
  const flags = ["-A", "--no-check", "--fail-fast", "--v8-flags=--expose-gc", map];
  const args = ["test", ...flags, ...files.map((file) => `${dir}/${file}`)];
  const { code, late, output } = await run([Deno.execPath(), ...args], { limit: SUITE_LIMIT });
  if (code === 0 && !late) return undefined;
  return /tests\/(\w+)\.ts:\d+/.exec(output)?.[1] ?? "suite";
}

async function main(): Promise<void> {
  const wish = parse(Deno.args);
  const mutations = MUTATIONS.filter(({ name, file }) => `${file} ${name}`.includes(wish.only));
  const unfit = misfits(mutations);
  if (unfit.length > 0) exit(2, `adapt tests/model/mutations.ts:\n${unfit.join("\n")}`);
  const dir = await copy();
  const { code, output } = await model(dir, wish.runs);
  if (code !== 0) exit(1, `the model fails without a mutation:\n${output}`);
  const survivors: string[] = [];
  const begun = performance.now();
  for (const [i, mutation] of mutations.entries()) {
    show(() => `${i + 1}/${mutations.length}   ${mutation.name}   ${seconds(begun)}`);
    const by = await killer(dir, mutation, wish);
    stop();
    say(`${(by ?? "SURVIVED").padEnd(20)} ${mutation.file.padEnd(21)} ${mutation.name}`);
    if (by === undefined) survivors.push(mutation.name);
  }
  await Deno.remove(dir, { recursive: true });
  say(`${mutations.length} mutants, ${survivors.length} survived   ${seconds(begun)}`);
  Deno.exit(survivors.length > 0 ? 1 : 0);
}

await main();
