// KeyedPool: a pool for each key under one cap, with the methods of a pool.

import {
  assertEquals,
  assertInstanceOf,
  assertNotStrictEquals,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { LeaseError, Pool, PoolClosedError } from "../mod.ts";
import { KeyedPool, type KeyedPoolOptions } from "../quota/keyed.ts";
import { idle, rejection } from "./helpers/pool.ts";
import { Recorder } from "./helpers/recorder.ts";
import { until } from "./helpers/until.ts";

/** An object of a key. */
interface Client {
  key: string;
  n: number;
}

/** A pool that counts what it has at once. */
function clients(options: KeyedPoolOptions<Client> = {}) {
  const seen = { live: 0, most: 0, closed: [] as string[] };
  const logger = new Recorder();
  const pool = new KeyedPool((key: string, n): Client => {
    seen.most = Math.max(seen.most, ++seen.live);
    return { key, n };
  }, {
    logger,
    closer: ({ key, n }) => {
      seen.live--;
      seen.closed.push(`${key}${n}`);
    },
    ...options,
  });
  return Object.assign(pool, { seen, logger });
}

describe("KeyedPool", () => {
  it("lends each key its own objects, and counts n for each", async () => {
    await using pool = clients();
    const leases = [await pool.get("a"), await pool.get("b"), await pool.get("a")];
    assertEquals(leases.map(({ key, n }) => `${key}${n}`), ["a0", "b0", "a1"]);
    assertEquals([pool.size, pool.using, pool.available, [...pool.keys()]], [3, 3, 0, ["a", "b"]]);
    for (const lease of leases) await pool.ret(lease);
    assertEquals([pool.size, pool.using, pool.available, pool.waiting], [3, 0, 3, 0]);
  });

  it("compares keys as a Map does", async () => {
    const keys: unknown[] = [];
    await using pool = new KeyedPool((key: unknown) => {
      keys.push(key);
      return { key };
    });
    const object = {};
    for (const key of [NaN, NaN, 0, -0, "0", object, {}, undefined, undefined, null]) {
      await pool.use(key, () => {});
    }
    assertEquals(keys.length, 7);
    assertStrictEquals(keys[3], object);
    assertNotStrictEquals(keys[4], object);
  });

  it("has borrow, use, tryGet, discard and detach", async () => {
    await using pool = clients();
    assertEquals(pool.tryGet("a"), undefined);
    assertEquals([...pool.keys()], []); // it has made none
    const loan = await pool.borrow("a");
    assertEquals(loan.object.key, "a");
    await loan.release();
    assertEquals(await pool.use("a", ({ n }, { signal }) => [n, signal.aborted]), [0, false]);
    const lease = pool.tryGet("a")!;
    assertEquals([lease.n, pool.tryGet("a")], [0, undefined]);
    await pool.discard(lease, "no longer wanted");
    assertEquals(pool.seen.closed, ["a0"]);
    const bare = pool.detach(await pool.get("b"));
    assertEquals([bare, pool.size], [{ key: "b", n: 0 }, 0]);
  });

  it("refuses leases that are not its own, or have ended, and bad arguments", async () => {
    await using pool = clients();
    await using other = new Pool(() => ({ key: "a", n: 0 }));
    const foreign = await other.get();
    assertInstanceOf(await rejection(pool.ret(foreign)), LeaseError);
    assertInstanceOf(await rejection(pool.discard({ key: "a", n: 0 } as never)), LeaseError);
    assertThrows(() => pool.detach(foreign), LeaseError);
    await other.ret(foreign);
    const loan = await pool.borrow("a");
    assertStringIncludes(String(await rejection(pool.ret(loan as never))), "got a loan");
    await loan.release();
    const lease = await pool.get("a");
    await pool.ret(lease);
    assertThrows(() => pool.detach(lease), LeaseError, "was returned");
    assertStringIncludes(
      String(await rejection(pool.use("a", 5 as never))),
      "use: fn, after the key, must be a function, got 5",
    );
    assertInstanceOf(await rejection(pool.get("c", { timeout: -1 })), RangeError);
    assertEquals(await rejection(pool.get("c", { signal: AbortSignal.abort("no") })), "no");
    assertEquals([...pool.keys()], ["a"]);
  });

  it("gives a lease back whose key has been forgotten meanwhile", async () => {
    await using pool = clients({ maxUsingDelayKill: 5 });
    const lease = await pool.get("a");
    await until(() => pool.size === 0 && [...pool.keys()].length === 0, "it is killed");
    await pool.use("a", () => {});
    await pool.ret(lease);
    assertThrows(() => lease.n, LeaseError, "killed");
  });

  it("resets one key or all", async () => {
    await using pool = clients();
    for (const key of ["a", "b", "c"]) await pool.use(key, () => {});
    await pool.reset("a");
    await pool.reset("not there");
    assertEquals(pool.seen.closed, ["a0"]);
    await pool.reset();
    assertEquals(pool.seen.closed, ["a0", "b0", "c0"]);
  });

  it("gives the pool of a key, to look at", async () => {
    await using pool = clients({ name: "tenants" });
    assertEquals(pool.pool("a"), undefined);
    const lease = await pool.get("a");
    assertEquals([pool.pool("a")!.using, pool.pool("b")], [1, undefined]);
    assertEquals(pool.pool("a")!.stats().name, 'tenants["a"]');
    await pool.ret(lease);
  });

  it("holds every option of a pool for each key", async () => {
    const hooks: string[] = [];
    const hook = (name: string) => ({ key, n }: Client) => void hooks.push(`${name} ${key}${n}`);
    class Options {
      maxUse = 2;
      opener = hook("opener");
      getter = hook("getter");
      retter(client: Client) {
        this.note(client);
      }
      note({ key, n }: Client) {
        hooks.push(`retter ${key}${n}`);
      }
    }
    const options: KeyedPoolOptions<Client> = Object.create(new Options());
    await using pool = new KeyedPool((key: string, n): Client => ({ key, n }), options);
    for (let i = 0; i < 3; i++) await pool.use("a", () => {});
    assertEquals(hooks, [
      ...["opener a0", "getter a0", "retter a0", "getter a0", "retter a0"],
      ...["opener a0", "getter a0", "retter a0"], // of the key, which had been forgotten
    ]);
  });

  it("tells observers of all keys, of those to come, too, with the key", async () => {
    const told: string[] = [];
    await using pool = clients({ maxUse: 1 });
    const early = await pool.get("early");
    const observing = pool.observe({
      created: ({ key, n }) => void told.push(`created ${key}${n}`),
      lent: ({ key, object }) => void told.push(`lent ${key} ${object.slice(0, 2)}`),
      returned: ({ key, end }) => void told.push(`${end} ${key}`),
      closed: ({ key, reason }) => void told.push(`closed ${key} ${reason}`),
      refused: ({ key, reason }) => void told.push(`refused ${key} ${reason}`),
    });
    await pool.ret(early);
    await pool.use("late", () => {});
    await until(() => pool.size === 0, "all are closed");
    await pool.use("late", () => {}); // which had been forgotten
    observing[Symbol.dispose]();
    await pool.use("late", () => {});
    const round = ["created late0", "lent late #0", "returned late", "closed late wornOut"];
    assertEquals(told, ["returned early", "closed early wornOut", ...round, ...round]);
    assertThrows(() => pool.observe({} as never), TypeError, "the observer has no method");
  });

  it("gives a picture that JSON can express, whose totals count forgotten keys", async () => {
    await using pool = clients({ name: "tenants", maxSize: 4, maxSizePerKey: 2, maxKeys: 9 });
    await pool.discard(await pool.get("gone"));
    await until(() => [...pool.keys()].length === 0, "it is forgotten");
    const lease = await pool.get("a");
    await pool.use("b", () => {});
    const stats = JSON.parse(JSON.stringify(pool.stats()));
    const { name, shutdown, maxSize, maxSizePerKey, maxKeys, keys, size, using } = stats;
    assertEquals([name, shutdown, maxSize, maxSizePerKey, maxKeys], ["tenants", false, 4, 2, 9]);
    assertEquals([keys, size, using, stats.available, stats.waiting], [2, 2, 1, 1, 0]);
    assertEquals([stats.gets, stats.created, stats.closed, stats.discarded], [3, 3, 1, 1]);
    assertEquals(stats.pools.map(({ key, using }: never) => [key, using]), [["a", 1], ["b", 0]]);
    await pool.ret(lease);
    await using odd = new KeyedPool((_: unknown) => ({}));
    for (const key of [Symbol("s"), 5n, null, 7, {}]) await odd.use(key, () => {});
    assertEquals(
      odd.stats().pools.map(({ key }) => key),
      ["Symbol(s)", "5", null, 7, "[object Object]"],
    );
  });
});

describe("the options of a KeyedPool", () => {
  const make = (_: string) => ({ key: "", n: 0 });
  const wrong: [unknown, new (message: string) => Error, string][] = [
    [{ minSize: 1 }, TypeError, "new KeyedPool: minSize cannot be given: a key without objects"],
    [{ quota: {} }, TypeError, "new KeyedPool: quota cannot be given: it has its own"],
    [{ maxSize: -1 }, RangeError, "maxSize must be an integer, 0 or more, got -1"],
    [{ maxSizePerKey: 1.5 }, RangeError, "maxSizePerKey must be an integer, 0 or more, got 1.5"],
    [{ maxKeys: "5" }, TypeError, 'maxKeys must be an integer, 0 or more, got "5"'],
    [{ maxSize: 2, maxSizePerKey: 3 }, RangeError, "maxSizePerKey must not be over maxSize (2)"],
    [{ maxKey: 3 }, TypeError, 'unknown option "maxKey": did you mean maxKeys?'],
    [{ max: 3 }, TypeError, "it is called maxSize here"],
    [{ timeout: -1 }, RangeError, "timeout must be"],
    [{ healthAfter: 0 }, TypeError, "healthAfter (0) needs a health hook"],
    [5, TypeError, "new KeyedPool: options must be an object, got 5"],
  ];
  for (const [options, kind, text] of wrong) {
    it(`are checked: ${JSON.stringify(options)}`, () => {
      assertThrows(() => new KeyedPool(make, options as never), kind, text);
    });
  }

  it("are checked: fun", () => {
    assertThrows(
      () => new KeyedPool(5 as never),
      TypeError,
      "new KeyedPool: fun must be a function that returns an object, got 5",
    );
  });

  it("may be undefined, also those that are refused", () => {
    new KeyedPool(make, { minSize: undefined, quota: undefined, maxKeys: undefined } as never);
  });
});

describe("shutdown of a KeyedPool", () => {
  it("closes all, refuses who waits and who comes, and leaves nothing", async () => {
    const pool = clients({ maxSize: 1, maxKeys: 2 });
    const lease = await pool.get("a");
    const failed = [pool.get("a"), pool.get("b"), pool.get("c")].map(rejection);
    await idle();
    const shut = pool.shutdown();
    for (const error of await Promise.all(failed)) assertInstanceOf(error, PoolClosedError);
    assertInstanceOf(await rejection(pool.get("a")), PoolClosedError);
    assertThrows(() => pool.tryGet("a"), PoolClosedError, "is shut down");
    assertEquals(pool.stats().shutdown, true);
    await pool.ret(lease);
    await shut;
    await pool.shutdown();
    assertEquals([pool.size, [...pool.keys()], pool.seen.live], [0, [], 0]);
  });

  it("takes objects away that are still out at its timeout", async () => {
    const pool = clients();
    const lease = await pool.get("a");
    await pool.shutdown({ timeout: 5 });
    assertThrows(() => lease.n, LeaseError, "revoked by shutdown");
    assertEquals(pool.seen.live, 0);
  });

  it("may have its timeout shortened", async () => {
    const pool = clients();
    await pool.get("a");
    const first = pool.shutdown();
    await pool.shutdown({ timeout: 5 });
    await first;
  });

  it("that drains serves who waits, for a place for a key, too", async () => {
    const pool = clients({ maxSize: 1, maxKeys: 1 });
    const lease = await pool.get("a");
    const served = ["a", "b", "b", "c"].map((key) => pool.use(key, (client) => client.key));
    await idle();
    const shut = pool.shutdown({ drain: true });
    assertInstanceOf(await rejection(pool.get("a")), PoolClosedError);
    await pool.ret(lease);
    assertEquals(await Promise.all(served), ["a", "b", "b", "c"]);
    await shut;
    assertEquals(pool.seen.live, 0);
  });

  it("that drains refuses who waits at its timeout", async () => {
    const pool = clients({ maxSize: 1, maxKeys: 1 });
    const lease = await pool.get("a"); // kept: a lost one would be found
    const failed = ["a", "b"].map((key) => rejection(pool.use(key, () => {})));
    await idle();
    await pool.shutdown({ drain: true, timeout: 10 });
    for (const error of await Promise.all(failed)) assertInstanceOf(error, PoolClosedError);
    assertThrows(() => pool.detach(lease), LeaseError);
    assertEquals(pool.seen.live, 0);
  });

  it("checks its options", async () => {
    await using pool = clients();
    assertInstanceOf(await rejection(pool.shutdown({ timeout: -1 })), RangeError);
  });
});

describe("a KeyedPool with more idle objects than are closed in one turn of the event loop", () => {
  for (const how of ["reset", "shutdown"] as const) {
    it(`closes so many of all keys together, by ${how}, and lends none of the others`, async () => {
      let closed = 0;
      const pool = new KeyedPool((key: number) => ({ key }), {
        maxSize: 0,
        closer: () => {
          assertEquals(pool.available, 0);
          closed++;
        },
      });
      const keys = Array.from({ length: 1_500 }, (_, i) => i % 100);
      const leases = await Promise.all(keys.map((key) => pool.get(key)));
      await Promise.all(leases.map((lease) => pool.ret(lease)));
      assertEquals(pool.available, 1_500);
      const done = pool[how]();
      assertEquals(closed, 1_000);
      await done;
      assertEquals(closed, 1_500);
      await pool.shutdown();
    });
  }
});
