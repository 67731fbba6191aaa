// threadQuota within one thread: a hard cap over pools that know each other by nothing but a buffer.

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { PoolError, type PoolOptions } from "../mod.ts";
import {
  type Permit,
  type QuotaClient,
  type ThreadQuota,
  threadQuota,
  threadQuotaBuffer,
} from "../quota/threads.ts";
import { NotHere } from "./helpers/not_here.ts";
import { idle, rejection, Thing } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";
import { sleep, until } from "./helpers/until.ts";

const onWorkers = globalThis.navigator?.userAgent === "Cloudflare-Workers";

/** A test of what needs threads. */
function test(name: string, fn: () => void | Promise<void>): void {
  it(name, () => {
    if (onWorkers) throw new NotHere("Workers have no threads");
    return fn();
  });
}

const IDLE: QuotaClient = { available: 0, reclaim: () => false };
const never = new AbortController().signal;

/** As many quotas as that over one buffer, as as many threads have. */
function quotas(count: number, max: number): ThreadQuota[] {
  const buffer = threadQuotaBuffer(max);
  return Array.from({ length: count }, () => threadQuota({ max, buffer }));
}

/** Pools under one cap, which count what they have at once. */
function pools(count: number, max: number, options: PoolOptions<Thing> = {}) {
  const seen = { live: 0, most: 0 };
  const all = quotas(count, max).map((quota) =>
    new TestPool((n) => {
      seen.most = Math.max(seen.most, ++seen.live);
      return new Thing(n);
    }, { quota, closer: () => void seen.live--, ...options })
  );
  const shutdown = () => Promise.all(all.map((pool) => pool.shutdown({ timeout: 1 })));
  return { seen, all, shutdown };
}

/** Uses a pool in that many tasks, again and again, until it is told to end. */
function hog(pool: TestPool<Thing>, tasks: number, ms = 1) {
  const state = { stop: false, done: 0 };
  const running = Array.from({ length: tasks }, async () => {
    while (!state.stop) {
      await pool.use(() => sleep(ms));
      state.done++;
    }
  });
  const end = () => {
    state.stop = true;
    return Promise.all(running);
  };
  return Object.assign(state, { end });
}

describe("the options of threadQuota", () => {
  const buffer = threadQuotaBuffer(4);
  const wrong: [object, typeof TypeError | typeof RangeError, string][] = [
    [{ max: 0 }, RangeError, "max must be an integer, 1 to 1000000, got 0"],
    [{ max: 1.5 }, RangeError, "max must be an integer, 1 to 1000000, got 1.5"],
    [{ max: "4" }, TypeError, 'max must be an integer, 1 to 1000000, got "4"'],
    [{ buffer: undefined }, TypeError, "buffer must be a SharedArrayBuffer, as threadQuotaBuffer"],
    [{ buffer: new ArrayBuffer(1e6) }, TypeError, "threadQuotaBuffer(max) makes one, got a"],
    [{ buffer: new Int32Array(buffer) }, TypeError, "buffer must be a SharedArrayBuffer"],
    [
      { buffer: new SharedArrayBuffer(64) },
      RangeError,
      `buffer must have ${buffer.byteLength} bytes or more for max 4, got 64`,
    ],
    [{ max: 5 }, RangeError, `buffer must have ${buffer.byteLength + 4} bytes or more for max 5`],
    [{ maxx: 1 }, TypeError, 'threadQuota: unknown option "maxx": did you mean max?'],
  ];
  for (const [options, kind, message] of wrong) {
    test(`says ${message}`, () => {
      const all = { max: 4, buffer, ...options };
      assertThrows(() => threadQuota(all as never), kind, message);
    });
  }

  test("says that there must be some", () => {
    assertThrows(() => threadQuota(undefined as never), TypeError, "options must be an object");
    assertThrows(() => threadQuotaBuffer("4" as never), TypeError, "max must be an integer");
    assertThrows(() => threadQuotaBuffer(0), RangeError, "max must be an integer");
  });

  test("must have the same max in all threads", () => {
    const large = threadQuotaBuffer(9);
    assertEquals(threadQuota({ max: 4, buffer: large }).max, 4);
    const message = "max is 4 in the thread that used this buffer first, got 3";
    assertThrows(() => threadQuota({ max: 3, buffer: large }), RangeError, message);
    assertEquals(threadQuota({ max: 4, buffer: large }).used, 0);
  });

  it("are refused where there are no threads", () => {
    const start = () => threadQuota({ max: 4, buffer: threadQuotaBuffer(4) });
    if (!onWorkers) return void assertEquals(start().max, 4);
    assertThrows(start, PoolError, "threadQuota needs threads, which Workers do not have");
  });

  test("must have a buffer of their own", () => {
    const used = threadQuotaBuffer(4);
    new Int32Array(used).fill(7);
    const message = "buffer is in use for something else";
    assertThrows(() => threadQuota({ max: 4, buffer: used }), TypeError, message);
  });
});

describe("threadQuota", () => {
  test("gives no more than max, first come, first served, and what is free at once", async () => {
    const [a, b] = quotas(2, 1) as [ThreadQuota, ThreadQuota];
    const members = [a, b, a].map((quota) => quota.attach(IDLE));
    const first = await members[0]!.acquire({ signal: never });
    const order: number[] = [];
    const rest = [1, 2].map(async (i) => {
      const permit = await members[i]!.acquire({ signal: never });
      order.push(i);
      return permit;
    });
    await sleep(5);
    assertEquals([order, a.used, b.used, a.waiting], [[], 1, 1, 2]);
    first.release();
    first.release();
    (await rest[0]!).release();
    (await rest[1]!).release();
    assertEquals([order, a.used, b.waiting], [[1, 2], 0, 0]);
    for (const member of members) await member[Symbol.asyncDispose]();
  });

  test("gives each member one in turn, however many it waits for", async () => {
    const [quota] = quotas(1, 1) as [ThreadQuota];
    const [hog, other] = [quota.attach(IDLE), quota.attach(IDLE)];
    const order: string[] = [];
    const take = async (name: string, from: typeof hog) => {
      const permit = await from.acquire({ signal: never });
      order.push(name);
      await idle();
      permit.release();
    };
    await Promise.all([..."hhh"].map((name) => take(name, hog)).concat(take("o", other)));
    assertEquals(order.join(""), "hhoh");
    await hog[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
  });

  test("takes nothing for a request that was withdrawn", async () => {
    const [quota] = quotas(1, 1) as [ThreadQuota];
    const [a, b] = [quota.attach(IDLE), quota.attach(IDLE)];
    const permit = await a.acquire({ signal: never });
    const aborting = new AbortController();
    const withdrawn = rejection(b.acquire({ signal: aborting.signal }));
    const last = b.acquire({ signal: never });
    aborting.abort("no more");
    assertEquals([await withdrawn, quota.waiting], ["no more", 1]);
    assertEquals(await rejection(a.acquire({ signal: aborting.signal })), "no more");
    permit.release();
    (await last).release();
    assertEquals(quota.used, 0);
    await a[Symbol.asyncDispose]();
    await b[Symbol.asyncDispose]();
  });

  test("takes nothing for a request that is withdrawn just as it is granted", async () => {
    const [quota, other] = quotas(2, 1) as [ThreadQuota, ThreadQuota];
    const [a, b, c] = [quota.attach(IDLE), other.attach(IDLE), other.attach(IDLE)];
    const permit = await a.acquire({ signal: never });
    const aborting = new AbortController();
    const withdrawn = rejection(b.acquire({ signal: aborting.signal }));
    const last = c.acquire({ signal: never });
    permit.release(); // it is b's, which has not heard of it
    aborting.abort("no more");
    assertEquals(await withdrawn, "no more");
    (await last).release();
    assertEquals(quota.used, 0);
    for (const member of [a, b, c]) await member[Symbol.asyncDispose]();
  });

  test("has a member that has left no longer, whatever it held or waited for", async () => {
    const [quota] = quotas(1, 1) as [ThreadQuota];
    const [a, b, c] = [1, 2, 3].map(() => quota.attach(IDLE));
    const permit = await a!.acquire({ signal: never });
    const left = rejection(b!.acquire({ signal: never }));
    const waits = c!.acquire({ signal: never });
    await b![Symbol.asyncDispose]();
    assertInstanceOf(await left, PoolError);
    await a![Symbol.asyncDispose]();
    await a![Symbol.asyncDispose]();
    const got = await waits;
    permit.release(); // it is c's by now
    assertEquals(quota.used, 1);
    got.release();
    assertEquals(quota.used, 0);
    assertInstanceOf(await rejection(a!.acquire({ signal: never })), PoolError);
    await c![Symbol.asyncDispose]();
  });

  test("takes 3 000 members one after the other, and 1 024 at once", async () => {
    const [quota] = quotas(1, 1_100) as [ThreadQuota];
    for (let i = 0; i < 3_000; i++) {
      const member = quota.attach(IDLE);
      const permit = await member.acquire({ signal: never });
      if (i % 2 === 0) permit.release();
      await member[Symbol.asyncDispose]();
    }
    assertEquals(quota.used, 0);
    const members = Array.from({ length: 1_024 }, () => quota.attach(IDLE));
    const permits: Permit[] = [];
    for (const member of members) permits.push(await member.acquire({ signal: never }));
    const late = quota.attach(IDLE);
    const message = "threadQuota: no more than 1024 pools may share a buffer at once";
    assertEquals((await rejection(late.acquire({ signal: never })) as Error).message, message);
    await members[0]![Symbol.asyncDispose]();
    await late.acquire({ signal: never });
    assertEquals(quota.used, 1_024);
    for (const member of [...members, late]) await member[Symbol.asyncDispose]();
    assertEquals(quota.used, 0);
  });

  test("keeps what a thread holds that is busy for as long as you like", async () => {
    const [quota] = quotas(1, 1) as [ThreadQuota];
    const member = quota.attach(IDLE);
    const permit = await member.acquire({ signal: never });
    const { now } = Date;
    try {
      let time = now();
      Date.now = () => time;
      // It is asked each time whether it has ended, and cannot answer.
      for (let i = 0; i < 20_000; i++, time += 250) assertEquals(quota.used, 1);
    } finally {
      Date.now = now;
    }
    await sleep(200);
    assertEquals(quota.used, 1);
    permit.release();
    assertEquals(quota.used, 0);
    await member[Symbol.asyncDispose]();
  });

  test("keeps what a member holds, however often it is asked whether it lives", async () => {
    const [quota, other] = quotas(2, 1) as [ThreadQuota, ThreadQuota];
    const [a, b] = [quota.attach(IDLE), other.attach(IDLE)];
    const permit = await a.acquire({ signal: never });
    let given = false;
    const waits = b.acquire({ signal: never }).then((permit) => {
      given = true;
      return permit;
    });
    await sleep(900);
    assertEquals(given, false);
    permit.release();
    (await waits).release();
    for (const member of [a, b]) await member[Symbol.asyncDispose]();
  });
});

describe("pools under a threadQuota", () => {
  test("have one cap, however they are used", async () => {
    const { seen, all, shutdown } = pools(4, 3);
    const hogs = all.map((pool) => hog(pool, 3, 0));
    await until(() => hogs.every(({ done }) => done > 50), "all get on", 10_000);
    await Promise.all(hogs.map((one) => one.end()));
    assertEquals(seen.most, 3);
    await shutdown();
    assertEquals(seen.live, 0);
  });

  test("close an object that they do not use for others", async () => {
    const { all, shutdown } = pools(2, 2);
    const [a, b] = all as [TestPool<Thing>, TestPool<Thing>];
    await Promise.all([a.use(() => sleep(1)), a.use(() => sleep(1))]);
    assertEquals(a.available, 2);
    await b.use(() => {});
    assertEquals([a.available, a.stats().closed], [1, 1]);
    await shutdown();
  });

  test("close no object that minSize keeps", async () => {
    const { all, shutdown } = pools(2, 2, { minSize: 1, timeout: 400 });
    const [a, b] = all as [TestPool<Thing>, TestPool<Thing>];
    await Promise.all(all.map((pool) => pool.ready()));
    const lease = await b.get();
    await rejection(b.get());
    assertEquals([a.available, a.stats().closed], [1, 0]);
    await lease[Symbol.asyncDispose]();
    await shutdown();
  });

  test("close one that comes back while others wait, though it is needed, if they have more", async () => {
    const { seen, all, shutdown } = pools(2, 2);
    const [a, b] = all as [TestPool<Thing>, TestPool<Thing>];
    const busy = hog(a, 4);
    await until(() => busy.done > 10, "it gets on");
    for (let i = 0; i < 3; i++) {
      await b.use(() => sleep(1));
      await sleep(10);
    }
    await busy.end();
    assertEquals(seen.most, 2);
    await shutdown();
  });

  for (const max of [3, 4]) {
    test(`do not take from each other for ever if each has its share of ${max}`, async () => {
      const { all, shutdown } = pools(2, max);
      const hogs = all.map((pool) => hog(pool, 4));
      await until(() => hogs.every(({ done }) => done > 20), "all get on", 10_000);
      await sleep(800);
      await Promise.all(hogs.map((one) => one.end()));
      const closed = all.map((pool) => pool.stats().closed);
      assert(closed[0]! + closed[1]! <= 8, `${closed} were closed`);
      await shutdown();
    });
  }
});
