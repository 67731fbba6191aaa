// A process that is stopped until its connections are gone lends none of them, where `health` is given.

import { assert, assertEquals } from "@std/assert";
import { freeze } from "./freeze.ts";
import { FROZEN } from "./frozen.ts";
import { mariadb } from "./mariadb.ts";
import { postgres } from "./postgres.ts";
import { redis } from "./redis.ts";
import { whySkipped } from "./register.ts";
import { together } from "./together.ts";

const MAIN = new URL("./frozen_main.ts", import.meta.url).pathname;
const COMMAND = [Deno.execPath(), "run", "-A", "--no-check", "--quiet", MAIN];

const KINDS = [postgres, mariadb, redis];
const skipped = await Promise.all(KINDS.map(whySkipped));
/** Side by side, since what they do most is wait. */
const start = together(KINDS.map((kind, i) => async () => {
  if (skipped[i] !== "") throw new Error(skipped[i]);
  return await freeze(kind, [...COMMAND, kind.name]);
}));

for (const [i, { name }] of KINDS.entries()) {
  Deno.test({
    name: `${name}: none is lent that died while the process was stopped${skipped[i]}`,
    ignore: skipped[i] !== "",
    // What is at stake is in a process of its own, and these are started by the first test.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const [asked, unasked] = await start(i);
      assertEquals(asked.failed, []);
      assert(asked.unhealthy >= FROZEN, `${asked.unhealthy} were unhealthy`);
      // Without, they are lent: what the test does is enough to kill them.
      assertEquals([unasked.failed.length, unasked.unhealthy], [FROZEN, 0]);
    },
  });
}
