// createBackoff: creations that fail rest by one clock, and one at a time finds out whether it is over.

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { type Lease, Pool, PoolClosedError, PoolTimeoutError } from "../mod.ts";
import { Chance, outcomeOf, Server } from "./helpers/outage.ts";
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
} from "./helpers/pool.ts";
import { Recorder } from "./helpers/recorder.ts";
import { TestPool } from "./helpers/test_pool.ts";

const QUIET = { logLevel: "silent" } as const;

/** Has two creations fail, after which the pool rests; `get`s of no options. */
async function breakDown(pool: Pool<Thing>): Promise<void> {
  await Promise.all([rejection(pool.get()), rejection(pool.get())]);
}

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

describe("whom a failure rejects", () => {
  it("a probe's, all that waited when it began, if no object is live; never one that came later", async () => {
    using time = new Time();
    using _ = new Chance(1);
    const creations = new Creations();
    const pool = new Pool(creations.fun, { maxSize: 3 });
    await failBoth(pool, creations);
    const first = Array.from({ length: 5 }, (_, i) => rejection(pool.get({ priority: i % 2 })));
    await time.pass(50);
    const later = [pool.get(), pool.get({ priority: 9 })];
    await creations.fail(2, "down");
    assertEquals(await Promise.all(first), Array(5).fill("down"));
    assertEquals([await Promise.all(later.map(stateOf)), pool.waiting], [
      ["pending", "pending"],
      2,
    ]);
    await time.pass(100);
    await creations.finish(3);
    await creations.finish(4);
    for (const get of later) await pool.ret(await get);
    assertEquals(pool.stats().rejected, 7);
    await pool.shutdown();
  });

  it("one's before the first rest, the oldest only, whoever waits and though no object is live", async () => {
    using time = new Time();
    const creations = new Creations();
    const pool = new Pool(creations.fun, { maxSize: 1 });
    const gets = [1, 2, 3].map(() => outcomeOf(pool.get()));
    await creations.fail(0, "a");
    await creations.fail(1, "b"); // it began when all three waited
    assertEquals(gets.map(({ now }) => now), ["a", "b", "pending"]);
    await time.pass(50);
    await creations.fail(2, "c");
    assertEquals(gets[2]!.now, "c");
    await pool.shutdown();
  });

  it("a probe's, the oldest only, if an object is in use", async () => {
    using time = new Time();
    using _ = new Chance(1);
    const creations = new Creations();
    const pool = new Pool(creations.fun, { maxSize: 3 });
    const got = pool.get();
    await creations.finish(0);
    await failBoth(pool, creations, 1);
    const gets = [pool.get(), pool.get({ priority: 1 }), pool.get()];
    await time.pass(50);
    const failed = rejection(gets[0]!);
    await creations.fail(3, "down");
    assertEquals([await failed, pool.waiting], ["down", 2]);
    await pool.ret(await got);
    await pool.ret(await gets[1]!);
    assertEquals((await gets[2]!).id, 0);
    await end(pool, time);
  });

  it("what was a probe's, the oldest only, if another success has ended the outage", async () => {
    using time = new Time();
    using _ = new Chance(1);
    const creations = new Creations();
    const pool = new Pool(creations.fun, { maxSize: 3 });
    const failed = [rejection(pool.get()), rejection(pool.get())];
    const first = pool.get();
    await creations.fail(1, "a");
    await creations.fail(2, "b");
    assertEquals(await Promise.all(failed), ["a", "b"]);
    const gets = [1, 2, 3].map(() => outcomeOf(pool.get()));
    await time.pass(50);
    assertEquals(creations.all.length, 4, "the probe has begun");
    await creations.finish(0);
    pool.detach(await first);
    await idle();
    assertEquals([pool.size, pool.creating], [3, 3], "nothing is live");
    await creations.fail(3, "c");
    assertEquals(gets.map(({ now }) => now), ["c", "pending", "pending"]);
    await creations.finish(4);
    await creations.finish(5);
    assertEquals(gets.map(({ now }) => now), ["c", "an object", "an object"]);
    await end(pool, time);
  });

  it("a probe's, the oldest only, if a hook looks at an object", async () => {
    using time = new Time();
    using _ = new Chance(1);
    const creations = new Creations();
    const looking = deferred();
    const getter = () => looking.promise;
    const pool = new Pool(creations.fun, { maxSize: 3, getter, hookTimeout: 0 });
    const first = pool.get();
    await creations.finish(0); // getter looks at it
    const gets = [rejection(first), rejection(pool.get()), pool.get(), pool.get()];
    await creations.fail(1, "a");
    await creations.fail(2, "b");
    assertEquals(await Promise.all(gets.slice(0, 2)), ["a", "b"]);
    await time.pass(110, 10); // after 100 ms it is no object to come
    gets.push(pool.get());
    const failed = rejection(gets[2]!);
    await creations.fail(3, "down");
    assertEquals([await failed, pool.waiting], ["down", 2]);
    looking.resolve();
    assertEquals(((await gets[3]!) as Thing).id, 0);
    const refused = rejection(gets[4]!);
    await end(pool, time);
    assertInstanceOf(await refused, PoolClosedError);
  });

  it("one of several at once, the oldest of those that waited when it began: else nobody", async () => {
    using time = new Time();
    const creations = new Creations();
    const pool = new Pool(creations.fun, { maxSize: 1 });
    const stop = new AbortController();
    const gone = rejection(pool.get({ signal: stop.signal }));
    stop.abort("gone");
    assertEquals(await gone, "gone");
    const later = pool.get();
    assertEquals(creations.all.length, 1, "the first is still being made");
    await creations.fail(0, "down");
    assertEquals([await stateOf(later), creations.all.length], ["pending", 2]);
    await creations.finish(1);
    await pool.ret(await later);
    assertEquals([pool.stats().rejected, time.now], [0, 0]);
    await pool.shutdown();
  });

  it("nobody who came during the probe, where those that waited before have gone", async () => {
    using time = new Time();
    using _ = new Chance(1);
    const creations = new Creations();
    const logger = new Recorder();
    const pool = new Pool(creations.fun, { maxSize: 1, logger });
    await failBoth(pool, creations);
    const stop = new AbortController();
    const gone = rejection(pool.get({ signal: stop.signal }));
    await time.pass(50);
    stop.abort("gone");
    await gone;
    const later = pool.get();
    await creations.fail(2, new Error("down"));
    assertEquals(await stateOf(later), "pending");
    assert(/^warn .*#2 cannot be made: .*down/.test(logger.lines.at(-1)!), logger.text());
    await time.pass(100);
    await creations.finish(3);
    await pool.ret(await later);
    await pool.shutdown();
  });
});

describe("ready() in an outage", () => {
  it("waits for the next probe, and rejects with its failure or resolves", async () => {
    using time = new Time();
    using _ = new Chance(1);
    const server = new Server(time);
    const pool = new Pool(server.fun, { minSize: 2, ...QUIET });
    await rejection(pool.ready());
    await idle();
    const { calls } = server;
    const both = [outcomeOf(pool.ready()), outcomeOf(pool.ready())];
    await time.pass(49);
    assertEquals([server.calls, both[0]!.now], [calls, "pending"], "it does not end the rest");
    await time.pass(1);
    assertEquals(both.map(({ now }) => now), [`down ${calls}`, `down ${calls}`]);
    server.up = true;
    const third = outcomeOf(pool.ready());
    await time.pass(100);
    assertEquals([third.now, pool.available], [undefined, 2]);
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

describe("what counts as a failure", () => {
  const failing: [string, (n: number, invalidate: (why?: unknown) => void) => unknown][] = [
    ["that fun gives nothing", () => undefined],
    ["an object that is invalidated while it is made", (n, invalidate) => {
      invalidate("died");
      return new Thing(n);
    }],
  ];
  for (const [what, make] of failing) {
    it(what, async () => {
      using time = new Time();
      using _ = new Chance(1);
      const at: number[] = [];
      const pool = new Pool<Thing>((n, { invalidate }) => {
        at.push(time.now);
        return make(n, invalidate) as Thing;
      }, { minSize: 1, ...QUIET });
      await rejection(pool.ready());
      await time.pass(150, 50);
      assertEquals(at, [0, 0, 50, 150]);
      const { created, accounted } = sum(pool);
      assertEquals(created, accounted);
      await pool.shutdown();
    });
  }

  it("what opener fails with, and createTimeout", async () => {
    using time = new Time();
    using _ = new Chance(1);
    const never = () => new Promise<never>(() => {});
    const calls = { opener: [] as number[], fun: [] as number[] };
    const opened = new Pool((n) => new Thing(n), {
      minSize: 1,
      opener: () => {
        calls.opener.push(time.now);
        throw new Error("no handshake");
      },
      ...QUIET,
    });
    const hung = new Pool<Thing>(() => {
      calls.fun.push(time.now);
      return never();
    }, { minSize: 1, createTimeout: 10, ...QUIET });
    for (const pool of [opened, hung]) void pool.ready().catch(() => {});
    await time.pass(200, 10);
    assertEquals(calls, { opener: [0, 0, 50, 150], fun: [0, 10, 70, 180] });
    for (const pool of [opened, hung]) await end(pool, time);
  });

  it("not one that is obsolete when it is made: nothing rests for that", async () => {
    using time = new Time();
    const pool: Pool<Thing> = new Pool((n) => new Thing(n), {
      maxSize: 1,
      opener: ({ id }) => id < 5 ? void pool.reset() : undefined,
      ...QUIET,
    });
    const results = await Promise.all([1, 2].map(async () => {
      const settled = Promise.allSettled([pool.use(({ id }) => id)]);
      for (let i = 0; i < 4; i++) await time.pass(1);
      return (await settled)[0]!.status;
    }));
    assertEquals(results, ["rejected", "fulfilled"]);
    assert(time.now < 20, `${time.now} ms`);
    await pool.shutdown();
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

/** Has two creations by hand fail, from the `i`th on, after which the pool rests. */
async function failBoth(pool: Pool<Thing>, creations: Creations, i = 0): Promise<void> {
  const gets = [rejection(pool.get()), rejection(pool.get())];
  await creations.fail(i, "down");
  await creations.fail(i + 1, "down");
  await Promise.all(gets);
}

/** Shuts a pool down, by force, in fake time. */
async function end(pool: Pool<Thing>, time: Time): Promise<void> {
  const ended = pool.shutdown({ timeout: 1 });
  await time.pass(600, 100);
  await ended;
}
