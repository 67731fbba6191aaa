// The SDK of OpenTelemetry over a pool: on Deno, and on Node 24 and Bun as far as they have been fetched.

import { assertEquals } from "@std/assert";
import { isFetched, pathOf } from "../../../scripts/fetch.ts";
import { RUNTIMES } from "../../../scripts/runtimes.ts";
import { bundledBeside, type Name } from "../servers/pg_packages.ts";
import { SCENES } from "./otel_scenes.ts";

const MAIN = new URL("./otel_main.ts", import.meta.url).pathname;
const PACKAGES: Name[] = [
  "@opentelemetry/api",
  "@opentelemetry/context-async-hooks",
  "@opentelemetry/exporter-prometheus",
  "@opentelemetry/sdk-metrics",
  "@opentelemetry/sdk-trace",
  "@opentelemetry/semantic-conventions/incubating",
  "pg",
];

// Timers of the SDK, and of fetching, outlive a test.
const loose = { sanitizeOps: false, sanitizeResources: false };

for (const [name, scene] of Object.entries(SCENES)) {
  Deno.test({ name: `OpenTelemetry: ${name}`, ...loose, fn: scene });
}

for (const { label, name, binary } of RUNTIMES) {
  if (name !== "node24" && name !== "bun") continue;
  const there = isFetched(binary!);
  Deno.test({
    name: `${label}: OpenTelemetry${there ? "" : " (skipped: it has not been fetched)"}`,
    ignore: !there,
    ...loose,
    async fn() {
      const bundle = await bundledBeside(PACKAGES, MAIN);
      const { code, stdout, stderr } = await new Deno.Command(pathOf(binary!), {
        args: [bundle],
        signal: AbortSignal.timeout(60_000),
        env: { NO_COLOR: "1" },
      }).output();
      await Deno.remove(bundle);
      const text = new TextDecoder();
      assertEquals([text.decode(stdout), code], ["ok\n", 0], text.decode(stderr));
    },
  });
}
