// The timeout of get: one absolute deadline over all that a get goes through, and an error that explains.

import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FakeTime } from "@std/testing/time";
import { Pool, PoolTimeoutError } from "../mod.ts";
import {
  Clocks,
  Creations,
  idle,
  rejection,
  stateOf,
  Time,
  Timers,
  Workshop,
} from "./helpers/pool.ts";

async function timeoutOf(promise: Promise<unknown>): Promise<PoolTimeoutError> {
  const error = await rejection(promise);
  assertInstanceOf(error, PoolTimeoutError);
  return error;
}

describe("a get that takes too long", () => {
  it("is none that a hook starts while another is told that it took too long", async () => {
    let later: Promise<unknown> | undefined;
    const pool = new Pool(() => ({}), { maxSize: 1, timeout: 60_000, tracer });
    function tracer(): string {
      if (later === undefined) {
        const aborting = new AbortController();
        pool.get({ signal: aborting.signal }).catch(() => {});
        aborting.abort();
        later = pool.get();
        later.catch(() => {});
      }
      return "traced";
    }
    const lease = await pool.get();
    await timeoutOf(pool.get({ timeout: 20 }));
    assertEquals(await stateOf(later!), "pending");
    await pool.ret(lease);
    await pool.ret(await later as never);
    await pool.shutdown();
  });

  it("rejects at its timeout, neither before nor long after", async () => {
    using time = new Time();
    const pool = new Pool(new Workshop().fun, { maxSize: 1, timeout: 1000 });
    const lease = await pool.get();
    const late = pool.get();
    await time.pass(999, 50);
    assertEquals(await stateOf(late), "pending");
    await time.pass(1);
    const error = await timeoutOf(late);
    assertEquals([error.timeout, error.waited, error.name], [1000, 1000, "PoolTimeoutError"]);
    assertEquals([pool.waiting, pool.stats().timeouts], [0, 1]);
    await pool.ret(lease);
    assertEquals(pool.available, 1);
    await pool.shutdown();
  });

  it("is not early because another one came before it in the same turn", async () => {
    using clocks = new Clocks();
    const pool = new Pool(new Workshop().fun, { maxSize: 1, timeout: 100 });
    const lease = await pool.get();
    const first = timeoutOf(pool.get());
    clocks.skip(90); // as code does that goes on for long
    const begun = performance.now();
    await timeoutOf(pool.get());
    assert(performance.now() - begun >= 95, `${performance.now() - begun} ms`);
    await first;
    await pool.ret(lease);
    await pool.shutdown();
  });

  it("does so where performance.now is not faked, as with FakeTime of @std", async () => {
    using time = new FakeTime();
    const pool = new Pool(new Workshop().fun, { maxSize: 1, timeout: 60_000 });
    const lease = await pool.get();
    const late = pool.get();
    await time.tickAsync(50_000);
    assertEquals(await stateOf(late), "pending");
    await time.tickAsync(11_000); // performance.now has gone on by itself meanwhile
    assertEquals((await timeoutOf(late)).timeout, 60_000);
    await pool.ret(lease);
    await pool.shutdown();
  });

  it("waits for ever without a timeout", async () => {
    using time = new Time();
    const pool = new Pool(new Workshop().fun, { maxSize: 1 });
    const lease = await pool.get();
    const waiting = pool.get();
    await time.pass(3_600_000, 60_000);
    assertEquals(await stateOf(waiting), "pending");
    await pool.ret(lease);
    await pool.ret(await waiting);
    await pool.shutdown();
  });

  it("has one deadline over queueing, making and checking", async () => {
    using time = new Time();
    const creations = new Creations();
    let greeted = 0;
    const getter = () => greeted++ === 0 ? undefined : new Promise(() => {});
    const pool = new Pool(creations.fun, { maxSize: 1, timeout: 900, getter, logLevel: "silent" });
    const first = pool.get();
    await creations.finish(0);
    const lease = await first;
    const late = pool.get();
    await time.pass(400);
    await pool.discard(lease);
    assertEquals(pool.creating, 1);
    await time.pass(400);
    await creations.finish(1);
    assertEquals([greeted, pool.using], [2, 1]);
    await time.pass(99);
    assertEquals(await stateOf(late), "pending");
    await time.pass(1);
    const error = await timeoutOf(late);
    assertEquals([error.waited, error.phase], [900, "check"]);
    const closing = pool.shutdown({ timeout: 1 });
    await time.pass(1);
    await closing;
  });

  it("says whether it waited, or one was being made", async () => {
    using time = new Time();
    const creations = new Creations();
    const pool = new Pool(creations.fun, { maxSize: 1, timeout: 100 });
    const making = timeoutOf(pool.get());
    await time.pass(100);
    assertEquals((await making).phase, "create");
    await creations.finish(0);
    assertEquals([pool.available, pool.creating], [1, 0]);
    const lease = await pool.get();
    const waiting = timeoutOf(pool.get());
    await time.pass(100);
    assertEquals((await waiting).phase, "wait");
    await pool.ret(lease);
    await pool.shutdown();
  });

  it("leaves what is returned later to the next waiter", async () => {
    using time = new Time();
    const pool = new Pool(new Workshop().fun, { maxSize: 1 });
    const lease = await pool.get();
    const late = timeoutOf(pool.get({ timeout: 100 }));
    const patient = pool.get();
    await time.pass(100);
    await late;
    await pool.ret(lease);
    const next = await patient;
    assertEquals(next.id, 0);
    await pool.ret(next);
    await pool.shutdown();
  });
});

describe("the error of a get that took too long", () => {
  it("tells how many waited before it", async () => {
    using time = new Time();
    const pool = new Pool(new Workshop().fun, { maxSize: 1, timeout: 100 });
    const lease = await pool.get();
    const late = [pool.get(), pool.get(), pool.get()].map(timeoutOf);
    await time.pass(100);
    const errors = await Promise.all(late);
    assertEquals(errors.map(({ ahead }) => ahead), [0, 1, 2]);
    await pool.ret(lease);
    await pool.shutdown();
  });

  it("names the first five who hold objects by tracer, and for how long", async () => {
    using time = new Time();
    const tracer = (thing: { id: number }) => `connection of user ${thing.id}`;
    const pool = new Pool(new Workshop().fun, {
      maxSize: 7,
      timeout: 100,
      tracer,
      maxUsingDelay: 600_000,
    });
    const leases = [];
    for (let i = 0; i < 7; i++) {
      leases.push(await pool.get());
      await time.pass(10);
    }
    const late = timeoutOf(pool.get());
    await time.pass(100);
    const { holders, message } = await late;
    assertEquals(holders.length, 5);
    for (const [i, holder] of holders.entries()) {
      assert(holder.object.includes(`connection of user ${i}`), holder.object);
      assertEquals([holder.held, holder.atLeast], [170 - 10 * i, false]);
      assert(message.includes(`connection of user ${i}`), message);
      assert(message.includes(String(170 - 10 * i)), message);
    }
    assert(!message.includes("connection of user 5"), message);
    assert(message.includes("100 ms"), message);
    for (const lease of leases) await pool.ret(lease);
    await pool.shutdown();
  });

  it("has the last creation error as cause and in the message", async () => {
    using time = new Time();
    const failure = new Error("password authentication failed");
    let attempts = 0;
    const pool = new Pool(() => ++attempts < 2 ? Promise.reject(failure) : new Promise(() => {}), {
      maxSize: 1,
      timeout: 100,
    });
    assertStrictEquals(await rejection(pool.get()), failure);
    const late = timeoutOf(pool.get());
    await time.pass(100);
    const error = await late;
    assertStrictEquals(error.cause, failure);
    assert(error.message.includes("password authentication failed"), error.message);
    void pool.shutdown({ timeout: 1 });
    await time.pass(1);
    assertEquals(pool.size, 0);
  });

  it("has no cause where nothing failed", async () => {
    using time = new Time();
    const pool = new Pool(() => new Promise(() => {}), { timeout: 100 });
    const late = timeoutOf(pool.get());
    await time.pass(100);
    assertEquals((await late).cause, undefined);
    const closing = pool.shutdown({ timeout: 1 });
    await time.pass(1);
    await closing;
  });

  it("survives a tracer that throws", async () => {
    using time = new Time();
    const tracer = () => {
      throw new Error("no trace");
    };
    const pool = new Pool(new Workshop().fun, {
      maxSize: 1,
      timeout: 100,
      tracer,
      logLevel: "silent",
    });
    const lease = await pool.get();
    const late = timeoutOf(pool.get());
    await time.pass(100);
    assertEquals((await late).holders.length, 1);
    await pool.ret(lease);
    await pool.shutdown();
  });
});

describe("a timeout of one get", () => {
  it("replaces the pool's, shorter, longer or none", async () => {
    using time = new Time();
    const pool = new Pool(new Workshop().fun, { maxSize: 1, timeout: 1000 });
    const lease = await pool.get();
    const own = pool.get();
    const short = pool.get({ timeout: 200 });
    const long = pool.get({ timeout: 5000 });
    const endless = pool.get({ timeout: 0 });
    const failed = [own, short, long].map(timeoutOf);
    const all = () => Promise.all([own, short, long, endless].map(stateOf));
    await time.pass(200);
    assertEquals(await all(), ["pending", "rejected", "pending", "pending"]);
    assertEquals((await failed[1]!).timeout, 200);
    await time.pass(800);
    assertEquals(await all(), ["rejected", "rejected", "pending", "pending"]);
    await time.pass(4000);
    assertEquals(await all(), ["rejected", "rejected", "rejected", "pending"]);
    assertEquals((await Promise.all(failed)).map(({ timeout }) => timeout), [1000, 200, 5000]);
    await pool.ret(lease);
    await pool.ret(await endless);
    await pool.shutdown();
  });

  it("holds for each of many that are mixed", async () => {
    using time = new Time();
    const pool = new Pool(new Workshop().fun, { maxSize: 1, timeout: 300 });
    const lease = await pool.get();
    const ended = new Map<number, number>();
    // A spread that comes in no order: 37 and 101 have no common factor.
    const timeouts = Array.from({ length: 101 }, (_, i) => 10 + ((i * 37) % 101) * 10);
    const gets = timeouts.map((timeout, i) =>
      (i % 5 === 0 ? pool.get() : pool.get({ timeout })).catch(() => ended.set(i, time.now))
    );
    await time.pass(1100, 10);
    await Promise.all(gets);
    for (const [i, timeout] of timeouts.entries()) {
      const due = i % 5 === 0 ? 300 : timeout;
      const at = ended.get(i)!;
      assert(at >= due && at <= due + 20, `#${i}: due at ${due}, rejected at ${at}`);
    }
    assertEquals([pool.waiting, pool.stats().timeouts], [0, 101]);
    await pool.ret(lease);
    await pool.shutdown();
  });

  it("works where the pool has none", async () => {
    const pool = new Pool(new Workshop().fun, { maxSize: 1 });
    const lease = await pool.get();
    await timeoutOf(pool.get({ timeout: 5 }));
    await timeoutOf(pool.use(() => {}, { timeout: 5 }));
    await pool.ret(lease);
    await pool.shutdown();
  });
});

describe("the timers of those who wait", () => {
  it("are one for all", async () => {
    using timers = new Timers();
    const pool = new Pool(new Workshop().fun, { maxSize: 1, timeout: 60_000 });
    const lease = await pool.get();
    const gets = Array.from({ length: 100 }, (_, i) => pool.get({ timeout: 50_000 + i }));
    assertEquals(timers.pending, 1);
    assertEquals(timers.holding, 1, "a waiting get keeps the process alive");
    await pool.ret(lease);
    for (const get of gets) await pool.ret(await get);
    assertEquals(timers.holding, 0, "nobody waits any more");
    await pool.shutdown();
    await idle();
    assertEquals(timers.pending, 0);
  });
});
