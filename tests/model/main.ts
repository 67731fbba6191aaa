// Runs the model, on whatever runtime: `deno task test:model --runs N [--seed S [--path P]] [--first]`.

import process from "node:process";
import { check, type Wish } from "./property.ts";

const HELP = `deno task test:model [--runs N] [--seed S [--path P]] [--first]

--runs N    how many runs, 1000 by default
--seed S    the same runs as another time
--path P    only the one that failed, as the failure says
--first     shows the first failure as it is, and looks for no simpler one`;

function parse(args: string[]): Wish {
  const wish: Wish = { numRuns: 1000 };
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "--help" || arg === "-h") exit(0, HELP);
    if (arg === "--first") wish.endOnFailure = true;
    else if (arg === "--path") wish.path = args[++i] ?? exit(2, "--path: no path follows");
    else if (arg === "--runs") wish.numRuns = number(arg, args[++i]);
    else if (arg === "--seed") wish.seed = number(arg, args[++i]);
    else exit(2, `${arg}: no such option, see --help`);
  }
  return wish;
}

function number(name: string, text: string | undefined): number {
  if (text !== undefined && /^-?\d+$/.test(text)) return Number(text);
  return exit(2, `${name}: must be followed by an integer, got ${text ?? "nothing"}`);
}

function exit(code: number, text: string): never {
  (code === 0 ? console.log : console.error)(text);
  process.exit(code);
}

const wish = parse(process.argv.slice(2));
const begun = performance.now();
const fault = await check(wish);
const seconds = (performance.now() - begun) / 1000;
if (fault) exit(1, fault);
exit(0, `${wish.numRuns} runs in ${seconds.toFixed(1)} s: fine`);
