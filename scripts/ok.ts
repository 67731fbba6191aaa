// The gate without the tests: every step by its name, and what it printed if it failed.

import { faults, readGraph } from "./graph.ts";
import { run } from "./process.ts";
import { say, seconds, show, stop } from "./progress.ts";
import { librarySources } from "./sources.ts";
import { describeStd, findStd, stdFlags } from "./std.ts";

interface Step {
  name: string;
  /** What is wrong, or nothing. */
  fault(): Promise<string>;
}

function deno(name: string, ...args: string[]): Step {
  return {
    name,
    async fault() {
      const { code, output } = await run([Deno.execPath(), ...args]);
      return code === 0 ? "" : output.trim() || `exit code ${code}`;
    },
  };
}

function entryPoints(): string[] {
  const { exports } = JSON.parse(Deno.readTextFileSync("deno.json"));
  return Object.values<string>(exports);
}

/** Node 20 has no such syntax, and the library is published as it is written. */
function usingDeclarations(): string[] {
  const using = /^\s*(?:for\s*(?:await\s*)?\(\s*)?(?:await\s+)?using\s+[\w$]+\s*(?:=|:|\bof\b)/;
  return librarySources().flatMap((file) =>
    Deno.readTextFileSync(file).split("\n").flatMap((line, i) =>
      using.test(line) ? `${file}:${i + 1}: a using declaration does not run on Node 20` : []
    )
  );
}

async function steps(): Promise<Step[]> {
  const std = await findStd();
  say(describeStd(std));
  const graph = async () => faults(await readGraph(entryPoints())).join("\n");
  return [
    deno("deno fmt --check", "fmt", "--check"),
    deno("deno lint", "lint"),
    deno("deno check", "check", "--quiet", ...stdFlags(std), "."),
    deno("deno doc --lint", "doc", "--lint", ...entryPoints()),
    deno("deno publish --dry-run", "publish", "--quiet", "--dry-run", "--allow-dirty"),
    {
      name: "no using in the library",
      fault: () => Promise.resolve(usingDeclarations().join("\n")),
    },
    { name: "import graph", fault: graph },
  ];
}

/** Side by side: the longest, of types, leaves all cores but one to the others. */
async function main(): Promise<void> {
  const begun = performance.now();
  const left = new Set<string>();
  const judge = async ({ name, fault }: Step): Promise<boolean> => {
    left.add(name);
    const wrong = await fault();
    left.delete(name);
    say(`${wrong ? "FAILED" : "ok    "}  ${name}   ${seconds(begun)}`);
    if (wrong) say(`\n${wrong}\n`);
    return wrong !== "";
  };
  const all = await steps();
  show(() => `${[...left].join(", ")}   ${seconds(begun)}`);
  const failed = (await Promise.all(all.map(judge))).filter(Boolean).length;
  stop();
  say(failed ? `${failed} of the gate's steps failed` : "the gate is open");
  Deno.exit(failed ? 1 : 0);
}

await main();
