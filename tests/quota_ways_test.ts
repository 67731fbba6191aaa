// Each permit goes back exactly once, by whichever way its object goes.

import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Pool, PoolOptions } from "../mod.ts";
import { collect } from "./helpers/gc.ts";
import { deferred, Thing } from "./helpers/pool.ts";
import { HandQuota } from "./helpers/quota.ts";
import { TestPool } from "./helpers/test_pool.ts";
import { sleep, until } from "./helpers/until.ts";

/** How an object goes, or is not made after all. */
interface Way {
  options?: PoolOptions<Thing>;
  fun?: (n: number, context: { signal: AbortSignal }) => Thing | Promise<Thing>;
  go(pool: Pool<Thing>, quota: HandQuota): unknown;
}

const use = (pool: Pool<Thing>) => pool.use(() => {});
const fails = (promise: Promise<unknown>) => promise.catch(() => {});
const never = () => new Promise<never>(() => {});

/** In a frame of its own, so that nothing on the stack holds it. */
async function lose(pool: Pool<Thing>): Promise<void> {
  await pool.get();
}

const WAYS: Record<string, Way> = {
  "discarded": { go: async (pool) => pool.discard(await pool.get()) },
  "detached": { go: async (pool) => pool.detach(await pool.get()) },
  "detached, by a loan": { go: async (pool) => (await pool.borrow()).detach() },
  "worn out": { options: { maxUse: 1 }, go: use },
  "too old": { options: { maxLifetime: 5, lifetimeJitter: 0 }, go: use },
  "unused": { options: { maxAvailDelay: 5 }, go: use },
  "unhealthy": {
    options: { health: () => false, healthAfter: 0 },
    go: async (pool) => {
      await use(pool);
      pool.tryGet();
      await fails(pool.get({ timeout: 5 }));
    },
  },
  "unfit, by getter": {
    options: { getter: () => Promise.reject(new Error("unfit")) },
    go: (pool) => fails(pool.get()),
  },
  "unfit, by retter": { options: { retter: () => Promise.reject(new Error("unfit")) }, go: use },
  "spoilt by a failure": { go: (pool) => fails(pool.use(() => Promise.reject(new Error("no")))) },
  "invalidated while it is available": {
    go: async (pool) => {
      const lease = await pool.borrow();
      const { object } = lease;
      await lease.release();
      pool.invalidate(object);
    },
  },
  "invalidated while it is in use": {
    go: async (pool) => {
      const loan = await pool.borrow();
      pool.invalidate(loan.object);
      await loan.release();
    },
  },
  "killed": {
    options: { maxUsingDelayKill: 5 },
    go: async (pool) => void await pool.borrow(),
  },
  "leaked": {
    options: { hkDelay: 5 },
    go: async (pool) => {
      await lose(pool);
      for (let i = 0; i < 100 && pool.stats().leaked === 0; i++) {
        await collect(1);
        await sleep(5);
      }
    },
  },
  "reset": { go: (pool) => use(pool).then(() => pool.reset()) },
  "reset little by little": { go: (pool) => use(pool).then(() => pool.reset({ spread: 5 })) },
  "over a lower maxSize": {
    options: { maxSize: 2 },
    go: async (pool) => {
      const loans = [await pool.borrow(), await pool.borrow()];
      for (const loan of loans) await loan.release();
      pool.resize({ maxSize: 1 });
      await pool.reset();
    },
  },
  "reclaimed": {
    go: async (pool, quota) => {
      await use(pool);
      assertEquals(quota.client.reclaim(), true);
    },
  },
  "lost": {
    go: async (pool, quota) => {
      await use(pool);
      quota.given[0]!.losing.abort();
    },
  },
  "left to a closer that hangs": {
    options: { closer: never, closeTimeout: 5 },
    go: async (pool) => pool.discard(await pool.get()),
  },
  "left to a closer that fails": {
    options: { closer: () => Promise.reject(new Error("no")) },
    go: async (pool) => pool.discard(await pool.get()),
  },
  "left to a use that hangs": {
    options: { abortGrace: 5 },
    go: (pool) => {
      const aborting = new AbortController(); // a signal of `timeout` keeps no process alive
      setTimeout(() => aborting.abort(), 5);
      return fails(pool.use(never, { signal: aborting.signal }));
    },
  },
  "not made: fun throws": {
    fun: () => {
      throw new Error("no");
    },
    go: (pool) => fails(use(pool)),
  },
  "not made: fun rejects": {
    fun: () => Promise.reject(new Error("no")),
    go: (pool) => fails(use(pool)),
  },
  "not made: fun gives nothing": {
    fun: () => undefined as never,
    go: (pool) => fails(use(pool)),
  },
  "not made in time": {
    fun: never,
    options: { createTimeout: 5 },
    go: (pool) => fails(use(pool)),
  },
  "made too late": {
    fun: async () => {
      await sleep(20);
      return new Thing(0);
    },
    options: { createTimeout: 5 },
    go: async (pool) => {
      await fails(use(pool));
      await until(() => pool.stats().closed === 1, "it is closed");
    },
  },
  "not opened": {
    options: { opener: () => Promise.reject(new Error("no")) },
    go: (pool) => fails(use(pool)),
  },
  "not opened in time": {
    options: { opener: never, createTimeout: 5 },
    go: (pool) => fails(use(pool)),
  },
  "reset while it is made": {
    fun: async (n) => {
      await sleep(5);
      return new Thing(n);
    },
    go: async (pool) => {
      const failed = fails(pool.get({ timeout: 8 }));
      await until(() => pool.creating === 1, "one is made");
      await pool.reset();
      await failed;
    },
  },
  "shut down while it is available": { go: (pool) => use(pool).then(() => pool.shutdown()) },
  "shut down while it is in use": {
    go: async (pool) => {
      await pool.borrow();
      await pool.shutdown({ timeout: 5 });
    },
  },
  "shut down while it is made": {
    fun: never,
    go: async (pool) => {
      const failed = fails(pool.get());
      await until(() => pool.creating === 1, "one is made");
      await pool.shutdown({ timeout: 5 });
      await failed;
    },
  },
};

describe("a permit is released once, and not before its object is gone, of one that is", () => {
  for (const [name, { options, fun, go }] of Object.entries(WAYS)) {
    it(name, async () => {
      const quota = new HandQuota({ gives: true });
      let n = 0;
      const make = fun ?? (() => new Thing(n++));
      const pool = new TestPool(make, { quota, ...options });
      await go(pool, quota);
      await until(() => quota.released[0] === 1, "the first permit is released");
      await until(() => pool.stats().requesting === 0, "no permit is waited for");
      await pool.shutdown({ timeout: 1 });
      assertEquals(quota.released.filter((times) => times !== 1), []);
      assertEquals(quota.disposed, 1);
    });
  }

  it("with a closer that takes its time, when that is done", async () => {
    const quota = new HandQuota({ gives: true });
    const closing = deferred();
    const pool = new TestPool((n) => new Thing(n), { quota, closer: () => closing.promise });
    const discarded = pool.discard(await pool.get());
    await sleep(1);
    assertEquals(quota.released, [0]);
    closing.resolve();
    await discarded;
    assertEquals(quota.released, [1]);
    await pool.shutdown();
  });
});
