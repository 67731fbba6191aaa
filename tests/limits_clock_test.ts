// Limits where timers did not run: machines that slept, functions that were frozen, clocks that were set.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FakeTime } from "@std/testing/time";
import { LeaseError, Pool } from "../mod.ts";
import { Clocks, idle, recorder, sleep, Thing, Workshop } from "./helpers/pool.ts";
import { until } from "./helpers/until.ts";

const HOUR = 3_600_000;
const QUIET = { logLevel: "silent" } as const;

/** What is passed over, and how the clocks show it. */
const SLEEPS: [string, (clocks: Clocks, ms: number) => void][] = [
  ["both clocks went on", (clocks, ms) => clocks.skip(ms)],
  ["only the wall clock went on", (clocks, ms) => void (clocks.wall += ms)],
];

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

    it("every available object is suspect: health is asked before it is lent, once", async () => {
      using clocks = new Clocks();
      const asked: number[] = [];
      const health = ({ id }: Thing) => {
        asked.push(id);
        return id !== 1;
      };
      const { fun, closer, closed } = new Workshop();
      const pool = new Pool(fun, { minSize: 2, health, closer, ...QUIET });
      await pool.ready();
      await pool.ret(await pool.get());
      assertEquals(asked, []);
      skip(clocks, HOUR);
      assertEquals(pool.tryGet(), undefined, "lent without a check");
      const lease = await pool.get();
      assertEquals([lease.id, asked, closed], [0, [1, 0], [1]]);
      await pool.ret(lease);
      await pool.ret(await pool.get());
      assertEquals(asked.filter((id) => id === 0), [0], "asked again");
      await pool.shutdown();
    });

    it("what was in use meanwhile is not suspect, nor what was made since", async () => {
      using clocks = new Clocks();
      let asked = 0;
      const pool = new Pool(new Workshop().fun, { maxSize: 2, health: () => void asked++ });
      const lease = await pool.get();
      skip(clocks, HOUR);
      await pool.ret(await pool.get());
      await pool.ret(lease);
      await pool.ret(await pool.get());
      assertEquals(asked, 0);
      await pool.shutdown();
    });
  });
}

describe("maxUsingDelayKill and maxUsingDelay", () => {
  it("go by the time that the program ran: the next round takes the object away", async () => {
    using clocks = new Clocks();
    const { fun, closer, closed } = new Workshop();
    const pool = new Pool(fun, { maxUsingDelayKill: HOUR, hkDelay: 10, closer, ...QUIET });
    const lease = await pool.get();
    clocks.skip(HOUR + 100);
    await until(() => pool.stats().killed === 1, "it is killed");
    assertThrows(() => lease.id, LeaseError);
    assertEquals(closed, [0]);
    await pool.shutdown();
  });

  it("do not count sleep, nor a wall clock that is set: nobody used it meanwhile", async () => {
    using clocks = new Clocks();
    const logger = recorder();
    const pool = new Pool(new Workshop().fun, {
      maxUsingDelay: HOUR,
      maxUsingDelayKill: 2 * HOUR,
      hkDelay: 5,
      logger,
    });
    const lease = await pool.get();
    clocks.wall += 3 * HOUR;
    const { hkRounds } = pool.stats();
    await until(() => pool.stats().hkRounds >= hkRounds + 2, "there are rounds");
    assertEquals([lease.id, logger.text()], [0, ""]);
    assert(pool.stats().objects.using[0]!.held! < HOUR);
    await pool.ret(lease);
    await pool.shutdown();
  });
});

describe("a clock gap", () => {
  it("of less than a second and hkDelay makes nothing suspect", async () => {
    using clocks = new Clocks();
    let asked = 0;
    const pool = new Pool(new Workshop().fun, {
      minSize: 1,
      hkDelay: 50_000,
      health: () => void asked++,
    });
    await pool.ready();
    clocks.skip(50_900);
    await pool.ret(await pool.get());
    assertEquals(asked, 0);
    clocks.skip(200);
    await pool.ret(await pool.get());
    assertEquals(asked, 1);
    await pool.shutdown();
  });

  it("is noticed where timers run again before the first get", async () => {
    using clocks = new Clocks();
    let asked = 0;
    const pool = new Pool(new Workshop().fun, {
      minSize: 1,
      hkDelay: 20,
      healthFreq: 1_000_000,
      health: () => void asked++,
    });
    await pool.ready();
    clocks.skip(HOUR);
    await sleep(50);
    await pool.ret(await pool.get());
    assertEquals(asked, 1);
    await pool.shutdown();
  });

  it("makes suspect what a round had asked before, also if the answer comes after it", async () => {
    using clocks = new Clocks();
    const answers: ((good: boolean) => void)[] = [];
    const pool = new Pool((n) => new Thing(n), {
      minSize: 1,
      maxSize: 1,
      hkDelay: 10,
      health: () => new Promise<boolean>((resolve) => void answers.push(resolve)),
    });
    await pool.ready();
    await until(() => answers.length === 1, "a round asks");
    clocks.skip(HOUR);
    const lease = pool.get();
    answers[0]!(true);
    await until(() => answers.length === 2, "it is asked again");
    answers[1]!(true);
    await pool.ret(await lease);
    await pool.shutdown();
  });

  it("has no say where there is no health", async () => {
    using clocks = new Clocks();
    const pool = new Pool(new Workshop().fun, { minSize: 1, hkDelay: 1000 });
    await pool.ready();
    clocks.skip(HOUR);
    assertEquals(pool.tryGet()?.id, 0);
    await pool.shutdown({ timeout: 1 });
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
