// A creation that fails: whom it rejects, and what counts as one.

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool, PoolClosedError } from "../mod.ts";
import { Chance, end, failBoth, outcomeOf, QUIET, Server } from "./helpers/outage.ts";
import { Creations, deferred, idle, rejection, stateOf, sum, Thing, Time } from "./helpers/pool.ts";
import { Recorder } from "./helpers/recorder.ts";

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
    assert(/^warn .*creating #2 failed: .*down/.test(logger.lines.at(-1)!), logger.text());
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
