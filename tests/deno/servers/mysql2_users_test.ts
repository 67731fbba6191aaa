// What people use over pools of mysql2's, over mysqlPool, on this Deno.

import { type MariaDb, mariadb } from "./mariadb.ts";
import { played, USERS } from "./mysql2_users.ts";
import { whySkipped } from "./register.ts";

const skipped = await whySkipped(mariadb);

for (const [name, user] of Object.entries(USERS)) {
  Deno.test({
    name: `mysqlPool under ${name}${skipped}`,
    ignore: skipped !== "",
    // They leave timers behind.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      await using server = await mariadb.open(0) as MariaDb;
      await played(user, server);
    },
  });
}
