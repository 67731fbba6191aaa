// Servers that say they are not ready yet, or not any more: with `createRetry` that is waited out.

import { assert, assertEquals } from "@std/assert";
import { Bench, LENIENT } from "./bench.ts";
import { request } from "./load.ts";
import { findPrograms, OwnPostgres } from "./own_postgres.ts";
import { isInstalled, OwnRedis } from "./own_redis.ts";
import { soon } from "./soon.ts";

/** How many ask meanwhile. */
const USERS = 20;

const OPTIONS = { ...LENIENT, minSize: 0, createBackoff: 200, timeout: 10_000 };

const bin = findPrograms();
const noPostgres = bin ? "" : " (skipped: no initdb of PostgreSQL is installed)";
const noRedis = await isInstalled() ? "" : " (skipped: no redis-server is installed)";

Deno.test({
  name: `PostgreSQL: it shuts down, and starts again: no call fails${noPostgres}`,
  ignore: noPostgres !== "",
  fn: restarts,
});

Deno.test({
  name: `Redis: it is loading its data: no call fails${noRedis}`,
  ignore: noRedis !== "",
  fn: loads,
});

async function restarts(): Promise<void> {
  await using own = await OwnPostgres.start(bin!);
  // Whether it shuts down, starts or is not there at all, it will be.
  await using bench = await Bench.open(own.kind, { ...OPTIONS, createRetry: true });
  const { pool } = bench;
  const failures = failuresOf(bench);
  await bench.server.count(); // a session, for which it waits
  const stopped = own.stop("smart");
  await soon(() => own.log().then((log) => /smart shutdown/.test(log)), () => "it goes on", 2_000);

  const served = users(bench);
  served.catch(() => {}); // it is looked at later
  await soon(() => failures.length >= 3, () => `never tried: ${pool}`, 3_000);
  assertEquals(new Set(failures.map(({ code }) => code)), new Set(["57P03"]));
  await own.stop("fast");
  await stopped;
  await own.start();
  await served;

  assertEquals(pool.stats().createFailed, failures.length);
  await bench.end();
}

async function loads(): Promise<void> {
  await using own = await OwnRedis.loading();
  await using bench = await Bench.open(own.kind, {
    ...OPTIONS,
    // It takes connections, and refuses all that needs its data.
    opener: (connection) => connection.sleep(1),
    createRetry: (error) => (error as Error).message.startsWith("LOADING"),
  });
  const failures = failuresOf(bench);
  await users(bench);
  assert(failures.length > 0, "it was not loading");
  assertEquals(bench.pool.stats().createFailed, failures.length);
  await bench.end();
}

/** All are served. */
async function users({ pool }: Bench): Promise<void> {
  await Promise.all(Array.from({ length: USERS }, (_, i) => request(pool, i + 1)));
}

/** What each creation fails with, from now on. */
function failuresOf({ pool }: Bench): { code?: string }[] {
  const failures: object[] = [];
  pool.observe({
    created({ error }) {
      if (error !== undefined) failures.push(error as object);
    },
  });
  return failures;
}
