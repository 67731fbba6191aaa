// maxCreating: how many are made at once. minAvailable: how many are kept besides those in use.

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool, PoolFullError, type PoolOptions } from "../mod.ts";
import { Chance, Server } from "./helpers/outage.ts";
import {
  Creations,
  idle,
  rejection,
  stateOf,
  sum,
  Thing,
  Time,
  Timers,
  Workshop,
} from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";

const QUIET = { logLevel: "silent" } as const;

describe("maxCreating", () => {
  it("bounds how many are being made at once: the next begins when one ends", async () => {
    const creations = new Creations();
    await using pool = new TestPool(creations.fun, { maxSize: 10, maxCreating: 3 });
    const gets = Array.from({ length: 8 }, () => pool.get());
    assertEquals([pool.creating, creations.all.length], [3, 3]);
    for (let i = 0; i < 8; i++) {
      await creations.finish(i);
      const begun = Math.min(8, i + 4);
      assertEquals([creations.all.length, pool.creating], [begun, begun - i - 1]);
    }
    for (const get of gets) await pool.ret(await get);
  });

  it("0, the default, sets no bound", async () => {
    for (const options of [{}, { maxCreating: 0 }]) {
      const creations = new Creations();
      await using pool = new TestPool(creations.fun, options);
      const gets = Array.from({ length: 50 }, () => pool.get());
      assertEquals(pool.creating, 50);
      for (let i = 0; i < 50; i++) creations.all[i]!.resolve(new Thing(i));
      for (const get of gets) await pool.ret(await get);
    }
  });

  it("bounds what is made for minSize and minAvailable, too", async () => {
    for (const name of ["minSize", "minAvailable"]) {
      const creations = new Creations();
      await using pool = new TestPool(creations.fun, { [name]: 5, maxCreating: 2 });
      assertEquals(pool.tryGet(), undefined);
      let most = 0;
      for (let i = 0; i < 5; i++) {
        most = Math.max(most, pool.creating);
        await creations.finish(i);
      }
      assertEquals([most, pool.available, pool.creating], [2, 5, 0]);
    }
  });

  it("frees its place for the next by a failure", async () => {
    const creations = new Creations();
    await using pool = new TestPool(creations.fun, { maxSize: 5, maxCreating: 1 });
    const gets = [pool.get(), pool.get()];
    const failed = rejection(gets[0]!);
    await creations.fail(0, "down");
    assertEquals([await failed, creations.all.length, pool.creating], ["down", 2, 1]);
    await creations.finish(1);
    await pool.ret(await gets[1]!);
  });

  it("frees its place for the next at createTimeout", async () => {
    using time = new Time();
    const creations = new Creations();
    const options = { maxSize: 5, maxCreating: 1, createTimeout: 100, ...QUIET };
    const pool = new Pool(creations.fun, options);
    const gets = [pool.get(), pool.get()];
    const failed = rejection(gets[0]!);
    await time.pass(99);
    assertEquals(creations.all.length, 1);
    await time.pass(1);
    await failed;
    assertEquals([creations.all.length, pool.creating], [2, 1]);
    await creations.finish(1);
    await pool.ret(await gets[1]!);
    await creations.finish(0); // late: it is closed
    assertEquals(pool.size, 1);
    await pool.shutdown();
  });

  it("counts until opener is done", async () => {
    const creations = new Creations();
    const opening: (() => void)[] = [];
    const opener = () => new Promise<void>((resolve) => opening.push(resolve));
    await using pool = new TestPool(creations.fun, { maxSize: 2, maxCreating: 1, opener });
    const gets = [pool.get(), pool.get()];
    await creations.finish(0);
    assertEquals([creations.all.length, opening.length], [1, 1]);
    opening[0]!();
    await idle();
    assertEquals(creations.all.length, 2);
    await creations.finish(1);
    opening[1]!();
    for (const get of gets) await pool.ret(await get);
  });

  it("lets who waits be served by what comes back; then no more are made than wait", async () => {
    const creations = new Creations();
    await using pool = new TestPool(creations.fun, { maxSize: 5, maxCreating: 1 });
    const first = pool.get();
    await creations.finish(0);
    const gets = [pool.get(), pool.get()];
    await pool.ret(await first);
    assertEquals([(await gets[0]!).id, pool.creating, creations.all.length], [0, 1, 2]);
    await creations.finish(1);
    assertEquals([(await gets[1]!).id, pool.creating, creations.all.length], [1, 0, 2]);
    for (const get of gets) await pool.ret(await get);
  });

  it("leaves maxSize as it is", async () => {
    const creations = new Creations();
    await using pool = new TestPool(creations.fun, { maxSize: 2, maxCreating: 5 });
    const gets = [1, 2, 3].map(() => pool.get());
    assertEquals(pool.creating, 2);
    await creations.finish(0);
    await creations.finish(1);
    assertEquals([pool.creating, pool.waiting], [0, 1]);
    await pool.ret(await gets[0]!);
    await pool.ret(await gets[1]!);
    await pool.ret(await gets[2]!);
  });

  it("has those whose object is not being made yet count for maxWaiting", async () => {
    const creations = new Creations();
    const options = { maxSize: 10, maxCreating: 1, maxWaiting: 2 };
    await using pool = new TestPool(creations.fun, options);
    const gets = [1, 2, 3].map(() => pool.get());
    assertInstanceOf(await rejection(pool.get()), PoolFullError);
    for (let i = 0; i < 3; i++) await creations.finish(i);
    for (const get of gets) await pool.ret(await get);
  });

  it("is in force again after an outage, in which one is made at a time", async () => {
    using time = new Time();
    using _ = new Chance(1);
    const creations = new Creations();
    const pool = new Pool(creations.fun, { maxSize: 10, maxCreating: 2 });
    const failed = [1, 2].map(() => rejection(pool.get()));
    const gets = Array.from({ length: 6 }, () => pool.get());
    await creations.fail(0, "down"); // after which the third begins
    await creations.fail(1, "down");
    await Promise.all(failed);
    const third = rejection(gets.shift()!);
    await creations.fail(2, "down");
    await third;
    assertEquals([creations.all.length, pool.waiting], [3, 5]);
    await time.pass(50);
    assertEquals(pool.creating, 1);
    await creations.finish(3);
    assertEquals(pool.creating, 2);
    for (let i = 4; i < 8; i++) await creations.finish(i);
    assertEquals([pool.using, pool.waiting], [5, 0]);
    for (const get of gets) await pool.ret(await get);
    await pool.shutdown();
  });
});

/** A pool of things that are there at once, and its workshop. */
function kept(options: PoolOptions<Thing>): { pool: TestPool<Thing>; workshop: Workshop } {
  const workshop = new Workshop();
  const { fun, closer } = workshop;
  return { workshop, pool: new TestPool(fun, { closer, ...options }) };
}

describe("minAvailable", () => {
  it("keeps that many available besides those in use, however they are borrowed", async () => {
    const { pool, workshop } = kept({ minAvailable: 2 });
    await using _ = pool;
    await pool.ready();
    await idle();
    assertEquals([pool.available, workshop.attempts], [2, 2]);
    const borrowing: [string, () => unknown][] = [
      ["get", () => pool.get()],
      ["get with options", () => pool.get({ timeout: 1000 })],
      ["borrow", () => pool.borrow()],
      ["tryGet", () => pool.tryGet()],
      ["use", () => rejection(pool.use(() => new Promise(() => {})))],
    ];
    const held: unknown[] = [];
    for (const [i, [what, borrow]] of borrowing.entries()) {
      held.push(borrow());
      await idle();
      const counts = [pool.using, pool.available, workshop.attempts];
      assertEquals(counts, [i + 1, 2, i + 3], what);
    }
    assertEquals(held.length, 5);
  });

  it("0, the default, keeps none", async () => {
    const { pool, workshop } = kept({});
    await using _ = pool;
    await pool.ret(await pool.get());
    const lease = await pool.get();
    await idle();
    assertEquals([workshop.attempts, pool.available], [1, 0]);
    await pool.ret(lease);
  });

  it("goes as far as maxSize allows", async () => {
    const { pool, workshop } = kept({ minAvailable: 3, maxSize: 4 });
    await using _ = pool;
    const leases = [await pool.get(), await pool.get()];
    await idle();
    assertEquals([pool.using, pool.available, workshop.most], [2, 2, 4]);
    for (let i = 0; i < 2; i++) leases.push(await pool.get());
    await idle();
    assertEquals([pool.using, pool.available, workshop.most], [4, 0, 4]);
    const next = pool.get();
    await pool.ret(leases[0]!);
    await pool.ret(await next);
    for (const lease of leases.slice(1)) await pool.ret(lease);
    assertEquals([pool.available, workshop.attempts], [4, 4], "what comes back is kept");
  });

  it("takes up what resize allows", async () => {
    const { pool } = kept({ minAvailable: 3, maxSize: 1 });
    await using _ = pool;
    const lease = await pool.get();
    await idle();
    assertEquals([pool.using, pool.available], [1, 0]);
    pool.resize({ maxSize: 3 });
    await idle();
    assertEquals([pool.using, pool.available], [1, 2]);
    pool.resize({ maxSize: 0 });
    await idle();
    assertEquals([pool.using, pool.available], [1, 3]);
    await pool.ret(lease);
  });

  it("counts together with minSize: the greater need decides", async () => {
    const { pool } = kept({ minAvailable: 2, minSize: 4 });
    await using _ = pool;
    await pool.ready();
    assertEquals(pool.available, 4);
    const leases = [await pool.get(), await pool.get()];
    await idle();
    assertEquals([pool.size, pool.available], [4, 2]);
    leases.push(await pool.get());
    await idle();
    assertEquals([pool.size, pool.available], [5, 2]);
    for (const lease of leases) await pool.ret(lease);
  });

  it("comes on top of those who wait", async () => {
    const creations = new Creations();
    await using pool = new TestPool(creations.fun, { minAvailable: 2 });
    const gets = [1, 2, 3].map(() => pool.get());
    assertEquals([pool.creating, pool.waiting], [5, 3]);
    for (let i = 0; i < 5; i++) await creations.finish(i);
    assertEquals([pool.using, pool.available, pool.creating], [3, 2, 0]);
    for (const get of gets) await pool.ret(await get);
  });

  it("is made up for when available ones go: invalidated, lent for good, reset", async () => {
    const things: Thing[] = [];
    const closing: number[] = [];
    await using pool = new TestPool((n) => {
      const thing = new Thing(n);
      things.push(thing);
      return thing;
    }, { minAvailable: 2, closer: ({ id }) => void closing.push(id) });
    await pool.ready();
    await idle();
    pool.invalidate(things[0]!);
    await idle();
    assertEquals([pool.available, things.length], [2, 3]);
    await pool.discard(await pool.get());
    await idle();
    assertEquals([pool.available, things.length], [2, 4]);
    pool.detach(await pool.get());
    await idle();
    assertEquals(pool.available, 2);
    await pool.reset();
    await idle();
    assertEquals(pool.available, 2);
    const { created, accounted } = sum(pool);
    assertEquals(created, accounted);
  });

  it("is not asked for by ready(), which waits for minSize", async () => {
    const creations = new Creations();
    await using pool = new TestPool(creations.fun, { minAvailable: 2, minSize: 1 });
    const ready = pool.ready();
    assertEquals(creations.all.length, 2);
    assertEquals(await stateOf(ready), "pending");
    await creations.finish(1);
    assertEquals(await stateOf(ready), "fulfilled");
    assertEquals(pool.creating, 1);
    await creations.finish(0);
  });

  it("keeps them from maxAvailDelay: only others go", async () => {
    using time = new Time();
    const { fun, closer, closed } = new Workshop();
    const pool = new Pool(fun, { minAvailable: 2, maxAvailDelay: 1000, closer, ...QUIET });
    const leases = await Promise.all([1, 2, 3, 4].map(() => pool.get()));
    await idle();
    for (const lease of leases) await pool.ret(lease);
    assertEquals(pool.available, 6);
    await time.pass(1500, 100);
    assertEquals([pool.available, closed.length, pool.stats().recycled], [2, 4, 4]);
    await time.pass(10_000, 500);
    assertEquals([pool.available, closed.length], [2, 4]);
    const lease = await pool.get(); // it is unused for long, and lent all the same
    assert(!closed.includes(lease.id));
    await idle();
    assertEquals([pool.available, closed.length], [2, 4]);
    await pool.ret(lease);
    await time.pass(3000, 500);
    assertEquals(pool.available, 2);
    await pool.shutdown();
  });

  it("keeps them at maxLifetime: they are replaced", async () => {
    using time = new Time();
    const { fun, closer, closed } = new Workshop();
    const options = { minAvailable: 2, maxLifetime: 1000, lifetimeJitter: 0, closer, ...QUIET };
    const pool = new Pool(fun, options);
    await pool.ready();
    await time.pass(3500, 50);
    assertEquals([pool.available, closed.length >= 6], [2, true]);
    await pool.shutdown();
  });

  it("is refilled by the clock of createBackoff", async () => {
    using time = new Time();
    using _ = new Chance(1);
    const server = new Server(time);
    const pool = new Pool(server.fun, { minAvailable: 1, ...QUIET });
    assertEquals(pool.tryGet(), undefined);
    await idle();
    await time.pass(350, 50);
    assertEquals(server.at, [0, 0, 50, 150, 350]);
    server.up = true;
    await time.pass(500, 50);
    assertEquals(pool.available, 1);
    await pool.shutdown();
  });

  it("is refilled after 100 ms, doubling, with createBackoff 0", async () => {
    using time = new Time();
    using _ = new Chance(0);
    const server = new Server(time);
    const pool = new Pool(server.fun, { minAvailable: 1, createBackoff: 0, ...QUIET });
    await pool.ready(); // minSize is 0
    await idle();
    await time.pass(1500, 20);
    assertEquals(server.gaps.slice(0, 3), [100, 200, 400]);
    await pool.shutdown();
  });

  it("ends with a shutdown, and holds no process", async () => {
    using timers = new Timers();
    const { pool, workshop } = kept({ minAvailable: 2, maxAvailDelay: 60_000 });
    await using _ = pool; // also where timers cannot tell what they hold, and this test ends early
    await pool.ready();
    await pool.ret(await pool.get());
    await idle();
    assertEquals(timers.holding, 0);
    await pool.shutdown();
    assertEquals([timers.pending, workshop.live, pool.size], [0, 0, 0]);
  });
});
