// What befalls connections to a real PostgreSQL, on the other runtimes that the suite has fetched.

import { assertEquals } from "@std/assert";
import { build, stop } from "esbuild";
import { fetchBinary, isFetched, pathOf } from "../../../scripts/fetch.ts";
import { type Runtime, RUNTIMES } from "../../../scripts/runtimes.ts";
import map from "../../../import_map.json" with { type: "json" };
import { postgres } from "./postgres.ts";
import { whySkipped } from "./register.ts";
import { together } from "./together.ts";

const MAIN = new URL("./postgres_main.ts", import.meta.url).pathname;
const STD = new URL("../../std/", import.meta.url).pathname;

const PG = { name: "pg", version: map.imports.pg.split("@").at(-1)!, file: "package.json" };

/** One Node is enough: what differs between them are the language and the contexts. */
const others = RUNTIMES.filter(({ name }) => name === "node20" || name === "bun");

/** The bundle lies beside the package, to find it. */
async function bundled(): Promise<string> {
  if (!isFetched(PG)) await fetchBinary(PG);
  const outfile = `${pathOf(PG).split("/node_modules/")[0]}/servers.mjs`;
  const options = { bundle: true, format: "esm", packages: "external", target: "es2022" } as const;
  const alias = { "@std/assert": `${STD}assert.ts`, "@std/testing/time": `${STD}time.ts` };
  await build({ ...options, entryPoints: [MAIN], alias, outfile, logLevel: "silent" });
  await stop();
  return outfile;
}

let bundling: Promise<string> | undefined;

async function run({ binary }: Runtime): Promise<Deno.CommandOutput> {
  return await new Deno.Command(pathOf(binary!), {
    args: [await (bundling ??= bundled())],
    signal: AbortSignal.timeout(60_000),
    env: { NO_COLOR: "1" },
  }).output();
}

const noServer = await whySkipped(postgres);
const here = others.filter(({ binary }) => isFetched(binary!));
/** Side by side, since what they do most is wait. */
const start = together(here.map((runtime) => () => run(runtime)));

for (const runtime of others) {
  const { label } = runtime;
  const i = here.indexOf(runtime);
  const skipped = i < 0 ? " (skipped: it has not been fetched)" : noServer;
  Deno.test({
    name: `${label}: what befalls connections to PostgreSQL${skipped}`,
    ignore: skipped !== "",
    // What is at stake is in a process of its own; fetching leaves a timer behind.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const { code, stdout, stderr } = await start(i);
      const text = new TextDecoder();
      assertEquals([text.decode(stdout), code], ["ok\n", 0], text.decode(stderr));
    },
  });
}
