// reset({ spread }): each present object is closed at a moment of its own, evenly over that time.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { CloseContext, Pool, PoolOptions } from "../mod.ts";
import {
  Clocks,
  Creations,
  type Deferred,
  deferred,
  idle,
  stateOf,
  sum,
  Thing,
  Time,
  Timers,
} from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";
import { Witness } from "./helpers/witness.ts";

const HOUR = 3_600_000;

/** A pool, and when each of its objects was closed and why; `Time` is made after it. */
function things(options: PoolOptions<Thing> = {}) {
  const closed: [at: number, id: number, reason: string][] = [];
  const clock: { time?: Time } = {};
  const closer = ({ id }: Thing, { reason }: CloseContext) =>
    void closed.push([clock.time?.now ?? 0, id, reason]);
  const pool = new TestPool((n) => new Thing(n), { closer, ...options });
  return { pool, closed, start: () => clock.time = new Time() };
}

/** Makes `count` objects, and returns them in the order of their numbers. */
async function fill(pool: Pool<Thing>, count: number): Promise<void> {
  const leases = await Promise.all(Array.from({ length: count }, () => pool.get()));
  for (const lease of leases) await pool.ret(lease);
}

const CONNECT = 100;
const opener = () => new Promise((resolve) => setTimeout(resolve, CONNECT));

/** `minSize` is made, in `CONNECT` ms. */
async function started(pool: Pool<Thing>, time: Time): Promise<void> {
  const ready = pool.ready();
  await time.pass(CONNECT);
  await ready;
}

describe("reset({ spread })", () => {
  it("closes the available objects at even moments, the longest unused first", async () => {
    const { pool, closed, start } = things();
    await using _ = pool;
    using time = start();
    await fill(pool, 5);
    const done = pool.reset({ spread: 1_000 });
    assertEquals(closed, []);
    await time.pass(1_000, 50);
    await done;
    const expected = Array.from({ length: 5 }, (_, i) => [200 * (i + 1), i, "reset"]);
    assertEquals(closed as unknown[], expected);
  });

  it("then those in use: at their moment if they are back by then, or when they come back", async () => {
    const { pool, closed, start } = things();
    await using _ = pool;
    using time = start();
    const [early, late] = [await pool.get(), await pool.get()];
    await fill(pool, 3);
    const done = pool.reset({ spread: 1_000 });
    await time.pass(700, 50);
    assertEquals(closed.map(([at, id]) => [at, id]), [[200, 2], [400, 3], [600, 4]]);
    await done;
    await pool.ret(early);
    assertEquals([closed.length, pool.available], [3, 1], "it is lent until its moment");
    await time.pass(100);
    assertEquals(closed[3], [800, 0, "reset"]);
    await time.pass(500, 50);
    assertEquals([closed.length, late.id], [4, 1]);
    await pool.ret(late);
    assertEquals(closed[4], [1_300, 1, "reset"]);
  });

  it("goes on lending until then, and lends none past its moment where no timer has run", async () => {
    using clocks = new Clocks();
    const { pool, closed } = things();
    await fill(pool, 2);
    const done = pool.reset({ spread: HOUR });
    clocks.skip(0.4 * HOUR);
    const lease = await pool.get();
    assertEquals(lease.id, 1);
    await pool.ret(lease);
    clocks.skip(0.7 * HOUR);
    assertEquals(pool.tryGet(), undefined);
    assertEquals(await pool.use(({ id }) => id), 2);
    assertEquals(closed.map(([, id, reason]) => [id, reason]), [[1, "reset"], [0, "reset"]]);
    await pool.shutdown();
    await done;
  });

  it("has an object that is being made end last; what is begun later stays", async () => {
    const creations = new Creations();
    const closed: [number, number, string][] = [];
    await using pool = new TestPool(creations.fun, {
      closer: ({ id }, { reason }) => void closed.push([time.now, id, reason]),
    });
    using time = new Time();
    const first = pool.get();
    await creations.finish(0);
    await pool.ret(await first);
    const [again, second] = [pool.get(), pool.get()];
    await idle();
    assertEquals(pool.creating, 1);
    const done = pool.reset({ spread: 1_000 });
    await time.pass(100);
    await creations.finish(1);
    const third = pool.get();
    await creations.finish(2);
    for (const lease of [again, second, third]) await pool.ret(await lease);
    await done;
    assertEquals([closed, pool.available], [[], 3], "one used ends at the end, too");
    await time.pass(2_000, 50);
    assertEquals(closed, [[1_000, 0, "reset"], [1_000, 1, "reset"]]);
    assertEquals(pool.available, 1);
  });

  it("ends no object later than its lifetime does, which stays its reason", async () => {
    const { pool, closed, start } = things({ maxLifetime: 1_500, lifetimeJitter: 0 });
    await using _ = pool;
    using time = start();
    await fill(pool, 3);
    await time.pass(1_000);
    const done = pool.reset({ spread: 900 });
    await time.pass(900, 50);
    await done;
    assertEquals(closed, [[1_300, 0, "reset"], [1_500, 1, "expired"], [1_500, 2, "expired"]]);
  });

  for (const maxLifetime of [0, 10_000]) {
    for (const maxSize of [0, 4]) {
      it(`keeps minSize by successors made before, maxLifetime ${maxLifetime}, maxSize ${maxSize}`, async () => {
        const { pool, closed, start } = things({ minSize: 3, maxSize, maxLifetime, opener });
        await using _ = pool;
        using time = start();
        await started(pool, time);
        const done = pool.reset({ spread: 900 });
        for (let i = 0; i < 18; i++) {
          await time.pass(50);
          assert(pool.available >= 3, `${pool.available} at ${time.now}`);
        }
        await done;
        assertEquals(closed.map(([at, id]) => [at, id]), [[400, 0], [700, 1], [1_000, 2]]);
        await time.pass(900, 50);
        assertEquals([pool.stats().created, pool.available], [6, 3]);
      });
    }
  }

  it("makes room one at a time where minSize is maxSize, within that time", async () => {
    const { pool, closed, start } = things({ minSize: 3, maxSize: 3, opener });
    await using _ = pool;
    using time = start();
    await started(pool, time);
    const done = pool.reset({ spread: 900 });
    for (let i = 0; i < 18; i++) {
      await time.pass(50);
      assert(pool.available >= 2, `${pool.available} at ${time.now}`);
    }
    await done;
    assertEquals(
      closed.map(([, id, reason]) => [id, reason]),
      [0, 1, 2].map((id) => [id, "reset"]),
    );
    const begun = closed.map(([at]) => Math.floor((at - 100) / 300));
    assertEquals(begun, [0, 1, 2], `each as early as for a successor made before: ${closed}`);
    assertEquals(pool.available, 3);
  });
});

describe("the promise of reset({ spread })", () => {
  it("resolves once the last that was available is closed", async () => {
    const closings: Deferred<void>[] = [];
    await using pool = new TestPool((n) => new Thing(n), {
      closer: () => {
        closings.push(deferred());
        return closings.at(-1)!.promise;
      },
      closeTimeout: 0,
    });
    using time = new Time();
    const held = await pool.get();
    await fill(pool, 2);
    const done = pool.reset({ spread: 900 });
    await time.pass(599, 50);
    assertEquals([await stateOf(done), closings.length], ["pending", 1]);
    await time.pass(1);
    assertEquals([await stateOf(done), closings.length], ["pending", 2]);
    closings[1]!.resolve();
    assertEquals(await stateOf(done), "pending");
    closings[0]!.resolve();
    await done;
    assertEquals([held.id, pool.using], [0, 1]);
    await time.pass(300);
    await pool.ret(held);
    closings[2]!.resolve();
  });

  it("resolves at once where nothing is available, where there is nothing, and before the start", async () => {
    const { pool } = things();
    await using _ = pool;
    using time = new Time();
    await pool.reset({ spread: 1_000 });
    const lease = await pool.get();
    await pool.reset({ spread: 1_000 });
    await pool.discard(lease);
    await pool.reset({ spread: 1_000 });
    assertEquals(time.now, 0);
  });

  it("waits for no borrower of what was available before", async () => {
    const { pool, closed, start } = things();
    await using _ = pool;
    using time = start();
    await fill(pool, 1);
    const done = pool.reset({ spread: 1_000 });
    const lease = await pool.get();
    await time.pass(1_000);
    await done;
    assertEquals([lease.id, closed], [0, []]);
    await pool.ret(lease);
    assertEquals(closed, [[1_000, 0, "reset"]]);
  });

  it("resolves at a shutdown, with all closed", async () => {
    const { pool, closed, start } = things();
    using time = start();
    await fill(pool, 3);
    const done = pool.reset({ spread: 1_000 });
    await time.pass(400);
    await pool.shutdown();
    await done;
    assertEquals(closed, [[334, 0, "reset"], [400, 1, "shutdown"], [400, 2, "shutdown"]]);
  });

  it("keeps the process alive until then, and leaves no timer behind", async () => {
    const { pool } = things();
    using timers = new Timers();
    await fill(pool, 2);
    const done = pool.reset({ spread: 30 });
    assert(timers.holding > 0);
    await done;
    assertEquals([pool.size, timers.holding], [0, 0]);
    await fill(pool, 2);
    const never = pool.reset({ spread: 100_000 });
    assert(timers.holding > 0);
    await pool.shutdown();
    await never;
    assertEquals(timers.holding, 0);
  });
});

describe("a second reset meanwhile", () => {
  it("without spread closes at once what is left; both resolve", async () => {
    const { pool, closed, start } = things();
    await using _ = pool;
    using time = start();
    const held = await pool.get();
    await fill(pool, 3);
    const done = pool.reset({ spread: 1_000 });
    await time.pass(300);
    await pool.reset();
    assertEquals(closed, [[250, 1, "reset"], [300, 2, "reset"], [300, 3, "reset"]]);
    await fill(pool, 1);
    await pool.ret(held);
    assertEquals(closed[3], [300, 0, "reset"]);
    await time.pass(700, 50);
    await done;
    assertEquals([closed.length, pool.available], [4, 1], "what was made since stays");
  });

  it("with a shorter spread brings moments forward, with a longer one it delays none", async () => {
    const { pool, closed, start } = things();
    await using _ = pool;
    using time = start();
    await fill(pool, 2);
    const slow = pool.reset({ spread: 1_000 });
    await time.pass(100);
    const fast = pool.reset({ spread: 200 });
    const slowest = pool.reset({ spread: 5_000 });
    await time.pass(200, 50);
    await fast;
    assertEquals(closed.map(([at, id]) => [at, id]), [[200, 0], [300, 1]]);
    await time.pass(5_000, 500);
    await Promise.all([slow, slowest]);
  });
});

describe("what has been reset over a time", () => {
  it("is counted, and told observers and closer, as by any reset", async () => {
    const { pool, closed, start } = things();
    await using _ = pool;
    using time = start();
    const witness = new Witness();
    pool.observe(witness);
    const held = await pool.get();
    await fill(pool, 2);
    const done = pool.reset({ spread: 900 });
    await time.pass(900, 50);
    await done;
    await pool.ret(held);
    assertEquals(witness.count("closed", { reason: "reset" }), 3);
    assertEquals(closed.map(([, , reason]) => reason), ["reset", "reset", "reset"]);
    const { closed: all, discarded, expired, recycled } = pool.stats();
    assertEquals([all, discarded, expired, recycled], [3, 3, 0, 0]);
    assertEquals(sum(pool).accounted, sum(pool).created);
  });
});

describe("the options of reset", () => {
  it("are refused if they are wrong, and nothing is reset", async () => {
    const { pool, closed } = things();
    await using _ = pool;
    await fill(pool, 1);
    const WRONG: [unknown, new () => Error, string][] = [
      [{ spread: -1 }, RangeError, "reset: spread must be milliseconds, 0 to 2147483647, got -1"],
      [{ spread: 2 ** 31 }, RangeError, "got 2147483648"],
      [{ spread: Infinity }, RangeError, "got Infinity"],
      [{ spread: NaN }, RangeError, "got NaN"],
      [{ spread: "1000" }, TypeError, 'got "1000"'],
      [{ spred: 1000 }, TypeError, 'unknown option "spred"'],
      [1_000, TypeError, "reset: options must be an object, got 1000"],
      [null, TypeError, "got null"],
    ];
    for (const [options, Wrong, message] of WRONG) {
      await assertRejects(() => pool.reset(options as never), Wrong, message);
    }
    assertEquals([pool.available, closed], [1, []]);
  });

  for (const options of [{ spread: 0 }, {}, { spread: undefined }, undefined]) {
    it(`${JSON.stringify(options)} resets all at once`, async () => {
      const { pool, closed } = things();
      await using _ = pool;
      await fill(pool, 2);
      await pool.reset(options);
      assertEquals([pool.size, closed.length], [0, 2]);
    });
  }
});
