// What befalls connections to a real PostgreSQL.

import { postgres } from "./postgres.ts";
import { register } from "./register.ts";
import { scenarios } from "./scenarios.ts";

await register(postgres, scenarios(postgres));
