// postgresQuota through PgBouncer: good in session mode, refused in transaction mode.

import { assert, assertMatch } from "@std/assert";
import { Bouncer, findBouncer } from "./bouncer.ts";
import { acquire, type Stage, test } from "./postgres_scene.ts";

const program = findBouncer();

function through(
  mode: "session" | "transaction",
  name: string,
  fn: (stage: Stage) => Promise<void>,
): void {
  if (program === undefined) {
    Deno.test({
      name: `postgresQuota: ${name} (skipped: no PgBouncer is installed)`,
      ignore: true,
      fn() {},
    });
    return;
  }
  test(name, async (stage) => {
    const { port, account: user } = stage.server;
    await using bouncer = await Bouncer.start(program, mode, { port, database: "test", user });
    stage.port = bouncer.port;
    await fn(stage);
    await stage.clear();
  });
}

through("session", "a pooler in session mode is good", async (stage) => {
  const [one, two] = [stage.member(2), stage.member(2)];
  const permits = await Promise.all([acquire(one), acquire(one)]);
  const waits = acquire(two);
  await stage.queued(1);
  permits[0]!.release();
  (await waits).release();
  await one[Symbol.asyncDispose]();
  // Its session is another's now.
  await acquire(stage.member(2));
});

through("transaction", "a pooler in transaction mode is refused", async (stage) => {
  await acquire(stage.member(2));
  const error = await acquire(stage.member(2)).catch((error) => error);
  assert(error instanceof Error, "the cap would be exceeded");
  assertMatch(error.message, /in transaction mode/);
});
