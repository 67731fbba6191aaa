// Waiting that sees nothing move is told in the log.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { requestBound } from "../context.ts";
import { PoolTimeoutError } from "../mod.ts";
import { quiet, takes, things } from "./helpers/nested.ts";
import { rejection, type Thing, Time } from "./helpers/pool.ts";
import type { TestPool } from "./helpers/test_pool.ts";

describe("who waits without a timeout", () => {
  const said = (pool: TestPool<Thing>) => pool.lines.filter((line) => /no progress/.test(line));
  // On Workers a timer would keep the runtime from telling who waits in vain.
  const times = (n: number) => requestBound ? 0 : n;

  for (const traceHolders of ["auto", false, true] as const) {
    it(`is told in the log after ten seconds, once, traceHolders ${traceHolders}`, async () => {
      await using pool = things(1, { traceHolders });
      using time = new Time();
      const lease = await pool.get({ label: "the report" });
      const waiting = pool.get();
      await time.pass(9_500, 500);
      assertEquals(said(pool), []);
      await time.pass(2_600, 100);
      assertEquals(said(pool).length, times(1));
      if (!requestBound) {
        assertMatch(
          said(pool)[0]!,
          /^warn .*: no progress for 1[0-2]\d{3} ms: 1 wait, 1 of 1 in use/,
        );
        assert(said(pool)[0]!.includes('"the report"'), said(pool)[0]);
      }
      await time.pass(60_000, 1_000);
      assertEquals(said(pool).length, times(1), "once for one standstill");
      await pool.ret(lease);
      const again = pool.get();
      await time.pass(13_000, 500);
      assertEquals(said(pool).length, times(2), "again, for something has moved");
      await pool.ret(await waiting);
      await pool.ret(await again);
    });
  }

  it("is not told while something moves", async () => {
    await using pool = things(1, { traceHolders: "auto" });
    using time = new Time();
    const uses = Array.from({ length: 10 }, () => pool.use(() => takes(5_000)));
    await time.pass(50_000, 1_000);
    await Promise.all(uses);
    assertEquals(said(pool), []);
  });

  it("but who has a timeout needs no telling", async () => {
    await using pool = things(1, { traceHolders: "auto", timeout: 30_000 });
    using time = new Time();
    const lease = await pool.get();
    const late = rejection(pool.get());
    await time.pass(30_000, 1_000);
    assert(await late instanceof PoolTimeoutError);
    assertEquals(said(pool), []);
    const waiting = pool.get({ timeout: 0 });
    await time.pass(13_000, 500);
    assertEquals(said(pool).length, times(1), "this one has none");
    await pool.ret(lease);
    await pool.ret(await waiting);
  });

  it("nor does who has one within a use, which is looked at more often", async () => {
    await using pool = things(2, { timeout: 30_000 });
    using time = new Time();
    const lease = await pool.get();
    const outer = quiet(pool.use(() => pool.use(() => {})));
    await time.pass(20_000, 500);
    assertEquals(said(pool), []);
    await pool.ret(lease);
    await outer;
  });

  it("is not told any more once it has gone", async () => {
    await using pool = things(1, { traceHolders: "auto" });
    using time = new Time();
    const lease = await pool.get();
    const aborting = new AbortController();
    const gone = rejection(pool.get({ signal: aborting.signal }));
    await time.pass(9_000, 1_000);
    aborting.abort("gone");
    await gone;
    await time.pass(20_000, 1_000);
    assertEquals(said(pool), []);
    await pool.ret(lease);
  });
});
