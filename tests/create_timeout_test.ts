// createTimeout, minSize and ready: creations that hang, and those that nobody waits for.

import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool, PoolClosedError, PoolTimeoutError } from "../mod.ts";
import {
  Creations,
  deferred,
  idle,
  rejection,
  stateOf,
  sum,
  Thing,
  Time,
  Timers,
  Workshop,
} from "./helpers/pool.ts";
import { Recorder } from "./helpers/recorder.ts";

describe("createTimeout", () => {
  it("aborts the signal, rejects one get and frees the place, in this order", async () => {
    using time = new Time();
    const creations = new Creations();
    let open = 0;
    const fun = (n: number, making: { signal: AbortSignal }) => {
      assertEquals(open++, 0, "another is made before this one is told to stop");
      making.signal.addEventListener("abort", () => void open--);
      return creations.fun(n, making);
    };
    const pool = new Pool(fun, { maxSize: 1, createTimeout: 500 });
    const failed = rejection(pool.get());
    const next = pool.get();
    await time.pass(499);
    assertEquals(creations.all.length, 1);
    assert(!creations.all[0]!.signal.aborted);
    await time.pass(1);
    const error = await failed;
    assertInstanceOf(error, PoolTimeoutError);
    assertEquals([error.timeout, error.phase], [500, "create"]);
    assert(error.message.includes("createTimeout"), error.message);
    assert(creations.all[0]!.signal.aborted);
    assertEquals([pool.creating, creations.all.length], [1, 2]);
    await creations.finish(1);
    await pool.ret(await next);
    await pool.shutdown();
  });

  it("counts fun and opener as one", async () => {
    using time = new Time();
    const creations = new Creations();
    const closed: number[] = [];
    const pool = new Pool(creations.fun, {
      maxSize: 1,
      createTimeout: 500,
      opener: () => new Promise(() => {}),
      closer: ({ id }) => void closed.push(id),
    });
    const failed = rejection(pool.get());
    await time.pass(300);
    await creations.finish(0);
    await time.pass(199);
    assertEquals(closed, []);
    await time.pass(1);
    assertInstanceOf(await failed, PoolTimeoutError);
    assertEquals([closed, pool.size], [[0], 0]);
    await pool.shutdown();
  });

  it("has what is made late closed, not opened, not lent and not counted as live", async () => {
    using time = new Time();
    const creations = new Creations();
    const opened: number[] = [];
    const closed: number[] = [];
    const pool = new Pool(creations.fun, {
      maxSize: 1,
      createTimeout: 500,
      opener: ({ id }) => void opened.push(id),
      closer: ({ id }) => void closed.push(id),
    });
    const failed = rejection(pool.get());
    await time.pass(500);
    await failed;
    await creations.finish(0);
    assertEquals([opened, closed, pool.size, pool.available], [[], [0], 0, 0]);
    const { created, accounted } = sum(pool);
    assertEquals(created, accounted);
    await pool.shutdown();
  });

  it("has what fails late go unnoticed", async () => {
    using time = new Time();
    const creations = new Creations();
    const pool = new Pool(creations.fun, { maxSize: 1, createTimeout: 500 });
    const failed = rejection(pool.get());
    await time.pass(500);
    await failed;
    await creations.fail(0, new Error("late"));
    assertEquals([pool.size, pool.stats().createFailed], [0, 1]);
    await pool.shutdown();
  });

  it("adds up while what was made late is being closed", async () => {
    using time = new Time();
    const creations = new Creations();
    const closing = deferred();
    const pool = new Pool(creations.fun, { createTimeout: 500, closer: () => closing.promise });
    const failed = rejection(pool.get());
    await time.pass(500);
    await failed;
    await creations.finish(0);
    const { created, accounted } = sum(pool);
    assertEquals(created, accounted);
    closing.resolve();
    await pool.shutdown();
  });
});

describe("minSize", () => {
  it("is made at the start, and no more", async () => {
    const creations = new Creations();
    const pool = new Pool(creations.fun, { minSize: 3, maxSize: 10 });
    const ready = pool.ready();
    const gets = [pool.get(), pool.get()];
    assertEquals(creations.all.length, 3);
    for (const i of [0, 1, 2]) await creations.finish(i);
    await ready;
    assertEquals([pool.available, pool.using, creations.all.length], [1, 2, 3]);
    for (const get of gets) await pool.ret(await get);
    await pool.shutdown();
  });

  it("is kept up when objects go", async () => {
    const pool = new Pool(new Workshop().fun, { minSize: 2 });
    await pool.ready();
    await pool.discard(await pool.get());
    await idle();
    assertEquals(pool.available, 2);
    pool.detach(await pool.get());
    await idle();
    assertEquals(pool.available, 2);
    await pool.shutdown();
  });

  it("is tried again after 100 ms, doubling with jitter to 30 s, where gets do not rest", async () => {
    const gapsOf = async () => {
      using time = new Time();
      const at: number[] = [];
      const pool = new Pool<Thing>(() => {
        at.push(time.now);
        return Promise.reject(new Error("down"));
      }, { minSize: 1, createBackoff: 0, logLevel: "silent" });
      await rejection(pool.ready());
      for (let i = 0; i < 12; i++) await time.next();
      await pool.shutdown();
      return at.slice(1).map((moment, i) => moment - at[i]!);
    };
    const gaps = await gapsOf();
    assert(gaps.length > 10, `only ${gaps.length} attempts`);
    for (const [i, gap] of gaps.entries()) {
      const nominal = Math.min(100 * 2 ** i, 30_000);
      // Jitter may shorten or lengthen.
      assert(gap >= nominal / 2 && gap <= nominal * 1.5, `gap ${i} is ${gap} ms`);
      assert(gap <= 30_000, `gap ${i} is ${gap} ms`);
    }
    const others = [await gapsOf(), await gapsOf()];
    assert(others.some((other) => other.join() !== gaps.join()), "there is no jitter");
  });

  it("starts again at 100 ms after a success, where gets do not rest", async () => {
    using time = new Time();
    let broken = true;
    let attempts = 0;
    const pool = new Pool((n) => {
      attempts++;
      if (broken) throw new Error("down");
      return new Thing(n);
    }, { minSize: 1, createBackoff: 0, logLevel: "silent" });
    await rejection(pool.ready());
    await time.pass(2000, 20);
    broken = false;
    await time.pass(10_000, 100);
    assertEquals(pool.available, 1);
    broken = true;
    attempts = 0;
    await pool.discard(await pool.get());
    await idle();
    assertEquals(attempts, 1);
    await time.pass(160, 5);
    assertEquals(attempts, 2);
    await pool.shutdown();
  });

  it("says in the log that an object cannot be made, where no get can be told", async () => {
    using time = new Time();
    const logger = new Recorder();
    const pool = new Pool<Thing>(() => Promise.reject(new Error("down")), { minSize: 1, logger });
    assertEquals(pool.tryGet(), undefined);
    await time.pass(1);
    assert(logger.lines.some((line) => /^warn .*down/.test(line)));
    await pool.shutdown();
  });

  it("is no concern of a get with createBackoff 0: it does not wait for a rest to be over", async () => {
    using time = new Time();
    let broken = true;
    const pool = new Pool((n) => {
      if (broken) throw new Error("down");
      return new Thing(n);
    }, { minSize: 1, createBackoff: 0, logLevel: "silent" });
    await rejection(pool.ready());
    await time.pass(5000, 100);
    broken = false;
    const lease = await pool.get();
    await pool.ret(lease);
    await pool.shutdown();
  });

  it("0 needs no timer after a failure", async () => {
    using timers = new Timers();
    const pool = new Pool<Thing>(() => Promise.reject(new Error("down")));
    await rejection(pool.get());
    assertEquals(timers.holding, 0);
    await pool.shutdown();
    assertEquals(timers.pending, 0);
  });
});

describe("ready", () => {
  it("resolves at once where minSize is 0, and makes nothing", async () => {
    const { fun, made } = new Workshop();
    const pool = new Pool(fun);
    await pool.ready();
    assertEquals(made.length, 0);
    await pool.shutdown();
  });

  it("resolves for all its callers once minSize objects exist, not before", async () => {
    const creations = new Creations();
    const pool = new Pool(creations.fun, { minSize: 2 });
    const both = [pool.ready(), pool.ready()];
    await creations.finish(0);
    assertEquals(await Promise.all(both.map(stateOf)), ["pending", "pending"]);
    await creations.finish(1);
    await Promise.all(both);
    await pool.ready();
    await pool.shutdown();
  });

  it("rejects with the first failure, and may be called again", async () => {
    const creations = new Creations();
    const pool = new Pool(creations.fun, { minSize: 1 });
    const failure = new Error("down");
    const failed = rejection(pool.ready());
    await creations.fail(0, failure);
    assertStrictEquals(await failed, failure);
    const again = pool.ready();
    assertEquals(creations.all.length, 2, "it does not try at once");
    await creations.finish(1);
    await again;
    assertEquals(pool.available, 1);
    await pool.shutdown();
  });

  const rests = [["twice before it rests", 5000, 2], ["once if it never rests", 0, 1]] as const;
  for (const [how, createBackoff, expected] of rests) {
    it(`rejects with the first failure also where fun throws at once, called ${how}`, async () => {
      using time = new Time();
      let calls = 0;
      const logger = new Recorder();
      const pool = new Pool<Thing>((n) => {
        calls++;
        throw new Error(`failure ${n}`);
      }, { minSize: 1, createBackoff, logger });
      const error = await rejection(pool.ready());
      await idle();
      assertEquals([(error as Error).message, calls, time.now], ["failure 0", expected, 0]);
      await pool.shutdown();
    });
  }

  it("rejects when the pool is shut down, before or meanwhile", async () => {
    const pool = new Pool((_, { signal }) =>
      new Promise<Thing>((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      }), { minSize: 1 });
    const pending = rejection(pool.ready());
    const closing = pool.shutdown();
    assertInstanceOf(await pending, PoolClosedError);
    assertInstanceOf(await rejection(pool.ready()), PoolClosedError);
    await closing;
  });

  it("resolves when resize lowers minSize to what there is", async () => {
    const creations = new Creations();
    const pool = new Pool(creations.fun, { minSize: 2 });
    const ready = pool.ready();
    await creations.finish(0);
    pool.resize({ minSize: 1 });
    assertEquals(await stateOf(ready), "fulfilled");
    await creations.finish(1);
    await pool.shutdown();
  });
});
