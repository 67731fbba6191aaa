// discard, detach, reset, resize and stats: what is done to a pool while it lives, and what it shows.

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { LeaseError, Pool } from "../mod.ts";
import { Creations, deferred, idle, stateOf, sum, Workshop } from "./helpers/pool.ts";

describe("discard", () => {
  it("closes the object, and resolves when that is done", async () => {
    const gate = deferred();
    const { fun, closer, closed } = new Workshop();
    const pool = new Pool(fun, {
      maxSize: 1,
      closer: (thing) => gate.promise.then(() => closer(thing)),
    });
    const lease = await pool.get();
    const discarded = pool.discard(lease, "worn");
    assertThrows(() => lease.id, LeaseError, "discarded");
    assertEquals([await stateOf(discarded), pool.stats().closing], ["pending", 1]);
    gate.resolve();
    await discarded;
    assertEquals([closed, pool.stats().discarded, pool.size], [[0], 1, 0]);
    await pool.shutdown();
  });

  it("skips retter", async () => {
    let reset = 0;
    const pool = new Pool(new Workshop().fun, { retter: () => void reset++ });
    await pool.discard(await pool.get());
    assertEquals(reset, 0);
    await pool.shutdown();
  });
});

describe("detach", () => {
  it("gives the bare object and frees its place at once", async () => {
    const { fun, made, closer, closed } = new Workshop();
    const pool = new Pool(fun, { maxSize: 1, closer });
    const lease = await pool.get();
    const next = pool.get();
    const object = pool.detach(lease);
    assertStrictEquals(object, made[0]);
    assertEquals([pool.using, pool.creating, pool.stats().detached], [0, 1, 1]);
    assertThrows(() => lease.id, LeaseError, "detached");
    assertThrows(() => pool.detach(lease), LeaseError);
    assertEquals((await next).id, 1);
    await pool.ret(await next);
    await pool.shutdown();
    assertEquals(closed, [1]);
  });
});

describe("reset", () => {
  it("closes what is idle now and what is used on return", async () => {
    const { fun, closer, closed } = new Workshop();
    const pool = new Pool(fun, { closer });
    const leases = [await pool.get(), await pool.get()];
    await pool.ret(leases[0]!);
    await pool.reset();
    await idle();
    assertEquals([closed, leases[1]!.id], [[0], 1]);
    await pool.ret(leases[1]!);
    await idle();
    assertEquals([closed, pool.size], [[0, 1], 0]);
    assertEquals(await pool.use(({ id }) => id), 2);
    assertEquals(await pool.use(({ id }) => id), 2);
    await pool.shutdown();
  });

  it("has minSize made anew", async () => {
    const pool = new Pool(new Workshop().fun, { minSize: 2 });
    await pool.ready();
    await pool.reset();
    await idle();
    assertEquals(pool.stats().objects.available.length, 2);
    assertEquals([(await pool.get()).id, pool.stats().created], [3, 4]);
    await pool.shutdown({ timeout: 1 });
  });
});

describe("resize", () => {
  it("up lets more be made, for those who wait already", async () => {
    const pool = new Pool(new Workshop().fun, { maxSize: 1 });
    const lease = await pool.get();
    const next = pool.get();
    pool.resize({ maxSize: 2 });
    assertEquals((await next).id, 1);
    pool.resize({ minSize: 2 });
    for (const one of [lease, await next]) await pool.ret(one);
    assertEquals([pool.available, pool.stats().config.maxSize], [2, 2]);
    await pool.shutdown();
  });

  it("of minSize has the missing ones made", async () => {
    const pool = new Pool(new Workshop().fun);
    await pool.ret(await pool.get());
    pool.resize({ minSize: 3 });
    await idle();
    assertEquals([pool.available, pool.stats().config.minSize], [3, 3]);
    await pool.shutdown();
  });

  for (const kind of ["a synchronous", "an asynchronous"]) {
    it(`down closes idle objects, no more than needed, with ${kind} closer`, async () => {
      const { fun, closed, closer } = new Workshop();
      const pool = new Pool(fun, {
        minSize: 5,
        closer: (thing) =>
          kind === "a synchronous" ? closer(thing) : idle().then(() => closer(thing)),
      });
      await pool.ready();
      pool.resize({ minSize: 0, maxSize: 2 });
      assertEquals(pool.available, 2);
      await idle();
      await idle();
      assertEquals([closed.length, pool.available, pool.size], [3, 2, 2]);
      await pool.shutdown();
    });

    it(`down closes used objects on return, no more than needed, with ${kind} closer`, async () => {
      const { fun, closed, closer } = new Workshop();
      const pool = new Pool(fun, {
        closer: (thing) =>
          kind === "a synchronous" ? closer(thing) : idle().then(() => closer(thing)),
      });
      const leases = await Promise.all([1, 2, 3, 4].map(() => pool.get()));
      pool.resize({ maxSize: 2 });
      for (const lease of leases) void pool.ret(lease);
      await idle();
      await idle();
      assertEquals([closed.length, pool.available], [2, 2]);
      await pool.shutdown();
    });
  }

  it("down closes what was being made beyond it", async () => {
    const creations = new Creations();
    const pool = new Pool(creations.fun, { minSize: 2 });
    assertEquals(pool.tryGet(), undefined);
    pool.resize({ minSize: 1, maxSize: 1 });
    await creations.finish(0);
    await creations.finish(1);
    assertEquals([pool.size, pool.available], [1, 1]);
    await pool.shutdown();
  });

  it("that is wrong changes nothing", async () => {
    const pool = new Pool(new Workshop().fun, { minSize: 1, maxSize: 2 });
    assertThrows(() => pool.resize({ maxSize: -1 }), RangeError, "maxSize");
    assertThrows(() => pool.resize({ minSize: 3 }), RangeError, "minSize");
    assertThrows(() => pool.resize({ max: 3 } as never), TypeError, "max");
    const { minSize, maxSize } = pool.stats().config;
    assertEquals([minSize, maxSize], [1, 2]);
    await pool.shutdown();
  });
});

describe("stats", () => {
  const COUNTS = ["size", "available", "using", "creating", "closing", "waiting"];
  const TOTALS = [
    ...["created", "createFailed", "gets", "returned", "wornOut", "recycled", "expired", "killed"],
    ...["leaked", "detached", "discarded", "closed", "healthChecks", "unhealthy", "timeouts"],
    ...["aborted", "rejected", "doubleReturns", "hkRounds", "hkErrors", "hookErrors"],
  ];
  const OPTIONS = [
    ...["maxSize", "minSize", "timeout", "maxUse", "maxAvailDelay", "maxUsingDelay", "hkDelay"],
    ...["maxUsingDelayKill", "healthFreq", "opener", "getter", "retter", "closer", "health"],
    ...["stats", "tracer", "logLevel", "maxWaiting", "maxLifetime", "lifetimeJitter"],
    ...["createTimeout", "hookTimeout", "closeTimeout", "healthAfter", "discardOnError"],
  ];

  it("is flat, has every name and is the same as JSON", async () => {
    const pool = new Pool(new Workshop().fun, { maxSize: 2 });
    for (const started of [false, true]) {
      if (started) await pool.ready();
      const stats = pool.stats() as unknown as Record<string, unknown>;
      for (const name of [...COUNTS, ...TOTALS]) assertEquals(stats[name], 0, name);
      const config = stats.config as Record<string, unknown>;
      for (const name of OPTIONS) assert(name in config, `config.${name}`);
      assertEquals(typeof stats.id, "number");
      assertEquals(typeof stats.running, "number");
      assertEquals(typeof stats.started, started ? "string" : "object");
      const parsed = JSON.parse(String(pool));
      const again = JSON.parse(JSON.stringify(pool));
      assert(again.running >= parsed.running, `${again.running} after ${parsed.running}`);
      assertEquals({ ...again, running: 0 }, { ...parsed, running: 0 });
      assertEquals(Object.keys(parsed).sort(), Object.keys(stats).sort());
      assertEquals(parsed.config, config);
      assertEquals(pool.toJSON().config, pool.stats().config);
    }
    await pool.shutdown();
  });

  it("shows each object with its uses and times", async () => {
    const pool = new Pool(new Workshop().fun, { maxAvailDelay: 60_000 });
    const leases = [await pool.get(), await pool.get()];
    await pool.ret(leases[0]!);
    const { available, using } = pool.stats().objects;
    const times = [available[0]!.age, available[0]!.idle, using[0]!.age, using[0]!.held];
    assert(times.every((time) => typeof time === "number" && time >= 0), String(times));
    assertEquals([available[0]!.uses, available[0]!.object], [1, "thing 0"]);
    assertEquals([using[0]!.uses, using[0]!.object], [1, "thing 1"]);
    await pool.ret(leases[1]!);
    await pool.shutdown();
  });

  it("counts by outcome, and adds up", async () => {
    let fails = false;
    const { fun } = new Workshop();
    const pool = new Pool((n) => {
      if (fails) throw new Error("down");
      return fun(n);
    }, { maxSize: 2, maxUse: 3, logLevel: "silent" });
    const twice = await pool.get();
    await pool.ret(twice);
    await pool.ret(twice);
    await pool.discard(await pool.get());
    pool.detach(await pool.get());
    for (let i = 0; i < 3; i++) await pool.use(() => {});
    fails = true;
    await pool.get().catch(() => {});
    fails = false;
    const held = [await pool.get(), await pool.get()];
    await pool.get({ timeout: 1 }).catch(() => {});
    await pool.get({ signal: AbortSignal.abort() }).catch(() => {});
    const { gets, returned, discarded, detached, wornOut, doubleReturns } = pool.stats();
    assertEquals({ gets, returned, discarded, detached, wornOut, doubleReturns }, {
      gets: 8,
      returned: 4,
      discarded: 1,
      detached: 1,
      wornOut: 1,
      doubleReturns: 1,
    });
    const { createFailed, rejected, timeouts, aborted, using } = pool.stats();
    assertEquals({ createFailed, rejected, timeouts, aborted, using }, {
      createFailed: 1,
      rejected: 1,
      timeouts: 1,
      aborted: 1,
      using: 2,
    });
    for (const lease of held) await pool.ret(lease);
    await pool.shutdown();
    const { created, accounted } = sum(pool);
    assertEquals([created, accounted], [5, 5]);
  });

  it("of two pools have different ids", async () => {
    const pools = [new Pool(() => ({})), new Pool(() => ({}))];
    assert(pools[0]!.stats().id !== pools[1]!.stats().id);
    for (const pool of pools) await pool.shutdown();
  });
});
