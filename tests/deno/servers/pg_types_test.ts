// Whether the types of the pg adapter hold in old and new compilers.

import { testTypes } from "./typed.ts";

await testTypes({
  what: "the types of the pg adapter",
  file: "tests/deno/servers/pg_statements.ts",
  packages: ["pg", "@types/pg"],
  paths: { pg: "@types/pg/index.d.ts" },
});
