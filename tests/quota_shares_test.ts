// What a get that waits for others of its quota or its keyed pool says: for how long, and who holds what.

import { assert, assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { PoolTimeoutError } from "../mod.ts";
import { KeyedPool } from "../quota/keyed.ts";
import { localQuota } from "../quota/mod.ts";
import { rejection, Time } from "./helpers/pool.ts";
import { HandQuota } from "./helpers/quota.ts";
import { TestPool } from "./helpers/test_pool.ts";

async function timedOut(promise: Promise<unknown>): Promise<PoolTimeoutError> {
  const error = await rejection(promise);
  assertInstanceOf(error, PoolTimeoutError);
  return error;
}

describe("the timeout of a get that waits for a permit", () => {
  it("says who holds objects in the other pools of the quota", async () => {
    const quota = localQuota({ max: 2 });
    const tracer = (object: { name: string }) => object.name;
    await using orders = new TestPool(() => ({ name: "order" }), { name: "orders", quota, tracer });
    await using reports = new TestPool(() => ({ name: "report" }), {
      name: "reports",
      quota,
      tracer,
    });
    using time = new Time();
    const both = [
      orders.use(() => timedOut(reports.get({ timeout: 100 })), { label: "an order" }),
      reports.use(() => timedOut(orders.get({ timeout: 100 })), { label: "a report" }),
    ] as const;
    await time.pass(100);
    const [ofReports, ofOrders] = await Promise.all(both);
    assertMatch(
      ofReports.message,
      /1 waiting for a permit of the quota; permits are held by other pools: 1 in orders \(#0 order for 100 ms by "an order"\): a deadlock, if these wait for this pool/,
    );
    assertMatch(ofOrders.message, /1 in reports \(#0 report for 100 ms by "a report"\)/);
    assertEquals(
      ofOrders.holders.map(({ pool, object, label }) => [pool, object, label]),
      [[undefined, "#0 order", "an order"], ["reports", "#0 report", "a report"]],
    );
  });

  it("names five holders at the most, and pools of which nothing is in use", async () => {
    const quota = localQuota({ max: 7 });
    await using many = new TestPool(() => ({}), { name: "many", quota });
    await using kept = new TestPool(() => ({}), { name: "kept", quota, minSize: 1 });
    await kept.ready();
    const leases = await Promise.all(Array.from({ length: 6 }, () => many.get()));
    await using late = new TestPool(() => ({}), { name: "late", quota });
    const error = await timedOut(late.get({ timeout: 20 }));
    assertMatch(error.message, /1 in kept \(none in use\)/);
    assertEquals(error.holders.map(({ pool }) => pool), Array(5).fill("many"));
    for (const lease of leases) await many.ret(lease);
  });

  it("says nothing of others where the quota does not know, or fails", async () => {
    const silent = new HandQuota();
    const failing = new HandQuota();
    const { attach } = failing;
    failing.attach = (client) => {
      const shares = () => {
        throw new Error("no shares");
      };
      return {
        ...attach.call(failing, client),
        [Symbol.asyncDispose]: () => Promise.resolve(),
        shares,
      };
    };
    for (const quota of [silent, failing]) {
      await using pool = new TestPool(() => ({}), { quota });
      const { message } = await timedOut(pool.get({ timeout: 20 }));
      assertMatch(message, /1 waiting for a permit of the quota$/);
      assertEquals(
        pool.lines.filter((line) => line.includes("shares()")).length,
        quota === failing ? 1 : 0,
      );
    }
  });
});

describe("the timeout of a get of a KeyedPool", () => {
  it("says who holds objects of other keys, when the cap is reached", async () => {
    await using pool = new KeyedPool((key: string) => ({ key }), { name: "tenants", maxSize: 2 });
    using time = new Time();
    const both = [
      pool.use("a", () => timedOut(pool.get("b", { timeout: 50 })), { label: "job a" }),
      pool.use("b", () => timedOut(pool.get("a", { timeout: 50 })), { label: "job b" }),
    ] as const;
    await time.pass(50);
    const [ofA, ofB] = await Promise.all(both);
    assertMatch(
      ofB.message,
      /1 in tenants\["b"\] \(#0 \[object Object\] for \d+ ms by "job b"\)/,
    );
    assertMatch(
      ofA.message,
      /1 in tenants\["a"\] \(#0 \[object Object\] for \d+ ms by "job a"\)/,
    );
  });

  it("says who holds objects of other keys, when maxKeys is reached", async () => {
    await using pool = new KeyedPool((key: string) => ({ key }), { name: "tenants", maxKeys: 1 });
    const error = await pool.use("a", () => timedOut(pool.get("b", { timeout: 30 })), {
      label: "job",
    });
    assertMatch(
      error.message,
      /keys in use: 1, raise maxKeys; held: tenants\["a"\]: #0 \[object Object\] for \d+ ms by "job": a deadlock, if these wait for it$/,
    );
    assertEquals(error.holders.map(({ pool, label }) => [pool, label]), [['tenants["a"]', "job"]]);
  });

  it("says the timeout that was asked for, and all that was waited, for the key and for the object", async () => {
    using time = new Time();
    await using pool = new KeyedPool(async (key: string, _n, { signal }) => {
      if (key === "b") {
        await new Promise((_, reject) => signal.addEventListener("abort", () => reject("gone")));
      }
      return { key };
    }, { maxKeys: 1, createTimeout: 0, logLevel: "silent" });
    const refused: number[] = [];
    pool.observe({ refused: ({ waited }) => refused.push(waited) });
    const lease = await pool.get("a");
    const late = timedOut(pool.get("b", { timeout: 1_000, label: "late", priority: 1 }));
    await time.pass(600);
    await pool.discard(lease);
    await time.pass(400);
    const error = await late;
    assertEquals([error.timeout, error.waited], [1_000, 1_000]);
    assertMatch(
      error.message,
      /no object within timeout, 1000 ms \(waited 1000 ms, 600 ms of it for a place for its key, 0 ahead of it/,
    );
    assertEquals(refused, [1_000]);
    void pool.shutdown({ timeout: 1 });
    await time.pass(10);
  });

  it("tells observers all that was waited, and has its label and priority", async () => {
    using time = new Time();
    await using pool = new KeyedPool((key: string) => ({ key }), { maxKeys: 1 });
    const lent: unknown[] = [];
    pool.observe({ lent: ({ key, label, waited }) => lent.push([key, label, waited]) });
    const lease = await pool.get("a");
    const waiting = pool.get("b", Object.create({ label: "inherited" }));
    await time.pass(300);
    await pool.discard(lease);
    await pool.ret(await waiting);
    assertEquals(lent, [["a", undefined, 0], ["b", "inherited", 300]]);
  });

  it("does not count pools of keys in the names of others", async () => {
    const number = (pool: TestPool<object>) => Number(pool.stats().name.replace("proxypool#", ""));
    await using before = new TestPool(() => ({}));
    await using pool = new KeyedPool((key: string) => ({ key }));
    for (const key of ["a", "b", "c"]) await pool.use(key, () => {});
    await using after = new TestPool(() => ({}));
    assertEquals(number(after), number(before) + 1);
    assert(new Set([before, after, pool.pool("a")!].map((one) => one.stats().id)).size === 3);
  });
});
