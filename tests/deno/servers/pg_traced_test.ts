// OpenTelemetry's own instrumentation of pg over pgPool: whose spans are whose, on every runtime.

import { runners } from "../../helpers/program.ts";
import { assertPrintsOk } from "../../helpers/prints_ok.ts";
import { bundledBeside, type Name } from "./pg_packages.ts";
import { postgres } from "./postgres.ts";
import { whySkipped } from "./register.ts";

const MAIN = new URL("./pg_traced_main.ts", import.meta.url).pathname;
const PACKAGES: Name[] = [
  "@opentelemetry/api",
  "@opentelemetry/context-async-hooks",
  "@opentelemetry/instrumentation-pg",
  "@opentelemetry/sdk-trace",
  "pg",
];

const skipped = await whySkipped(postgres);

for (const { label, command: [file = "", ...args], there } of runners()) {
  if (label.startsWith("node 20")) continue; // which OpenTelemetry's current version does not run on
  // The packages are beside the program, and no others are meant.
  const flags = label.startsWith("deno") ? ["--no-config", "--node-modules-dir=manual"] : [];
  Deno.test({
    name: `${label}: OpenTelemetry sees each query and each reset under its request${skipped}`,
    ignore: skipped !== "" || !there,
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      // By `require`, which it hooks.
      const bundle = await bundledBeside(PACKAGES, MAIN, { format: "cjs" });
      await assertPrintsOk([file, ...args, ...flags, bundle], 60_000);
      await Deno.remove(bundle);
    },
  });
}
