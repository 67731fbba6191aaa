// The SDK of OpenTelemetry over a pool: on Deno, and on Node 24 and Bun as far as they have been fetched.

import { type Name, testOnOthers } from "../servers/pg_packages.ts";
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

testOnOthers({ what: "OpenTelemetry", main: MAIN, packages: PACKAGES, skipped: "", limit: 60_000 });
