// queueTarget: who waits for too long is refused, and the newest are served first, while all wait long.

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool, PoolError, PoolOverloadError, type RefusedEvent } from "../mod.ts";
import { Chance, outcomeOf } from "./helpers/outage.ts";
import { overloaded, plain, SHEDS, things, watch } from "./helpers/overload.ts";
import { Creations, fakeNow, rejection, Thing, Time, Timers } from "./helpers/pool.ts";
import { Recorder } from "./helpers/recorder.ts";

describe("an overload", () => {
  it("spares as many as objects are being made, in a cold start too", async () => {
    using time = new Time();
    const creations = new Creations();
    const pool = new Pool(creations.fun, {
      maxSize: 2,
      queueTarget: 50,
      queueInterval: 200,
      logLevel: "silent",
    });
    const uses = Array.from({ length: 5 }, (_, i) => pool.use(() => i).catch((error) => error));
    await time.pass(1_000, 50);
    assertEquals([pool.waiting, pool.creating, pool.stats().overloaded], [2, 2, 3]);
    await creations.finish(0);
    await creations.finish(1);
    const results = await Promise.all(uses);
    assertEquals(results.filter((result) => result instanceof PoolOverloadError).length, 3);
    assertEquals(results.slice(3), [3, 4], "the newest are served");
    await pool.shutdown();
  });

  it("is told by those who wait, though urgent ones overtake them and are served at once", async () => {
    using time = new Time();
    const pool = things({ queueTarget: 50, queueInterval: 200 });
    const low = [1, 2, 3].map(() => outcomeOf(pool.borrow({ priority: -1 })));
    const first = await pool.borrow();
    let held = first;
    for (let i = 0; i < 12; i++) {
      const urgent = pool.borrow({ priority: 1 });
      await time.pass(20);
      await held.release();
      held = await urgent;
    }
    assertEquals([pool.waiting, pool.stats().overloaded > 0], [0, true]);
    await held.release();
    await Promise.all(low);
    await pool.shutdown();
  });

  it("begins when each get of queueInterval has waited longer than queueTarget, not before", async () => {
    using time = new Time();
    const pool = things();
    const held = await pool.borrow();
    const gets = [1, 2, 3].map(() => rejection(pool.get()));
    await time.pass(499, 499);
    assertEquals([pool.waiting, pool.stats().overloaded], [3, 0]);
    await time.pass(1);
    assertEquals([pool.waiting, pool.stats().overloaded], [0, 3]);
    for (const error of await Promise.all(gets)) assertInstanceOf(error, PoolOverloadError);
    await held.release();
    await pool.shutdown();
  });

  it("refuses with an error that says how long it was, what to do, and when to try again", async () => {
    using time = new Time();
    const pool = things({ name: "shop" });
    const held = await pool.borrow();
    using chance = new Chance(0);
    const told = async () => {
      const failed = rejection(pool.get());
      await time.pass(500, 100);
      const error = await failed as PoolOverloadError;
      assertInstanceOf(error, PoolOverloadError);
      assertInstanceOf(error, PoolError);
      return error;
    };
    const { name, message, retryAfter, waited } = await told();
    assertEquals([name, retryAfter, waited], ["PoolOverloadError", 500, 500]);
    assertEquals(
      message,
      "shop is overloaded: waited 500 ms, over twice queueTarget (100 ms): " +
        "try again in 500 ms, send less, or raise maxSize",
    );
    chance.values = [0.5];
    assertEquals((await told()).retryAfter, 750);
    chance.values = [1 - 2 ** -53];
    assertEquals((await told()).retryAfter, 1000);
    await held.release();
    await pool.shutdown();
  });

  it("tells those who are refused together to come back at different moments", async () => {
    using time = new Time();
    const pool = things();
    const held = await pool.borrow();
    const gets = Array.from({ length: 50 }, () => rejection(pool.get()));
    await time.pass(500, 100);
    const afters = (await Promise.all(gets)).map((error) =>
      (error as PoolOverloadError).retryAfter
    );
    assert(afters.every((ms) => ms >= 500 && ms <= 1000), `${afters}`);
    assert(new Set(afters).size > 20, `${afters}`);
    await held.release();
    await pool.shutdown();
  });

  it("refuses, while it lasts, who has waited for twice the target: by get, borrow and use", async () => {
    using time = new Time();
    const { pool, held, second } = await overloaded(time);
    const seen = watch(time, { use: pool.use(() => {}) });
    await time.pass(30);
    const more = watch(time, { get: pool.get(), borrow: pool.borrow() });
    await time.pass(69, 1);
    assertEquals(pool.stats().overloaded, 1);
    await time.pass(3, 1);
    assertEquals(pool.stats().overloaded, 2);
    assertInstanceOf(await second, PoolOverloadError);
    await time.pass(250, 1);
    assertEquals([...seen, ...more].map(plain), [
      "use PoolOverloadError at 700",
      "get PoolOverloadError at 730",
      "borrow PoolOverloadError at 730",
    ]);
    assertEquals(pool.stats().overloaded, 5);
    await held.release();
    await pool.shutdown();
  });

  it("lasts until nobody waits: then it takes another queueInterval to begin", async () => {
    using time = new Time();
    const { pool, held, second } = await overloaded(time);
    await time.pass(101, 1);
    assertInstanceOf(await second, PoolOverloadError);
    const seen = watch(time, { later: pool.get() });
    await time.pass(480, 20);
    assertEquals(seen, [], "nobody waited before it came: it is no longer overloaded");
    await time.pass(40, 1);
    assertEquals(seen.map(plain), ["later PoolOverloadError at 1100"]);
    await held.release();
    await pool.shutdown();
  });

  it("goes on while somebody waits, also if those are served soon", async () => {
    using time = new Time();
    const { pool, held, second } = await overloaded(time);
    let last = held;
    // One more comes every 50 ms than is served: the newest, at once.
    const gets: Promise<unknown>[] = [second];
    for (let i = 0; i < 20; i++) {
      gets.push(rejection(pool.get()));
      const newest = pool.borrow();
      await last.release();
      last = await newest;
      await time.pass(50, 10);
    }
    assertEquals([pool.waiting, pool.stats().overloaded], [3, 19]);
    await time.pass(210, 10);
    for (const error of await Promise.all(gets)) assertInstanceOf(error, PoolOverloadError);
    await last.release();
    await pool.shutdown();
  });

  it("serves the newest first, within the highest priority; before and after it, the oldest", async () => {
    using time = new Time();
    const pool = things();
    const order: string[] = [];
    const ask = (name: string, priority = 0) => pool.use(() => void order.push(name), { priority });
    const held = await pool.borrow();
    const old = rejection(pool.get());
    await time.pass(400, 100);
    const all = [ask("a"), ask("b", 1)];
    await time.pass(20);
    all.push(ask("c"), ask("d", 1), ask("e", -1));
    await time.pass(20);
    all.push(ask("f"), ask("g", 1));
    await time.pass(70, 10);
    assertInstanceOf(await old, PoolOverloadError);
    await held.release();
    await Promise.all(all);
    assertEquals(order.join(" "), "g d b f c a e");
    order.length = 0;
    const again = await pool.borrow();
    const others = [ask("a"), ask("b", 1), ask("c"), ask("d", 1)];
    await again.release();
    await Promise.all(others);
    assertEquals(order.join(" "), "b d a c");
    await pool.shutdown();
  });

  it("does not begin as long as one in each interval is served in its turn within the target", async () => {
    using time = new Time();
    const pool = things();
    let held = await pool.borrow();
    let next = pool.borrow();
    for (let i = 0; i < 20; i++) { // the queue is never empty
      await time.pass(90, 10);
      const after = pool.borrow();
      await held.release();
      held = await next;
      next = after;
    }
    assertEquals([pool.stats().overloaded, time.now], [0, 1800]);
    const late = outcomeOf(next);
    await time.pass(490, 10);
    assertEquals(late.now, "pending");
    await time.pass(20, 1);
    assert(/is overloaded/.test(`${late.now}`), `${late.now}`);
    await held.release();
    await pool.shutdown();
  });

  it("does not begin because the event loop stood still: nobody could be served meanwhile", async () => {
    using time = new Time();
    let blocked = 0;
    fakeNow(() => time.now + blocked);
    const pool = things();
    const held = await pool.borrow();
    const got = outcomeOf(pool.get());
    await time.pass(50);
    blocked = 2000;
    await time.pass(449, 10);
    assertEquals(got.now, "pending");
    await time.pass(200, 10);
    assert(/is overloaded/.test(`${got.now}`), `${got.now}`);
    await held.release();
    await pool.shutdown();
  });

  it("does not begin as long as the queue is empty now and then", async () => {
    using time = new Time();
    const pool = things();
    for (let i = 0; i < 5; i++) {
      const held = await pool.borrow();
      const gets = [1, 2, 3].map(() => pool.use(() => {}));
      await time.pass(450, 50);
      await held.release();
      await Promise.all(gets);
    }
    assertEquals(pool.stats().overloaded, 0);
    await pool.shutdown();
  });

  it("does not begin while all wait for less than the target, for however long", async () => {
    using time = new Time();
    const pool = things();
    let held = await pool.borrow();
    let next = pool.borrow();
    for (let i = 0; i < 40; i++) {
      await time.pass(90, 45);
      const after = pool.borrow();
      await held.release();
      held = await next;
      next = after;
    }
    assertEquals([pool.stats().overloaded, pool.waiting], [0, 1]);
    await held.release();
    await (await next).release();
    await pool.shutdown();
  });
});

describe("those who come in one turn of the event loop, whose clock is read once", () => {
  it("are refused together, having waited for as long", async () => {
    using time = new Time();
    const pool = things({ timeout: 10_000 });
    const held = await pool.borrow();
    await time.pass(70);
    const gets = Array.from({ length: 5 }, () => rejection(pool.get()));
    await time.pass(499, 499);
    assertEquals(pool.waiting, 5);
    await time.pass(1);
    const errors = await Promise.all(gets) as PoolOverloadError[];
    assertEquals(errors.map(({ waited }) => waited), Array(5).fill(500));
    await held.release();
    await pool.shutdown();
  });

  it("are not taken for old if an object comes back in that turn", async () => {
    using time = new Time();
    const { pool, held, second } = await overloaded(time);
    const order: string[] = [];
    const gets = ["a", "b", "c"].map((name) =>
      pool.borrow().then((loan) => (order.push(name), loan))
    );
    await held.release(); // in the same turn: nobody has read the clock for b and c
    const newest = await gets[2]!;
    assertEquals([order, pool.waiting, pool.stats().overloaded], [["c"], 3, 1]);
    await time.pass(100, 10);
    assertInstanceOf(await second, PoolOverloadError);
    const failed = gets.slice(0, 2).map(rejection);
    await time.pass(99, 1);
    assertEquals(pool.waiting, 2);
    await time.pass(3, 1);
    const errors = await Promise.all(failed) as PoolOverloadError[];
    assertEquals(errors.map(({ waited }) => Math.round(waited / 10)), [20, 20]);
    await newest.release();
    await pool.shutdown();
  });
});

describe("one who comes in the turn in which the one before gives up", () => {
  it("is not taken for old, however late it is", async () => {
    using time = new Time();
    let blocked = 0;
    fakeNow(() => time.now + blocked);
    const { pool, held, second } = await overloaded(time);
    const stop = new AbortController();
    const gone = rejection(pool.get({ signal: stop.signal }));
    const newest = pool.use(() => "served"); // nobody has read the clock for it
    stop.abort("gone");
    blocked = 150; // so long the event loop was
    await held.release();
    assertEquals([await gone, await newest], ["gone", "served"]);
    assertInstanceOf(await second, PoolOverloadError);
    await pool.shutdown();
  });
});

describe("what is told of an overload", () => {
  it("the log has a warning when it begins, and how it was when it ends", async () => {
    using time = new Time();
    const logger = new Recorder();
    const { pool, held } = await overloaded(time, { logger, logLevel: "info", name: "shop" });
    assertEquals(logger.lines, [
      "warn shop: is overloaded: for 500 ms each get has waited longer than 100 ms (queueTarget); 2 wait",
    ]);
    await time.pass(60, 10);
    const other = rejection(pool.get());
    await time.pass(260, 10);
    await other;
    assertEquals(logger.lines.slice(1), [
      "info shop: is no longer overloaded, after 260 ms; 3 were refused",
    ]);
    await held.release();
    await pool.shutdown();
  });

  it("observers hear of each refusal, with its reason, its wait and its label", async () => {
    using time = new Time();
    const pool = things();
    const events: RefusedEvent[] = [];
    pool.observe({ refused: (event) => void events.push(event) });
    const held = await pool.borrow();
    const gets = [rejection(pool.get({ label: "report" })), rejection(pool.use(() => {}))];
    await time.pass(500, 100);
    const errors = await Promise.all(gets);
    assertEquals(events.map(({ reason, waited, label }) => [reason, waited, label]), [
      ["overload", 500, "report"],
      ["overload", 500, undefined],
    ]);
    assertEquals(events.map(({ error }) => error), errors);
    await held.release();
    await pool.shutdown();
  });

  it("an observer that borrows when it hears of a refusal does not put off the next one", async () => {
    using time = new Time();
    const pool = things();
    let again: Promise<unknown> | undefined;
    pool.observe({ refused: () => void (again ??= pool.use(() => {}).catch(() => {})) });
    const held = await pool.borrow();
    const first = rejection(pool.get()); // is refused at 500 ms
    await time.pass(350, 50);
    const seen = watch(time, { second: pool.get() });
    await time.pass(350, 1);
    assertInstanceOf(await first, PoolOverloadError);
    assertEquals(seen.map(plain), ["second PoolOverloadError at 550"]);
    await held.release();
    await again;
    await pool.shutdown();
  });

  it("an observer that gives up others, or shuts the pool down, confuses nothing", async () => {
    using time = new Time();
    const logger = new Recorder();
    const pool = things({ logger, logLevel: "info" });
    const stop = new AbortController();
    pool.observe({ refused: () => stop.abort("enough") });
    const held = await pool.borrow();
    const gets = [rejection(pool.get()), rejection(pool.get({ signal: stop.signal }))];
    const last = rejection(pool.get());
    await time.pass(500, 100);
    assertEquals((await Promise.all(gets)).map((error) => (error as Error).name ?? error), [
      "PoolOverloadError",
      "enough",
    ]);
    assertInstanceOf(await last, PoolOverloadError);
    const { overloaded: shed, aborted } = pool.stats();
    assertEquals([shed, aborted, pool.waiting], [2, 1, 0]);
    assert(/no longer overloaded.* 2 were refused/.test(logger.text()), logger.text());
    await held.release();
    await pool.shutdown();
  });
});

describe("queueTarget 0, the default", () => {
  it("refuses nobody, whoever waits for how long, and keeps the order", async () => {
    using time = new Time();
    const pool = new Pool((n) => new Thing(n), { maxSize: 1, logLevel: "silent" });
    const held = await pool.borrow();
    const order: number[] = [];
    const all = [1, 2, 3].map((i) => pool.use(() => void order.push(i)));
    await time.pass(60_000, 1000);
    await held.release();
    await Promise.all(all);
    assertEquals([order, pool.stats().overloaded], [[1, 2, 3], 0]);
    await pool.shutdown();
  });

  it("needs no timer of its own; with a target there is one more while somebody waits", async () => {
    for (const queueTarget of [0, 100]) {
      using timers = new Timers();
      const shedding = queueTarget > 0 ? SHEDS : { maxSize: 1 };
      const pool = new Pool((n) => new Thing(n), { ...shedding, minSize: 1, timeout: 5000 });
      await pool.ready();
      const lease = pool.tryGet()!;
      assertEquals(timers.pending, 0);
      const next = pool.borrow();
      assertEquals(timers.pending, queueTarget > 0 ? 2 : 1);
      await pool.ret(lease);
      await (await next).release();
      await pool.shutdown();
      assertEquals(timers.pending, 0);
    }
  });
});
