// maxUse, maxAvailDelay, maxLifetime, maxUsingDelay and its kill, and the rounds that look after them.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { LeaseError, Pool, type PoolOptions } from "../mod.ts";
import {
  Creations,
  deferred,
  idle,
  sum,
  type Thing,
  Time,
  Timers,
  Workshop,
} from "./helpers/pool.ts";
import { Recorder } from "./helpers/recorder.ts";

const QUIET = { logLevel: "silent" } as const;

describe("maxUse", () => {
  it("has an object closed after that many uses, of get, use and tryGet", async () => {
    const { fun, closer, closed } = new Workshop();
    const pool = new Pool(fun, { maxUse: 3, closer });
    await pool.ret(await pool.get());
    await pool.use(() => {});
    assertEquals(closed, []);
    await pool.ret(pool.tryGet()!);
    await idle();
    assertEquals([closed, pool.size, pool.stats().wornOut], [[0], 0, 1]);
    assertEquals((await pool.get()).id, 1);
    await pool.shutdown({ timeout: 1 });
  });

  it("1 gives each get an object of its own, also to those who wait", async () => {
    const { fun, closed, closer } = new Workshop();
    const pool = new Pool(fun, { maxUse: 1, maxSize: 1, closer });
    const ids = await Promise.all([1, 2, 3].map(() => pool.use(({ id }) => id)));
    await idle();
    assertEquals([ids, closed], [[0, 1, 2], [0, 1, 2]]);
    await pool.shutdown();
  });
});

describe("maxAvailDelay", () => {
  it("has an object closed that was unused for so long, in a round, without a get", async () => {
    using time = new Time();
    const { fun, closer, closed } = new Workshop();
    const pool = new Pool(fun, { maxAvailDelay: 1000, closer });
    const leases = [await pool.get(), await pool.get()];
    await pool.ret(leases[0]!);
    await time.pass(900, 100);
    await pool.ret(leases[1]!);
    await time.pass(700, 100);
    assertEquals([closed, pool.available], [[0], 1]);
    await time.pass(1000, 100);
    assertEquals([closed, pool.stats().recycled], [[0, 1], 2]);
    await pool.shutdown();
  });

  it("is no fault at minSize or below", async () => {
    using time = new Time();
    const { fun, closer, closed } = new Workshop();
    const pool = new Pool(fun, { maxAvailDelay: 1000, minSize: 2, closer });
    const leases = await Promise.all([0, 1, 2, 3].map(() => pool.get()));
    for (const lease of leases) await pool.ret(lease);
    await time.pass(10_000, 500);
    assertEquals([closed, pool.available], [[0, 1], 2]);
    const lease = await pool.get();
    assert(lease.id >= 2);
    await pool.ret(lease);
    await pool.shutdown();
  });

  it("begins anew with each use", async () => {
    using time = new Time();
    const { fun, closer, closed } = new Workshop();
    const pool = new Pool(fun, { maxAvailDelay: 1000, closer });
    for (let i = 0; i < 5; i++) {
      await pool.ret(await pool.get());
      await time.pass(800, 100);
    }
    assertEquals(closed, []);
    await pool.shutdown();
  });
});

describe("maxLifetime", () => {
  it("has an available object closed in a round, one in use when it returns", async () => {
    using time = new Time();
    const { fun, closer, closed } = new Workshop();
    const pool = new Pool(fun, { maxLifetime: 1000, lifetimeJitter: 0, closer });
    const leases = [await pool.get(), await pool.get()];
    await pool.ret(leases[0]!);
    await time.pass(900, 100);
    assertEquals(closed, []);
    await time.pass(700, 100);
    assertEquals(closed, [0]);
    assertEquals(leases[1]!.id, 1, "taken away from its user");
    await pool.ret(leases[1]!);
    assertEquals([closed, pool.stats().expired], [[0, 1], 2]);
    await pool.shutdown();
  });

  it("holds at minSize too, and the object has its successor before", async () => {
    using time = new Time();
    const { fun, closer, closed } = new Workshop();
    const pool = new Pool(fun, { maxLifetime: 1000, lifetimeJitter: 0, minSize: 1, closer });
    await pool.ready();
    await time.pass(790, 10);
    assertEquals([closed, pool.available], [[], 1], "before the last fifth of its lifetime");
    await time.pass(200, 10);
    assertEquals([closed, pool.available], [[], 2], "before its end");
    await time.pass(20, 10);
    assertEquals([closed, pool.available], [[0], 1], "after its end");
    await pool.shutdown();
  });

  it("with jitter each has its own moment, none later than maxLifetime", async () => {
    using time = new Time();
    const at: number[] = [];
    const { fun } = new Workshop();
    const pool = new Pool(fun, {
      maxLifetime: 10_000,
      lifetimeJitter: 0.5,
      hkDelay: 100,
      closer: () => void at.push(time.now),
    });
    const leases = await Promise.all(Array.from({ length: 40 }, () => pool.get()));
    for (const lease of leases) await pool.ret(lease);
    await time.pass(12_000, 100);
    assertEquals(at.length, 40);
    assert(at.every((moment) => moment >= 5000 && moment <= 10_200), String(at));
    assert(new Set(at).size > 10, `all at once: ${at}`);
    await pool.shutdown();
  });
});

describe("maxUsingDelay", () => {
  it("warns of an object kept for so long, once for each lease, by tracer, and says when it is back", async () => {
    using time = new Time();
    const logger = new Recorder();
    const tracer = ({ id }: Thing) => `connection ${id}`;
    const pool = new Pool(new Workshop().fun, { maxUsingDelay: 1000, tracer, logger });
    for (let i = 1; i <= 2; i++) {
      const lease = await pool.get();
      await time.pass(5000, 500);
      assertEquals(lease.id, 0);
      const warnings = logger.lines.filter((line) => line.endsWith("(maxUsingDelay)"));
      assertEquals(warnings.length, i, logger.text());
      assert(/^warn .*: #0 connection 0 has been in use for 1000 ms/.test(warnings[i - 1]!));
      assertEquals(logger.lines.length, 2 * i - 1, "nothing else is said before it comes back");
      await pool.ret(lease);
      assertEquals(logger.lines.length, 2 * i);
      const back = logger.lines.at(-1)!;
      assert(
        /^warn .*: #0 connection 0 was returned late \(held for 5000 ms/.test(back),
        back,
      );
    }
    await time.pass(5000, 500);
    assertEquals(logger.lines.length, 4);
    await pool.shutdown();
  });

  it("says nothing of what was returned in time", async () => {
    using time = new Time();
    const logger = new Recorder();
    const pool = new Pool(new Workshop().fun, { maxUsingDelay: 1000, logger });
    for (let i = 0; i < 5; i++) {
      const lease = await pool.get();
      await time.pass(900, 100);
      await pool.ret(lease);
    }
    assertEquals(logger.lines, []);
    await pool.shutdown();
  });
});

describe("maxUsingDelayKill", () => {
  it("takes 1 000 objects in a turn of the event loop, and none that has come back", async () => {
    using time = new Time();
    const pool = new Pool(new Workshop().fun, { maxSize: 0, maxUsingDelayKill: 1000, ...QUIET });
    const loans = await Promise.all(Array.from({ length: 2_500 }, () => pool.borrow()));
    time.jump(1000);
    assertEquals(pool.using, 1_500);
    await loans.pop()!.release();
    const again = await pool.borrow();
    await time.pass(2, 1);
    assertEquals([pool.using, pool.stats().killed, again.ended], [1, 2_499, false]);
    assert(loans.every(({ ended }) => ended));
    await again.release();
    await pool.shutdown();
  });

  it("revokes the lease, closes the object, and gives its place to who waits", async () => {
    using time = new Time();
    const { fun, closer, closed } = new Workshop();
    const pool = new Pool(fun, { maxSize: 1, maxUsingDelayKill: 1000, closer, ...QUIET });
    const lease = await pool.get();
    const next = pool.get();
    await time.pass(900, 100);
    assertEquals([lease.id, closed], [0, []]);
    await time.pass(700, 100);
    const error = assertThrows(() => lease.id, LeaseError);
    assert(error.message.includes("killed"), error.message);
    assertEquals([closed, (await next).id], [[0], 1]);
    const { killed, doubleReturns } = pool.stats();
    assertEquals([killed, doubleReturns], [1, 0]);
    await lease[Symbol.asyncDispose]();
    assertEquals([closed, pool.using], [[0], 1]);
    assertEquals(pool.stats().doubleReturns, 0);
    await pool.ret(await next);
    await pool.shutdown();
  });

  it("keeps the place until closer is done", async () => {
    using time = new Time();
    const { fun } = new Workshop();
    const closing = deferred();
    const pool = new Pool(fun, {
      maxSize: 1,
      maxUsingDelayKill: 1000,
      closer: () => closing.promise,
      ...QUIET,
    });
    await pool.get();
    const next = pool.get();
    await time.pass(2000, 500);
    assertEquals([pool.size, pool.stats().closing, pool.waiting], [1, 1, 1]);
    closing.resolve();
    assertEquals((await next).id, 1);
    await pool.ret(await next);
    await pool.shutdown();
  });

  it("counts from each lending anew", async () => {
    using time = new Time();
    const pool = new Pool(new Workshop().fun, { maxUsingDelayKill: 1000, ...QUIET });
    for (let i = 0; i < 5; i++) {
      const lease = await pool.get();
      await time.pass(800, 100);
      await pool.ret(lease);
    }
    const { killed, created } = pool.stats();
    assertEquals([killed, created], [0, 1]);
    await pool.shutdown();
  });
});

describe("hkDelay", () => {
  const cases: [string, PoolOptions<unknown>, number][] = [
    ["half of maxAvailDelay", { maxAvailDelay: 1000 }, 500],
    ["half of maxUsingDelay", { maxUsingDelay: 1000 }, 500],
    ["half of maxUsingDelayKill", { maxUsingDelayKill: 1000 }, 500],
    [
      "half of the shortest",
      { maxAvailDelay: 9000, maxUsingDelay: 3000, maxUsingDelayKill: 5000 },
      1500,
    ],
    ["half of the shortest beside health", { maxAvailDelay: 1000, health: () => true }, 500],
    ["60 s with health alone", { health: () => true }, 60_000],
    ["0, no rounds, if nothing needs them", { maxUse: 5, timeout: 1000, minSize: 0 }, 0],
    ["what it is set to", { maxAvailDelay: 1000, hkDelay: 70 }, 70],
  ];
  for (const [what, options, expected] of cases) {
    it(`is ${what}`, async () => {
      const pool = new Pool(() => ({}), options);
      assertEquals(pool.stats().config.hkDelay, expected);
      await pool.shutdown();
    });
  }

  it("paces the rounds", async () => {
    using time = new Time();
    const pool = new Pool(new Workshop().fun, { hkDelay: 100 });
    await pool.ret(await pool.get());
    await time.pass(1000, 50);
    assertEquals(pool.stats().hkRounds, 10);
    await pool.shutdown();
  });
});

describe("housekeeping rounds", () => {
  it("start with the first creation and stop when there is nothing", async () => {
    using timers = new Timers();
    const creations = new Creations();
    const pool = new Pool(creations.fun, { minSize: 1, maxAvailDelay: 60_000 });
    assertEquals(timers.pending, 0, "before the first creation");
    const ready = pool.ready(); // a get that waits would have a timer of its own
    assertEquals(timers.pending, 2, "before the first object: the round's, and createTimeout's");
    await creations.finish(0);
    await ready;
    assertEquals(timers.pending, 1, "with an object that may not go");
    pool.resize({ minSize: 0 });
    assertEquals(timers.pending, 2, "with one that may: the round's, and that of its own moment");
    const lease = await pool.get();
    assertEquals(timers.pending, 2, "with an object in use");
    await pool.discard(lease);
    await idle();
    assertEquals(timers.pending, 0, "after the last object");
    await pool.shutdown();
    assertEquals(timers.pending, 0);
  });

  it("never keep the process alive", async () => {
    using timers = new Timers();
    const pool = new Pool(new Workshop().fun, {
      minSize: 1,
      maxAvailDelay: 60_000,
      maxLifetime: 60_000,
      maxUsingDelay: 60_000,
      maxUsingDelayKill: 60_000,
      health: () => true,
    });
    await pool.ready();
    assert(timers.pending > 0);
    assertEquals(timers.holding, 0);
    const lease = await pool.get();
    assertEquals(timers.holding, 0);
    await pool.ret(lease);
    await pool.shutdown();
  });

  it("add up at each moment", async () => {
    using time = new Time();
    const { fun, closer } = new Workshop();
    const pool = new Pool(fun, {
      minSize: 1,
      maxUse: 4,
      maxAvailDelay: 300,
      maxLifetime: 900,
      maxUsingDelayKill: 500,
      closer: (thing) => idle().then(() => closer(thing)),
      ...QUIET,
    });
    for (let i = 0; i < 30; i++) {
      void pool.get().then(async (lease) => {
        if (i % 7 === 0) return;
        if (i % 5 === 0) return void pool.detach(lease);
        await (i % 3 === 0 ? pool.discard(lease) : pool.ret(lease));
      });
      await time.pass(100, 50);
      const { created, accounted } = sum(pool);
      assertEquals(accounted, created);
    }
    const closing = pool.shutdown({ timeout: 10 });
    await time.pass(10);
    await closing;
    const { created, accounted } = sum(pool);
    assertEquals(accounted, created);
  });
});
