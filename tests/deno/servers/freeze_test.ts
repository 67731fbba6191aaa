// A process that is stopped until its connections are gone lends none of them, where `health` is given.

import { assertEquals } from "@std/assert";
import { freeze } from "./freeze.ts";
import { FROZEN } from "./frozen.ts";
import { mariadb } from "./mariadb.ts";
import { postgres } from "./postgres.ts";
import { redis } from "./redis.ts";
import { register } from "./register.ts";
import type { Kind } from "./server.ts";

const MAIN = new URL("./frozen_main.ts", import.meta.url).pathname;

for (const kind of [postgres, mariadb, redis]) {
  await register(kind, [
    [`${kind.name}: none is lent that died while the process was stopped`, () => test(kind)],
  ]);
}

async function test(kind: Kind): Promise<void> {
  const command = [Deno.execPath(), "run", "-A", "--no-check", "--quiet", MAIN, kind.name];
  const [asked, unasked] = await freeze(kind, command);
  assertEquals(asked, { failed: [], unhealthy: FROZEN });
  // Without, they are lent: what the test does is enough to kill them.
  assertEquals([unasked.failed.length, unasked.unhealthy], [FROZEN, 0]);
}
