// health: what housekeeping and get ask, and what becomes of the objects that are not good.

import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool, type PoolOptions } from "../mod.ts";
import { deferred, idle, stateOf, type Thing, Time, Workshop } from "./helpers/pool.ts";

const QUIET = { logLevel: "silent" } as const;

const BAD: [string, () => boolean | Promise<boolean>][] = [
  ["says false", () => false],
  ["says false later", () => idle().then(() => false)],
  ["throws", () => {
    throw new Error("no answer");
  }],
  ["rejects", () => Promise.reject(new Error("no answer"))],
  ["hangs", () => new Promise(() => {})],
];

describe("health in housekeeping", () => {
  for (const [how, bad] of BAD) {
    it(`that ${how}: the object is closed, and replaced up to minSize`, async () => {
      using time = new Time();
      const { fun, closer, closed } = new Workshop();
      const pool = new Pool(fun, {
        minSize: 2,
        hkDelay: 1000,
        hookTimeout: 100,
        health: ({ id }) => id === 0 ? bad() : true,
        closer,
        ...QUIET,
      });
      await pool.ready();
      await time.pass(1000);
      await time.pass(100);
      await idle();
      assertEquals([closed, pool.available], [[0], 2]);
      const { unhealthy, healthChecks } = pool.stats();
      assertEquals([unhealthy, healthChecks], [1, 2]);
      await pool.shutdown();
    });
  }

  const good = [true, undefined, null, 0, ""] as boolean[];
  it("that says anything but false: the object stays", async () => {
    using time = new Time();
    const pool = new Pool(new Workshop().fun, {
      minSize: good.length,
      hkDelay: 1000,
      health: ({ id }) => good[id],
    });
    await pool.ready();
    await time.pass(1000);
    assertEquals([pool.available, pool.stats().unhealthy], [good.length, 0]);
    await pool.shutdown();
  });

  it("is asked every healthFreq rounds, of available objects alone", async () => {
    using time = new Time();
    const asked: number[] = [];
    const pool = new Pool(new Workshop().fun, {
      minSize: 2,
      hkDelay: 1000,
      healthFreq: 3,
      health: ({ id }) => void asked.push(id),
    });
    await pool.ready();
    const lease = await pool.get();
    await time.pass(2000, 1000);
    assertEquals(asked, []);
    await time.pass(1000);
    assertEquals(asked, [1 - lease.id]);
    await time.pass(3000, 1000);
    assertEquals(asked.length, 2);
    await pool.ret(lease);
    await pool.shutdown();
  });

  it("is asked every 60 s where nothing else needs rounds", async () => {
    using time = new Time();
    let asked = 0;
    const pool = new Pool(new Workshop().fun, { minSize: 1, health: () => void asked++ });
    await pool.ready();
    await time.pass(59_999);
    assertEquals(asked, 0);
    await time.pass(1);
    assertEquals(asked, 1);
    await pool.shutdown();
  });

  it("that is pending: the object is not lent meanwhile, then it is", async () => {
    using time = new Time();
    const check = deferred();
    const pool = new Pool(new Workshop().fun, {
      minSize: 1,
      maxSize: 1,
      hkDelay: 1000,
      health: () => check.promise,
    });
    await pool.ready();
    await time.pass(1000);
    assertEquals(pool.tryGet(), undefined);
    const get = pool.get();
    assertEquals(await stateOf(get), "pending");
    check.resolve();
    assertEquals((await get).id, 0);
    await pool.ret(await get);
    await pool.shutdown();
  });

  it("that is pending: reset and shutdown close the object when it is done", async () => {
    for (const end of ["reset", "shutdown"] as const) {
      using time = new Time();
      const check = deferred();
      const { fun, closer, closed } = new Workshop();
      const pool = new Pool(fun, {
        minSize: 1,
        hkDelay: 1000,
        health: ({ id }) => id === 0 ? check.promise : undefined,
        closer,
      });
      await pool.ready();
      await time.pass(1000);
      const ended = pool[end]();
      check.resolve();
      await ended;
      await idle();
      assertEquals(closed, [0], end);
      await pool.shutdown();
    }
  });
});

describe("healthAfter", () => {
  async function stocked(options: PoolOptions<Thing>): Promise<Pool<Thing>> {
    const pool = new Pool(new Workshop().fun, { minSize: 2, ...QUIET, ...options });
    await pool.ready();
    return pool;
  }

  it("0 asks before every get of an available object", async () => {
    let asked = 0;
    const pool = await stocked({ healthAfter: 0, health: () => void asked++ });
    for (let i = 1; i <= 3; i++) {
      const lease = await pool.get();
      assertEquals(asked, i);
      await pool.ret(lease);
    }
    assertEquals(pool.stats().healthChecks, 3);
    await pool.shutdown();
  });

  it("asks of an object unused for that long, and of no other", async () => {
    using time = new Time();
    let asked = 0;
    const pool = await stocked({ minSize: 1, healthAfter: 500, health: () => void asked++ });
    await time.pass(499);
    await pool.ret(await pool.get());
    assertEquals(asked, 0);
    await time.pass(500);
    await pool.ret(await pool.get());
    assertEquals(asked, 1);
    await pool.ret(await pool.get());
    assertEquals(asked, 1);
    await pool.shutdown();
  });

  for (const [how, bad] of BAD) {
    it(`where health ${how}: the object is closed and the next one lent`, async () => {
      const { closer, closed } = new Workshop();
      const health = ({ id }: Thing) => id === 1 ? bad() : true;
      const pool = await stocked({ healthAfter: 0, health, closer, hookTimeout: 5 });
      const lease = await pool.get();
      assertEquals([lease.id, closed], [0, [1]]);
      await pool.ret(lease);
      await pool.shutdown();
    });
  }

  it("0: asks each time, but never of an object just made", async () => {
    const asked: number[] = [];
    const pool = new Pool(new Workshop().fun, {
      maxSize: 1,
      healthAfter: 0,
      health: ({ id }) => asked.push(id) === 1,
      ...QUIET,
    });
    const lease = await pool.get();
    const waiting = pool.get();
    assertEquals(asked, []);
    await pool.ret(lease); // good for the one that waits, says health
    await pool.ret(await waiting);
    assertEquals(asked, [0]);
    await pool.ret(await pool.get()); // not good any more: another one is made
    assertEquals([asked, pool.stats().unhealthy, pool.stats().created], [[0, 0], 1, 2]);
    await pool.shutdown();
  });

  it("asks before getter is called", async () => {
    const calls: string[] = [];
    const pool = await stocked({
      healthAfter: 0,
      health: () => void calls.push("health"),
      getter: () => void calls.push("getter"),
    });
    await pool.ret(await pool.get());
    assertEquals(calls, ["health", "getter"]);
    await pool.shutdown();
  });

  it("goes through many bad objects to a good one, without limit for those once used", async () => {
    const { fun, closer, closed } = new Workshop();
    let dead = false;
    const health = ({ id }: Thing) => !dead || id >= 10;
    const pool = new Pool(fun, { maxSize: 10, healthAfter: 0, health, closer, ...QUIET });
    const leases = await Promise.all(Array.from({ length: 10 }, () => pool.get()));
    for (const lease of leases) await pool.ret(lease);
    dead = true;
    const lease = await pool.get();
    assertEquals([lease.id, closed.length], [10, 10]);
    assert(pool.size <= 10);
    await pool.ret(lease);
    await pool.shutdown();
  });
});
