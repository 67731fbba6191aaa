// KeyedPool: one cap over all keys, whose places go round; keys that are forgotten, and those that wait.

import { assert, assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { PoolFullError, PoolTimeoutError } from "../mod.ts";
import { KeyedPool, type KeyedPoolOptions } from "../quota/keyed.ts";
import { idle, rejection, Time } from "./helpers/pool.ts";
import { Recorder } from "./helpers/recorder.ts";
import { sleep, until } from "./helpers/until.ts";

interface Client {
  key: string;
  n: number;
}

/** A pool that counts what it has at once, in all and for each key. */
function clients(options: KeyedPoolOptions<Client> = {}) {
  const live = new Map<string, number>();
  const seen = { live: 0, most: 0, mostOfKey: 0, closed: [] as string[] };
  const count = (key: string, by: number) => {
    const own = (live.get(key) ?? 0) + by;
    live.set(key, own);
    seen.live += by;
    seen.most = Math.max(seen.most, seen.live);
    seen.mostOfKey = Math.max(seen.mostOfKey, own);
  };
  const pool = new KeyedPool((key: string, n): Client => {
    count(key, 1);
    return { key, n };
  }, {
    logger: new Recorder(),
    closer: ({ key, n }) => {
      count(key, -1);
      seen.closed.push(`${key}${n}`);
    },
    ...options,
  });
  return Object.assign(pool, { seen });
}

const keysOf = (pool: KeyedPool<string, Client>) => [...pool.keys()].join("");

describe("maxSize over all keys", () => {
  for (const maxSizePerKey of [0, 2]) {
    it(`is never exceeded, with maxSizePerKey: ${maxSizePerKey}`, async () => {
      const pool = clients({ maxSize: 5, maxSizePerKey });
      await Promise.all(Array.from({ length: 60 }, async (_, i) => {
        for (let j = 0; j < 10; j++) {
          await pool.use(`key ${i % 12}`, () => sleep(0));
          assert(pool.size <= 5, `${pool.size} objects`);
        }
      }));
      assertEquals(pool.seen.most, 5);
      assert(maxSizePerKey === 0 || pool.seen.mostOfKey <= 2, `${pool.seen.mostOfKey} of a key`);
      await pool.shutdown();
      assertEquals([pool.seen.live, keysOf(pool)], [0, ""]);
    });
  }

  it("is made room for by the longest unused object of another key", async () => {
    await using pool = clients({ maxSize: 3 });
    using time = new Time();
    for (const key of ["b", "a", "c"]) {
      await pool.use(key, () => {});
      await time.pass(5);
    }
    await pool.use("b", () => {}); // which is not the longest unused any more
    await time.pass(5);
    await pool.use("d", () => {});
    await pool.use("e", () => {});
    assertEquals(pool.seen.closed, ["a0", "c0"]);
    await time.pass(1);
    assertEquals(keysOf(pool), "bde");
  });

  it("goes round by key: one that always has waiters starves no other", async () => {
    await using pool = clients({ maxSize: 4 });
    let stop = false;
    let greedy = 0;
    const running = Array.from({ length: 30 }, async () => {
      while (!stop) {
        await pool.use("greedy", () => sleep(0));
        greedy++;
      }
    });
    await until(() => greedy > 20, "it has all");
    const before = greedy;
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => pool.use(`modest ${i}`, () => sleep(1))),
    );
    assert(greedy - before < 20 * 12, `${greedy - before} went to the greedy`);
    stop = true;
    await Promise.all(running);
    assertEquals(pool.seen.most, 4);
  });

  it("waits for its turn where all are in use, and withdraws who gives up", async () => {
    await using pool = clients({ maxSize: 1 });
    const lease = await pool.get("a");
    assertInstanceOf(await rejection(pool.get("b", { timeout: 5 })), PoolTimeoutError);
    await until(() => keysOf(pool) === "a", "b is forgotten");
    await pool.ret(lease);
    assertEquals([pool.available, pool.seen.closed], [1, []]);
  });

  it("0 sets no bound", async () => {
    await using pool = clients();
    const leases = await Promise.all(Array.from({ length: 50 }, (_, i) => pool.get(`${i % 5}`)));
    assertEquals([pool.size, new Set(leases.map(({ key, n }) => key + n)).size], [50, 50]);
    for (const lease of leases) await pool.ret(lease);
  });

  it("lets a use of one key wait for another's within it", async () => {
    await using pool = clients({ maxSize: 2 });
    for (let i = 0; i < 4; i++) {
      const keys = await pool.use(
        `${i}`,
        (one) => pool.use(`other ${i}`, (two) => one.key + two.key),
      );
      assertEquals(keys, `${i}other ${i}`);
    }
  });
});

describe("a key", () => {
  const WAYS: [string, (pool: ReturnType<typeof clients>) => unknown][] = [
    ["its object is discarded", async (pool) => pool.discard(await pool.get("a"))],
    ["its object is detached", async (pool) => void pool.detach(await pool.get("a"))],
    ["its object is reset", (pool) => pool.use("a", () => {}).then(() => pool.reset("a"))],
    ["its object is unused for long", (pool) => pool.use("a", () => {})],
    [
      "its waiter gives up",
      async (pool) => {
        const leases = [await pool.get("b"), await pool.get("b")];
        await rejection(pool.get("a", { timeout: 5 }));
        for (const lease of leases) await pool.discard(lease);
      },
    ],
    ["its waiter was aborted before", (pool) => rejection(pool.get("a", aborted))],
  ];
  const aborted = { signal: AbortSignal.abort("no") };
  for (const [name, go] of WAYS) {
    it(`is forgotten once ${name}`, async () => {
      await using pool = clients({ maxSize: 2, maxAvailDelay: 20 });
      await go(pool);
      await until(() => keysOf(pool) === "", "it is forgotten");
      assertEquals([pool.pool("a"), pool.size], [undefined, 0]);
    });
  }

  it("begins again at n = 0 once it has been forgotten", async () => {
    await using pool = clients({ maxUse: 1 });
    const ns = [];
    for (let i = 0; i < 3; i++) {
      ns.push(await pool.use("a", ({ n }) => n));
      await until(() => keysOf(pool) === "", "it is forgotten");
    }
    assertEquals(ns, [0, 0, 0]);
  });

  it("is kept while its objects are being closed, and while it has waiters", async () => {
    let finish = () => {};
    await using pool = clients({ closer: () => new Promise<void>((done) => finish = done) });
    const discarded = pool.discard(await pool.get("a"));
    await idle();
    assertEquals([keysOf(pool), pool.stats().closing], ["a", 1]);
    finish();
    await discarded;
    await until(() => keysOf(pool) === "", "it is forgotten");
  });

  it("that fails is remembered for createBackoff, so that attempts rest", async () => {
    let attempts = 0;
    await using pool = new KeyedPool((_: string): Client => {
      attempts++;
      throw new Error("down");
    }, { logger: new Recorder(), createBackoff: 300 });
    const end = performance.now() + 200;
    while (performance.now() < end) await rejection(pool.get("a"));
    assert(attempts < 30, `${attempts} attempts`);
    assertEquals([...pool.keys()], ["a"]);
    await until(() => [...pool.keys()].length === 0, "it is forgotten");
  });

  it("that fails is forgotten at once with createBackoff: 0", async () => {
    await using pool = new KeyedPool((_: string): Client => {
      throw new Error("down");
    }, { createBackoff: 0 });
    await rejection(pool.get("a"));
    await until(() => [...pool.keys()].length === 0, "it is forgotten");
  });

  it("does not fail others", async () => {
    await using pool = new KeyedPool((key: string): Client => {
      if (key === "bad") throw new Error("down");
      return { key, n: 0 };
    }, { maxSize: 1, logger: new Recorder() });
    const bad = Array.from({ length: 5 }, () => rejection(pool.get("bad")));
    await pool.use("good", () => {});
    for (const error of await Promise.all(bad)) assertEquals(String(error), "Error: down");
  });
});

describe("maxKeys", () => {
  it("has a new key wait until another is forgotten, first come, first served", async () => {
    await using pool = clients({ maxKeys: 2 });
    const leases = [await pool.get("a"), await pool.get("b")];
    const order: string[] = [];
    const waiting = ["c", "d", "c", "a"].map(async (key) => {
      const lease = await pool.get(key);
      order.push(key);
      await pool.discard(lease);
    });
    await idle();
    assertEquals([order, keysOf(pool), pool.waiting], [["a"], "ab", 3]);
    assertEquals(pool.stats().waitingForKey, 3);
    await pool.discard(leases[0]!);
    await Promise.all(waiting);
    assertEquals(order, ["a", "c", "c", "d"]);
    await pool.ret(leases[1]!);
  });

  it("has the key closed whose objects are unused for longest", async () => {
    await using pool = clients({ maxKeys: 3 });
    using time = new Time();
    for (const key of ["a", "b", "a", "c"]) {
      await pool.use(key, () => {});
      await time.pass(5);
    }
    await pool.use("d", () => {});
    await time.pass(1);
    assertEquals([pool.seen.closed, keysOf(pool)], [["b0"], "acd"]);
  });

  it("has a key closed whose last object comes back while another waits", async () => {
    await using pool = clients({ maxKeys: 1 });
    const leases = [await pool.get("a"), await pool.get("a")];
    const waiting = pool.use("b", ({ key }) => key);
    await pool.ret(leases[0]!);
    await idle();
    assertEquals([keysOf(pool), pool.seen.closed], ["a", []]);
    await pool.ret(leases[1]!);
    assertEquals([await waiting, pool.seen.closed.length], ["b", 2]);
  });

  for (const maxSize of [0, 1]) {
    it(`has a key closed that minAvailable keeps objects for, with maxSize: ${maxSize}`, async () => {
      let made = 0;
      const fun = (key: string) => {
        if (++made > 20) throw new Error("made again and again"); // else it would never end
        return { key };
      };
      const pool = new KeyedPool(fun, { maxKeys: 1, maxSize, minAvailable: 1, timeout: 1_000 });
      for (const key of ["a", "b", "a"]) {
        await pool.use(key, (object) => assertEquals(object.key, key));
        await idle();
      }
      assertEquals([...pool.keys()], ["a"]);
      assert(made <= 6, `${made} were made`);
      await pool.shutdown();
    });
  }

  it("has a key closed that asks for objects for minAvailable alone", async () => {
    const pool = clients({ maxKeys: 2, maxSize: 2, minAvailable: 2, timeout: 1_000 });
    for (const key of ["a", "b", "c", "d", "c"]) {
      await pool.use(key, () => {});
      await idle();
    }
    assertEquals([keysOf(pool).includes("c"), pool.seen.most], [true, 2]);
    await pool.shutdown();
  });

  it("forgets a key that failed when its place is needed", async () => {
    await using pool = new KeyedPool((key: string): Client => {
      if (key === "bad") throw new Error("down");
      return { key, n: 0 };
    }, { maxKeys: 1, logger: new Recorder() });
    await rejection(pool.get("bad"));
    assertEquals(await pool.use("good", ({ key }) => key), "good");
  });

  it("lets who waits time out, within its timeout or the pool's, and abort", async () => {
    await using pool = clients({ maxKeys: 1, timeout: 20 });
    const lease = await pool.get("a");
    const aborting = new AbortController();
    const [own, usual, aborted] = [
      rejection(pool.get("b", { timeout: 5 })),
      rejection(pool.get("b")),
      rejection(pool.get("c", { timeout: 0, signal: aborting.signal })),
    ];
    for (const error of [await own, await usual] as PoolTimeoutError[]) {
      assertInstanceOf(error, PoolTimeoutError);
      assertStringIncludes(error.message, 'no place for the key "b" within timeout');
      assertStringIncludes(error.message, "keys in use: 1, raise maxKeys");
    }
    assertEquals(((await usual) as PoolTimeoutError).ahead, 1);
    aborting.abort("not needed");
    assertEquals([await aborted, pool.waiting], ["not needed", 0]);
    await pool.ret(lease);
    assertEquals([keysOf(pool), pool.seen.closed], ["a", []]);
  });

  it("refuses a get of a key for whose place maxWaiting others wait", async () => {
    const pool = clients({ maxKeys: 1, maxWaiting: 2 });
    const reasons: string[] = [];
    pool.observe({
      refused: ({ key, reason, waited }) => reasons.push(`${key} ${reason} ${waited}`),
    });
    const held = await pool.get("a");
    const waiting = ["b", "b", "c"].map((key) => pool.use(key, ({ key, n }) => `${key}${n}`));
    const error = await rejection(pool.get("b"));
    assertInstanceOf(error, PoolFullError);
    assertStringIncludes(error.message, '2 wait already for a place for the key "b" (maxWaiting)');
    assertEquals([reasons, pool.waiting, pool.stats().rejected], [["b full 0"], 3, 1]);
    await pool.discard(held);
    assertEquals(await Promise.all(waiting), ["b0", "b1", "c0"]);
    await pool.shutdown();
  });

  it("closes no second key while the many objects of the first are being closed", async () => {
    const pool = clients({ maxKeys: 2 });
    for (const key of ["a", "b"]) {
      const loans = await Promise.all(Array.from({ length: 1_500 }, () => pool.borrow(key)));
      for (const loan of loans) loan.release();
    }
    await pool.use("c", () => {});
    await sleep(0);
    assertEquals([keysOf(pool), pool.seen.closed.length], ["bc", 1_500]);
    await pool.shutdown();
  });

  it("serves all who wait for places that come free at once", async () => {
    const pool = clients({ maxKeys: 2 });
    const leases = await Promise.all(["a", "b"].map((key) => pool.get(key)));
    const waiting = ["c", "d", "c", "e"].map((key) => pool.use(key, (object) => object.key));
    const leaving = new AbortController();
    const gone = rejection(pool.get("f", { signal: leaving.signal }));
    void pool.shutdown({ drain: true });
    leaving.abort();
    await Promise.all(leases.map((lease) => pool.discard(lease)));
    assertEquals((await Promise.all(waiting)).join(""), "cdce");
    await gone;
    await pool.shutdown();
    assertEquals([keysOf(pool), pool.seen.live], ["", 0]);
  });

  it("leaves a get what is left of its timeout", async () => {
    await using pool = clients({ maxKeys: 1, maxSize: 1 });
    using time = new Time();
    const lease = await pool.get("a");
    const failed = rejection(pool.get("b", { timeout: 100 }));
    const holding = pool.use("b", () => sleep(0).then(() => new Promise(() => {})), {
      priority: 1,
    }).catch(() => {});
    await time.pass(60);
    await pool.discard(lease);
    await time.pass(30);
    assertEquals([keysOf(pool), pool.waiting], ["b", 1]);
    await time.pass(11);
    const late = await failed;
    assertInstanceOf(late, PoolTimeoutError);
    assert(Number.isInteger(late.timeout), `${late.timeout} ms`);
    void holding;
    void pool.shutdown({ timeout: 1 });
    await time.pass(10);
  });
});

describe("many keys, one after the other", () => {
  it("leave none behind", async () => {
    const pool = clients({ maxSize: 10 });
    for (let i = 0; i < 3_000; i++) await pool.use(`key ${i}`, () => {});
    assert([...pool.keys()].length <= 11, `${[...pool.keys()].length} keys`);
    const { gets, pools, waiting } = pool.stats();
    assertEquals([gets, pools.length <= 11, waiting], [3_000, true, 0]);
    await pool.shutdown();
  });
});
