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

  it("says to who waits how to be served first", async () => {
    const creating = new TestPool(() => new Promise<object>(() => {}), { createTimeout: 1 });
    const first = rejection(creating.get());
    const over = creating.shutdown({ timeout: 1 });
    assertMatch(
      String(await first),
      /is shut down: this get still waited; shutdown\({ drain: true }\) serves waiters first$/,
    );
    await over;

    const pool = new TestPool(() => ({}), { maxSize: 1 });
    const lease = await pool.get();
    const second = rejection(pool.get());
    const end = pool.shutdown();
    assertMatch(String(await second), /this get still waited; .* gets no second one$/);
    await pool.ret(lease);
    await end;
  });
});
