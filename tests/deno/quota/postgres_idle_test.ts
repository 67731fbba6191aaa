// postgresQuota keeps no idle process alive, and keeps one alive that waits.

import { isFetched, pathOf } from "../../../scripts/fetch.ts";
import { RUNTIMES } from "../../../scripts/runtimes.ts";
import { assertPrintsOk } from "../../helpers/prints_ok.ts";
import { bundledBeside } from "../servers/pg_packages.ts";
import { postgres } from "../servers/postgres.ts";
import { whySkipped } from "../servers/register.ts";

const MAIN = new URL("./postgres_idle.ts", import.meta.url).pathname;
const LIMIT = 20_000;

const noServer = await whySkipped(postgres);

for (const { label, name, binary } of RUNTIMES) {
  if (!["deno", "node24", "bun"].includes(name)) continue;
  const here = binary === undefined || isFetched(binary);
  const skipped = here ? noServer : " (skipped: it has not been fetched)";
  Deno.test({
    name: `${label}: a process with a permit of postgresQuota ends by itself${skipped}`,
    ignore: skipped !== "",
    // Bundling leaves a timer behind.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      await using server = await postgres.open(5);
      const bundle = await bundledBeside(["pg"], MAIN);
      const command = binary === undefined
        ? [Deno.execPath(), "run", "-A", "--no-check", "--quiet", MAIN]
        : [pathOf(binary), bundle];
      await assertPrintsOk([...command, server.account, crypto.randomUUID(), "2"], LIMIT);
      await Deno.remove(bundle);
    },
  });
}
