// What a pool that is shut down says to who asks it for an object.

import { assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { rejection } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";

describe("the error of a pool that is shut down", () => {
  it("says what to do, and while objects are out, why there is no second one", async () => {
    await using pool = new TestPool(() => ({}));
    const lease = await pool.get();
    const over = pool.shutdown();
    assertMatch(
      String(await rejection(pool.get())),
      /is shut down: create another pool; a borrower .* gets no second one$/,
    );
    await pool.ret(lease);
    await over;
    assertMatch(String(await rejection(pool.get())), /is shut down: create another pool$/);
  });
});
