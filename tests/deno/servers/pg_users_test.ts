// What people use over a pool of pg's, over pgPool, on this Deno.

import { postgres } from "./postgres.ts";
import { USERS } from "./pg_users.ts";
import { whySkipped } from "./register.ts";
import { played } from "./pg_stage.ts";

const skipped = await whySkipped(postgres);

for (const [name, user] of Object.entries(USERS)) {
  Deno.test({
    name: `pgPool under ${name}${skipped}`,
    ignore: skipped !== "",
    // They leave timers behind.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      await played(user);
    },
  });
}
