// Checks: what async hooks look at counts as an object to come, for a while and for who waits.

import { assertEquals, assertStrictEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool } from "../mod.ts";
import { deferred, idle, rejection, Thing, Time } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";

describe("a check whose get has gone", () => {
  it("holds up nobody who comes later: another object is made at once", async () => {
    const hung = deferred();
    await using pool = new TestPool((n) => new Thing(n), {
      minSize: 1,
      healthAfter: 0,
      health: ({ id }) => id === 0 ? hung.promise : true,
    });
    await pool.ready();
    const aborting = new AbortController();
    const gone = rejection(pool.get({ signal: aborting.signal }));
    await idle();
    aborting.abort("gone");
    assertEquals(await gone, "gone");
    const lease = await pool.get({ timeout: 1_000 });
    assertEquals([lease.id, pool.waiting], [1, 0]);
    await pool.ret(lease);
    hung.resolve();
    await idle();
  });

  it("holds up nobody: what is idle is looked at, although another one is not good", async () => {
    const hung = deferred();
    await using pool = new TestPool((n) => new Thing(n), {
      minSize: 3,
      maxSize: 3,
      healthAfter: 0,
      health: ({ id }) => id === 2 ? hung.promise : id === 0,
      logLevel: "silent",
    });
    await pool.ready();
    const aborting = new AbortController();
    const gone = rejection(pool.get({ signal: aborting.signal }));
    await idle();
    aborting.abort("gone");
    await gone;
    const lease = await pool.get({ timeout: 1_000 });
    assertEquals(lease.id, 0);
    await pool.ret(lease);
    hung.resolve();
    await idle();
  });
});

describe("a check that takes long", () => {
  it("no longer counts as an object to come after 100 ms: another one is made", async () => {
    using time = new Time();
    const pool = new Pool((n) => new Thing(n), {
      minSize: 1,
      maxSize: 2,
      healthAfter: 0,
      health: ({ id }) => id === 0 ? new Promise<void>(() => {}) : true,
      logLevel: "silent",
    });
    await pool.ready();
    let got: Thing | undefined;
    const waiting = pool.get().then((lease) => got = lease);
    await time.pass(99);
    assertEquals([got, pool.size], [undefined, 1]);
    await time.pass(1);
    await waiting;
    assertEquals([got!.id, pool.size], [1, 2]);
    const ended = pool.shutdown({ timeout: 1 });
    await time.pass(1_000, 100);
    await ended;
  });

  it("serves who waits, if it ends before the other object is there", async () => {
    const check = deferred();
    await using pool = new TestPool((n) => new Thing(n), {
      minSize: 1,
      healthAfter: 0,
      health: () => check.promise,
    });
    await pool.ready();
    const waiting = pool.get();
    await idle();
    check.resolve();
    assertEquals((await waiting).id, 0);
    await pool.ret(await waiting);
  });
});

describe("what a check may find when it is done", () => {
  it("an object that reset() has made obsolete meanwhile is closed, and another one lent", async () => {
    const check = deferred();
    await using pool = new TestPool((n) => new Thing(n), {
      minSize: 1,
      healthAfter: 0,
      health: ({ id }) => id === 0 ? check.promise : true,
    });
    await pool.ready();
    const aborting = new AbortController();
    const gone = rejection(pool.get({ signal: aborting.signal }));
    await idle();
    aborting.abort("gone");
    await gone;
    await pool.reset();
    const lease = pool.get();
    check.resolve();
    assertEquals((await lease).id, 1);
    await pool.ret(await lease);
    assertEquals(pool.stats().discarded, 1);
  });
});

describe("an object that is on its way out", () => {
  it("is closed at once if it is invalidated while a round checks it, however that hangs", async () => {
    using time = new Time();
    const closed: string[] = [];
    const made: Thing[] = [];
    const pool = new Pool((n) => made[n] = new Thing(n), {
      minSize: 1,
      hkDelay: 10,
      health: () => new Promise<void>(() => {}),
      closer: (_, { reason }) => void closed.push(reason),
      logLevel: "silent",
    });
    await pool.ready();
    await time.pass(10);
    assertEquals(pool.stats().healthChecks, 1);
    assertEquals(pool.invalidate(made[0]!), true);
    await idle();
    assertEquals(closed, ["invalidated"]);
    const ended = pool.shutdown({ timeout: 1 });
    await time.pass(6_000, 100);
    await ended;
  });

  it("is lent to no closer that asks for one while reset() closes them", async () => {
    const lent: number[] = [];
    const pool: Pool<Thing> = new Pool((n) => new Thing(n), {
      minSize: 2,
      closer: ({ id }) => {
        if (id > 1) return;
        const lease = pool.tryGet();
        if (lease !== undefined) lent.push(lease.id);
      },
    });
    await pool.ready();
    await pool.reset();
    assertEquals(lent.filter((id) => id < 2), []);
    await pool.shutdown({ timeout: 1 });
  });

  it("is lent to no logger that asks for one when it is invalidated", async () => {
    const lent: Promise<Thing>[] = [];
    const log = () => {};
    const info = () => void (lent.length === 0 && lent.push(pool.get()));
    const pool: Pool<Thing> = new Pool((n) => new Thing(n), {
      logLevel: "info",
      logger: { debug: log, info, warn: log, error: log },
    });
    const lease = await pool.get();
    const object = Pool.unwrap(lease);
    await pool.ret(lease);
    pool.invalidate(object);
    assertEquals((await lent[0]!).id, 1);
    await pool.shutdown({ timeout: 1 });
  });

  it("by a predicate that gives it back itself is closed all the same", async () => {
    const pool: Pool<Thing> = new Pool((n) => new Thing(n), {
      maxSize: 1,
      discardOnError: () => {
        void pool.ret(lease as never);
        return true;
      },
    });
    const lease = await pool.get();
    const failure = new Error("failed");
    const fails = Object.assign(Pool.unwrap(lease), {
      fail: () => {
        throw failure;
      },
    });
    let caught: unknown;
    try {
      (lease as unknown as typeof fails).fail();
    } catch (error) {
      caught = error;
    }
    assertStrictEquals(caught, failure);
    await idle();
    assertEquals([pool.size, pool.stats().discarded], [0, 1]);
    await pool.shutdown();
  });
});

describe("a signal that cannot be listened to", () => {
  it("fails its get, which leaves nothing behind", async () => {
    const pool = new Pool((n) => new Thing(n), { maxSize: 1 });
    const signal = {
      aborted: false,
      addEventListener: () => {
        throw new Error("not here");
      },
      removeEventListener: () => {},
    } as unknown as AbortSignal;
    const held = await pool.get();
    assertEquals(String(await rejection(pool.get({ signal }))), "Error: not here");
    assertEquals(pool.waiting, 0);
    await pool.ret(held);
    assertEquals(String(await rejection(pool.use(() => {}, { signal }))), "Error: not here");
    assertEquals(pool.using, 0);
    await pool.ret(await pool.get({ timeout: 1_000 }));
    await pool.shutdown();
  });
});
