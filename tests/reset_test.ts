// Pool.reset: every present object is obsolete, also those that are just being made.

import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { type CloseContext, type Pool, PoolError, type PoolOptions } from "../mod.ts";
import { Creations, deferred, idle, rejection, stateOf, Thing, Workshop } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";
import { sleep, until } from "./helpers/until.ts";

function things(options: PoolOptions<Thing> = {}): TestPool<Thing> {
  return new TestPool((n) => new Thing(n), { maxSize: 1, ...options });
}

describe("reset", () => {
  it("resolves once the available objects are closed, waiting for no borrower", async () => {
    const gates = [deferred(), deferred()];
    const closing: string[] = [];
    const closer = ({ id }: Thing, { reason }: CloseContext) => {
      closing.push(`${id} ${reason}`);
      return gates[id]?.promise;
    };
    await using pool = things({ maxSize: 3, closer });
    const loans = [await pool.borrow(), await pool.borrow(), await pool.borrow()];
    await loans[0]!.release();
    await loans[1]!.release();
    const done = pool.reset();
    assertEquals([closing, await stateOf(done)], [["0 reset", "1 reset"], "pending"]);
    gates[0]!.resolve();
    assertEquals(await stateOf(done), "pending");
    gates[1]!.resolve();
    await done;
    assertEquals([loans[2]!.object.id, pool.using, pool.stats().discarded], [2, 1, 2]);
    await loans[2]!.release();
    assertEquals([closing.at(-1), pool.stats().discarded, pool.stats().closed], ["2 reset", 3, 3]);
  });

  it("resolves at once where nothing is available, and where closer fails", async () => {
    await using pool = things({ closer: () => Promise.reject(new Error("no")) });
    await pool.reset();
    await pool.use(() => {});
    await pool.reset();
    assertEquals([pool.size, pool.stats().hookErrors], [0, 1]);
    assertEquals(await pool.use(({ id }) => id), 1);
  });

  it("serves who waits with new objects, whose making began after it", async () => {
    const { fun, closer, closed } = new Workshop();
    await using pool = things({ closer });
    await using other = new TestPool(fun, { maxSize: 1, closer });
    const loan = await other.borrow();
    const waiting = other.borrow();
    await other.reset();
    await loan.release();
    assertEquals([(await waiting).object.id, closed], [1, [0]]);
    await (await waiting).release();
    assertEquals([other.available, pool.size], [1, 0]);
  });

  it("makes what was just being made obsolete, too: its get has the next one", async () => {
    const creations = new Creations();
    const closed: string[] = [];
    await using pool = new TestPool(creations.fun, {
      maxSize: 1,
      closer: ({ id }, { reason }) => void closed.push(`${id} ${reason}`),
    });
    const get = pool.get();
    await pool.reset();
    await creations.finish(0);
    await idle();
    await creations.finish(1);
    assertEquals([(await get).id, closed], [1, ["0 reset"]]);
    await pool.ret(await get);
    assertEquals(pool.available, 1);
  });

  it("takes no arguments", async () => {
    await using pool = things();
    await pool.use(() => {});
    const reset = pool.reset as (options?: unknown) => Promise<void>;
    let error: unknown;
    try {
      await reset.call(pool, { force: true });
    } catch (failure) {
      error = failure;
    }
    assert(error instanceof TypeError, String(error));
    assertEquals(pool.available, 1);
    await reset.call(pool, undefined);
    assertEquals(pool.available, 0);
  });
});

describe("reset while objects are made, each time", () => {
  const WAYS: [string, (reset: () => void) => TestPool<Thing>][] = [
    ["opener", (reset) => things({ opener: () => reset() })],
    ["fun", (reset) =>
      new TestPool((n) => {
        reset();
        return new Thing(n);
      }, { maxSize: 1 })],
    ["fun, some time later", (reset) =>
      new TestPool(async (n) => {
        await null;
        reset();
        return new Thing(n);
      }, { maxSize: 1 })],
  ];

  for (const [how, make] of WAYS) {
    it(`by ${how}: the get is told after three, by a PoolError that says so`, async () => {
      await using pool: TestPool<Thing> = make(() => void pool.reset());
      const error = await rejection(pool.get());
      assert(error instanceof PoolError);
      assert(
        /three new objects in a row obsolete: do not call it in fun or opener/.test(error.message),
      );
      await idle();
      const { created, closed, createFailed } = pool.stats();
      assertEquals([created, closed, createFailed, pool.size], [3, 3, 0, 0]);
    });

    it(`by ${how}: others have their turn of the event loop in between`, async () => {
      await using pool: TestPool<Thing> = make(() => void pool.reset());
      let turns = 0;
      let ended = false;
      const turn = () => {
        turns++;
        if (!ended) setTimeout(turn, 0);
      };
      setTimeout(turn, 0);
      const gets = Array.from({ length: 5 }, () => rejection(pool.get()));
      const errors = await Promise.all(gets);
      ended = true;
      assertEquals(errors.every((error) => error instanceof PoolError), true);
      assertEquals(pool.stats().created, 15);
      assert(turns >= 10, `${turns} turns`);
      await sleep(2);
    });
  }

  it("ready() is told, too; minSize goes on to be tried, and leaves others their turn", async () => {
    let resets = 0;
    await using pool: Pool<Thing> = things({
      minSize: 1,
      opener: () => {
        if (++resets <= 4) void pool.reset();
      },
    });
    const error = await rejection(pool.ready());
    assert(error instanceof PoolError);
    assert(error.message.includes("reset()"), error.message);
    await pool.ready();
    assertEquals([pool.available, resets], [1, 5]);
  });

  it("three in a row count: one that stays begins anew", async () => {
    let resets = 0;
    await using pool: TestPool<Thing> = things({
      opener: ({ id }) => {
        if (id % 3 !== 2) void (resets++, pool.reset());
      },
    });
    for (const expected of [2, 5, 8]) {
      const loan = await pool.borrow();
      assertEquals(loan.object.id, expected);
      await loan.discard();
    }
    assertEquals(resets, 6);
  });
});

describe("reset of more objects than are closed in one turn of the event loop", () => {
  /** A pool of 2 500 available objects, and the reasons with which they were closed. */
  async function many(closer: PoolOptions<Thing>["closer"] = () => {}) {
    const reasons: Record<string, number> = {};
    const pool = things({
      minSize: 2_500,
      maxSize: 2_500,
      closer: (thing, context) => {
        reasons[context.reason] = (reasons[context.reason] ?? 0) + 1;
        return closer(thing, context);
      },
    });
    await pool.ready();
    pool.resize({ minSize: 0 });
    return { pool, reasons };
  }

  it("counts all of them as being closed, and none as in use", async () => {
    const { pool } = await many(() => sleep(0));
    const done = pool.reset();
    const { closing, discarded, objects, using } = pool.stats();
    assertEquals([using, closing, discarded, objects.using.length], [0, 2_500, 2_500, 0]);
    await done;
    assertEquals([pool.size, pool.stats().closed], [0, 2_500]);
    await pool.shutdown();
  });

  it("does not count them for ready()", async () => {
    const { pool } = await many();
    pool.resize({ minSize: 1_000 });
    const done = pool.reset();
    await pool.ready();
    assertEquals([pool.available, pool.using], [1_000, 0]);
    await done;
    await pool.shutdown();
  });

  it("goes on in a shutdown that runs out of time, which calls each closer once, and kills none", async () => {
    const gate = deferred();
    const signals: AbortSignal[] = [];
    const { pool, reasons } = await many((_thing, { signal }) => {
      signals.push(signal);
      return gate.promise;
    });
    const done = pool.reset();
    const down = pool.shutdown({ timeout: 0.001 });
    const told = () => signals.length === 2_500 && signals.every(({ aborted }) => aborted);
    await until(told, "all are told to close by force");
    await down;
    const { closed, discarded, killed } = pool.stats();
    assertEquals([reasons, closed, discarded, killed], [{ reset: 2_500 }, 2_500, 2_500, 0]);
    gate.resolve();
    await done;
    assertEquals([pool.size, pool.stats().closed], [0, 2_500]);
  });
});
