// Whether the types of the pg adapter hold in old and new compilers.

import { compiled } from "./compiled.ts";

compiled("pg", ["pg", "@types/pg"], { pg: "@types/pg/index.d.ts" });
