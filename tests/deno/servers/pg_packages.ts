// Programs bundled beside the packages of npm that they import.

import { build, stop } from "esbuild";
import { isFetched, pathOf } from "../../../scripts/fetch.ts";
import { installedBeside, type Name } from "../../../scripts/packages.ts";

import { RUNTIMES } from "../../../scripts/runtimes.ts";
import { assertPrintsOk } from "../../helpers/prints_ok.ts";

export { installedBeside, type Name };

const STD = new URL("../../std/", import.meta.url).pathname;

let bundles = 0;

/** What a program is bundled for. */
export interface Goal {
  /** Whether it imports the packages or requires them. */
  format?: "esm" | "cjs";
  target?: "esnext" | "es2022";
}

/** A bundle of a program beside these packages. */
export async function bundledBeside(
  names: readonly Name[],
  main: string,
  goal: Goal = {},
): Promise<string> {
  return await bundledIn(await installedBeside(names), main, goal);
}

/** A bundle of a program in such a directory. */
export async function bundledIn(
  home: string,
  main: string,
  { format = "esm", target = "esnext" }: Goal = {},
): Promise<string> {
  const outfile = `${home}/${Deno.pid}_${bundles++}.${format === "esm" ? "mjs" : "cjs"}`;
  const alias = { "@std/assert": `${STD}assert.ts`, "@std/testing/time": `${STD}time.ts` };
  const options = { bundle: true, format, packages: "external", target } as const;
  await build({ ...options, entryPoints: [main], alias, outfile, logLevel: "silent" });
  await stop();
  return outfile;
}

/** A program that prints "ok", and what it needs. */
export interface Program {
  what: string;
  main: string;
  packages: readonly Name[];
  /** Says for the name of the test why it is skipped, if it is. */
  skipped: string;
  /** The time it may take in ms. */
  limit?: number;
}

/** Registers a test that it prints "ok", for Node 24 and Bun as far as they have been fetched. */
export function testOnOthers({ what, main, packages, skipped, limit = 120_000 }: Program): void {
  for (const { label, name, binary } of RUNTIMES) {
    if (name !== "node24" && name !== "bun") continue;
    const why = isFetched(binary!) ? skipped : " (skipped: it has not been fetched)";
    Deno.test({
      name: `${label}: ${what}${why}`,
      ignore: why !== "",
      // What is at stake is in a process of its own; fetching leaves a timer behind.
      sanitizeOps: false,
      sanitizeResources: false,
      async fn() {
        const bundle = await bundledBeside(packages, main);
        await assertPrintsOk([pathOf(binary!), bundle], limit);
        await Deno.remove(bundle);
      },
    });
  }
}
