// What people use over mysqlPool, on the other runtimes that the suite has fetched.

import { assertEquals } from "@std/assert";
import { isFetched, pathOf } from "../../../scripts/fetch.ts";
import { RUNTIMES } from "../../../scripts/runtimes.ts";
import { bundledBeside, type Name } from "./pg_packages.ts";
import { mariadb } from "./mariadb.ts";
import { whySkipped } from "./register.ts";

const MAIN = new URL("./mysql2_users_main.ts", import.meta.url).pathname;
const PACKAGES: Name[] = ["mysql2", "kysely", "drizzle-orm", "knex", "typeorm"];

const noServer = await whySkipped(mariadb);

for (const { label, name, binary } of RUNTIMES) {
  if (name !== "node24" && name !== "bun") continue;
  const skipped = isFetched(binary!) ? noServer : " (skipped: it has not been fetched)";
  Deno.test({
    name: `${label}: what people use over mysqlPool${skipped}`,
    ignore: skipped !== "",
    // What is at stake is in a process of its own; fetching leaves a timer behind.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const bundle = await bundledBeside(PACKAGES, MAIN);
      const { code, stdout, stderr } = await new Deno.Command(pathOf(binary!), {
        args: [bundle],
        signal: AbortSignal.timeout(120_000),
        env: { NO_COLOR: "1" },
      }).output();
      await Deno.remove(bundle);
      const text = new TextDecoder();
      assertEquals([text.decode(stdout), code], ["ok\n", 0], text.decode(stderr));
    },
  });
}
