// Successors: an object that minSize needs has its successor made before its lifetime ends.

import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { CloseContext, PoolOptions } from "../mod.ts";
import { Creations, idle, rejection, sum, Thing, Time } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";

const takes = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Makes things in fake time, and notes when each was begun and closed, by `Time` made right after. */
class Plant {
  /** How long making one takes, in ms. */
  connect = 0;
  /** How many of the next attempts fail. */
  failing = 0;
  readonly begun: number[] = [];
  readonly closed: [at: number, id: number, reason: string][] = [];
  making = 0;
  mostMaking = 0;
  time: Time | undefined;

  readonly fun = async (n: number): Promise<Thing> => {
    this.begun.push(this.now);
    this.mostMaking = Math.max(this.mostMaking, ++this.making);
    const fails = this.failing > 0;
    if (fails) this.failing--;
    try {
      if (this.connect > 0) await takes(this.connect);
    } finally {
      this.making--;
    }
    if (fails) throw new Error("no server");
    return new Thing(n);
  };

  readonly closer = ({ id }: Thing, { reason }: CloseContext): void =>
    void this.closed.push([this.now, id, reason]);

  get now(): number {
    return this.time?.now ?? 0;
  }

  /** A pool without jitter; fake time begins after it. */
  pool(options: PoolOptions<Thing>): TestPool<Thing> {
    const { closer } = this;
    return new TestPool(this.fun, { lifetimeJitter: 0, logLevel: "silent", closer, ...options });
  }

  start(): Time {
    return this.time = new Time();
  }
}

/** How long after the one before it each was closed, in ms. */
function gaps(closed: Plant["closed"]): number[] {
  return closed.slice(1).map(([at], i) => at - closed[i]![0]);
}

describe("the successor of an object that minSize needs", () => {
  const LEADS: [string, PoolOptions<Thing>, number][] = [
    ["a fifth of the lifetime ahead, without rounds", {}, 800],
    ["a fifth of the lifetime ahead, where rounds are far apart", { hkDelay: 101 }, 800],
    ["two rounds ahead, where that is less", { hkDelay: 50 }, 900],
  ];
  for (const [when, options, at] of LEADS) {
    it(`is made ${when}, and the object is kept until its end`, async () => {
      const plant = new Plant();
      await using pool = plant.pool({ maxLifetime: 1_000, minSize: 1, ...options });
      using time = plant.start();
      await pool.ready();
      await time.pass(at - 1);
      assertEquals([plant.begun, pool.size], [[0], 1]);
      await time.pass(1);
      assertEquals([plant.begun, pool.size], [[0, at], 2]);
      await time.pass(999 - at);
      assertEquals([plant.closed, pool.available], [[], 2]);
      await time.pass(1);
      assertEquals([plant.closed, pool.available], [[[1_000, 0, "expired"]], 1]);
      await time.pass(3 * at - 1_000, 100);
      assertEquals(plant.begun, [0, at, 2 * at, 3 * at]);
    });
  }

  it("goes by the object's own lifetime, jitter included", async () => {
    const plant = new Plant();
    await using pool = plant.pool({ maxLifetime: 1_000, lifetimeJitter: 0.5, minSize: 1 });
    using time = plant.start();
    const { random } = Math;
    Math.random = () => 1;
    try {
      await pool.ready();
      await time.pass(400);
    } finally {
      Math.random = random;
    }
    assertEquals(plant.begun, [0, 400]);
    await time.pass(100);
    assertEquals(plant.closed, [[500, 0, "expired"]]);
  });

  it("is not made of one that minSize does not need", async () => {
    const plant = new Plant();
    await using pool = plant.pool({ maxLifetime: 1_000, minSize: 1 });
    using time = plant.start();
    const first = await pool.get();
    await time.pass(500);
    await pool.ret(await pool.get());
    await pool.ret(first);
    await time.pass(799, 100);
    assertEquals([plant.begun, pool.available], [[0, 500], 1], "the other one is enough");
    await time.pass(1);
    assertEquals(plant.begun, [0, 500, 1_300], "until that, too, comes to its end");
  });

  it("is made without minSize neither before nor after", async () => {
    const plant = new Plant();
    await using pool = plant.pool({ maxLifetime: 1_000 });
    using time = plant.start();
    await pool.use(() => {});
    await time.pass(5_000, 100);
    assertEquals([plant.begun, pool.size], [[0], 0]);
  });

  it("is made for one in use, too, which is closed when it comes back after its end", async () => {
    const plant = new Plant();
    await using pool = plant.pool({ maxLifetime: 1_000, minSize: 1, maxSize: 2 });
    using time = plant.start();
    const early = await pool.get();
    await time.pass(800);
    assertEquals([plant.begun, pool.available, pool.using], [[0, 800], 1, 1]);
    await pool.ret(early);
    assertEquals([plant.closed, pool.available], [[], 2]);
    const late = await Promise.all([pool.get(), pool.get()]);
    await time.pass(300);
    assertEquals([late.map(({ id }) => id), plant.closed], [[0, 1], []]);
    for (const lease of late) await pool.ret(lease);
    assertEquals(plant.closed, [[1_100, 0, "expired"]]);
  });

  it("is what gets are served by: none waits for it, however long it takes", async () => {
    const plant = new Plant();
    await using pool = plant.pool({ maxLifetime: 1_000, minSize: 1 });
    using time = plant.start();
    await pool.ready();
    plant.connect = 150;
    for (let i = 0; i < 150; i++) {
      let lease: Thing | undefined;
      const got = pool.use((thing) => void (lease = thing));
      await idle();
      assert(lease !== undefined, `it waits at ${time.now} ms`);
      await got;
      await time.pass(20);
    }
    assertEquals([plant.closed.length, plant.mostMaking], [3, 1]);
  });

  it("leaves maxAvailDelay as it was: neither is closed before its time", async () => {
    const plant = new Plant();
    const options = { maxLifetime: 1_000, maxAvailDelay: 50, hkDelay: 10_000, minSize: 1 };
    await using pool = plant.pool(options);
    using time = plant.start();
    await pool.ready();
    await time.pass(990, 10);
    assertEquals([plant.begun, plant.closed], [[0, 800], []]);
    await time.pass(1_510, 10);
    assertEquals(plant.closed, [[1_000, 0, "expired"], [1_800, 1, "expired"]]);
    assertEquals([plant.begun, pool.stats().recycled], [[0, 800, 1_600, 2_400], 0]);
  });

  it("is called off by resize, and made after one", async () => {
    const plant = new Plant();
    await using pool = plant.pool({ maxLifetime: 1_000, minSize: 2 });
    using time = plant.start();
    await pool.ready();
    await time.pass(500);
    pool.resize({ minSize: 0 });
    await time.pass(350, 10);
    assertEquals([plant.begun, pool.size], [[0, 0], 2]);
    pool.resize({ minSize: 1 });
    await time.pass(10);
    assertEquals([plant.begun, pool.size], [[0, 0, 850], 3]);
    await time.pass(140);
    assertEquals([plant.closed.length, pool.size], [2, 1]);
  });

  it("is aborted by a shutdown meanwhile, which waits for nothing", async () => {
    const creations = new Creations();
    await using pool = new TestPool(creations.fun, {
      maxLifetime: 1_000,
      lifetimeJitter: 0,
      minSize: 1,
    });
    using time = new Time();
    const ready = pool.ready();
    await creations.finish(0);
    await ready;
    await time.pass(800);
    assertEquals([creations.all.length, creations.all[1]!.signal.aborted], [2, false]);
    const ended = pool.shutdown();
    assertEquals(creations.all[1]!.signal.aborted, true);
    await creations.fail(1, new Error("aborted"));
    await ended;
    await time.pass(1_000, 100);
    assertEquals([pool.size, creations.all.length], [0, 2]);
    assertEquals(sum(pool).accounted, sum(pool).created);
  });
});

describe("ten objects of one age", () => {
  it("have their successors made one after the other, and go together only then", async () => {
    const plant = new Plant();
    await using pool = plant.pool({ maxLifetime: 1_000, minSize: 10 });
    using time = plant.start();
    await pool.ready();
    plant.connect = 10;
    await time.pass(800);
    for (let i = 0; i < 200; i += 10) {
      await time.pass(10);
      assert(pool.available >= 10, `${pool.available} at ${time.now}`);
    }
    const moments = Array.from({ length: 10 }, (_, i) => 800 + 10 * i);
    assertEquals([plant.begun.slice(10), plant.mostMaking], [moments, 1]);
    assertEquals(plant.closed.map(([at]) => at), Array(10).fill(1_000));
  });

  it("make room for them one at a time where maxSize is reached: idle ones first", async () => {
    const plant = new Plant();
    await using pool = plant.pool({ maxLifetime: 1_000, minSize: 5, maxSize: 5 });
    using time = plant.start();
    await pool.ready();
    const used = [await pool.get(), await pool.get()];
    plant.connect = 10;
    await time.pass(800);
    for (let i = 0; i < 60; i++) {
      assertEquals([pool.available >= 2, pool.size], [true, 5], `at ${time.now}`);
      await time.pass(1);
    }
    assertEquals(plant.closed.map(([, , reason]) => reason), ["expired", "expired", "expired"]);
    assertEquals(
      gaps(plant.closed).every((ms) => ms >= 10 && ms <= 12),
      true,
      String(plant.closed),
    );
    assertEquals(plant.closed.map(([, id]) => id).sort(), [0, 1, 2]);
    await pool.ret(used[0]!);
    await pool.ret(used[1]!);
    assertEquals([plant.closed.length, pool.size, pool.creating], [4, 5, 1], "both at once");
    await time.pass(100, 10);
    assertEquals([plant.closed.length, plant.begun.length], [5, 10]);
    const [fourth, fifth] = plant.closed.slice(3).map(([at]) => at);
    assert(fourth === 860 && fifth! >= 870 && fifth! <= 880, `${fourth}, ${fifth}`);
  });

  it("make no room while somebody waits", async () => {
    const plant = new Plant();
    await using pool = plant.pool({ maxLifetime: 1_000, minSize: 2, maxSize: 2 });
    using time = plant.start();
    await pool.ready();
    const used = [await pool.get(), await pool.get()];
    await time.pass(850);
    const waiting = pool.get();
    await pool.ret(used[0]!);
    const lease = await waiting;
    assertEquals([lease.id, plant.closed], [1, []], "a get was served by an ageing one");
    await pool.ret(used[1]!);
    assertEquals(plant.closed, [[850, 0, "expired"]]);
    await idle();
    await pool.ret(lease);
    assertEquals(plant.closed.at(-1), [850, 1, "expired"]);
  });

  it("make no room in an outage: they are kept until their end", async () => {
    const plant = new Plant();
    const options = { maxLifetime: 1_000, minSize: 3, maxSize: 3, createBackoff: 10_000 };
    await using pool = plant.pool(options);
    using time = plant.start();
    await pool.ready();
    plant.failing = Infinity;
    await time.pass(990, 10);
    assertEquals(plant.closed.map(([at]) => at), [800], "the first one finds it out");
    assertEquals([pool.available, plant.begun.length > 4], [2, true]);
    let served = 0;
    await Promise.all([1, 2].map(() => pool.use(() => void served++)));
    assertEquals([served, plant.closed.length], [2, 1]);
    await time.pass(10);
    assertEquals(plant.closed.length, 3);
    plant.failing = 0;
    await time.pass(10_000, 100);
    assertEquals(pool.available, 3);
  });

  it("make no room in an outage that began before", async () => {
    const plant = new Plant();
    const options = { maxLifetime: 1_000, minSize: 2, maxSize: 3, createBackoff: 10_000 };
    await using pool = plant.pool(options);
    using time = plant.start();
    await pool.ready();
    plant.failing = 2;
    const used = [await pool.get(), await pool.get()];
    assertEquals(
      (await rejection(Promise.all([pool.get(), pool.get()])) as Error).message,
      "no server",
    );
    await idle();
    assertEquals(pool.stats().createFailed, 2);
    pool.resize({ maxSize: 2 });
    await pool.ret(used[0]!);
    await time.pass(850, 50);
    await pool.ret(used[1]!);
    assertEquals([plant.closed, pool.available, plant.begun.length], [[], 2, 4]);
    await time.pass(150);
    assertEquals(plant.closed.length, 2);
  });

  it("make room one after the other also where closing takes its time", async () => {
    const plant = new Plant();
    await using pool = plant.pool({
      maxLifetime: 1_000,
      minSize: 3,
      maxSize: 3,
      closer: (thing, context) => {
        plant.closer(thing, context);
        return takes(20);
      },
    });
    using time = plant.start();
    await pool.ready();
    plant.connect = 10;
    const lease = await pool.get();
    await time.pass(810, 10);
    await pool.ret(lease);
    assertEquals([plant.closed.length, pool.available], [1, 2]);
    await time.pass(90, 1);
    assertEquals([plant.closed.length, plant.closed[0]![0]], [3, 800]);
    assert(gaps(plant.closed).every((ms) => ms >= 30 && ms <= 32), String(plant.closed));
  });

  it("but not of one end go in the order of their ends", async () => {
    const plant = new Plant();
    await using pool = plant.pool({
      maxLifetime: 1_000,
      lifetimeJitter: 0.5,
      minSize: 3,
      maxSize: 3,
    });
    using time = plant.start();
    const { random } = Math;
    const chances = [0, 0.125, 0.25]; // lifetimes of 1,000, 937.5 and 875 ms
    Math.random = () => chances.shift() ?? 0;
    try {
      await pool.ready();
      plant.connect = 110;
      await time.pass(950, 10);
    } finally {
      Math.random = random;
    }
    assertEquals(plant.closed.map(([, id]) => id), [2, 1, 0]);
    assert(plant.closed.every(([at, id]) => at < [1_000, 937, 875][id]!), String(plant.closed));
  });
});

describe("successors that cannot be made", () => {
  it("are tried again as any: the object serves until its end", async () => {
    const plant = new Plant();
    await using pool = plant.pool({ maxLifetime: 10_000, minSize: 1, createBackoff: 100 });
    using time = plant.start();
    await pool.ready();
    plant.failing = 3;
    await time.pass(8_000);
    await time.pass(1_000, 10);
    assertEquals([plant.begun.length, pool.available, pool.stats().createFailed], [5, 2, 3]);
    assert(plant.begun.slice(2).every((at) => at >= 8_000 && at <= 8_300), String(plant.begun));
    assertEquals(await pool.use(({ id }) => id), 4);
    await time.pass(1_000, 10);
    assertEquals(plant.closed, [[10_000, 0, "expired"]]);
  });

  it("fail no get, and are logged", async () => {
    const plant = new Plant();
    await using pool = plant.pool({
      maxLifetime: 10_000,
      minSize: 1,
      createBackoff: 10_000,
      logLevel: "warn",
    });
    using time = plant.start();
    await pool.ready();
    plant.failing = Infinity;
    await time.pass(8_000);
    for (let i = 0; i < 19; i++) {
      assertEquals(await pool.use(({ id }) => id), 0);
      await time.pass(100, 10);
    }
    assert(pool.lines.length > 0);
    assert(pool.lines.every((line) => /creating .* failed: .*no server/.test(line)), pool.lines[0]);
    plant.failing = 0;
  });
});
