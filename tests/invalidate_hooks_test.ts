// What dies while a hook looks at it, or because of that, is not lent.

import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool } from "../mod.ts";
import { deferred, idle, Thing } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";

/** A pool whose `getter` says of some that they are dead. */
function fatal(dead: number[], closed: string[]): TestPool<Thing> {
  const pool: TestPool<Thing> = new TestPool((n) => new Thing(n), {
    getter: (thing) => {
      if (dead.includes(thing.id)) pool.invalidate(thing);
    },
    closer: (thing, { reason }) => void closed.push(`${thing.id} ${reason}`),
  });
  return pool;
}

describe("an object that dies in getter", () => {
  it("is closed, and the get is served with the next", async () => {
    const closed: string[] = [];
    await using pool = fatal([0], closed);
    await using lease = await pool.get();
    assertEquals(lease.id, 1);
    assertEquals(closed, ["0 invalidated"]);
  });

  it("is not lent by a get that it was available for", async () => {
    const dead: number[] = [];
    const closed: string[] = [];
    await using pool = fatal(dead, closed);
    await pool.ret(await pool.get());
    dead.push(0);
    await using lease = await pool.get();
    assertEquals(lease.id, 1);
    assertEquals(closed, ["0 invalidated"]);
  });

  it("is not lent by tryGet", async () => {
    const dead: number[] = [];
    const closed: string[] = [];
    await using pool = fatal(dead, closed);
    await pool.ret(await pool.get());
    dead.push(0);
    assertEquals(pool.tryGet(), undefined);
    assertEquals(closed, ["0 invalidated"]);
  });
});

describe("an object that dies while its health is asked", () => {
  it("is closed without a call of getter", async () => {
    const answer = deferred();
    const greeted: number[] = [];
    await using pool = new TestPool((n) => new Thing(n), {
      healthAfter: 0,
      health: () => answer.promise,
      getter: (thing) => void greeted.push(thing.id),
    });
    const first = await pool.get();
    const thing = Pool.unwrap(first);
    await pool.ret(first);
    const get = pool.get();
    await idle();
    pool.invalidate(thing);
    answer.resolve();
    await using lease = await get;
    assertEquals(lease.id, 1);
    assertEquals(greeted, [0, 1]);
  });
});
