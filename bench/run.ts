// Runs the bench on this Deno, or on all runtimes that are named: measures, prints a table, and writes
// bench/results/<runtime>.json.

import { fetchBinary, isFetched, pathOf } from "../scripts/fetch.ts";
import { type Runtime, RUNTIMES } from "../scripts/runtimes.ts";
import { bundleBench } from "./bundle.ts";
import { loading } from "./loading.ts";
import type { Result } from "./row.ts";
import { table } from "./table.ts";

const MEASURED = RUNTIMES.filter(({ name }) => /^(deno|node|bun)/.test(name));
const USUAL = ["deno", "node20", "node24", "bun"];
const PARTS =
  "turns borrows uses callbacks tryGets observed tasks hooked givenUp round resized stalls waiters leases " +
  "postgres immediate deferred loading arguments leased";
const HELP = `deno task bench [RUNTIME ...] [--only PART ...]

RUNTIME   ${MEASURED.map(({ name }) => name).join(", ")}; all: ${USUAL.join(", ")}; by default deno
--only    some parts, and write no result; the last two only so:
          ${PARTS}

DATABASE_URL=postgres://user@host/name: the server for the part postgres, by default one on this machine.
BENCH_BUSY=1: for a machine with other things to do: the lowest tenth of the processor's time.`;

/** What runs a file of JavaScript, with garbage to be collected by call. */
function commandOf({ name, binary }: Runtime): string[] {
  if (binary === undefined) {
    return [Deno.execPath(), "run", "-A", "--no-check", "--quiet", "--v8-flags=--expose-gc"];
  }
  return [pathOf(binary), ...(name === "bun" ? [] : ["--expose-gc"])];
}

async function measureOn(runtime: Runtime, parts: string[]): Promise<Result> {
  if (runtime.binary && !isFetched(runtime.binary)) await fetchBinary(runtime.binary);
  const command = commandOf(runtime);
  const main = runtime.binary ? await bundleBench() : "bench/main.ts";
  const file = await Deno.makeTempFile();
  try {
    const [program = "", ...args] = [...command, main, file, ...parts];
    const { success } = await new Deno.Command(program, { args, stdin: "null" }).spawn().status;
    if (!success) throw new Error(`${runtime.label}: the bench has failed`);
    const result: Result = JSON.parse(await Deno.readTextFile(file));
    const wanted = parts.length === 0 || parts.includes("loading");
    if (wanted) result.rows.push(...await loading(command));
    return result;
  } finally {
    await Deno.remove(file);
  }
}

function exit(code: number, text: string): never {
  (code === 0 ? console.log : console.error)(text);
  Deno.exit(code);
}

function parse(args: string[]): { runtimes: Runtime[]; parts: string[] } {
  if (args.includes("--help") || args.includes("-h")) exit(0, HELP);
  const end = args.includes("--only") ? args.indexOf("--only") : args.length;
  const names = args.slice(0, end).flatMap((name) => name === "all" ? USUAL : [name]);
  const parts = args.slice(end + 1);
  if (names.length === 0) names.push("deno");
  const runtimes = names.map((name) =>
    MEASURED.find((runtime) => runtime.name === name) ??
      exit(2, `${name}: no such runtime\n${HELP}`)
  );
  const unknown = parts.find((part) => !PARTS.split(" ").includes(part));
  if (unknown !== undefined) exit(2, `${unknown}: no such part\n${HELP}`);
  return { runtimes, parts };
}

const { runtimes, parts } = parse(Deno.args);
for (const runtime of runtimes) {
  console.log(`${runtime.label}:`);
  const result = await measureOn(runtime, parts);
  console.log(`\n${table(result)}\n`);
  if (parts.length > 0) continue;
  await Deno.mkdir("bench/results", { recursive: true });
  const path = `bench/results/${runtime.name}.json`;
  await Deno.writeTextFile(path, JSON.stringify(result, null, 2) + "\n");
  console.log(`written to ${path}\n`);
}
