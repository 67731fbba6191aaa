// Whether the meters and tracers of @opentelemetry/api fit ours in old and new compilers.

import { testTypes } from "../servers/typed.ts";

await testTypes({
  what: "the types of OpenTelemetry",
  file: "tests/deno/observe/otel_statements.ts",
  packages: ["@opentelemetry/api"],
  paths: { "@opentelemetry/api": "@opentelemetry/api/dist/index.d.mts" },
});
