// Runs the soak on this Deno, or on the runtime that is named: `deno task test:soak [RUNTIME] ...`.

import type { Plugin } from "esbuild";
import { bundle, endBundling } from "../../scripts/bundle.ts";
import { fetchBinary, isFetched, pathOf } from "../../scripts/fetch.ts";
import { type Runtime, RUNTIMES } from "../../scripts/runtimes.ts";

const MAIN = "tests/soak/main.ts";

/** What Bun alone has is left to it. */
const BUN: Plugin = {
  name: "bun",
  setup: (build) => build.onResolve({ filter: /^bun:/ }, ({ path }) => ({ path, external: true })),
};

async function commandOf({ name, binary, target }: Runtime): Promise<string[]> {
  if (binary === undefined) {
    return [Deno.execPath(), "run", "-A", "--no-check", "--v8-flags=--expose-gc", MAIN];
  }
  if (!isFetched(binary)) await fetchBinary(binary);
  const [bundled] = await bundle([MAIN], { name: "soak", target, bdd: "bdd.ts", plugins: [BUN] });
  await endBundling();
  return [pathOf(binary), ...(name === "bun" ? [] : ["--expose-gc"]), bundled!.path];
}

const [first, ...others] = Deno.args;
const named = RUNTIMES.find(({ name }) => name === first && /^(deno|node|bun)/.test(name));
const [program = "", ...args] = await commandOf(named ?? RUNTIMES[0]!);
const child = new Deno.Command(program, { args: [...args, ...(named ? others : Deno.args)] });
Deno.exit((await child.spawn().status).code);
