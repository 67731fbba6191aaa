// An observer that comes when objects are out already.

import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Time } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";

describe("an observer that comes late", () => {
  it("hears of what was lent before for how long it has been held since then", async () => {
    await using pool = new TestPool(() => ({}));
    using time = new Time();
    const lease = await pool.get();
    await time.pass(30);
    const held: number[] = [];
    using _observing = pool.observe({ returned: (event) => held.push(event.held) });
    await time.pass(20);
    await pool.ret(lease);
    assertEquals(held, [20]);
  });

  it("has stats say that, too", async () => {
    await using pool = new TestPool(() => ({}));
    using time = new Time();
    await using _lease = await pool.get();
    using _observing = pool.observe({ returned() {} });
    await time.pass(20);
    assertEquals(pool.stats().objects.using.map(({ held }) => held), [20]);
  });
});
