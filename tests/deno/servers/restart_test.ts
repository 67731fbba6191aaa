// A PostgreSQL of the test's own is stopped and started while a service asks it, and while nobody does.

import { assert, assertEquals } from "@std/assert";
import { Bench, ROUND, SIZE } from "./bench.ts";
import { Load } from "./load.ts";
import { findPrograms, OwnPostgres } from "./own_postgres.ts";
import { soon } from "./soon.ts";
import { sleep } from "../../helpers/until.ts";

/** How long it is down, in ms. */
const DOWN = 300;
const USERS = 12;

const bin = findPrograms();
const skipped = bin ? "" : " (skipped: no initdb of PostgreSQL is installed)";

Deno.test({
  name:
    `PostgreSQL: a crash under load, and a restart while idle: the pool is whole again${skipped}`,
  ignore: bin === undefined,
  async fn() {
    await using own = await OwnPostgres.start(bin!);
    await loaded(own);
    await idle(own);
  },
});

/** As after a crash. */
async function loaded(own: OwnPostgres): Promise<void> {
  await using bench = await Bench.open(own.kind);
  await using load = new Load(bench.pool, USERS);
  await sleep(100);
  await own.stop("immediate");
  await sleep(DOWN);
  const { created, createFailed } = bench.pool.stats();
  assertEquals(bench.pool.available + bench.pool.using, 0, "something is left of it");

  await own.start();

  const then = performance.now();
  const enough = load.answers + 5 * USERS;
  await soon(() => load.answers >= enough, () => `it answers no more: ${bench.pool}`, 4_000);
  await load.stop();
  await bench.whole(ROUND + 1_000);
  assert(createFailed > 0, "it was never down");
  // One failure is one rejection: nothing is tried again and again for nobody.
  assert(bench.pool.stats().createFailed <= load.failures.length + SIZE);
  assert(bench.pool.stats().created <= created + SIZE + load.failures.length);
  assertEquals(load.failedSince(then), []);
  await bench.end();
}

/** It comes back by itself: what is missing is tried again, ever less often. */
async function idle(own: OwnPostgres): Promise<void> {
  await using bench = await Bench.open(own.kind);
  await own.stop("fast");
  await soon(() => bench.pool.size === 0, () => `not noticed: ${bench.pool}`, ROUND + 1_000);
  await sleep(DOWN);

  await own.start();

  await bench.whole(2_000);
  const { createFailed } = bench.pool.stats();
  assert(createFailed > 0 && createFailed <= 5 * SIZE, `${createFailed} attempts failed`);
  await bench.end();
}
