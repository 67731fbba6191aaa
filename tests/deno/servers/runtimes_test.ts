// What befalls connections to a real PostgreSQL, on the other runtimes that the suite has fetched.

import { isFetched, pathOf } from "../../../scripts/fetch.ts";
import { type Runtime, RUNTIMES } from "../../../scripts/runtimes.ts";
import { assertPrintsOk } from "../../helpers/prints_ok.ts";
import { bundledBeside } from "./pg_packages.ts";
import { postgres } from "./postgres.ts";
import { whySkipped } from "./register.ts";
import { together } from "./together.ts";

const MAIN = new URL("./postgres_main.ts", import.meta.url).pathname;
/** One Node is enough: what differs between them are the language and the contexts. */
const others = RUNTIMES.filter(({ name }) => name === "node20" || name === "bun");

let bundling: Promise<string> | undefined;

async function run({ binary }: Runtime): Promise<void> {
  const bundle = await (bundling ??= bundledBeside(["pg"], MAIN, { target: "es2022" }));
  await assertPrintsOk([pathOf(binary!), bundle], 60_000);
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
      await start(i);
    },
  });
}
