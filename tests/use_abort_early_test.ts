// A caller's signal that its own callback aborts, before it gives a promise.

import { assertEquals, assertStrictEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { deferred, idle, rejection, Thing } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";

describe("a use whose callback aborts its signal at once", () => {
  it("rejects though the callback goes on, and gives the object back after that", async () => {
    await using pool = new TestPool((n) => new Thing(n), { retter() {} });
    const work = deferred();
    const caller = new AbortController();
    const reason = new Error("no longer wanted");
    const used = pool.use(() => {
      caller.abort(reason);
      return work.promise;
    }, { signal: caller.signal });
    assertStrictEquals(await rejection(used), reason);
    assertEquals(pool.using, 1);
    work.resolve();
    await idle();
    assertEquals([pool.using, pool.available], [0, 1]);
  });
});
