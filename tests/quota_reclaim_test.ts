// reclaim(): how a pool makes room for others, and what it keeps.

import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { CloseReason, PoolOptions } from "../mod.ts";
import { deferred, idle, type Thing, Time, Workshop } from "./helpers/pool.ts";
import { HandQuota } from "./helpers/quota.ts";
import { TestPool } from "./helpers/test_pool.ts";
import { until } from "./helpers/until.ts";

function limited(options: PoolOptions<Thing> = {}) {
  const quota = new HandQuota({ gives: true });
  const closed: [number, CloseReason][] = [];
  const pool = new TestPool(new Workshop().fun, {
    quota,
    closer: ({ id }, { reason }) => void closed.push([id, reason]),
    ...options,
  });
  return Object.assign(pool, { quota, closed, reclaim: () => quota.client.reclaim() });
}

/** Makes so many objects available, in the order in which they were made. */
async function stock(pool: TestPool<Thing>, count: number): Promise<void> {
  const loans = await Promise.all(Array.from({ length: count }, () => pool.borrow()));
  for (const loan of loans) await loan.release();
}

describe("reclaim", () => {
  it("closes the longest unused object", async () => {
    await using pool = limited();
    await stock(pool, 3);
    assertEquals(pool.quota.client.available, 3);
    assertEquals([pool.reclaim(), pool.reclaim()], [true, true]);
    await idle();
    assertEquals(pool.closed, [[0, "reclaimed"], [1, "reclaimed"]]);
    assertEquals([pool.quota.client.available, pool.size, pool.quota.released], [1, 1, [1, 1, 0]]);
  });

  it("tells observers why", async () => {
    await using pool = limited();
    const reasons: string[] = [];
    pool.observe({ closed: ({ reason }) => void reasons.push(reason) });
    await stock(pool, 1);
    pool.reclaim();
    await idle();
    assertEquals(reasons, ["reclaimed"]);
  });

  it("keeps minSize, also of what comes back", async () => {
    await using pool = limited({ minSize: 2 });
    await pool.ready();
    assertEquals([pool.quota.client.available, pool.reclaim()], [0, false]);
    await pool.use(() => {});
    assertEquals([pool.size, pool.closed], [2, []]);
    await stock(pool, 3);
    assertEquals([pool.quota.client.available, pool.reclaim(), pool.reclaim()], [1, true, false]);
  });

  it("says false if none is available, and closes the next that comes back, not one more", async () => {
    await using pool = limited({ maxSize: 2 });
    const loans = [await pool.borrow(), await pool.borrow()];
    const waiting = pool.borrow();
    assertEquals([pool.quota.client.available, pool.reclaim(), pool.reclaim()], [0, false, false]);
    await loans[0]!.release();
    await idle();
    assertEquals(pool.closed, [[0, "reclaimed"]]);
    await (await waiting).release();
    await loans[1]!.release();
    assertEquals([pool.closed.length, pool.size], [1, 2]);
  });

  it("closes no second one while the first is being closed", async () => {
    const closing = deferred();
    await using pool = limited({ closer: () => closing.promise });
    const loans = [await pool.borrow(), await pool.borrow()];
    assertEquals(pool.reclaim(), false);
    for (const loan of loans) await loan.release();
    assertEquals([pool.stats().closing, pool.available], [1, 1]);
    closing.resolve();
  });

  it("closes none that comes back once another permit has gone back", async () => {
    await using pool = limited();
    const loans = [await pool.borrow(), await pool.borrow()];
    assertEquals(pool.reclaim(), false);
    await loans[0]!.discard();
    await loans[1]!.release();
    assertEquals([pool.closed, pool.size], [[[0, "discarded"]], 1]);
  });

  it("closes nothing that was just made for who waits", async () => {
    const making = deferred();
    const workshop = new Workshop();
    const quota = new HandQuota({ gives: true });
    await using pool = new TestPool(async (n) => {
      await making.promise;
      return workshop.fun(n);
    }, { quota });
    const get = pool.borrow();
    await until(() => pool.creating === 1, "one is made");
    assertEquals(quota.client.reclaim(), false);
    making.resolve();
    await (await get).release();
    await idle();
    assertEquals([pool.stats().created, pool.stats().closed], [1, 1]);
  });

  it("closes what a round checks", async () => {
    const checking = deferred();
    let asked = 0;
    await using pool = limited({
      hkDelay: 5,
      health: () => {
        asked++;
        return checking.promise;
      },
    });
    await stock(pool, 1);
    await until(() => asked === 1, "health is asked");
    assertEquals(pool.reclaim(), true);
    await until(() => pool.size === 0, "it is gone");
    checking.resolve();
    await idle();
    assertEquals([pool.closed, pool.quota.released], [[[0, "reclaimed"]], [1]]);
  });

  it("says false of a pool that is shut down", async () => {
    const pool = limited();
    const loan = await pool.borrow();
    const shut = pool.shutdown();
    assertEquals(pool.reclaim(), false);
    await loan.release();
    await shut;
    assertEquals(pool.closed, [[0, "shutdown"]]);
  });

  it("leaves minAvailable alone that was reclaimed, until somebody waits again", async () => {
    await using pool = limited({ minAvailable: 1 });
    await pool.use(() => {});
    await idle();
    assertEquals(pool.available, 2);
    assertEquals([pool.reclaim(), pool.reclaim()], [true, true]);
    await idle();
    assertEquals([pool.size, pool.quota.acquiring.length], [0, 2]);
    await pool.use(() => {});
    await until(() => pool.available === 2, "some are available again");
  });

  it("tells for how long the longest unused has been so", async () => {
    await using pool = limited();
    using time = new Time();
    await stock(pool, 1);
    await time.pass(40);
    assertEquals(pool.quota.client.unused, 40);
  });
});

describe("an object about to end", () => {
  it("goes before its successor", async () => {
    await using pool = limited({ minSize: 1, maxLifetime: 1000, lifetimeJitter: 0 });
    using time = new Time();
    await pool.ready();
    await time.pass(850, 10);
    assertEquals([pool.available, pool.quota.client.available], [2, 1]);
    assertEquals([pool.reclaim(), pool.reclaim()], [true, false]);
    await time.pass(10);
    assertEquals([pool.closed, pool.size], [[[0, "reclaimed"]], 1]);
  });
});
