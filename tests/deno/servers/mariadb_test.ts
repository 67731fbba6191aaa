// What befalls connections to a real MariaDB.

import { mariadb } from "./mariadb.ts";
import { register } from "./register.ts";
import { scenarios } from "./scenarios.ts";

await register(mariadb, scenarios(mariadb));
