// A short run of the pool's model on every runtime that the suite has fetched, each with a seed of its own,
// which stays the same: `deno task test:model` runs it for long, each time with another one.

import { assertEquals } from "@std/assert";
import { build, stop } from "esbuild";
import { isFetched, pathOf } from "../../scripts/fetch.ts";
import { installedBeside } from "../../scripts/packages.ts";
import { type Runtime, RUNTIMES } from "../../scripts/runtimes.ts";

const RUNS = 400;
const MAIN = new URL("../model/main.ts", import.meta.url).pathname;

/** Deno takes it as it is. */
async function commandOf({ name, binary }: Runtime): Promise<string[]> {
  if (binary === undefined) return [Deno.execPath(), "run", "-A", "--no-check", "--quiet", MAIN];
  return [pathOf(binary), await bundled(name)];
}

async function bundled(runtime: string): Promise<string> {
  const home = await installedBeside(["fast-check"]);
  const outfile = `.cache/bundles/model_${runtime}.mjs`;
  await build({
    entryPoints: [MAIN],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "es2022",
    nodePaths: [`${home}/node_modules`],
    logLevel: "silent",
  });
  await stop();
  return outfile;
}

const runtimes = RUNTIMES.filter(({ name }) => /^(deno|node|bun)/.test(name));

for (const [seed, runtime] of runtimes.entries()) {
  Deno.test({
    name: `${runtime.label}: the model of a pool holds in ${RUNS} random runs`,
    ignore: runtime.binary !== undefined && !isFetched(runtime.binary),
    // What is at stake is in a process of its own; fetching leaves a timer behind.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const [command = "", ...args] = await commandOf(runtime);
      const { code, stdout, stderr } = await new Deno.Command(command, {
        args: [...args, "--runs", String(RUNS), "--seed", String(seed)],
        signal: AbortSignal.timeout(120_000),
        env: { NO_COLOR: "1" },
      }).output();
      const text = new TextDecoder();
      assertEquals(code, 0, text.decode(stdout) + text.decode(stderr));
    },
  });
}
