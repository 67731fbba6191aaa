// The option quota: a permit before each object, and not one more than is needed.

import { assert, assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { PoolError, PoolFullError, PoolTimeoutError } from "../mod.ts";
import { Creations, idle, rejection, Time, Workshop } from "./helpers/pool.ts";
import { HandQuota } from "./helpers/quota.ts";
import { TestPool } from "./helpers/test_pool.ts";
import { until } from "./helpers/until.ts";

describe("a pool with a quota", () => {
  it("attaches when it starts, and asks for nothing before somebody needs an object", async () => {
    const quota = new HandQuota({ gives: true });
    await using pool = new TestPool(new Workshop().fun, { quota });
    assertEquals(quota.clients.length, 0);
    await pool.ready();
    assertEquals([quota.clients.length, quota.acquiring.length], [1, 0]);
    await pool.use(() => {});
    await pool.use(() => {});
    assertEquals([quota.clients.length, quota.acquiring.length], [1, 1]);
  });

  it("makes nothing before it has a permit, and says in stats() for how many it waits", async () => {
    const quota = new HandQuota();
    const workshop = new Workshop();
    await using pool = new TestPool(workshop.fun, { quota, maxSize: 3 });
    const gets = [pool.get(), pool.get()];
    await idle();
    const { creating, requesting, size, waiting } = pool.stats();
    assertEquals([creating, requesting, size, waiting, workshop.attempts], [0, 2, 2, 2, 0]);
    await quota.give(0);
    assertEquals([workshop.attempts, pool.using, pool.stats().requesting], [1, 1, 1]);
    await quota.give(1);
    assertEquals([workshop.attempts, pool.using, pool.stats().requesting], [2, 2, 0]);
    for (const get of gets) await pool.ret(await get);
  });

  it("does not count the wait for a permit in createTimeout", async () => {
    const quota = new HandQuota();
    await using pool = new TestPool(new Workshop().fun, { quota, createTimeout: 20 });
    using time = new Time();
    const get = pool.get();
    await time.pass(1000, 10);
    assertEquals([pool.waiting, pool.stats().createFailed], [1, 0]);
    await quota.give(0);
    await pool.ret(await get);
  });

  it("counts who waits for a permit for maxSize, and not for maxCreating", async () => {
    const quota = new HandQuota();
    const creations = new Creations();
    await using pool = new TestPool(creations.fun, { quota, maxSize: 2, maxCreating: 1 });
    const gets = [pool.get(), pool.get(), pool.get()];
    await idle();
    assertEquals([quota.acquiring.length, pool.size], [2, 2]);
    await quota.give(0);
    await quota.give(1);
    assertEquals([creations.all.length, pool.creating, pool.stats().requesting], [1, 1, 1]);
    await creations.finish(0);
    assertEquals([creations.all.length, pool.creating, pool.size], [2, 1, 2]);
    await creations.finish(1);
    for (const get of gets) await pool.ret(await get);
  });

  it("asks for 16 permits at once, at the most", async () => {
    const quota = new HandQuota();
    await using pool = new TestPool(new Workshop().fun, { quota });
    for (let i = 0; i < 40; i++) void pool.get().catch(() => {});
    await idle();
    assertEquals([quota.acquiring.length, pool.waiting], [16, 40]);
    await quota.give(0);
    assertEquals([quota.acquiring.length, pool.waiting], [17, 39]);
  });

  it("serves who waits with what comes back, and withdraws the request", async () => {
    const quota = new HandQuota();
    await using pool = new TestPool(new Workshop().fun, { quota });
    const first = pool.get();
    await idle();
    await quota.give(0);
    const second = pool.get();
    await idle();
    assertEquals([quota.acquiring.length, pool.stats().requesting], [2, 1]);
    const why: unknown[] = [];
    const { signal } = quota.acquiring[1]!;
    signal.addEventListener("abort", () => why.push(signal.reason));
    await pool.ret(await first);
    assertEquals([(await second).id, pool.size, pool.stats().requesting], [0, 1, 0]);
    assertInstanceOf(why[0], PoolError);
    assertStringIncludes(String(why[0]), "this permit is no longer needed");
    await pool.ret(await second);
  });

  for (
    const [how, options] of [["aborts", {}], ["times out", { timeout: 10 }]] as const
  ) {
    it(`withdraws the request of who ${how}, and releases what comes all the same`, async () => {
      const quota = new HandQuota();
      const workshop = new Workshop();
      await using pool = new TestPool(workshop.fun, { quota, ...options });
      const aborting = new AbortController();
      const failed = rejection(pool.get({ signal: aborting.signal }));
      if (how === "aborts") aborting.abort("gone");
      await failed;
      assertEquals([quota.withdrawn, pool.size], [[true], 0]);
      // Too late: as of an engine that does not hear of it in time.
      const permit = await quota.give(0);
      assertEquals([permit.released, workshop.attempts], [0, 0]); // it was rejected by the signal
    });
  }

  it("releases a permit that comes although it was withdrawn", async () => {
    const given = new HandQuota();
    let resolve = (_: ReturnType<HandQuota["permit"]>) => {};
    const quota = {
      attach: () => ({
        acquire: () => new Promise<ReturnType<HandQuota["permit"]>>((done) => resolve = done),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      }),
    };
    const workshop = new Workshop();
    await using pool = new TestPool(workshop.fun, { quota });
    await rejection(pool.get({ timeout: 5 }));
    const permit = given.permit();
    resolve(permit);
    await until(() => permit.released === 1, "it is released");
    assertEquals([workshop.attempts, pool.size], [0, 0]);
  });

  it("keeps minSize waiting for a permit, and ready() with it", async () => {
    const quota = new HandQuota();
    await using pool = new TestPool(new Workshop().fun, { quota, minSize: 2 });
    const ready = pool.ready();
    await idle();
    assertEquals([pool.stats().requesting, pool.size], [2, 2]);
    await quota.give(0);
    await quota.give(1);
    await ready;
    assertEquals([pool.available, pool.stats().requesting], [2, 0]);
  });

  it("asks for no permit that a lower maxSize leaves no room for", async () => {
    const quota = new HandQuota();
    await using pool = new TestPool(new Workshop().fun, { quota, maxSize: 3 });
    const gets = [pool.get(), pool.get(), pool.get()].map((get) => get.catch(() => {}));
    await idle();
    pool.resize({ maxSize: 1 });
    assertEquals([quota.withdrawn, pool.size], [[false, true, true], 1]);
    void gets;
  });

  it("gives back a permit at hand that a lower maxSize leaves no room for", async () => {
    const quota = new HandQuota({ gives: true });
    const creations = new Creations();
    await using pool = new TestPool(creations.fun, { quota, maxSize: 2, maxCreating: 1 });
    const gets = [pool.get(), pool.get()];
    await until(() => quota.given.length === 2 && pool.creating === 1, "one is made");
    pool.resize({ maxSize: 1 });
    assertEquals([quota.released, pool.size], [[0, 1], 1]);
    await creations.finish(0);
    assertEquals(creations.all.length, 1);
    for (const get of gets) await pool.ret(await get);
  });

  it("says in a timeout for how many permits it waits", async () => {
    const quota = new HandQuota();
    await using pool = new TestPool(new Workshop().fun, { quota, timeout: 10 });
    const error = await rejection(pool.get());
    assertInstanceOf(error, PoolTimeoutError);
    assertStringIncludes(error.message, "1 waiting for a permit of the quota");
  });

  it("refuses nobody by maxWaiting whose permit is on its way, and others later", async () => {
    const quota = new HandQuota({ gives: true });
    await using pool = new TestPool(new Workshop().fun, { quota, maxWaiting: 1 });
    const leases = await Promise.all([pool.get(), pool.get(), pool.get(), pool.get()]);
    for (const lease of leases) await pool.ret(lease);
    const full = new HandQuota();
    await using other = new TestPool(new Workshop().fun, { quota: full, maxWaiting: 1 });
    using time = new Time();
    void other.get().catch(() => {});
    await time.pass(200, 50);
    assertInstanceOf(await rejection(other.get()), PoolFullError);
  });

  it("shows in stats() that it has one, and checks that it is one", () => {
    const quota = new HandQuota();
    assertEquals(new TestPool(new Workshop().fun, { quota }).stats().config.quota, true);
    assertEquals(new TestPool(new Workshop().fun).stats().config.quota, false);
    for (const wrong of [null, 5, {}, "local"]) {
      try {
        new TestPool(new Workshop().fun, { quota: wrong as never });
        assert(false, "it must throw");
      } catch (error) {
        assertInstanceOf(error, TypeError);
        assertStringIncludes(error.message, "quota must have attach()");
      }
    }
  });
});

describe("minAvailable", () => {
  it("withdraws its request once enough are available", async () => {
    const quota = new HandQuota();
    await using pool = new TestPool(new Workshop().fun, { quota, minAvailable: 1 });
    const get = pool.get();
    await idle();
    await quota.give(0);
    const lease = await get;
    assertEquals(pool.stats().requesting, 1);
    await pool.ret(lease);
    assertEquals([pool.stats().requesting, pool.available], [0, 1]);
  });
});
