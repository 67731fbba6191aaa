// shutdown: who waits fails, what is out is closed as it returns, and nothing is left behind.

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { LeaseError, Pool, PoolClosedError } from "../mod.ts";
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
import { until } from "./helpers/until.ts";

const QUIET = { logLevel: "silent" } as const;

describe("a pool that is shut down", () => {
  it("gives nothing more: get, use, tryGet and ready fail", async () => {
    const pool = new Pool(new Workshop().fun);
    await pool.ret(await pool.get());
    await pool.shutdown();
    for (const call of [() => pool.get(), () => pool.use(() => {}), () => pool.ready()]) {
      const error = await rejection(call());
      assertInstanceOf(error, PoolClosedError);
      assert(error.message.includes("shut down"), error.message);
    }
    assertThrows(() => pool.tryGet(), PoolClosedError);
    assertEquals(pool.stats().shutdown, true);
  });

  it("fails who waits, at once, whatever they wait for", async () => {
    const check = deferred();
    const pool = new Pool(new Workshop().fun, {
      maxSize: 2,
      getter: ({ id }) => id === 1 ? check.promise : undefined,
    });
    const lease = await pool.get();
    const gets = [pool.get(), pool.get(), pool.use(() => {})];
    await idle();
    const errors = gets.map(rejection);
    const closing = pool.shutdown();
    for (const error of errors) assertInstanceOf(await error, PoolClosedError);
    assertEquals(pool.waiting, 0);
    check.resolve();
    await pool.ret(lease);
    await closing;
  });

  it("closes what is available now, and what is in use as it returns", async () => {
    const { fun, closer, closed } = new Workshop();
    const pool = new Pool(fun, { closer });
    const leases = [await pool.get(), await pool.get(), await pool.get()];
    await pool.ret(leases[0]!);
    const closing = pool.shutdown();
    assertEquals(closed, [0]);
    assertEquals(leases[1]!.echo("still there"), "still there");
    await pool.ret(leases[1]!);
    assertEquals([closed, await stateOf(closing)], [[0, 1], "pending"]);
    await pool.discard(leases[2]!);
    await closing;
    assertEquals([closed, pool.size], [[0, 1, 2], 0]);
  });

  it("waits for no health that a round asks, which is none that failed", async () => {
    const { fun, closer, closed } = new Workshop();
    const logger = new Recorder();
    const health = () => new Promise<never>(() => {});
    const options = { minSize: 2, hkDelay: 5, hookTimeout: 60_000, health, closer, logger };
    const pool = new Pool(fun, options);
    await pool.ready();
    await until(() => pool.stats().healthChecks === 2, "both are asked");
    await pool.shutdown();
    const { hookErrors, unhealthy } = pool.stats();
    assertEquals([closed, hookErrors, unhealthy], [[0, 1], 0, 0]);
    assert(!/^warn/m.test(logger.text()), logger.text());
  });

  it("waits for closers that take time", async () => {
    const gate = deferred();
    const pool = new Pool(new Workshop().fun, { closer: () => gate.promise });
    await pool.ret(await pool.get());
    const closing = pool.shutdown();
    assertEquals(await stateOf(closing), "pending");
    gate.resolve();
    await closing;
    assertEquals(pool.stats().closed, 1);
  });

  it("is done when the last object is detached", async () => {
    const pool = new Pool(new Workshop().fun);
    const lease = await pool.get();
    const closing = pool.shutdown();
    pool.detach(lease);
    await closing;
  });

  it("aborts creations, waits for them, and closes what they make all the same", async () => {
    const creations = new Creations();
    const { closer, closed } = new Workshop();
    const pool = new Pool(creations.fun, { closer });
    const gets = [rejection(pool.get()), rejection(pool.get())];
    const closing = pool.shutdown();
    for (const get of gets) assertInstanceOf(await get, PoolClosedError);
    assertEquals(creations.all.map(({ signal }) => signal.aborted), [true, true]);
    assertEquals([await stateOf(closing), pool.creating], ["pending", 2]);
    await creations.finish(0);
    assertEquals([closed, await stateOf(closing)], [[0], "pending"]);
    await creations.fail(1, new Error("aborted"));
    await closing;
    assertEquals(pool.size, 0);
  });

  it("that never started is closed at once, and never starts", async () => {
    const { fun, made } = new Workshop();
    const pool = new Pool(fun, { minSize: 3 });
    await pool.shutdown();
    await rejection(pool.ready());
    assertEquals([made.length, pool.stats().started], [0, null]);
  });

  it("makes nothing new, minSize or not", async () => {
    const { fun, made } = new Workshop();
    const pool = new Pool(fun, { minSize: 2 });
    await pool.ready();
    const lease = await pool.get();
    const closing = pool.shutdown();
    await idle();
    pool.resize({ minSize: 5 });
    await pool.discard(lease);
    await closing;
    await idle();
    assertEquals(made.length, 2);
  });

  it("by await using, at the end of the block", async () => {
    const { fun, closer, closed } = new Workshop();
    {
      await using pool = new Pool(fun, { closer });
      await pool.ret(await pool.get());
    }
    assertEquals(closed, [0]);
  });
});

describe("shutdown({ timeout })", () => {
  it("revokes what is still out, and closes it", async () => {
    using time = new Time();
    const { fun, closer, closed } = new Workshop();
    const pool = new Pool(fun, { closer, ...QUIET });
    const leases = [await pool.get(), await pool.get()];
    const closing = pool.shutdown({ timeout: 1000 });
    await time.pass(999);
    assertEquals([leases[0]!.id, closed], [0, []]);
    await pool.ret(leases[1]!);
    await time.pass(1);
    await closing;
    const error = assertThrows(() => leases[0]!.id, LeaseError);
    assert(error.message.includes("shutdown"), error.message);
    assertEquals([closed, pool.stats().killed], [[1, 0], 1]);
    await leases[0]![Symbol.asyncDispose]();
    assertEquals([closed, pool.stats().doubleReturns], [[1, 0], 0]);
  });

  it("aborts the signal of a use that is still running, which rejects", async () => {
    const pool = new Pool(new Workshop().fun, QUIET);
    const gate = deferred();
    let seen: AbortSignal | undefined;
    const error = rejection(pool.use((_, { signal }) => {
      seen = signal;
      return gate.promise;
    }));
    await idle();
    await pool.shutdown({ timeout: 1 });
    assertEquals([seen?.aborted, pool.size], [true, 0]);
    assertInstanceOf(await error, LeaseError); // though its callback is still at it
    gate.resolve();
  });

  it("abandons creations that are still out, and has what they make late closed", async () => {
    const creations = new Creations();
    const { closer, closed } = new Workshop();
    const pool = new Pool(creations.fun, { closer, ...QUIET });
    const get = rejection(pool.get());
    await pool.shutdown({ timeout: 1 });
    assertInstanceOf(await get, PoolClosedError);
    assertEquals([pool.size, pool.creating, closed], [0, 0, []]);
    await creations.finish(0);
    assertEquals(closed, [0]);
    const { created, accounted } = sum(pool);
    assertEquals(accounted, created);
  });

  it("is not waited for where nothing is out", async () => {
    using timers = new Timers();
    const pool = new Pool(new Workshop().fun);
    await pool.ret(await pool.get());
    await pool.shutdown({ timeout: 60_000 });
    assertEquals(timers.pending, 0);
  });

  it("of a second call shortens the first's, and joins it", async () => {
    using time = new Time();
    const pool = new Pool(new Workshop().fun, QUIET);
    const lease = await pool.get();
    const both = [pool.shutdown(), pool.shutdown({ timeout: 500 })];
    await time.pass(499);
    assertEquals([pool.size, lease.id], [1, 0]); // held until here: it would be noticed if it were lost
    await time.pass(1);
    await Promise.all(both);
  });

  it("of a second call does not lengthen the first's", async () => {
    using time = new Time();
    const pool = new Pool(new Workshop().fun, QUIET);
    await pool.get();
    const all = [
      pool.shutdown({ timeout: 500 }),
      pool.shutdown({ timeout: 5000 }),
      pool.shutdown(),
    ];
    await time.pass(500);
    await Promise.all(all);
    assertEquals(pool.size, 0);
  });
});

describe("after shutdown", () => {
  it("no timer is left, whatever there was", async () => {
    using timers = new Timers();
    const pool = new Pool(new Workshop().fun, {
      minSize: 1,
      maxSize: 1,
      timeout: 60_000,
      createTimeout: 60_000,
      maxAvailDelay: 60_000,
      maxLifetime: 60_000,
      maxUsingDelay: 60_000,
      health: () => Promise.resolve(true),
      healthAfter: 0,
      getter: () => Promise.resolve(),
      retter: () => Promise.resolve(),
      closer: () => Promise.resolve(),
    });
    const lease = await pool.get();
    const waiting = rejection(pool.get());
    const closing = pool.shutdown({ timeout: 60_000 });
    await waiting;
    await pool.ret(lease);
    await closing;
    assertEquals(timers.pending, 0);
  });

  for (const hook of ["getter", "retter", "health"] as const) {
    it(`no timer is left by a ${hook} that hangs, once it is forced`, async () => {
      using timers = new Timers();
      const pool = new Pool((n) => new Thing(n), {
        [hook]: () => new Promise(() => {}),
        ...(hook === "health" ? { healthAfter: 0 } : {}),
        ...QUIET,
      });
      const get = pool.get().then((lease) => pool.ret(lease)).catch(() => {});
      await idle();
      await pool.shutdown({ timeout: 1 });
      await (hook === "retter" ? idle() : get);
      assertEquals([pool.size, timers.pending], [0, 0]);
    });
  }

  it("a refill that was to be tried again is not", async () => {
    using timers = new Timers();
    let attempts = 0;
    const pool = new Pool<Thing>(() => {
      attempts++;
      return Promise.reject(new Error("down"));
    }, { minSize: 1, ...QUIET });
    await rejection(pool.ready());
    await idle(); // the second attempt, too, which a rest follows
    const before = attempts;
    assert(before >= 2 && timers.pending === 1, `${before} attempts, ${timers.pending} timers`);
    await pool.shutdown();
    assertEquals([timers.pending, attempts], [0, before]);
  });
});
