// Leases that are lost in one pool of a quota, or under one key, while somebody waits in another.

import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { KeyedPool } from "../quota/keyed.ts";
import { localQuota } from "../quota/mod.ts";
import { collect, needGc } from "./helpers/gc.ts";
import { Recorder } from "./helpers/recorder.ts";
import { TestPool } from "./helpers/test_pool.ts";

/** Takes an object and loses its lease: in a frame of its own, so that nothing on the stack holds it. */
async function lose(get: () => Promise<unknown>): Promise<void> {
  await get();
}

/** Collects garbage until the promise settles; undefined if it does not. */
async function collectUntil<R>(promise: Promise<R>): Promise<R | undefined> {
  let result: R | undefined;
  const done = promise.then((value) => void (result = value));
  for (let i = 0; i < 200 && result === undefined; i++) await Promise.race([collect(1), done]);
  return result;
}

describe("a lost lease makes room", () => {
  for (const max of [1, 2]) {
    it(`for another pool of the quota, with max: ${max}`, async () => {
      needGc();
      const quota = localQuota({ max });
      const pool = new TestPool((n) => ({ n }), { quota });
      const loser = new TestPool((n) => ({ n }), { quota });
      await lose(() => loser.get());
      const held = await Promise.all(Array.from({ length: max - 1 }, () => pool.borrow()));
      assertEquals(await collectUntil(pool.use(() => "served")), "served");
      assertEquals([loser.stats().leaked, quota.used], [1, max]);
      for (const loan of held) await loan.release();
      await Promise.all([pool.shutdown(), loser.shutdown()]);
    });
  }

  it("for another key over maxKeys", async () => {
    needGc();
    const pool = new KeyedPool((key: string) => ({ key }), { maxKeys: 1, logger: new Recorder() });
    await lose(() => pool.get("a"));
    assertEquals(await collectUntil(pool.use("b", ({ key }) => key)), "b");
    assertEquals(pool.stats().leaked, 1);
    await pool.shutdown();
  });
});
