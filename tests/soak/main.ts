// Runs the soak, on whatever runtime, and draws the heap: `deno task test:soak --help`. Needs garbage
// to be collected by call.

import process from "node:process";
import { heapBytes, runtime } from "../../bench/runtime.ts";
import { drawn, type Sample, verdict } from "./curve.ts";
import { soak, type Wish } from "./soak.ts";

const HELP = `deno task test:soak [RUNTIME] [--gets N] [--tasks N] [--seed S] [--samples N]

Asks one pool for things, with every option in force and faults at random, and checks what comes of it.
RUNTIME       deno, node20, node22, node24 or bun; deno by default
--gets N      how often in all, 1000000 by default
--tasks N     how many tasks do so side by side, 10000 by default
--seed S      the same chances as another time; when timers fire is up to the machine
--samples N   how often to measure the heap, 24 by default`;

function parse(args: string[]): Wish {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const wish = { gets: 1_000_000, tasks: 10_000, seed, samples: 24 };
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "--help" || arg === "-h") exit(0, HELP);
    const name = arg.slice(2) as keyof typeof wish;
    if (!arg.startsWith("--") || !(name in wish)) exit(2, `${arg}: no such option, see --help`);
    wish[name] = number(arg, args[++i], name === "samples" ? 3 : 1);
  }
  return wish;
}

function number(name: string, text = "nothing", least: number): number {
  if (/^\d+$/.test(text) && Number(text) >= least) return Number(text);
  return exit(2, `${name}: must be followed by a whole number from ${least} on, got ${text}`);
}

function exit(code: number, text: string): never {
  (code === 0 ? console.log : console.error)(text);
  process.exit(code);
}

const wish = parse(process.argv.slice(2));
const unhandled: string[] = [];
process.on("unhandledRejection", (error) => void unhandled.push(`unhandled: ${error}`));
console.log(`${runtime}: ${wish.gets} gets by ${wish.tasks} tasks, --seed ${wish.seed}`);
const samples: Sample[] = [];
const begun = performance.now();
const told = await soak({
  ...wish,
  sample: (gets) => void samples.push({ gets, bytes: heapBytes() }),
});
const seconds = ((performance.now() - begun) / 1000).toFixed(1);
const { flat, text } = verdict(samples);
console.log(`${drawn(samples)}\n${JSON.stringify(told.counted)}\n${JSON.stringify(told.stats)}`);
console.log(`at most ${told.most} objects at once; ${JSON.stringify(told.totals)}`);
console.log(`${seconds} s; heap ${text}`);
const faults = [...told.faults, ...unhandled];
if (faults.length > 0) exit(1, `FAILED\n${faults.join("\n")}`);
exit(flat ? 0 : 1, flat ? "no fault" : "FAILED: the heap grows");
