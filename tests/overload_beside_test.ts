// queueTarget beside timeouts, signals, bounds, shutdowns, and objects that are being made.

import { assertEquals, assertInstanceOf } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  Pool,
  PoolClosedError,
  PoolFullError,
  PoolOverloadError,
  PoolTimeoutError,
} from "../mod.ts";
import { Chance } from "./helpers/outage.ts";
import { overloaded, plain, SHEDS, things, watch } from "./helpers/overload.ts";
import { Creations, fakeNow, rejection, stateOf, type Thing, Time } from "./helpers/pool.ts";

describe("beside an overload", () => {
  it("a get's own timeout counts, if it is shorter, and the pool's", async () => {
    using time = new Time();
    const { pool, held } = await overloaded(time, { timeout: 1000 });
    const seen = watch(time, {
      short: pool.get({ timeout: 50 }),
      long: pool.get({ timeout: 5000 }),
      usual: pool.get(),
    });
    await time.pass(300, 1);
    assertEquals(seen.map(plain), [
      "short PoolTimeoutError at 550",
      "long PoolOverloadError at 700",
      "usual PoolOverloadError at 700",
    ]);
    const { timeouts, overloaded: shed, rejected, aborted } = pool.stats();
    assertEquals([timeouts, shed, rejected, aborted], [1, 4, 0, 0]);
    await held.release();
    await pool.shutdown();
  });

  it("a timeout that is shorter than twice the target refuses all that wait for it", async () => {
    using time = new Time();
    const { pool, held } = await overloaded(time, { timeout: 600 });
    const late = rejection(pool.get({ timeout: 150 }));
    await time.pass(160, 10);
    assertInstanceOf(await late, PoolTimeoutError);
    await held.release();
    await pool.shutdown();
  });

  it("a signal ends a get at once, with its reason", async () => {
    using time = new Time();
    const { pool, held, second } = await overloaded(time);
    const stop = new AbortController();
    const gone = rejection(pool.get({ signal: stop.signal }));
    const other = rejection(pool.get());
    await time.pass(20);
    stop.abort("enough");
    assertEquals([await gone, pool.waiting, pool.stats().aborted], ["enough", 2, 1]);
    await time.pass(250, 10);
    for (const error of [await second, await other]) assertInstanceOf(error, PoolOverloadError);
    await held.release();
    await pool.shutdown();
  });

  it("an abort of the last one that waits ends it", async () => {
    using time = new Time();
    const pool = things();
    const held = await pool.borrow();
    const stop = new AbortController();
    const old = rejection(pool.get());
    await time.pass(400, 100);
    const gone = rejection(pool.get({ signal: stop.signal }));
    await time.pass(120, 10);
    await old;
    stop.abort("enough");
    await gone;
    const seen = watch(time, { later: pool.get() });
    await time.pass(300, 10);
    assertEquals(seen, []);
    await time.pass(250, 10);
    assertEquals(seen.length, 1);
    await held.release();
    await pool.shutdown();
  });

  it("maxWaiting refuses who comes last, at once", async () => {
    using time = new Time();
    const { pool, held, second } = await overloaded(time, { maxWaiting: 2 });
    const third = rejection(pool.get());
    assertInstanceOf(await rejection(pool.get()), PoolFullError);
    await time.pass(110, 10);
    assertInstanceOf(await second, PoolOverloadError);
    assertEquals(await stateOf(third), "pending");
    await time.pass(100, 10);
    assertInstanceOf(await third, PoolOverloadError);
    const { overloaded: shed, rejected } = pool.stats();
    assertEquals([shed, rejected], [3, 1]);
    await held.release();
    await pool.shutdown();
  });

  it("a shutdown refuses who waits, and leaves no timer", async () => {
    using time = new Time();
    const { pool, held, second } = await overloaded(time);
    const other = rejection(pool.get());
    const ended = pool.shutdown();
    for (const error of [await second, await other]) assertInstanceOf(error, PoolClosedError);
    await held.release();
    await ended;
    await time.pass(1000, 100);
    assertEquals(pool.stats().overloaded, 1);
  });

  it("a shutdown that drains serves all that wait", async () => {
    using time = new Time();
    const { pool, held, second } = await overloaded(time);
    const gets = [1, 2, 3].map((i) => pool.use(() => i));
    const ended = pool.shutdown({ drain: true });
    await time.pass(1_000, 50);
    await held.release();
    assertEquals(await Promise.all(gets), [1, 2, 3]);
    assertEquals(await second, "served");
    await ended;
  });

  it("a timer that is late gives no object to who has waited for too long", async () => {
    using time = new Time();
    let blocked = 0;
    fakeNow(() => time.now + blocked);
    const { pool, held, second } = await overloaded(time);
    await time.pass(90, 10);
    const newest = pool.use(() => "served");
    await time.pass(1);
    blocked = 150; // so long the event loop was
    await held.release();
    assertEquals(await newest, "served");
    assertInstanceOf(await second, PoolOverloadError);
    assertEquals(pool.stats().gets, 2);
    await pool.shutdown();
  });

  it("nothing is refused where something is available again, and the queue gets empty", async () => {
    using time = new Time();
    const { pool, held, second } = await overloaded(time);
    await time.pass(20);
    const gets = [1, 2, 3].map(() => pool.use(() => "served"));
    await held.release();
    assertEquals(await Promise.all(gets), ["served", "served", "served"]);
    assertEquals([await second, pool.waiting, pool.stats().overloaded], ["served", 0, 1]);
    await pool.shutdown();
  });
});

describe("what is being made for who waits", () => {
  it("is no overload, however long it takes: the server is slow", async () => {
    using time = new Time();
    const creations = new Creations();
    const pool = new Pool(creations.fun, { ...SHEDS, maxSize: 2, createTimeout: 0 });
    const other = pool.borrow({ priority: 1 });
    const gets = [rejection(pool.get())];
    await time.pass(5000, 50);
    assertEquals([pool.waiting, pool.stats().overloaded], [2, 0]);
    const third = pool.borrow(); // for whom there is no place
    await time.pass(700, 50);
    assertEquals(pool.stats().overloaded, 1, "as many are spared as are being made");
    const error = await gets[0] as PoolOverloadError;
    assertInstanceOf(error, PoolOverloadError);
    assertEquals(error.cause, undefined);
    for (const i of [0, 1]) await creations.finish(i);
    await (await third).release(); // the newest are served
    await (await other).release();
    await pool.shutdown();
  });

  it("and fails all the time, is the cause of the refusal", async () => {
    using time = new Time();
    using _ = new Chance(1);
    const pool = new Pool<Thing>(() => {
      throw new Error("down");
    }, { ...SHEDS, createRetry: true, logLevel: "silent" });
    const failed = [rejection(pool.get()), rejection(pool.get())];
    await time.pass(1000, 10);
    for (const error of await Promise.all(failed) as PoolOverloadError[]) {
      assertInstanceOf(error, PoolOverloadError);
      assertEquals((error.cause as Error).message, "down");
    }
    await pool.shutdown();
  });
});
