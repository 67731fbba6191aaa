// Making objects: what fails, fails one get and no more, and nothing is stuck because of it.

import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool, PoolError } from "../mod.ts";
import {
  Creations,
  deferred,
  idle,
  rejection,
  stateOf,
  sum,
  Thing,
  Workshop,
} from "./helpers/pool.ts";

describe("fun", () => {
  it("gets the number of the attempt, never the same twice, and a signal", async () => {
    const seen: number[] = [];
    const make = (n: number, { signal }: { signal: AbortSignal }) => {
      seen.push(n);
      assert(signal instanceof AbortSignal && !signal.aborted);
      if (n % 2 === 1) throw new Error("odd");
      return new Thing(n);
    };
    const pool = new Pool(make, { maxSize: 2, maxUse: 1 });
    for (let i = 0; i < 6; i++) await pool.get().then((lease) => pool.ret(lease), () => {});
    assertEquals(seen, [0, 1, 2, 3, 4, 5]);
    await pool.shutdown();
  });

  const failures: [string, unknown][] = [
    ["an error", new TypeError("refused")],
    ["a string", "refused"],
    ["undefined", undefined],
    ["null", null],
  ];
  for (const [name, failure] of failures) {
    it(`that fails with ${name} rejects the get with just that`, async () => {
      let broken = true;
      const pool = new Pool((n) => {
        if (broken) throw failure;
        return new Thing(n);
      }, { maxSize: 1 });
      assertStrictEquals(await rejection(pool.get()), failure);
      assertStrictEquals(await rejection(pool.use(() => {})), failure);
      assertEquals([pool.size, pool.stats().createFailed, pool.stats().rejected], [0, 2, 2]);
      broken = false;
      await pool.ret(await pool.get());
      await pool.shutdown();
    });
  }

  it("that fails rejects exactly one get, the oldest; others wait on and are served", async () => {
    const creations = new Creations();
    const pool = new Pool(creations.fun, { maxSize: 1 });
    const gets = [pool.get(), pool.get(), pool.get()];
    const failed = rejection(gets[0]!);
    const failure = new Error("refused");
    await creations.fail(0, failure);
    assertStrictEquals(await failed, failure);
    assertEquals(await Promise.all(gets.slice(1).map(stateOf)), ["pending", "pending"]);
    assertEquals([pool.creating, creations.all.length], [1, 2]);
    await creations.finish(1);
    await pool.ret(await gets[1]!);
    await pool.ret(await gets[2]!);
    assertEquals(creations.all.length, 2);
    await pool.shutdown();
  });

  it("that fails out of turn rejects the oldest get all the same", async () => {
    const creations = new Creations();
    const pool = new Pool(creations.fun, { maxSize: 2 });
    const gets = [pool.get(), pool.get()];
    const failed = rejection(gets[0]!);
    await creations.fail(1, "second");
    assertEquals(await failed, "second");
    await creations.finish(0);
    assertEquals((await gets[1]!).id, 0);
    await pool.ret(await gets[1]!);
    await pool.shutdown();
  });

  it("that always fails is called once for each get, and no more, where nothing rests", async () => {
    let calls = 0;
    const pool = new Pool<Thing>(() => {
      calls++;
      throw new Error("down");
    }, { maxSize: 3, createBackoff: 0 });
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => pool.get()));
    assertEquals(results.filter(({ status }) => status === "rejected").length, 20);
    await idle();
    assertEquals([calls, pool.size], [20, 0]);
    await pool.shutdown();
  });

  for (const [how, createBackoff] of [["one after the other", 0], ["together", 5000]] as const) {
    it(`that throws at once fails any number of waiting gets, ${how}`, async () => {
      let broken = false;
      const pool = new Pool((n) => {
        if (broken) throw new Error("down");
        return new Thing(n);
      }, { maxSize: 1, createBackoff });
      const lease = await pool.get();
      const gets = Promise.allSettled(Array.from({ length: 20_000 }, () => pool.get()));
      broken = true;
      await pool.discard(lease);
      const errors = (await gets).map((result) => (result as PromiseRejectedResult).reason);
      assertEquals(errors.filter((error) => error?.message === "down").length, 20_000);
      const { createFailed } = pool.stats();
      assertEquals([pool.size, pool.waiting, createFailed], [0, 0, createBackoff ? 3 : 20_000]);
      await pool.shutdown();
    });
  }

  it("that gives nothing has failed", async () => {
    for (const nothing of [undefined, null]) {
      const pool = new Pool(() => nothing, {
        maxSize: 1,
        opener: () => fail(),
        closer: () => fail(),
      });
      const fail = () => {
        throw new Error("a hook was called with nothing");
      };
      assertInstanceOf(await rejection(pool.get()), PoolError);
      assertEquals([pool.size, pool.stats().hookErrors], [0, 0]);
      await pool.shutdown();
    }
  });

  it("that gives an object which the pool has already has failed, and that object is fine", async () => {
    const only = new Thing(0);
    const closed: Thing[] = [];
    const pool = new Pool(() => only, { maxSize: 2, closer: (thing) => void closed.push(thing) });
    const lease = await pool.get();
    assertInstanceOf(await rejection(pool.get()), PoolError);
    assertEquals([lease.id, pool.size, closed.length], [0, 1, 0]);
    await pool.ret(lease);
    await pool.shutdown();
    assertEquals(closed, [only]);
  });

  it("that gives the same object to two creations at once has failed for one of them", async () => {
    const only = new Thing(0);
    const closed: Thing[] = [];
    const pool = new Pool(() => Promise.resolve(only), {
      maxSize: 2,
      closer: (thing) => void closed.push(thing),
    });
    const results = await Promise.allSettled([pool.get(), pool.get()]);
    assertEquals(results.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    assertEquals([pool.size, closed.length], [1, 0]);
    await pool.shutdown({ timeout: 1 });
    assertEquals(closed, [only]);
  });

  it("may give equal strings and numbers, which have no identity", async () => {
    const pool = new Pool(() => "same", { maxSize: 2 });
    const leases = [await pool.get(), await pool.get()];
    assertEquals(leases.map((lease) => lease.length), [4, 4]);
    for (const lease of leases) await pool.ret(lease);
    await pool.shutdown();
  });

  it("may give what a detached lease was", async () => {
    const only = new Thing(0);
    const pool = new Pool(() => only, { maxSize: 1 });
    assertStrictEquals(pool.detach(await pool.get()), only);
    await pool.ret(await pool.get());
    await pool.shutdown();
  });
});

describe("opener", () => {
  it("has been awaited, once, before an object is lent", async () => {
    const opened: number[] = [];
    const pool = new Pool(new Workshop().fun, {
      opener: async (thing) => {
        await idle();
        opened.push(thing.id);
      },
    });
    for (let i = 0; i < 3; i++) {
      const lease = await pool.get();
      assertEquals(opened, [0]);
      await pool.ret(lease);
    }
    await pool.shutdown();
  });

  for (const kind of ["throws", "rejects"]) {
    it(`that ${kind} rejects one get, untouched, and its object is closed`, async () => {
      const failure = new Error("no handshake");
      const { fun, closer, closed } = new Workshop();
      const pool = new Pool(fun, {
        maxSize: 1,
        closer,
        opener: ({ id }) => {
          if (id > 0) return;
          if (kind === "throws") throw failure;
          return Promise.reject(failure);
        },
      });
      const [first, second] = [rejection(pool.get()), pool.get()];
      assertStrictEquals(await first, failure);
      assertEquals([(await second).id, closed], [1, [0]]);
      const { createFailed, hookErrors } = pool.stats();
      assertEquals([createFailed, hookErrors <= 1], [1, true]);
      const { created, accounted } = sum(pool);
      assertEquals(created, accounted);
      await pool.ret(await second);
      await pool.shutdown();
    });
  }
});

describe("maxSize", () => {
  it("is never exceeded, counting what is being made, lent and closed", async () => {
    const workshop = new Workshop();
    const { fun, closer } = workshop.slow(1);
    const check = () => assert(pool.size <= 3 && workshop.live <= 3, `${pool.size} objects`);
    const pool: Pool<Thing> = new Pool((n) => (check(), fun(n)), {
      maxSize: 3,
      maxUse: 2,
      closer: (thing) => (check(), closer(thing).then(check)),
    });
    await Promise.all(Array.from({ length: 60 }, async (_, i) => {
      const lease = await pool.get();
      check();
      await (i % 3 ? pool.ret(lease) : pool.discard(lease));
      check();
    }));
    assertEquals(workshop.most, 3);
    await pool.shutdown();
    assertEquals(workshop.live, 0);
  });

  it("holds at 1 until a slow closer is done", async () => {
    const closing = deferred();
    const { fun, made } = new Workshop();
    const pool = new Pool(fun, { maxSize: 1, closer: () => closing.promise });
    const gone = pool.discard(await pool.get());
    const next = pool.get();
    await idle();
    assertEquals([made.length, pool.size, pool.stats().closing], [1, 1, 1]);
    closing.resolve();
    await gone;
    assertEquals((await next).id, 1);
    const lease = await next;
    await pool.ret(lease);
    await pool.shutdown();
  });

  it("0 sets no bound", async () => {
    const { fun } = new Workshop();
    const pool = new Pool(fun);
    const leases = await Promise.all(Array.from({ length: 50 }, () => pool.get()));
    assertEquals([pool.using, new Set(leases.map(({ id }) => id)).size], [50, 50]);
    for (const lease of leases) await pool.ret(lease);
    await pool.shutdown();
  });

  it("has no more made than there are gets waiting", async () => {
    const creations = new Creations();
    const pool = new Pool(creations.fun, { maxSize: 10 });
    const gets = [pool.get(), pool.get(), pool.get()];
    assertEquals([pool.creating, pool.waiting, pool.size], [3, 3, 3]);
    for (const i of [0, 1, 2]) await creations.finish(i);
    for (const get of gets) await pool.ret(await get);
    assertEquals(creations.all.length, 3);
    await pool.shutdown();
  });
});
