// A clock that jumps, as a laptop's does when it wakes up or is set: with connections to a real server.

import { assertEquals } from "@std/assert";
import { Clocks } from "../../helpers/pool.ts";
import { Bench, SIZE } from "./bench.ts";
import { request } from "./load.ts";
import { postgres } from "./postgres.ts";
import { register } from "./register.ts";

const HOUR = 3_600_000;

await register(postgres, [
  ["PostgreSQL: none is lent that died while the machine slept", sleeps],
  ["PostgreSQL: a clock that is set back costs no connection, and hides no sleep", isSetBack],
]);

/** Health is asked at rounds only, and none comes in time. */
const RARELY = { healthAfter: 10 * HOUR, hkDelay: HOUR / 10, maxUsingDelayKill: 0 };

async function sleeps(): Promise<void> {
  using clocks = new Clocks();
  await using bench = await Bench.open(postgres, RARELY);
  await sleepAnHour(bench, clocks);
  await bench.end();
}

async function isSetBack(): Promise<void> {
  using clocks = new Clocks();
  await using bench = await Bench.open(postgres, { ...RARELY, maxLifetime: 3 * HOUR });
  for (const jump of [-HOUR, -5 * HOUR, 500]) {
    clocks.wall += jump;
    await requests(bench);
  }
  const { healthChecks, created, closed } = bench.pool.stats();
  assertEquals([healthChecks, created, closed], [0, SIZE, 0]);
  await sleepAnHour(bench, clocks);
  await bench.end();
}

/** Meanwhile the server has ended them all: each is asked, once, and replaced before it is lent. */
async function sleepAnHour(bench: Bench, clocks: Clocks): Promise<void> {
  await bench.server.terminate();
  clocks.wall += HOUR;
  await requests(bench);
  await bench.whole(1_000);
  const { healthChecks, unhealthy, created } = bench.pool.stats();
  assertEquals([healthChecks, unhealthy, created], [SIZE, SIZE, 2 * SIZE]);
}

async function requests({ pool }: Bench): Promise<void> {
  await Promise.all(Array.from({ length: 4 * SIZE }, (_, i) => request(pool, i + 1)));
}
