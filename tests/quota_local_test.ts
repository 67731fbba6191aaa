// localQuota: a hard cap over pools of one thread, fair by pool.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { PoolError, type PoolOptions } from "../mod.ts";
import { localQuota, type Permit, type QuotaClient } from "../quota/mod.ts";
import { idle, rejection, Thing, Time } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";
import { sleep, until } from "./helpers/until.ts";

const IDLE: QuotaClient = { available: 0, reclaim: () => false };

/** Pools under one cap, which count what they have at once. */
function pools(count: number, max: number, options: PoolOptions<Thing> = {}) {
  const quota = localQuota({ max });
  const seen = { live: 0, most: 0 };
  const all = Array.from({ length: count }, () =>
    new TestPool((n) => {
      seen.most = Math.max(seen.most, ++seen.live);
      return new Thing(n);
    }, { quota, closer: () => void seen.live--, ...options }));
  const shutdown = () => Promise.all(all.map((pool) => pool.shutdown({ timeout: 1 })));
  return { quota, seen, all, shutdown };
}

/** Takes objects of a pool one after the other, in that many tasks, until it is told to stop. */
function hog(pool: TestPool<Thing>, tasks: number) {
  const state = { stop: false, done: 0 };
  const running = Array.from({ length: tasks }, async () => {
    while (!state.stop) {
      await pool.use(() => sleep(0));
      state.done++;
    }
  });
  const stop = () => {
    state.stop = true;
    return Promise.all(running);
  };
  return Object.assign(state, { stop: false, end: stop });
}

describe("localQuota", () => {
  it("takes max, a whole number of 1 or more, and nothing else", () => {
    for (const max of [0, -1, 1.5, NaN]) {
      assertThrows(() => localQuota({ max }), RangeError, "max must be an integer, 1 or more");
    }
    assertThrows(() => localQuota({ max: Infinity }), RangeError, "got Infinity");
    assertThrows(() => localQuota({} as never), TypeError, "max must be an integer");
    assertThrows(() => localQuota(5 as never), TypeError, "localQuota: options must be an object");
    assertThrows(() => localQuota({ maxSize: 5 } as never), TypeError, 'unknown option "maxSize"');
    assertEquals(localQuota({ max: 3 }).max, 3);
  });

  it("gives no more than max, first come, first served, and what is free at once", async () => {
    const quota = localQuota({ max: 1 });
    const member = quota.attach(IDLE);
    const { signal } = new AbortController();
    const first = await member.acquire({ signal });
    const order: number[] = [];
    const rest = [1, 2].map((i) =>
      member.acquire({ signal }).then((permit) => {
        order.push(i);
        return permit;
      })
    );
    await idle();
    assertEquals([order, quota.used, quota.waiting], [[], 1, 2]);
    first.release();
    first.release(); // a second time does nothing
    await idle();
    assertEquals([order, quota.used, quota.waiting], [[1], 1, 1]);
    (await rest[0]!).release();
    (await rest[1]!).release();
    assertEquals([order, quota.used, quota.waiting], [[1, 2], 0, 0]);
    await member[Symbol.asyncDispose]();
  });

  it("takes an aborted request for none", async () => {
    const quota = localQuota({ max: 1 });
    const member = quota.attach(IDLE);
    const permit = await member.acquire({ signal: new AbortController().signal });
    const aborting = new AbortController();
    const failed = rejection(member.acquire({ signal: aborting.signal }));
    aborting.abort("not needed");
    assertEquals([await failed, quota.waiting], ["not needed", 0]);
    assertEquals(await rejection(member.acquire({ signal: aborting.signal })), "not needed");
    permit.release();
    assertEquals(quota.used, 0);
  });

  it("takes back all from a member that is disposed of", async () => {
    const quota = localQuota({ max: 1 });
    const [member, other] = [quota.attach(IDLE), quota.attach(IDLE)];
    const { signal } = new AbortController();
    const permit = await member.acquire({ signal });
    const failed = rejection(member.acquire({ signal }));
    const waiting = other.acquire({ signal });
    await member[Symbol.asyncDispose]();
    await member[Symbol.asyncDispose]();
    assertInstanceOf(await failed, PoolError);
    await waiting;
    permit.release();
    assertEquals([quota.used, quota.waiting], [1, 0]);
    assertStringIncludes(String(await rejection(member.acquire({ signal }))), "has left its quota");
  });

  it("gives each member one in turn, however many it asks for", async () => {
    const quota = localQuota({ max: 1 });
    const { signal } = new AbortController();
    const order: string[] = [];
    const ask = (name: string, count: number) => {
      const member = quota.attach(IDLE);
      for (let i = 0; i < count; i++) {
        void member.acquire({ signal }).then((permit) => {
          order.push(name);
          setTimeout(() => permit.release());
        });
      }
    };
    ask("a", 4);
    ask("b", 2);
    ask("c", 1);
    await until(() => order.length === 7, "all had one");
    assertEquals(order.join(""), "aabcaba");
    await until(() => quota.used === 0, "all are released");
  });

  it("has the longest unused object closed of all that are available", async () => {
    const { all, quota, shutdown } = pools(3, 2);
    const [a, b, c] = all as [TestPool<Thing>, TestPool<Thing>, TestPool<Thing>];
    using time = new Time();
    await b.use(() => {});
    await time.pass(10);
    await a.use(() => {});
    await time.pass(10);
    await c.use(() => {});
    await idle();
    assertEquals([a.size, b.size, c.size, quota.used], [1, 0, 1, 2]);
    await shutdown();
  });

  it("has an available object closed, and asks nothing of one that has most and is busy", async () => {
    const { all, shutdown } = pools(3, 3);
    const [a, b, c] = all as [TestPool<Thing>, TestPool<Thing>, TestPool<Thing>];
    const loans = [await a.borrow(), await a.borrow()];
    await b.use(() => {});
    assertEquals(await c.use(() => "served"), "served");
    assertEquals([a.using, b.size, c.size], [2, 0, 1]);
    for (const loan of loans) await loan.release();
    await shutdown();
  });

  it("closes what becomes available in one pool while another waits", async () => {
    const { all, shutdown } = pools(2, 1);
    const [a, b] = all as [TestPool<Thing>, TestPool<Thing>];
    const loan = await a.borrow();
    const used = b.use(() => "served");
    await idle();
    await loan.release();
    assertEquals([await used, a.size], ["served", 0]);
    assertEquals(a.stats().closed, 1);
    await shutdown();
  });

  it("closes nothing that becomes available once nobody waits any more", async () => {
    const { all, shutdown } = pools(2, 1);
    const [a, b] = all as [TestPool<Thing>, TestPool<Thing>];
    const loan = await a.borrow();
    await rejection(b.get({ timeout: 5 }));
    await loan.release();
    assertEquals([a.available, a.stats().closed], [1, 0]);
    await shutdown();
  });

  it("takes none that minSize keeps, and waits until there is another", async () => {
    const { all, shutdown } = pools(2, 2, { minSize: 1 });
    const [a, b] = all as [TestPool<Thing>, TestPool<Thing>];
    await a.ready();
    await b.ready();
    await rejection(a.borrow().then(() => a.get({ timeout: 10 })));
    assertEquals([a.size, b.available], [1, 1]);
    await shutdown();
  });

  it("has minSize refilled when a full quota has room again", async () => {
    const { all, quota, shutdown } = pools(2, 2);
    const [a] = all as [TestPool<Thing>];
    const b = new TestPool((n) => new Thing(n), { quota, minSize: 1 });
    const loans = [await a.borrow(), await a.borrow()];
    const ready = b.ready();
    await idle();
    assertEquals([b.stats().requesting, b.size], [1, 1]);
    await loans[0]!.release();
    await ready;
    assertEquals([b.available, a.size], [1, 1]);
    await b.shutdown();
    await shutdown();
  });

  it("asks one that has most, if none has any available", async () => {
    const quota = localQuota({ max: 2 });
    let asked = 0;
    const greedy = quota.attach({
      available: 0,
      reclaim: () => {
        asked++;
        return false;
      },
    });
    const { signal } = new AbortController();
    const permits = [await greedy.acquire({ signal }), await greedy.acquire({ signal })];
    const modest = quota.attach(IDLE);
    const waiting = modest.acquire({ signal });
    assertEquals([asked, greedy.yields!(true), greedy.yields!(true)], [1, true, false]);
    permits[0]!.release();
    await waiting;
    assertEquals([greedy.yields!(true), modest.yields!(true)], [false, false]);
  });

  it("asks for no more than are waited for", async () => {
    const quota = localQuota({ max: 3 });
    const permits: Permit[] = [];
    let asked = 0;
    const rich = quota.attach({
      get available() {
        return 3 - asked;
      },
      reclaim: () => ++asked > 0,
    });
    const { signal } = new AbortController();
    for (let i = 0; i < 3; i++) permits.push(await rich.acquire({ signal }));
    const poor = quota.attach(IDLE);
    const waiting = [poor.acquire({ signal }), poor.acquire({ signal })];
    assertEquals([asked, rich.yields!(false)], [2, false]);
    for (const permit of permits) permit.release();
    await Promise.all(waiting);
  });
});

describe("pools under a localQuota", () => {
  for (const maxSize of [0, 3]) {
    it(`never have more than max, each with maxSize: ${maxSize}`, async () => {
      const { all, quota, seen, shutdown } = pools(5, 4, { maxSize });
      await Promise.all(all.flatMap((pool) =>
        Array.from({ length: 8 }, async () => {
          for (let i = 0; i < 10; i++) await pool.use(() => sleep(0));
        })
      ));
      assertEquals([seen.most, quota.waiting], [4, 0]);
      assert(all.every((pool) => maxSize === 0 || pool.size <= maxSize));
      await shutdown();
      assertEquals([quota.used, seen.live], [0, 0]);
    });
  }

  it("starve nobody by one that always has waiters", async () => {
    const { all, shutdown } = pools(21, 4);
    const [greedy, ...others] = all as [TestPool<Thing>, ...TestPool<Thing>[]];
    const busy = hog(greedy, 30);
    await until(() => greedy.size >= 4 && greedy.waiting > 10, "it has all");
    const before = busy.done;
    await Promise.all(others.map((pool) => pool.use(() => sleep(1))));
    // While all of the others had theirs, no more than a few went to it for each.
    assert(busy.done - before < 20 * 12, `${busy.done - before} went to the hog`);
    const served = busy.done;
    await until(() => busy.done > served + 10, "it goes on");
    await busy.end();
    await shutdown();
  });

  it("share alike if all always have waiters", async () => {
    const { all, shutdown } = pools(8, 4);
    const hogs = all.map((pool) => hog(pool, 4));
    await until(() => hogs.every(({ done }) => done > 30), "all get on", 10_000);
    const counts = hogs.map(({ done }) => done);
    await Promise.all(hogs.map((one) => one.end()));
    const [least, most] = [Math.min(...counts), Math.max(...counts)];
    assert(most <= least * 1.3 + 8, `between ${least} and ${most}`);
    await shutdown();
  });

  for (const max of [4, 3]) {
    it(`keep their objects if each of two has its share of ${max}`, async () => {
      const { all, shutdown } = pools(2, max);
      const hogs = all.map((pool) => hog(pool, 4));
      await until(() => hogs.every(({ done }) => done > 100), "all get on", 10_000);
      await Promise.all(hogs.map((one) => one.end()));
      const closed = all.map((pool) => pool.stats().closed);
      assert(closed[0]! + closed[1]! <= 8, `${closed} were closed`);
      await shutdown();
    });
  }

  it("serve a use within another pool's use", async () => {
    const { all, shutdown } = pools(2, 2);
    const [a, b] = all as [TestPool<Thing>, TestPool<Thing>];
    const both = () => a.use(() => b.use(() => "served"));
    assertEquals(await both(), "served");
    assertEquals(await both(), "served");
    await shutdown();
  });

  it("tell a use that waits within another for a permit that nobody gives back of its timeout", async () => {
    const { all, shutdown } = pools(2, 1, { timeout: 20, traceHolders: true });
    const [a, b] = all as [TestPool<Thing>, TestPool<Thing>];
    const error = await rejection(a.use(() => b.use(() => {})));
    assertStringIncludes(String(error), "1 waiting for a permit of the quota");
    await b.use(() => {});
    await shutdown();
  });

  it("replace what is too old one after the other, and never exceed max", async () => {
    const options = { minSize: 2, maxLifetime: 400, lifetimeJitter: 0 };
    const { all, quota, seen, shutdown } = pools(2, 4, options);
    using time = new Time();
    await Promise.all(all.map((pool) => pool.ready()));
    await time.pass(2_000, 10);
    assertEquals([seen.most, quota.used], [4, 4]);
    assert(all.every((pool) => pool.stats().expired >= 6 && pool.available === 2));
    await shutdown();
  });

  it("make successors before a lifetime ends, where there is room", async () => {
    const options = { minSize: 1, maxLifetime: 1000, lifetimeJitter: 0 };
    const { all, quota, seen, shutdown } = pools(2, 3, options);
    using time = new Time();
    await Promise.all(all.map((pool) => pool.ready()));
    let least = 2;
    for (let i = 0; i < 300; i++) {
      await time.pass(10);
      least = Math.min(least, all[0]!.available);
    }
    assertEquals([seen.most, quota.used >= 2, least], [3, true, 1]);
    // What is too old may have made room for the other's successor.
    const closed = all.map((pool) => pool.stats().closed);
    assert(closed.every((count) => count >= 2), `${closed}`);
    await shutdown();
  });

  it("are reset little by little within the cap", async () => {
    const { all, quota, seen, shutdown } = pools(2, 4, { minSize: 2 });
    await Promise.all(all.map((pool) => pool.ready()));
    await Promise.all(all.map((pool) => pool.reset({ spread: 40 })));
    await until(() => all.every((pool) => pool.available === 2), "they are there again");
    assertEquals([seen.most, quota.used], [4, 4]);
    assertEquals(all.map((pool) => pool.stats().discarded), [2, 2]);
    await shutdown();
  });

  it("do not take spare objects from each other for ever", async () => {
    const { all, shutdown } = pools(2, 1, { minAvailable: 1 });
    for (const pool of all) await pool.use(() => {});
    await sleep(20);
    const created = all.map((pool) => pool.stats().created);
    await sleep(50);
    assertEquals(all.map((pool) => pool.stats().created), created);
    await shutdown();
  });
});

describe("what a local quota leaves behind", () => {
  it("is no listener on the signal of a request that has ended", async () => {
    const quota = localQuota({ max: 1 });
    const member = quota.attach({ available: 0, reclaim: () => false });
    const listeners = (signal: AbortSignal) => {
      const seen = { now: 0 };
      const { addEventListener, removeEventListener } = signal;
      signal.addEventListener = (...args: unknown[]) => {
        seen.now++;
        addEventListener.apply(signal, args as never);
      };
      signal.removeEventListener = (...args: unknown[]) => {
        seen.now--;
        removeEventListener.apply(signal, args as never);
      };
      return seen;
    };
    const first = await member.acquire({ signal: new AbortController().signal });
    const [granted, aborted, left] = [1, 2, 3].map(() => new AbortController());
    const seen = [granted!, aborted!, left!].map(({ signal }) => listeners(signal));
    const waiting = [granted!, aborted!, left!].map(({ signal }) => member.acquire({ signal }));
    assertEquals(seen.map(({ now }) => now), [1, 1, 1]);
    first.release();
    await waiting[0];
    aborted!.abort("no");
    await rejection(waiting[1]!);
    const refused = rejection(waiting[2]!);
    await member[Symbol.asyncDispose]();
    await refused;
    assertEquals(seen.map(({ now }) => now), [0, 0, 0]);
  });

  it("finds who has an unused object without asking all pools", async () => {
    const quota = localQuota({ max: 1_000 });
    const { signal } = new AbortController();
    let asked = 0;
    const closed: number[] = [];
    const now = performance.now();
    for (let i = 0; i < 1_000; i++) {
      const client = {
        get available() {
          asked++;
          return closed.includes(i) ? 0 : 1;
        },
        get unused() {
          return 1e6 + performance.now() - now - 10 * i;
        },
        reclaim() {
          closed.push(i);
          permit.release();
          return true;
        },
      };
      const member = quota.attach(client);
      const permit = await member.acquire({ signal });
      member.yields!(false); // it comes back, and is unused from now on
    }
    asked = 0;
    const late = quota.attach({ available: 0, reclaim: () => false });
    for (let i = 0; i < 10; i++) await late.acquire({ signal });
    assertEquals(closed, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert(asked < 100, `${asked} were asked`);
  });

  it("looks again at pools that have said nothing, while somebody waits", async () => {
    const quota = localQuota({ max: 1 });
    const { signal } = new AbortController();
    let available = 0;
    const silent = quota.attach({
      get available() {
        return available;
      },
      reclaim() {
        if (available === 0) return false;
        permit.release();
        return true;
      },
    });
    const permit = await silent.acquire({ signal });
    const late = quota.attach({ available: 0, reclaim: () => false });
    let given = false;
    void late.acquire({ signal }).then(() => given = true);
    await idle();
    available = 1;
    await until(() => given, "it is found");
  });
});
