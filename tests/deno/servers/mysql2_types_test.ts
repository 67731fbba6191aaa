// Whether the types of the mysql2 adapter hold in old and new compilers.

import { compiled } from "./compiled.ts";

compiled("mysql2", ["mysql2"], {
  "mysql2": "mysql2/index.d.ts",
  "mysql2/promise": "mysql2/promise.d.ts",
});
