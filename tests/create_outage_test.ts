// An outage: one creation at a time finds out whether it is over; how it ends, and how a shutdown ends it.

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { type Lease, Pool, PoolClosedError, PoolTimeoutError } from "../mod.ts";
import { breakDown, Chance, failBoth, outcomeOf, QUIET, Server } from "./helpers/outage.ts";
import { Creations, idle, rejection, type Thing, Time, Timers } from "./helpers/pool.ts";

describe("in an outage", () => {
  it("one is tried at a time, until one succeeds; then all that are missing at once", async () => {
    using time = new Time();
    using _ = new Chance(1);
    const creations = new Creations();
    const pool = new Pool(creations.fun, { maxSize: 10 });
    await failBoth(pool, creations);
    const gets = Array.from({ length: 20 }, () => pool.get());
    await time.pass(50);
    assertEquals([pool.creating, creations.all.length], [1, 3]);
    await time.pass(5000, 500);
    assertEquals([pool.creating, creations.all.length], [1, 3], "while the probe is under way");
    await creations.finish(2);
    assertEquals([pool.creating, pool.using, pool.waiting], [9, 1, 19]);
    for (let i = 3; i < 12; i++) await creations.finish(i);
    for (const get of gets) await pool.ret(await get);
    assertEquals([creations.all.length, time.now], [12, 5050]);
    await pool.shutdown();
  });

  it("minSize's refill goes by the same clock as gets, and is made at once when it is over", async () => {
    using time = new Time();
    using _ = new Chance(1);
    const server = new Server(time);
    const pool = new Pool(server.fun, { minSize: 3, maxSize: 5, ...QUIET });
    await rejection(pool.ready());
    await idle();
    const { calls } = server; // all three at once, and one after the first failure; then it rests
    assertEquals([calls, time.now], [4, 0]);
    const failed = outcomeOf(pool.get());
    await time.pass(49);
    assertEquals([server.calls, failed.now], [calls, "pending"]);
    await time.pass(1);
    assertEquals([server.calls, failed.now], [calls + 1, `down ${calls}`]);
    await time.pass(99);
    assertEquals(server.calls, calls + 1);
    server.up = true;
    const got = pool.get();
    await time.pass(1);
    assertEquals([server.calls, pool.size, pool.using], [calls + 4, 3, 1]);
    await pool.ret(await got);
    await pool.shutdown();
  });

  it("a success of one that began before ends it, with its rest", async () => {
    using time = new Time();
    using _ = new Chance(1);
    const creations = new Creations();
    const pool = new Pool(creations.fun, { maxSize: 4 });
    const gets = [1, 2, 3, 4].map(() => pool.get());
    const failed = gets.slice(0, 2).map(rejection);
    await creations.fail(0, "a");
    await creations.fail(1, "b");
    assertEquals(await Promise.all(failed), ["a", "b"]);
    gets.push(pool.get(), pool.get());
    assertEquals(creations.all.length, 4);
    await creations.finish(3);
    assertEquals([creations.all.length, time.now], [6, 0], "two of four places are free");
    for (const i of [2, 4, 5]) await creations.finish(i);
    for (const get of gets.slice(2)) await pool.ret(await get);
    await pool.shutdown();
  });

  it("who waits is served by what comes back, and nothing is tried for it", async () => {
    using time = new Time();
    using _ = new Chance(1);
    const server = new Server(time, true);
    const pool = new Pool(server.fun, { maxSize: 2 });
    const lease = await pool.get();
    server.up = false;
    await breakDown(pool);
    const next = pool.get();
    await time.pass(20);
    await pool.ret(lease);
    assertEquals(((await next) as Lease<Thing>).id, 0);
    await time.pass(1000, 50);
    assertEquals([server.calls, pool.creating], [3, 0]);
    await pool.ret(await next);
    await pool.shutdown();
  });

  it("a lone get hears of the failure after createBackoff at the most", async () => {
    using time = new Time();
    using _ = new Chance(1);
    const server = new Server(time);
    const pool = new Pool(server.fun, { createBackoff: 400, maxSize: 1 });
    await breakDown(pool);
    const waited: number[] = [];
    for (let i = 0; i < 6; i++) {
      const begun = time.now;
      const failed = outcomeOf(pool.get());
      while (failed.now === "pending") await time.pass(50);
      waited.push(time.now - begun);
    }
    assertEquals(waited, [50, 100, 200, 400, 400, 400]);
    await pool.shutdown();
  });

  it("who comes after its rest is over is a probe at once", async () => {
    using time = new Time();
    using _ = new Chance(1);
    const server = new Server(time);
    const pool = new Pool(server.fun, { maxSize: 1 });
    await breakDown(pool);
    await time.pass(50);
    assertEquals(server.calls, 2, "nobody waits");
    server.up = true;
    await pool.ret(await pool.get());
    assertEquals([server.calls, time.now], [3, 50]);
    await pool.shutdown();
  });

  it("a get gives up meanwhile by its own timeout, with the failure as cause, or its signal", async () => {
    using time = new Time();
    using _ = new Chance(1);
    const server = new Server(time);
    const pool = new Pool(server.fun, { maxSize: 2, ...QUIET });
    await breakDown(pool);
    const late = rejection(pool.get({ timeout: 20 }));
    const stop = new AbortController();
    const aborted = rejection(pool.get({ signal: stop.signal }));
    stop.abort("enough");
    await time.pass(30);
    assertEquals(await aborted, "enough");
    const error = await late as PoolTimeoutError;
    assertInstanceOf(error, PoolTimeoutError);
    assertEquals([(error.cause as Error).message, error.phase], ["down 1", "wait"]);
    await time.pass(1000, 50);
    assertEquals([server.calls, pool.waiting], [2, 0], "nobody waits any more: nothing is tried");
    await pool.shutdown();
  });
});

describe("a shutdown in an outage", () => {
  it("ends the rest: who waits fails, nothing is tried any more, no timer is left", async () => {
    using timers = new Timers();
    using _ = new Chance(1);
    let calls = 0;
    const options = { minSize: 1, maxSize: 2, createBackoff: 60_000, ...QUIET };
    const pool = new Pool<Thing>(() => {
      calls++;
      throw new Error("down");
    }, options);
    await breakDown(pool);
    await idle();
    const before = calls;
    const gets = [pool.get(), pool.get(), pool.ready()].map(rejection);
    await pool.shutdown();
    for (const error of await Promise.all(gets)) assertInstanceOf(error, PoolClosedError);
    await idle();
    assertEquals([timers.pending, calls], [0, before]);
  });

  it("aborts the probe", async () => {
    using time = new Time();
    using _ = new Chance(1);
    const creations = new Creations();
    const pool = new Pool(creations.fun, { maxSize: 1 });
    await failBoth(pool, creations);
    const failed = rejection(pool.get());
    await time.pass(50);
    const ended = pool.shutdown();
    assertInstanceOf(await failed, PoolClosedError);
    assertEquals(creations.all[2]!.signal.aborted, true);
    await creations.fail(2, "aborted");
    await ended;
    await time.pass(1000, 100);
    assertEquals(creations.all.length, 3);
  });

  it("leaves no timer where what was aborted fails", async () => {
    using timers = new Timers();
    const creations = new Creations();
    const pool = new Pool(creations.fun, { maxSize: 2, createBackoff: 60_000, ...QUIET });
    const gets = [rejection(pool.get()), rejection(pool.get())];
    await creations.fail(0, "down");
    const ended = pool.shutdown();
    await creations.fail(1, "aborted");
    await ended;
    await Promise.all(gets);
    assertEquals(timers.pending, 0);
  });

  it("that drains serves who waits once the outage is over", async () => {
    using time = new Time();
    using _ = new Chance(1);
    const server = new Server(time);
    const pool = new Pool(server.fun, { maxSize: 1, ...QUIET });
    await breakDown(pool);
    const used: number[] = [];
    const gets = [1, 2, 3].map(() => pool.use(({ id }) => void used.push(id)));
    const ended = pool.shutdown({ drain: true });
    server.up = true;
    await time.pass(49);
    assertEquals(used, []);
    await time.pass(1);
    await Promise.all(gets);
    await ended;
    assertEquals(used, [2, 2, 2]);
  });

  it("that drains ends with the probe that fails, or by its timeout", async () => {
    using time = new Time();
    using _ = new Chance(1);
    for (const timeout of [0, 20]) {
      const server = new Server(time);
      const pool = new Pool(server.fun, { maxSize: 2, ...QUIET });
      await breakDown(pool);
      const gets = [rejection(pool.get()), rejection(pool.get())];
      const ended = pool.shutdown({ drain: true, timeout });
      await time.pass(timeout === 0 ? 50 : 20);
      const errors = await Promise.all(gets);
      await ended;
      const kinds = errors.map((error) => (error as Error).name);
      const kind = timeout === 0 ? "Error" : "PoolClosedError";
      assertEquals(kinds, [kind, kind]);
      await time.pass(1000, 100);
      assertEquals(server.calls, timeout === 0 ? 3 : 2);
    }
  });
});

describe("200 callers that retry at once", () => {
  /** Runs them for `ms` while the server is down; then it is up again until all are served. */
  async function storm(ms: number, chances: number[], step = 10) {
    using time = new Time();
    using _ = new Chance(...chances);
    const server = new Server(time);
    const pool = new Pool(server.fun, { maxSize: 10, ...QUIET });
    let tries = 0;
    let served = 0;
    let lastServed = 0;
    const caller = async () => {
      for (;;) {
        tries++;
        const done = await pool.use(() => true).catch(() => false);
        if (!done) continue;
        served++;
        lastServed = time.now;
        return;
      }
    };
    const callers = Array.from({ length: 200 }, caller);
    await time.pass(ms, step);
    const down = server.calls;
    const { at } = server;
    const begun = time.now;
    server.up = true;
    await time.pass(5000, 50);
    await Promise.all(callers);
    await pool.shutdown();
    return { down, at, tries, served, took: lastServed - begun, up: server.calls - down };
  }

  it("reach a server that is down a few times at first, then ever more rarely", async () => {
    const { down, at, served, took, up } = await storm(5000, [1]);
    // Ten at once, and the one that is tried at once after the first failure; then it rests.
    assertEquals(at.slice(0, down).filter((moment) => moment > 0), [50, 150, 350, 750, 1550, 3150]);
    assert(down <= 17, `${down} calls`);
    assertEquals(served, 200);
    assert(took <= 3200, `${took} ms after it was up again`);
    assert(up <= 10, `${up} objects made for 10 places`);
  });

  it("reach it about as often with any chance, and all are well within one rest", async () => {
    // Of some linear congruence: the same each time.
    let seed = 12345;
    const chances = Array.from(
      { length: 997 },
      () => (seed = seed * 16807 % 2147483647) / 2147483647,
    );
    const { down, tries, served, took } = await storm(5000, chances);
    assert(down > 11 && down <= 40, `${down} calls`);
    assert(tries < 200 * 40, `${tries} tries`);
    assertEquals(served, 200);
    assert(took <= 5000, `${took} ms after it was up again`);
  });

  it("after a while once in five seconds at the most", async () => {
    const { at, down } = await storm(30_000, [1], 50);
    const late = at.slice(0, down).filter((moment) => moment > 7_000);
    assertEquals(late, [11_350, 16_350, 21_350, 26_350]);
  });
});
