// Objects that come to the end of their lifetime while a hook looks at them.

import { assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { rejection, Thing, Time } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";

describe("a getter that takes longer than objects live", () => {
  it("is told after three in a row, of which the first may have been available before", async () => {
    let greeted = 0;
    await using pool = new TestPool((n) => new Thing(n), {
      minSize: 1,
      maxSize: 1,
      maxLifetime: 500,
      lifetimeJitter: 0,
      hkDelay: 100_000,
      getter: () => {
        greeted++;
        return new Promise((resolve) => setTimeout(resolve, 600));
      },
    });
    using time = new Time();
    await pool.ready();
    const failed = rejection(pool.get());
    await time.pass(2_000, 100);
    assertMatch(String(await failed), /reach maxLifetime, 500 ms, during getter/);
    assertEquals(greeted, 3);
    await time.pass(2_000, 100);
  });
});
