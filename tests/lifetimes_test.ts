// Lifetimes and idle limits: each object goes at its own moment, by the pool's timer and in no round.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { type CloseContext, Pool, type PoolOptions } from "../mod.ts";
import {
  Clocks,
  Creations,
  deferred,
  idle,
  SLEEPS,
  Thing,
  Time,
  Timers,
  Workshop,
} from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** When each object was closed and why, by fake time that begins with it. */
function closings() {
  const closed: [at: number, id: number, reason: string][] = [];
  const clock: { time?: Time } = {};
  const closer = ({ id }: Thing, { reason }: CloseContext) =>
    void closed.push([clock.time!.now, id, reason]);
  /** From now on; as if it was the last option, for the pool is made in real time. */
  const start = () => clock.time = new Time();
  return { closed, closer, start };
}

function things(options: PoolOptions<Thing>): TestPool<Thing> {
  return new TestPool((n) => new Thing(n), { logLevel: "silent", ...options });
}

/** Calls `fn` with a `Math.random` that gives these numbers, by turns. */
async function withRandom<R>(numbers: number[], fn: () => Promise<R>): Promise<R> {
  const { random } = Math;
  let calls = 0;
  Math.random = () => numbers[calls++ % numbers.length]!;
  try {
    return await fn();
  } finally {
    Math.random = random;
  }
}

/** Makes `count` objects and returns them, `apart` ms one after the other. */
async function fill(pool: Pool<Thing>, count: number, time?: Time, apart = 0): Promise<void> {
  const leases = await Promise.all(Array.from({ length: count }, () => pool.get()));
  for (const [i, lease] of leases.entries()) {
    if (i > 0 && apart > 0) await time!.pass(apart);
    await pool.ret(lease);
  }
}

/** Counts the calls of `setTimeout`, whoever it is by now. */
function countTimers() {
  const { setTimeout } = globalThis;
  const restore = () => void (globalThis.setTimeout = setTimeout);
  const timers = { set: 0, restore };
  const count = (...args: Parameters<typeof setTimeout>) => (timers.set++, setTimeout(...args));
  globalThis.setTimeout = count as typeof setTimeout;
  return timers;
}

describe("maxLifetime", () => {
  for (const [how, hkDelay] of [["without rounds", 0], ["with rounds far apart", 100_000]]) {
    it(`ends for each object at its own moment, ${how}`, async () => {
      const { closed, closer, start } = closings();
      await using pool = things({
        maxLifetime: 1_000,
        lifetimeJitter: 0,
        hkDelay: hkDelay as number,
        closer,
      });
      using time = start();
      const first = await pool.get();
      await time.pass(300);
      const second = await pool.get();
      await pool.ret(second);
      await pool.ret(first);
      await time.pass(699);
      assertEquals(closed, []);
      await time.pass(1);
      assertEquals(closed, [[1_000, 0, "expired"]]);
      await time.pass(1_000);
      assertEquals(closed, [[1_000, 0, "expired"], [1_300, 1, "expired"]]);
      assertEquals([pool.stats().expired, pool.stats().hkRounds], [2, 0]);
    });
  }

  it("of one in use ends when that comes back, and holds up no other", async () => {
    const { closed, closer, start } = closings();
    await using pool = things({ maxLifetime: 1_000, lifetimeJitter: 0, closer });
    using time = start();
    const first = await pool.get();
    await time.pass(200);
    await fill(pool, 1);
    await time.pass(2_000, 100);
    assertEquals([closed, first.id], [[[1_200, 1, "expired"]], 0]);
    await pool.ret(first);
    assertEquals(closed.at(-1), [2_200, 0, "expired"]);
  });

  it("is spread by its jitter: 50 objects made together do not go together", async () => {
    const { closed, closer, start } = closings();
    await using pool = things({ maxLifetime: 12_800, lifetimeJitter: 0.5, closer });
    using time = start();
    const chances = Array.from({ length: 50 }, (_, i) => i / 64); // which are exact
    await withRandom(chances, () => fill(pool, 50));
    await time.pass(12_800, 100);
    const moments = Array.from({ length: 50 }, (_, i) => [12_800 - 100 * i, i, "expired"]);
    assertEquals(closed as unknown[], moments.reverse());
    assertEquals(pool.stats().hkRounds, 0);
  });

  it("is what it is also for those whose jitter gives a part of a ms: none goes early", async () => {
    const { closed, closer, start } = closings();
    await using pool = things({ maxLifetime: 1_000, lifetimeJitter: 0.1, closer });
    using time = start();
    await withRandom([0.333], () => fill(pool, 1));
    await time.pass(966);
    assertEquals(closed, []);
    await time.pass(1);
    assertEquals(closed, [[967, 0, "expired"]]);
  });

  it("is refused over 2^31 - 1 ms, and right up to there", async () => {
    for (const ms of [2 ** 31, 2 ** 40]) {
      const error = assertThrows(() => new Pool(() => ({}), { maxLifetime: ms }), RangeError);
      assert(error.message.includes(`maxLifetime must be`), error.message);
      assert(error.message.includes(String(ms)), error.message);
    }
    for (const ms of [24 * DAY, 2 ** 31 - 1]) {
      const { closed, closer, start } = closings();
      // Within one step of fake time nothing is made, which is no reason to give that up.
      const options = { lifetimeJitter: 0, minSize: 1, createTimeout: 0, closer };
      await using pool = things({ maxLifetime: ms, ...options });
      using time = start();
      await pool.ready();
      await time.pass(ms - 1, DAY);
      assertEquals([closed, pool.stats().created], [[], 2], "the successor is there");
      await time.pass(1);
      assertEquals(closed, [[ms, 0, "expired"]]);
    }
  });

  it("says nothing of how often there are rounds", async () => {
    const CASES: [PoolOptions<Thing>, number][] = [
      [{ maxLifetime: 1_000 }, 0],
      [{ maxLifetime: 1_000, health: () => true }, 60_000],
      [{ maxLifetime: HOUR, health: () => true }, 60_000],
      [{ maxLifetime: 1_000, maxUsingDelay: 20_000 }, 10_000],
    ];
    for (const [options, expected] of CASES) {
      await using pool = things(options);
      assertEquals(pool.stats().config.hkDelay, expected, JSON.stringify(options));
    }
  });
});

describe("maxAvailDelay", () => {
  it("ends for each object at its own moment, and not in a round", async () => {
    const { closed, closer, start } = closings();
    await using pool = things({ maxAvailDelay: 1_000, hkDelay: 100_000, closer });
    using time = start();
    await fill(pool, 3, time, 300);
    await time.pass(399);
    assertEquals(closed, []);
    await time.pass(5_000);
    const all = [[1_000, 0, "recycled"], [1_300, 1, "recycled"], [1_600, 2, "recycled"]];
    assertEquals(closed as unknown[], all);
    assertEquals([pool.stats().recycled, pool.stats().hkRounds, pool.size], [3, 0, 0]);
  });

  it("counts from the last use", async () => {
    const { closed, closer, start } = closings();
    await using pool = things({ maxAvailDelay: 1_000, hkDelay: 100_000, closer });
    using time = start();
    await fill(pool, 1);
    for (let i = 0; i < 3; i++) {
      await time.pass(999);
      await pool.use(() => {});
    }
    assertEquals(closed, []);
    await time.pass(1_000);
    assertEquals(closed, [[3_997, 0, "recycled"]]);
  });

  for (const bound of ["minSize", "minAvailable"] as const) {
    it(`leaves ${bound}, the latest used, and takes them once they are spare`, async () => {
      const { closed, closer, start } = closings();
      await using pool = things({ maxAvailDelay: 1_000, hkDelay: 100_000, [bound]: 2, closer });
      using time = start();
      await fill(pool, 5, time, 100);
      const made = pool.stats().created;
      await time.pass(20_000, 1_000);
      assertEquals([closed.length, pool.available, pool.stats().created], [made - 2, 2, made]);
      assert(closed.every(([, , reason]) => reason === "recycled"));
      if (bound === "minAvailable") return;
      assertEquals(closed.map(([at]) => at), [1_000, 1_100, 1_200]);
      pool.resize({ minSize: 1 });
      await time.pass(1);
      assertEquals(closed.at(-1), [time.now, 3, "recycled"]);
      pool.resize({ minSize: 0 });
      await time.pass(1);
      assertEquals([closed.at(-1)?.[1], pool.size], [4, 0]);
    });
  }

  it("of what is made spare before that ends at its own moment", async () => {
    const { closed, closer, start } = closings();
    await using pool = things({ maxAvailDelay: 1_000, hkDelay: 100_000, minSize: 2, closer });
    using time = start();
    await pool.ready();
    await fill(pool, 2, time, 100);
    await time.pass(500);
    pool.resize({ minSize: 0 });
    await time.pass(2_000);
    assertEquals(closed.map(([at]) => at), [1_000, 1_100]);
  });

  it("takes what was unused for long as soon as another one comes back beside it", async () => {
    const { closed, closer, start } = closings();
    await using pool = things({ maxAvailDelay: 1_000, hkDelay: 100_000, minAvailable: 1, closer });
    using time = start();
    const lease = await pool.get();
    await idle();
    assertEquals([pool.available, pool.using], [1, 1]);
    await time.pass(3_000);
    assertEquals(closed, []);
    await pool.ret(lease);
    await time.pass(1);
    assertEquals(closed, [[3_001, 1, "recycled"]]);
    assertEquals(pool.available, 1);
  });

  it("of one that a round checks at that moment ends when it is proven good, in no later round", async () => {
    const { closed, closer, start } = closings();
    const check = deferred();
    let asked = 0;
    await using pool = things({
      maxAvailDelay: 1_000,
      hkDelay: 900,
      health: () => (asked++, check.promise),
      hookTimeout: 0,
      closer,
    });
    using time = start();
    await fill(pool, 2, time, 50);
    await time.pass(1_050, 50);
    assertEquals([closed, asked], [[], 2], "closed in the middle of a check");
    check.resolve();
    await time.pass(1);
    assertEquals(closed.map(([at, id]) => [at, id]), [[1_101, 0], [1_101, 1]]);
    assertEquals([pool.stats().recycled, pool.stats().hkRounds], [2, 1]);
  });

  it("of one that a round checks has the pool look for others, and not again and again", async () => {
    const { closed, closer, start } = closings();
    await using pool = things({
      maxAvailDelay: 1_000,
      hkDelay: 900,
      health: ({ id }) => id === 0 ? deferred().promise : true,
      hookTimeout: 0,
      closer,
    });
    using time = start();
    const timers = countTimers();
    try {
      await fill(pool, 2, time, 500);
      await time.pass(499);
      const { set } = timers;
      await time.pass(501);
      assertEquals(closed, [[1_500, 1, "recycled"]]);
      assert(timers.set - set < 5, `${timers.set - set} timers`);
    } finally {
      timers.restore();
    }
  });
});

describe("maxLifetime of one that a round checks at that moment", () => {
  for (const good of [true, false]) {
    it(`ends when the check does, by its own reason if ${good ? "good" : "not"}`, async () => {
      const { closed, closer, start } = closings();
      const check = deferred<boolean>();
      await using pool = things({
        maxLifetime: 1_000,
        lifetimeJitter: 0,
        hkDelay: 900,
        health: () => check.promise,
        hookTimeout: 0,
        closer,
      });
      using time = start();
      await fill(pool, 1);
      await time.pass(1_100);
      assertEquals(closed, []);
      check.resolve(good);
      await time.pass(1);
      assertEquals(closed.map(([, , reason]) => reason), [good ? "expired" : "unhealthy"]);
      assertEquals([pool.size, pool.stats().hkRounds], [0, 1]);
    });
  }
});

describe("the timer for these moments", () => {
  it("never keeps the process alive", async () => {
    using timers = new Timers();
    const pool = things({ maxLifetime: HOUR, maxAvailDelay: HOUR, hkDelay: DAY });
    await fill(pool, 2);
    assert(timers.pending >= 2, "there is none");
    assertEquals(timers.holding, 0);
    const lease = await pool.get();
    assertEquals(timers.holding, 0);
    await pool.ret(lease);
    await pool.shutdown();
  });

  it("starts with the first object, and stops when nothing is there", async () => {
    using timers = new Timers();
    // No other pool has so long a timer: one of a test before may be started again now.
    const pending = () => timers.over(10 * DAY).length;
    const creations = new Creations();
    const pool = new TestPool(creations.fun, {
      maxLifetime: 20 * DAY,
      minSize: 1,
      createTimeout: 0,
    });
    assertEquals(pending(), 0);
    const ready = pool.ready();
    assertEquals(pending(), 0, "before there is an object");
    await creations.finish(0);
    await ready;
    assertEquals(pending(), 1);
    pool.resize({ minSize: 0 });
    await pool.reset();
    assertEquals([pool.size, pending()], [0, 0]);
    pool.resize({ minSize: 1 });
    await creations.finish(1);
    assertEquals([pool.size, pending()], [1, 1]);
    pool.resize({ minSize: 0 });
    await pool.discard(await pool.get());
    await idle();
    assertEquals([pool.size, pending()], [0, 0]);
    await pool.shutdown();
  });

  it("stops at a shutdown, also while an object is out", async () => {
    using timers = new Timers();
    const pool = things({ maxLifetime: HOUR, maxAvailDelay: HOUR });
    const lease = await pool.get();
    const ended = pool.shutdown();
    await pool.ret(lease);
    await ended;
    assertEquals(timers.pending, 0);
  });

  it("is not there where nothing may go", async () => {
    using timers = new Timers();
    const pool = things({ maxAvailDelay: HOUR, hkDelay: DAY, minSize: 2 });
    await pool.ready();
    assertEquals(timers.pending, 1, "but that of the rounds");
    await pool.shutdown();
  });

  it("does not begin anew with each get: it is set once for each moment", async () => {
    using timers = new Timers();
    const pool = things({ maxLifetime: HOUR, maxAvailDelay: HOUR, hkDelay: DAY });
    await fill(pool, 3);
    const { set } = timers;
    for (let i = 0; i < 100; i++) await pool.ret(await pool.get());
    assertEquals(timers.set, set);
    await pool.shutdown();
  });
});

describe("limits at get, where no timer has run", () => {
  for (const [how, skip] of SLEEPS) {
    it(`an object past its own moment is not lent, one before it is, where ${how}`, async () => {
      using clocks = new Clocks();
      const { fun, closer, closed } = new Workshop();
      const pool = new Pool(fun, { maxLifetime: HOUR, lifetimeJitter: 0.5, closer });
      await withRandom([0, 1, 0.5], () => fill(pool, 3)); // 60, 30 and 45 minutes
      skip(clocks, 0.6 * HOUR);
      const leases = [await pool.get(), await pool.get(), await pool.get()];
      assertEquals([leases.map(({ id }) => id), closed], [[2, 0, 3], [1]]);
      for (const lease of leases.reverse()) await pool.ret(lease);
      skip(clocks, 0.2 * HOUR);
      assertEquals([pool.tryGet()?.id, closed], [0, [1, 2]]);
      assertEquals([pool.tryGet()?.id, pool.stats().expired], [3, 2]);
      await pool.shutdown({ timeout: 1 });
    });

    it(`what minSize needs is lent, however long unused; what is spare is not, where ${how}`, async () => {
      using clocks = new Clocks();
      const { fun, closer, closed } = new Workshop();
      const pool = new Pool(fun, { maxAvailDelay: HOUR, minSize: 2, closer });
      await fill(pool, 3);
      skip(clocks, HOUR + 1_000);
      const leases = [await pool.get(), await pool.get()];
      assertEquals([leases.map(({ id }) => id), closed], [[1, 0], [2]]);
      await pool.shutdown({ timeout: 1 });
    });
  }
});
