// Whether the types of the mysql2 adapter hold in old and new compilers.

import { testTypes } from "./typed.ts";

await testTypes({
  what: "the types of the mysql2 adapter",
  file: "tests/deno/servers/mysql2_statements.ts",
  packages: ["mysql2"],
  paths: { "mysql2": "mysql2/index.d.ts", "mysql2/promise": "mysql2/promise.d.ts" },
});
