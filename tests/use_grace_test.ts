// abortGrace: how long a callback of use may go on with its object after its caller has given up.

import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { CloseReason, Pool, PoolOptions } from "../mod.ts";
import { deferred, idle, rejection, stateOf, Thing, Time } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";

const enough = new RangeError("enough");

function things(options: PoolOptions<Thing> = {}): TestPool<Thing> {
  return new TestPool((n) => new Thing(n), { maxSize: 1, ...options });
}

/** A `use` whose callback ends by hand, and whose caller has given up. */
async function abandoned(pool: Pool<Thing>) {
  const stop = new AbortController();
  const work = deferred<unknown>();
  const used = rejection(pool.use(() => work.promise, { signal: stop.signal }));
  await idle();
  stop.abort(enough);
  return { work, used };
}

describe("abortGrace", () => {
  const closings = () => {
    const reasons: CloseReason[] = [];
    return {
      reasons,
      closer: (_: Thing, { reason }: { reason: CloseReason }) => void reasons.push(reason),
    };
  };

  for (
    const [what, options, grace] of [["1 s by default", {}, 1000], [
      "as given",
      { abortGrace: 50 },
      50,
    ]] as const
  ) {
    it(`${what}: then the object of a callback that hangs is closed, and its place is free`, async () => {
      const { reasons, closer } = closings();
      await using pool = things({ closer, tracer: ({ id }) => `thing no. ${id}`, ...options });
      using time = new Time();
      const { used, work } = await abandoned(pool);
      const next = pool.get({ label: "next" });
      assertStrictEquals(await used, enough);
      await time.pass(grace - 1);
      assertEquals([reasons, pool.using, pool.waiting], [[], 1, 1]);
      await time.pass(1);
      const lease = await next;
      const { discarded, killed, closed, returned } = pool.stats();
      assertEquals([lease.id, reasons], [1, ["discarded"]]);
      assertEquals([discarded, killed, closed, returned], [1, 0, 1, 0]);
      const warning = pool.lines.find((line) => line.includes("abortGrace"))!;
      assert(/^warn .*#0 thing no\. 0 is closed.*abortGrace, \d+ ms/.test(warning), warning);
      // What comes of the callback now touches nobody.
      work.resolve("late");
      await idle();
      assertEquals([lease.id, pool.using, pool.stats().doubleReturns], [1, 1, 0]);
      await pool.ret(lease);
    });
  }

  it("0: the callback has what is left of this turn of the event loop", async () => {
    const { reasons, closer } = closings();
    await using pool = things({ abortGrace: 0, closer, retter: () => {} });
    const soon = await abandoned(pool);
    soon.work.resolve(1);
    await soon.used;
    await idle();
    assertEquals([reasons, pool.available], [[], 1]);
    const never = await abandoned(pool);
    await never.used;
    await idle();
    assertEquals([reasons, pool.size], [["discarded"], 0]);
  });

  it("is over when fn has settled in time: nothing is closed, nothing is said", async () => {
    const { reasons, closer } = closings();
    await using pool = things({ closer, retter: () => {} });
    using time = new Time();
    const { used, work } = await abandoned(pool);
    await used;
    await time.pass(900);
    work.reject(enough);
    await time.pass(5000);
    assertEquals([reasons, pool.available, pool.lines], [[], 1, []]);
  });

  it("a shutdown waits for it, and a job that hangs costs its process no more than that", async () => {
    const pool = things();
    using time = new Time();
    const { used } = await abandoned(pool);
    await used;
    const ended = pool.shutdown();
    assertEquals(await stateOf(ended), "pending");
    await time.pass(1000);
    assertEquals([await stateOf(ended), pool.size], ["fulfilled", 0]);
  });

  it("use(fn, { signal: AbortSignal.timeout(…) }) of a job that hangs ends, and frees its place", async () => {
    await using pool = things({ abortGrace: 5 });
    const alive = setTimeout(() => {}, 10_000); // on Node, AbortSignal.timeout keeps no process so
    const hung = pool.use(() => new Promise(() => {}), { signal: AbortSignal.timeout(10) });
    assertEquals((await assertRejects(() => hung, DOMException)).name, "TimeoutError");
    assertEquals(await pool.use(({ id }) => id, { timeout: 5000 }), 1);
    clearTimeout(alive);
  });
});
