// createRetry: who waits goes on to wait after a failure to make an object.

import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool, PoolClosedError, PoolError, PoolTimeoutError } from "../mod.ts";
import { Chance, outcomeOf, Server } from "./helpers/outage.ts";
import { Creations, idle, rejection, stateOf, Thing, Time, Workshop } from "./helpers/pool.ts";
import { Recorder } from "./helpers/recorder.ts";

const QUIET = { logLevel: "silent" } as const;

/** An error of a driver: PostgreSQL's "too many connections" has the code 53300. */
function failure(code: string): Error & { code: string } {
  return Object.assign(new Error(`failure ${code}`), { code });
}

const isBusy = (error: unknown) => (error as { code?: string }).code === "53300";

describe("createRetry true", () => {
  it("has gets wait on, by the same rests, until one is made", async () => {
    using time = new Time();
    using _ = new Chance(1);
    const server = new Server(time);
    const pool = new Pool(server.fun, { maxSize: 2, createRetry: true, ...QUIET });
    const gets = [pool.get(), pool.borrow().then(({ object }) => object), pool.use(({ id }) => id)];
    const outcomes = gets.map(outcomeOf);
    await time.pass(349, 1);
    assertEquals(server.at.filter((moment) => moment > 0), [50, 150], "it goes by other rests");
    assertEquals(outcomes.map(({ now }) => now), ["pending", "pending", "pending"]);
    server.up = true;
    await time.pass(1);
    assertEquals(server.at.slice(-2), [350, 350], "both places are filled at once");
    const { createFailed, rejected, gets: lent } = pool.stats();
    assertEquals([createFailed, rejected, lent], [server.calls - 2, 0, 2]);
    await pool.ret(await gets[0] as never);
    await gets[2];
    await endIt(pool, time);
  });

  it("is false by default: then the failure rejects", async () => {
    const pool = new Pool<Thing>(() => Promise.reject(failure("53300")), { maxSize: 1 });
    assertEquals(((await rejection(pool.get())) as { code: string }).code, "53300");
    await pool.shutdown();
  });

  it("ends a get at its timeout, with the last failure as cause", async () => {
    using time = new Time();
    using _ = new Chance(1);
    const server = new Server(time);
    const options = { maxSize: 2, timeout: 400, createRetry: true, ...QUIET };
    const pool = new Pool(server.fun, options);
    const late = [rejection(pool.get()), rejection(pool.get({ timeout: 60 }))];
    await time.pass(400, 10);
    for (const [i, error] of (await Promise.all(late) as PoolTimeoutError[]).entries()) {
      assertInstanceOf(error, PoolTimeoutError);
      const last = i === 0 ? server.calls - 1 : server.calls - 3; // at 350 ms, and at 50 ms
      assertEquals([error.timeout, (error.cause as Error).message], [i ? 60 : 400, `down ${last}`]);
    }
    const { timeouts, rejected } = pool.stats();
    assertEquals([timeouts, rejected, pool.waiting], [2, 0, 0]);
    await pool.shutdown();
  });

  it("ends a get when its signal aborts, and nothing is tried any more", async () => {
    using time = new Time();
    using _ = new Chance(1);
    const server = new Server(time);
    const pool = new Pool(server.fun, { maxSize: 1, createRetry: true, ...QUIET });
    const stop = new AbortController();
    const gone = rejection(pool.get({ signal: stop.signal }));
    await time.pass(60, 10);
    stop.abort("enough");
    assertEquals(await gone, "enough");
    const { calls } = server;
    await time.pass(2000, 50);
    assertEquals(server.calls, calls);
    await pool.shutdown();
  });

  it("logs each failure, once", async () => {
    using time = new Time();
    using _ = new Chance(1);
    const logger = new Recorder();
    const server = new Server(time);
    const pool = new Pool(server.fun, { maxSize: 1, createRetry: true, logger });
    const got = pool.get();
    await time.pass(150, 10);
    assertEquals(logger.lines.length, server.calls, logger.text());
    for (const [i, line] of logger.lines.entries()) {
      assert(new RegExp(`^warn .*creating #${i} failed: .*down ${i}`).test(line), line);
    }
    server.up = true;
    await time.pass(200, 10);
    await pool.ret(await got);
    await pool.shutdown();
  });

  it("lets the event loop have its turn, also where nothing rests and fun fails at once", async () => {
    for (const createRetry of [true, () => true]) {
      let calls = 0;
      const fun = (n: number) => {
        if (++calls > 50_000) return new Thing(n); // else nothing would ever end this test
        throw new Error("down");
      };
      const options = { maxSize: 1, timeout: 30, createBackoff: 0, createRetry, ...QUIET };
      const pool = new Pool(fun, options);
      assertInstanceOf(await rejection(pool.get()), PoolTimeoutError);
      assert(calls > 1, `${calls} calls`);
      await pool.shutdown();
    }
  });

  it("has ready() wait through failures, until it is done or the pool is shut down", async () => {
    using time = new Time();
    using _ = new Chance(1);
    for (const up of [true, false]) {
      const server = new Server(time);
      const pool = new Pool(server.fun, { minSize: 2, createRetry: true, ...QUIET });
      const ready = pool.ready();
      const outcome = outcomeOf(ready);
      await time.pass(400, 10);
      assertEquals(outcome.now, "pending");
      server.up = up;
      await time.pass(6000, 50);
      if (!up) {
        assertEquals(outcome.now, "pending");
        const closed = rejection(ready);
        await pool.shutdown();
        assertInstanceOf(await closed, PoolClosedError);
      } else {
        await ready;
        assertEquals(pool.available, 2);
        await pool.shutdown();
      }
    }
  });

  it("has a shutdown end what waits", async () => {
    using time = new Time();
    const server = new Server(time);
    const pool = new Pool(server.fun, { maxSize: 1, createRetry: true, ...QUIET });
    const closed = rejection(pool.get());
    await time.pass(20, 1);
    await pool.shutdown();
    assertInstanceOf(await closed, PoolClosedError);
    const { calls } = server;
    await time.pass(1000, 100);
    assertEquals(server.calls, calls);
  });

  it("has a shutdown that drains go on trying, as long as its timeout allows", async () => {
    using time = new Time();
    using _ = new Chance(1);
    for (const up of [true, false]) {
      const server = new Server(time);
      const pool = new Pool(server.fun, { maxSize: 1, createRetry: true, ...QUIET });
      const used = outcomeOf(pool.use(() => "used"));
      await time.pass(20);
      const ended = pool.shutdown({ drain: true, timeout: 1000 });
      await time.pass(200, 10);
      server.up = up;
      await time.pass(1400, 10);
      await ended;
      if (up) assertEquals(used.now, "used");
      else assert(/is shut down/.test(`${used.now}`), `${used.now}`);
    }
  });

  it("is as good for what opener fails with: its object is closed", async () => {
    using time = new Time();
    using _ = new Chance(1);
    const { fun, closer, closed } = new Workshop();
    const opener = ({ id }: Thing) => {
      if (id < 3) throw new Error("no handshake");
    };
    const pool = new Pool(fun, { maxSize: 1, createRetry: true, opener, closer, ...QUIET });
    const got = pool.get();
    await time.pass(200, 10);
    assertEquals([(await got).id, closed], [3, [0, 1, 2]]);
    await pool.ret(await got);
    await pool.shutdown();
  });

  it("does not hide that objects are obsolete when they are made, nor that they are unfit", async () => {
    const obsolete: Pool<Thing> = new Pool((n) => new Thing(n), {
      maxSize: 1,
      createRetry: true,
      opener: () => void obsolete.reset(),
      ...QUIET,
    });
    const told = await rejection(obsolete.get()) as Error;
    assertInstanceOf(told, PoolError);
    assert(/three new objects in a row obsolete/.test(told.message), told.message);
    await obsolete.shutdown();
    const getter = () => {
      throw failure("unfit");
    };
    const unfit = new Pool((n) => new Thing(n), {
      maxSize: 1,
      createRetry: true,
      getter,
      ...QUIET,
    });
    assertEquals(((await rejection(unfit.get())) as Error).message, "failure unfit");
    await unfit.shutdown();
  });
});

describe("a createRetry that decides by the error", () => {
  it("is asked with what fun failed with, untouched: then gets wait on, or are rejected", async () => {
    using time = new Time();
    using _ = new Chance(1);
    const creations = new Creations();
    const asked: unknown[] = [];
    const createRetry = (error: unknown) => (asked.push(error), isBusy(error));
    const pool = new Pool(creations.fun, { maxSize: 1, createRetry, ...QUIET });
    const gets = [pool.get(), pool.get()];
    const busy = failure("53300");
    const wrong = failure("28P01"); // wrong password: nothing will mend that
    await creations.fail(0, busy);
    assertEquals(await Promise.all(gets.map(stateOf)), ["pending", "pending"]);
    await time.pass(1); // the event loop's turn
    const oldest = rejection(gets[0]!);
    await creations.fail(1, wrong);
    assertStrictEquals(await oldest, wrong);
    assertEquals([asked.length, asked[0] === busy, asked[1] === wrong], [2, true, true]);
    await time.pass(50);
    await creations.fail(2, busy);
    await time.pass(100);
    const all = rejection(gets[1]!);
    await creations.fail(3, wrong);
    assertStrictEquals(await all, wrong);
    await pool.shutdown();
  });

  it("rejects all that waited for a probe with what it does not retry, and none with what it does", async () => {
    using time = new Time();
    using _ = new Chance(1);
    const creations = new Creations();
    const pool = new Pool(creations.fun, { maxSize: 1, createRetry: isBusy, ...QUIET });
    const all = [1, 2, 3].map(() => outcomeOf(pool.get()));
    await creations.fail(0, failure("53300"));
    await time.pass(1); // the event loop's turn
    await creations.fail(1, failure("53300"));
    await time.pass(50);
    await creations.fail(2, failure("53300"));
    assertEquals(all.map(({ now }) => now), ["pending", "pending", "pending"]);
    await time.pass(100);
    await creations.fail(3, failure("3D000"));
    assertEquals(all.map(({ now }) => now), Array(3).fill("failure 3D000"));
    await pool.shutdown();
  });

  it("decides by what is true of what it gives", async () => {
    for (const [given, expected] of [[1, "pending"], ["yes", "pending"], [0, "x"], [null, "x"]]) {
      const creations = new Creations();
      const createRetry = (() => given) as never;
      const pool = new Pool(creations.fun, { maxSize: 1, createRetry, ...QUIET });
      const got = outcomeOf(pool.get());
      await creations.fail(0, "x");
      assertEquals([given, got.now], [given, expected]);
      const ended = pool.shutdown();
      creations.all[1]?.reject("ended");
      await ended;
    }
  });

  const failing: [string, (error: unknown) => boolean, RegExp][] = [
    ["fails", () => {
      throw new Error("no idea");
    }, /no idea/],
    [
      "is asynchronous",
      (() => Promise.resolve(true)) as never,
      /createRetry must not be asynchronous/,
    ],
    [
      "is asynchronous and fails",
      (() => Promise.reject(new Error("no idea"))) as never,
      /createRetry must not be asynchronous/,
    ],
  ];
  for (const [how, createRetry, said] of failing) {
    it(`that ${how} is logged, counted, and taken for false`, async () => {
      const logger = new Recorder();
      const fun = () => {
        throw failure("53300");
      };
      const pool = new Pool<Thing>(fun, { maxSize: 1, createRetry, logger });
      assertEquals(((await rejection(pool.get())) as Error).message, "failure 53300");
      await idle();
      assertEquals(pool.stats().hookErrors, 1);
      const lines = logger.lines.filter((line) => /^warn .*createRetry failed for/.test(line));
      assertEquals(lines.length, 1, logger.text());
      assert(said.test(lines[0]!) && /failure 53300/.test(lines[0]!), lines[0]);
      await pool.shutdown();
    });
  }

  it("may shut the pool down", async () => {
    const pool: Pool<Thing> = new Pool(() => {
      throw failure("57P03");
    }, {
      maxSize: 1,
      createRetry: () => (void pool.shutdown(), true),
      ...QUIET,
    });
    assertInstanceOf(await rejection(pool.get()), PoolClosedError);
    await pool.shutdown();
    assertEquals(pool.size, 0);
  });

  it("is not asked of what fails once the pool is shut down", async () => {
    let asked = 0;
    const creations = new Creations();
    const createRetry = () => ++asked > 0;
    const pool = new Pool(creations.fun, { maxSize: 1, createRetry, ...QUIET });
    const closed = rejection(pool.get());
    const ended = pool.shutdown();
    await creations.fail(0, "aborted");
    await ended;
    assertInstanceOf(await closed, PoolClosedError);
    assertEquals(asked, 0);
  });

  it("has a probe that hangs end at createTimeout, of which it is asked, too", async () => {
    using time = new Time();
    using _ = new Chance(1);
    const asked: string[] = [];
    const createRetry = (error: unknown) => asked.push((error as Error).name) < 3;
    const fun = () => new Promise<never>(() => {});
    const pool = new Pool<Thing>(fun, { maxSize: 1, createTimeout: 10, createRetry, ...QUIET });
    const got = outcomeOf(pool.get());
    await time.pass(60, 1);
    assertEquals([asked, got.now], [Array(2).fill("PoolTimeoutError"), "pending"]);
    await time.pass(40, 1);
    assert(/createTimeout/.test(`${got.now}`), `${got.now}`);
    await pool.shutdown();
  });
});

/** Shuts a pool down, by force, in fake time. */
async function endIt(pool: Pool<Thing>, time: Time): Promise<void> {
  const ended = pool.shutdown({ timeout: 1 });
  await time.pass(600, 100);
  await ended;
}
