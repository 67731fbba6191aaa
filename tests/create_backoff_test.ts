// createBackoff: creations that fail rest by one clock, and one at a time finds out whether it is over.

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool, PoolClosedError } from "../mod.ts";
import { breakDown, Chance, end, outcomeOf, QUIET, Server } from "./helpers/outage.ts";
import { Creations, idle, rejection, stateOf, type Thing, Time, Timers } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";

describe("the rest after failures", () => {
  it("comes after the second one, of 50 ms, doubling up to createBackoff", async () => {
    using time = new Time();
    using _ = new Chance(1);
    const server = new Server(time);
    const pool = new Pool(server.fun, { minSize: 1, ...QUIET });
    await rejection(pool.ready());
    await time.pass(22_000, 50);
    assertEquals(server.gaps, [0, 50, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
    await pool.shutdown();
  });

  it("is never over createBackoff, from the first one on", async () => {
    using time = new Time();
    using _ = new Chance(1);
    const gapsOf = async (createBackoff: number) => {
      const server = new Server(time);
      const pool = new Pool(server.fun, { minSize: 1, createBackoff, ...QUIET });
      await rejection(pool.ready());
      await time.pass(1000, 10);
      await pool.shutdown();
      return server.gaps.slice(0, 6);
    };
    assertEquals(await gapsOf(300), [0, 50, 100, 200, 300, 300]);
    assertEquals(await gapsOf(20), [0, 20, 20, 20, 20, 20]);
  });

  it("has full jitter: each is spread over all of its length, and none is no rest", async () => {
    using time = new Time();
    using chance = new Chance(0.5);
    const server = new Server(time);
    const pool = new Pool(server.fun, { minSize: 1, ...QUIET });
    await rejection(pool.ready());
    await idle();
    const rests = [[0.5, 25], [0.02, 2], [0.9, 180], [1e-9, 1], [0.25, 200], [0.125, 200]] as const;
    for (const [i, [, rest]] of rests.entries()) {
      chance.values = [rests[i + 1]?.[0] ?? 0.5]; // of the rest that follows
      const { calls } = server;
      if (rest > 1) await time.pass(rest - 1);
      assertEquals(server.calls, calls, `before ${rest} ms`);
      await time.pass(1);
      assertEquals(server.calls, calls + 1, `after ${rest} ms`);
    }
    await pool.shutdown();
  });

  it("is not for the first failure: the next is tried at once", async () => {
    using time = new Time();
    const creations = new Creations();
    const pool = new Pool(creations.fun, { maxSize: 1 });
    const gets = [pool.get(), pool.get()];
    const failed = rejection(gets[0]!);
    await creations.fail(0, "down");
    assertEquals([await failed, creations.all.length, time.now], ["down", 2, 0]);
    await creations.finish(1);
    await pool.ret(await gets[1]!);
    await pool.shutdown();
  });

  it("counts failures in a row: a success between them ends the row", async () => {
    using time = new Time();
    using _ = new Chance(1);
    const creations = new Creations();
    const pool = new Pool(creations.fun, { maxSize: 1, maxUse: 1 });
    for (let i = 0; i < 6; i += 2) {
      const failed = rejection(pool.get());
      await creations.fail(i, "down");
      await failed;
      const got = pool.get();
      assertEquals(creations.all.length, i + 2, "it rests");
      await creations.finish(i + 1);
      await pool.ret(await got);
    }
    assertEquals(time.now, 0);
    await pool.shutdown();
  });

  it("begins anew at 50 ms after a success", async () => {
    using time = new Time();
    using _ = new Chance(1);
    const server = new Server(time);
    const pool = new Pool(server.fun, { maxSize: 2, maxUse: 1, ...QUIET });
    await breakDown(pool);
    for (const rest of [50, 100, 200]) {
      const failed = outcomeOf(pool.get());
      await time.pass(rest - 1);
      assertEquals(failed.now, "pending");
      await time.pass(1);
      assert(/^down/.test(failed.now as string), `${failed.now}`);
    }
    server.up = true;
    const got = pool.get();
    await time.pass(400);
    await pool.ret(await got);
    server.up = false;
    const begun = time.now;
    await breakDown(pool);
    const failed = rejection(pool.get());
    await time.pass(50);
    await failed;
    assertEquals([time.now - begun, server.at.at(-1)! - begun], [50, 50]);
    await pool.shutdown();
  });

  it("counts those that began before it once, however many fail", async () => {
    using time = new Time();
    using _ = new Chance(1);
    const creations = new Creations();
    const pool = new Pool(creations.fun, { maxSize: 10 });
    const gets = Array.from({ length: 10 }, () => rejection(pool.get()));
    assertEquals(creations.all.length, 10);
    for (let i = 0; i < 9; i++) await creations.fail(i, i);
    const late = pool.get();
    await time.pass(49);
    assertEquals(creations.all.length, 10);
    await time.pass(1);
    assertEquals(creations.all.length, 11, "the rest is over after 50 ms");
    await creations.fail(9, 9); // of the first ones: while the probe is under way
    assertEquals(await Promise.all(gets), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assertEquals(await stateOf(late), "pending");
    const failed = rejection(late);
    await creations.fail(10, "down");
    assertEquals(await failed, "down");
    const next = pool.get();
    await time.pass(99);
    assertEquals(creations.all.length, 11);
    await time.pass(1);
    assertEquals(creations.all.length, 12, "the third failure that counts is followed by 100 ms");
    await creations.finish(11);
    await pool.ret(await next);
    await pool.shutdown();
  });

  it("a failure of one that began before it, and comes after it, begins no other", async () => {
    using time = new Time();
    using _ = new Chance(1);
    const creations = new Creations();
    const pool = new Pool(creations.fun, { maxSize: 3 });
    const gets = [1, 2, 3].map(() => rejection(pool.get()));
    await creations.fail(0, "a");
    await creations.fail(1, "b");
    await time.pass(60); // nobody waits for more than is being made
    await creations.fail(2, "c");
    assertEquals(await Promise.all(gets), ["a", "b", "c"]);
    const got = pool.get();
    assertEquals(creations.all.length, 4, "it is tried at once");
    await creations.finish(3);
    await pool.ret(await got);
    await pool.shutdown();
  });

  it("does not count failures of those that began before a success", async () => {
    using time = new Time();
    using _ = new Chance(1);
    const creations = new Creations();
    const pool = new Pool(creations.fun, { maxSize: 6 });
    const gets = [1, 2, 3, 4].map(() => outcomeOf(pool.get()));
    await creations.finish(3);
    for (let i = 0; i < 3; i++) await creations.fail(i, "down");
    // The fourth came when these had begun: another is tried for it, and for who comes now.
    assertEquals(gets.map(({ now }) => now), ["an object", "down", "down", "pending"]);
    const got = pool.get();
    assertEquals([creations.all.length, pool.creating], [6, 2]);
    await creations.fail(4, "first");
    const next = pool.get();
    assertEquals([gets[3]!.now, creations.all.length], ["first", 7]);
    await creations.finish(5);
    await creations.finish(6);
    assertEquals([(await got).id, (await next).id, time.now], [5, 6, 0]);
    await end(pool, time);
  });

  it("needs a timer that does not keep the process alive, unless ready() waits for it", async () => {
    using timers = new Timers();
    using _ = new Chance(1);
    const options = { minSize: 1, createTimeout: 0, createBackoff: 60_000, ...QUIET };
    // It goes also where timers cannot tell what they hold, and this test ends early.
    await using pool = new TestPool<Thing>(() => Promise.reject(new Error("down")), options);
    await rejection(pool.ready());
    await idle();
    assertEquals([timers.pending, timers.holding], [1, 0]);
    const ready = rejection(pool.ready());
    assertEquals([timers.pending, timers.holding], [1, 1]);
    await pool.shutdown();
    assertInstanceOf(await ready, PoolClosedError);
    assertEquals(timers.pending, 0);
  });
});

describe("createBackoff 0", () => {
  it("lets no get rest, also after many failures and while a refill does", async () => {
    using time = new Time();
    const server = new Server(time);
    const pool = new Pool(server.fun, { minSize: 1, maxSize: 2, createBackoff: 0, ...QUIET });
    await rejection(pool.ready());
    for (let i = 0; i < 10; i++) await rejection(pool.get());
    assertEquals([server.calls, time.now], [11, 0]);
    server.up = true;
    await pool.ret(await pool.get());
    assertEquals([server.calls, time.now], [12, 0]);
    await pool.shutdown();
  });

  it("lets a success end the rest of a refill", async () => {
    using time = new Time();
    const server = new Server(time);
    const pool = new Pool(server.fun, { minSize: 2, maxSize: 3, createBackoff: 0, ...QUIET });
    await rejection(pool.ready());
    server.up = true;
    const lease = await pool.get();
    await idle();
    assertEquals([pool.size, time.now], [2, 0]);
    await pool.ret(lease);
    await pool.shutdown();
  });

  it("lets ready() end the rest of a refill", async () => {
    using time = new Time();
    const server = new Server(time);
    const pool = new Pool(server.fun, { minSize: 1, createBackoff: 0, ...QUIET });
    for (let i = 0; i < 3; i++) await rejection(pool.ready());
    server.up = true;
    await pool.ready();
    assertEquals([server.calls, time.now], [4, 0]);
    await pool.shutdown();
  });
});
