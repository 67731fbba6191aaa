// What is not taken for nested use, though somebody waits within a use.

import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { type Pool, PoolClosedError, PoolTimeoutError } from "../mod.ts";
import { outcomes, quiet, takes, tells, things } from "./helpers/nested.ts";
import { Creations, deferred, rejection, Thing, Time } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";

describe("no deadlock is told", () => {
  /** All of them get on within `ms`, none by a deadlock. */
  async function getOn(time: Time, pool: Pool<Thing>, uses: Promise<unknown>[], ms: number) {
    const ends = outcomes(uses);
    await time.pass(ms, 50);
    const results = await ends;
    assert(!results.some((one) => String(one).endsWith("Error")), String(results));
    assertEquals([pool.stats().deadlocks, pool.waiting], [0, 0]);
  }

  it("where all is held, and nobody waits within a use", async () => {
    await using pool = things(2);
    using time = new Time();
    const uses = Array.from({ length: 8 }, () => pool.use(() => takes(400)));
    await getOn(time, pool, uses, 2_000);
  });

  it("where one of the objects is held by a get, or by a borrow", async () => {
    await using pool = things(3);
    using time = new Time();
    const lease = await pool.get();
    const loan = await pool.borrow();
    const outer = quiet(pool.use(() => pool.use(() => {})));
    await time.pass(1_000, 50);
    await pool.ret(lease);
    await getOn(time, pool, [outer], 100);
    await loan.release();
  });

  it("where one is held by a use that does not wait", async () => {
    await using pool = things(2);
    using time = new Time();
    const uses = [pool.use(() => pool.use(() => {})), pool.use(() => takes(1_000))];
    await getOn(time, pool, uses, 1_200);
  });

  it("where a use of another pool waits within one of this, which others hold", async () => {
    await using a = things(2);
    await using b = things(1);
    using time = new Time();
    const held = b.use(() => takes(900));
    const uses = [a.use(() => b.use(() => {})), a.use(() => b.use(() => {}))];
    await getOn(time, a, [held, ...uses], 1_000);
    assertEquals(b.stats().deadlocks, 0);
  });

  it("where another object is being made, however long that takes", async () => {
    const creations = new Creations();
    await using pool = new TestPool(creations.fun, { maxSize: 2, traceHolders: true });
    using time = new Time();
    const outer = quiet(pool.use(() => pool.use(() => {})));
    await creations.finish(0);
    await time.pass(1_000, 50);
    await creations.finish(1);
    await getOn(time, pool, [outer], 0);
  });

  for (const hook of ["getter", "health", "retter"] as const) {
    it(`where ${hook} has another one`, async () => {
      const gate = deferred();
      let slow = false;
      await using pool = things(2, {
        hookTimeout: 0,
        ...(hook === "health" ? { healthAfter: 0 } : {}),
        [hook]: ({ id }: Thing) => slow && id === 1 ? gate.promise : undefined,
      });
      using time = new Time();
      const [first, second] = [await pool.get(), await pool.get()];
      slow = true;
      if (hook === "retter") void pool.ret(second);
      else await pool.ret(second);
      await pool.ret(first); // which the outer one gets
      const outer = quiet(pool.use(() => pool.use(() => {})));
      await time.pass(1_000, 50);
      assertEquals([pool.waiting, pool.using], [1, 2]);
      gate.resolve();
      await getOn(time, pool, [outer], 0);
    });
  }

  it("where closer has another one", async () => {
    const gate = deferred();
    await using pool = things(2, { closer: () => gate.promise, closeTimeout: 0 });
    using time = new Time();
    void pool.discard(await pool.get());
    const outer = quiet(pool.use(() => pool.use(() => {})));
    await time.pass(1_000, 50);
    assertEquals([pool.waiting, pool.stats().closing], [1, 1]);
    gate.resolve();
    await getOn(time, pool, [outer], 0);
  });

  it("of a use that is not awaited, where the callback that has started it ends within 200 ms", async () => {
    await using pool = things(1);
    using time = new Time();
    let inner: Promise<unknown> | undefined;
    const outer = quiet(pool.use(async () => {
      inner = quiet(pool.use(() => "served"));
      await takes(190);
    }));
    await time.pass(190);
    await getOn(time, pool, [outer, inner!], 400);
  });

  it("of such a use, where another one has waited for long", async () => {
    await using pool = things(2);
    using time = new Time();
    const waiting = quiet(pool.use(() => pool.use(() => {})));
    let inner: Promise<unknown> | undefined;
    const holder = quiet(pool.use(async () => {
      await takes(590);
      inner = quiet(pool.use(() => {}));
      await takes(150);
    }));
    await time.pass(590, 10);
    await time.pass(150, 10);
    await getOn(time, pool, [waiting, holder, inner!], 400);
  });

  it("of what a callback has started that has ended since", async () => {
    await using pool = things(1);
    using time = new Time();
    let later: Promise<unknown> | undefined;
    await pool.use(() => {
      later = takes(100).then(() => pool.use(() => {}));
    });
    const lease = await pool.get();
    await time.pass(100);
    await time.pass(1_000, 50);
    assertEquals(pool.waiting, 1);
    await pool.ret(lease);
    await getOn(time, pool, [later!], 0);
  });

  it("while something moves: who waits within a use is served in the end", async () => {
    await using pool = things(2);
    using time = new Time();
    const outer = quiet(pool.use(() => pool.use(() => "served", { priority: -1 })));
    const others = Array.from({ length: 10 }, () => pool.use(() => takes(150)));
    await getOn(time, pool, [outer, ...others], 2_000);
    assertEquals(await outer, "served");
  });

  it("where resize makes room in time", async () => {
    await using pool = things(1);
    using time = new Time();
    const outer = quiet(pool.use(() => pool.use(({ id }) => id)));
    await time.pass(190);
    pool.resize({ maxSize: 2 });
    assertEquals(await outer, 1);
    await getOn(time, pool, [outer], 400);
  });

  it("where there is room for another one, which cannot be made for a time", async () => {
    let failing = true;
    await using pool = new TestPool((n) => {
      if (n > 0 && failing) throw new Error("no server");
      return new Thing(n);
    }, {
      maxSize: 2,
      traceHolders: true,
      createRetry: true,
      logLevel: "silent",
    });
    using time = new Time();
    const { random } = Math;
    Math.random = () => 1; // the longest rests
    try {
      const outer = quiet(pool.use(() => pool.use(() => "served")));
      await time.pass(2_000, 50);
      failing = false;
      await getOn(time, pool, [outer], 5_000);
    } finally {
      Math.random = random;
    }
  });

  it("where a shutdown ends it", async () => {
    await using pool = things(1);
    using time = new Time();
    const outer = quiet(pool.use(() => pool.use(() => {})));
    const told = rejection(outer);
    await time.pass(100);
    await pool.shutdown();
    assert(await told instanceof PoolClosedError);
    await time.pass(1_000, 50);
    assertEquals(pool.stats().deadlocks, 0);
  });

  if (!tells) {
    it("where the runtime does not tell what is called within what: it waits for its timeout", async () => {
      await using pool = things(1, { timeout: 1_000 });
      using time = new Time();
      const outer = quiet(pool.use(() => pool.use(() => {})));
      const told = rejection(outer);
      await time.pass(1_000, 50);
      const error = await told;
      assert(error instanceof PoolTimeoutError, String(error));
      assert(error.message.includes("for nested use()"), error.message);
    });
  }
});
