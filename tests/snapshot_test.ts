// The snapshot of a pool: the counts, the longest holders and the first waiters, cut.

import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool } from "../mod.ts";
import { insideOf } from "../pool.ts";
import { snapshot } from "../pool/snapshot.ts";
import { idle, Thing } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";

describe("the snapshot of a pool", () => {
  it("shows the longest holders and who waits, in the order in which they are served", async () => {
    await using pool = new TestPool((n) => new Thing(n), {
      name: "things",
      maxSize: 2,
      traceHolders: true,
      tracer: (thing) => `thing ${thing.id}`,
    });
    const held = [await pool.get({ label: "a" }), await pool.get({ label: "b" })];
    const waiting = [
      pool.get({ label: "c" }),
      pool.get({ label: "d", priority: 1 }),
      pool.get({ label: "e", priority: -1 }),
    ];
    await idle();
    const seen = snapshot(insideOf(pool), 2);
    assertEquals(seen.holders.map(({ object, label }) => [object, label]), [
      ["#0 thing 0", "a"],
      ["#1 thing 1", "b"],
    ]);
    assertEquals(seen.waiters.map(({ label, priority }) => [label, priority]), [["d", 1], [
      "c",
      0,
    ]]);
    const { name, size, using, available, creating, closing, waiting: all } = seen;
    assertEquals(
      { name, size, using, available, creating, closing, all },
      { name: "things", size: 2, using: 2, available: 0, creating: 0, closing: 0, all: 3 },
    );
    for (const lease of held) await pool.ret(lease);
    for (const lease of [waiting[1]!, waiting[0]!]) await pool.ret(await lease);
    await pool.ret(await waiting[2]!);
    assertEquals(snapshot(insideOf(pool), 2).holders, []);
  });

  it("names nobody unless that is asked for", async () => {
    let traced = 0;
    await using pool = new TestPool((n) => new Thing(n), { tracer: () => `${++traced}` });
    await pool.use(() => assertEquals(snapshot(insideOf(pool), 0).holders, []));
    assertEquals(traced, 0);
  });

  it("has the totals of its moment", async () => {
    await using pool = new TestPool((n) => new Thing(n));
    const { totals } = snapshot(insideOf(pool), 0);
    await pool.use(() => {});
    assertEquals([totals.gets, snapshot(insideOf(pool), 0).totals.gets], [0, 1]);
  });

  it("is of a Pool, and of nothing else", () => {
    for (const other of [undefined, null, 1, {}, Object.create(Pool.prototype)]) {
      assertThrows(() => insideOf(other), TypeError, "a Pool is needed, got");
    }
  });
});
