// What people use over mysqlPool, on the other runtimes that the suite has fetched.

import { type Name, testOnOthers } from "./pg_packages.ts";
import { mariadb } from "./mariadb.ts";
import { whySkipped } from "./register.ts";

const MAIN = new URL("./mysql2_users_main.ts", import.meta.url).pathname;
const PACKAGES: Name[] = ["mysql2", "kysely", "drizzle-orm", "knex", "typeorm"];

const noServer = await whySkipped(mariadb);

testOnOthers({
  what: "what people use over mysqlPool",
  main: MAIN,
  packages: PACKAGES,
  skipped: noServer,
});
