// Limits where timers did not run: machines that slept, functions that were frozen, clocks that were set.

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FakeTime } from "@std/testing/time";
import { LeaseError, Pool, PoolError } from "../mod.ts";
import {
  Clocks,
  deferred,
  idle,
  rejection,
  SLEEPS,
  stateOf,
  Thing,
  Time,
  Workshop,
} from "./helpers/pool.ts";
import { sleep, until } from "./helpers/until.ts";
import { Recorder } from "./helpers/recorder.ts";

const HOUR = 3_600_000;
const QUIET = { logLevel: "silent" } as const;

/** In faked time. */
const takes = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

for (const [how, skip] of SLEEPS) {
  describe(`limits at get after a sleep in which ${how}`, () => {
    it("maxLifetime: the object is not lent", async () => {
      using clocks = new Clocks();
      const { fun, closer, closed } = new Workshop();
      const pool = new Pool(fun, { maxLifetime: HOUR, closer });
      await pool.ret(await pool.get());
      skip(clocks, HOUR);
      assertEquals(pool.tryGet(), undefined);
      const lease = await pool.get();
      assertEquals([lease.id, closed], [1, [0]]);
      await pool.ret(lease);
      skip(clocks, HOUR);
      assertEquals(await pool.use(({ id }) => id), 2);
      await pool.shutdown();
    });

    it("maxLifetime: the object is not handed to who waits", async () => {
      using clocks = new Clocks();
      const { fun, closer, closed } = new Workshop();
      const pool = new Pool(fun, { maxLifetime: HOUR, maxSize: 1, closer });
      const lease = await pool.get();
      const next = pool.get();
      skip(clocks, HOUR + 100);
      await pool.ret(lease);
      assertEquals([(await next).id, closed], [1, [0]]);
      await pool.ret(await next);
      await pool.shutdown();
    });

    it("maxAvailDelay: the object is not lent", async () => {
      using clocks = new Clocks();
      const { fun, closer, closed } = new Workshop();
      const pool = new Pool(fun, { maxAvailDelay: HOUR, closer });
      await pool.ret(await pool.get());
      skip(clocks, HOUR + 100);
      const lease = await pool.get();
      assertEquals([lease.id, closed, pool.stats().recycled], [1, [0], 1]);
      await pool.ret(lease);
      await pool.shutdown();
    });
  });
}

describe("maxLifetime that ends while a hook looks at the object", () => {
  for (const hook of ["getter", "health"] as const) {
    for (const [how, skip] of SLEEPS) {
      it(`${hook}: it is closed, and the next one lent, where ${how}`, async () => {
        using clocks = new Clocks();
        const { fun, closer, closed } = new Workshop();
        const calls = [deferred(), deferred()];
        let called = 0;
        const pool = new Pool(fun, {
          minSize: 1,
          maxSize: 1,
          maxLifetime: HOUR,
          hkDelay: 2 * HOUR,
          healthAfter: hook === "health" ? 0 : undefined,
          [hook]: () => calls[called++]!.promise,
          closer,
        });
        await pool.ready();
        const first = pool.get();
        const next = pool.get();
        skip(clocks, HOUR);
        calls[0]!.resolve();
        if (hook === "getter") await until(() => called === 2, "it is called for another one");
        calls[1]!.resolve();
        const lease = await first; // held: or else it may be found to be lost
        assertEquals([lease.id, closed, pool.stats().expired], [1, [0], 1]);
        assertEquals(called, hook === "getter" ? 2 : 1, "health is not asked of one just made");
        assertEquals(await stateOf(next), "pending");
        await Promise.all([rejection(next), pool.shutdown({ timeout: 1 })]);
        await lease[Symbol.asyncDispose]();
      });
    }
  }

  it("getter, of each object: the get is told after three", async () => {
    using time = new Time();
    const { fun, closer, closed } = new Workshop();
    const pool = new Pool(fun, {
      maxLifetime: 100,
      lifetimeJitter: 0,
      getter: () => takes(110),
      closer,
    });
    const told = rejection(pool.get());
    await time.pass(330, 10);
    const error = await told as Error;
    assertInstanceOf(error, PoolError);
    assertEquals(
      error.message.replace(/^proxypool#\d+: /, ""),
      "objects reach maxLifetime, 100 ms, during getter: raise maxLifetime, or make " +
        "getter faster",
    );
    assertEquals([closed, pool.stats().expired], [[0, 1, 2], 3]);
    const ended = pool.shutdown(); // of the one that was made when the third had taken long
    await time.pass(200, 10);
    await ended;
  });

  it("one that was made meanwhile serves the get, and does not wait until it is too old", async () => {
    using time = new Time();
    const { fun, closer, closed } = new Workshop();
    const pool = new Pool(fun, {
      minSize: 1,
      maxLifetime: 100,
      lifetimeJitter: 0,
      getter: () => takes(75),
      closer,
    });
    await pool.ready();
    await time.pass(50, 10);
    pool.resize({ minSize: 2 });
    await time.pass(29);
    const got = pool.get(); // it has #1, which ends at 150; the successor of #0 is made at 80
    await time.pass(81, 1);
    const lease = await got;
    assertEquals([lease.id, closed], [2, [0, 1]]);
    await pool.ret(lease);
    const ended = pool.shutdown(); // of the successor of #1, too, at which getter looks
    await time.pass(100, 10);
    await ended;
  });
});

describe("maxUsingDelayKill and maxUsingDelay", () => {
  it("go by the time that the program ran", async () => {
    using clocks = new Clocks();
    const { fun, closer, closed } = new Workshop();
    const pool = new Pool(fun, { maxUsingDelayKill: 9_000, hkDelay: 10, closer, ...QUIET });
    const lease = await pool.get();
    // Each of them too short to be a gap.
    for (let i = 0; i < 18; i++) {
      assertEquals(lease.id, 0);
      clocks.skip(500);
      const { hkRounds } = pool.stats();
      await until(() => pool.stats().hkRounds > hkRounds, "there is a round");
    }
    assertThrows(() => lease.id, LeaseError);
    assertEquals([closed, pool.stats().killed], [[0], 1]);
    await pool.shutdown();
  });

  for (const [how, skip] of SLEEPS) {
    it(`do not count a gap in which ${how}: nobody used it meanwhile`, async () => {
      using clocks = new Clocks();
      const logger = new Recorder();
      const pool = new Pool(new Workshop().fun, {
        maxUsingDelay: HOUR,
        maxUsingDelayKill: 2 * HOUR,
        hkDelay: 5,
        logger,
      });
      const lease = await pool.get();
      const { promise, resolve } = deferred();
      const used = pool.use(() => promise);
      skip(clocks, 3 * HOUR);
      const { hkRounds } = pool.stats();
      await until(() => pool.stats().hkRounds >= hkRounds + 2, "there are rounds");
      assertEquals([lease.id, logger.text()], [0, ""]);
      for (const { held } of pool.stats().objects.using) assert(held! < HOUR, `held ${held} ms`);
      resolve();
      await used;
      await pool.ret(lease);
      await pool.shutdown();
    });
  }

  it("do not count a gap, however far apart rounds are", async () => {
    using clocks = new Clocks();
    const pool = new Pool(new Workshop().fun, { maxUsingDelayKill: 4000 });
    const lease = await pool.get();
    clocks.skip(3500); // by its end a round is due
    await pool.ret(await pool.get());
    const held = pool.stats().objects.using[0]!.held!;
    assert(held < 1000, `held ${held} ms`);
    await pool.ret(lease);
    await pool.shutdown();
  });

  it("count what comes before a sleep, which tells when it began", async () => {
    using clocks = new Clocks();
    const pool = new Pool(new Workshop().fun, { maxUsingDelayKill: 4000 });
    const lease = await pool.get();
    clocks.skip(800); // no gap
    clocks.wall += HOUR;
    await pool.ret(await pool.get());
    const held = pool.stats().objects.using[0]!.held!;
    assert(held >= 800 && held < 2000, `held ${held} ms`);
    await pool.ret(lease);
    await pool.shutdown();
  });

  it("count what comes before and after a gap, and say that", async () => {
    using clocks = new Clocks();
    const logger = new Recorder();
    const options = { maxUsingDelay: 20, maxUsingDelayKill: 60, hkDelay: 5, logger };
    const pool = new Pool(new Workshop().fun, options);
    const lease = await pool.get();
    const warned = () => /for (\d+) ms \(maxUsingDelay\)/.exec(logger.text());
    await until(warned, "it is warned of");
    clocks.skip(HOUR);
    await until(() => pool.stats().killed === 1, "it is killed");
    assertThrows(() => lease.id, LeaseError);
    const [, ms] = /is killed: in use for (\d+) ms/.exec(logger.text())!;
    assert(Number(ms) >= 60 && Number(ms) < HOUR, logger.text());
    await pool.shutdown();
  });
});

describe("a wall clock that is set", () => {
  it("back changes nothing: neither ages nor limits", async () => {
    using clocks = new Clocks();
    const { fun, closer, closed } = new Workshop();
    const pool = new Pool(fun, { maxLifetime: HOUR, lifetimeJitter: 0, closer });
    await pool.ret(await pool.get());
    clocks.wall -= 24 * HOUR;
    const lease = await pool.get();
    const { age, held } = pool.stats().objects.using[0]!;
    assert(age >= 0 && age < 1000 && held! >= 0, `age ${age}, held ${held}`);
    await pool.ret(lease);
    clocks.skip(HOUR);
    assertEquals([(await pool.get()).id, closed], [1, [0]]);
    await pool.shutdown({ timeout: 1 });
  });

  it("a little forward changes nothing", async () => {
    using clocks = new Clocks();
    const pool = new Pool(new Workshop().fun, { maxAvailDelay: 500 });
    await pool.ret(await pool.get());
    clocks.wall += 900;
    assertEquals((await pool.get()).id, 0);
    await pool.shutdown({ timeout: 1 });
  });

  it("in either direction ends no get early, and none late", async () => {
    using clocks = new Clocks();
    const pool = new Pool(new Workshop().fun, { maxSize: 1, timeout: 200 });
    const lease = await pool.get();
    const begun = performance.now();
    let ended = Infinity;
    const late = pool.get().catch(() => void (ended = performance.now()));
    clocks.wall += HOUR;
    await sleep(60);
    clocks.wall -= 2 * HOUR;
    await late;
    const took = ended - begun;
    assert(took >= 195 && took < 1000, `took ${took} ms`);
    await pool.ret(lease);
    await pool.shutdown();
  });
});

describe("time that is faked without performance.now, as FakeTime of @std does", () => {
  it("counts once", async () => {
    using time = new FakeTime();
    const pool = new Pool((n) => new Thing(n), { maxLifetime: 60_000, lifetimeJitter: 0 });
    await pool.ret(await pool.get());
    await time.tickAsync(45_000);
    await idle();
    const lease = await pool.get();
    assertEquals(lease.id, 0, "expired after 45 s of 60 s");
    const { age } = pool.stats().objects.using[0]!;
    assert(age >= 44_000 && age <= 47_000, `${age} ms old after 45 s`);
    await pool.ret(lease);
    await time.tickAsync(45_000);
    assertEquals(pool.stats().expired, 1);
    await pool.shutdown();
  });

  it("makes nothing suspect as long as rounds run", async () => {
    using time = new FakeTime();
    let asked = 0;
    const pool = new Pool((n) => new Thing(n), {
      minSize: 1,
      healthFreq: 1_000_000,
      health: () => void asked++,
    });
    await pool.ready();
    for (let i = 0; i < 5; i++) await time.tickAsync(60_000);
    await pool.ret(await pool.get());
    assertEquals(asked, 0);
    await pool.shutdown();
  });
});
