// getter, retter and closer: sync and async, failing and hanging.

import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool, PoolTimeoutError } from "../mod.ts";
import {
  deferred,
  idle,
  rejection,
  stateOf,
  sum,
  type Thing,
  Time,
  Workshop,
} from "./helpers/pool.ts";
import { Recorder } from "./helpers/recorder.ts";

const QUIET = { logLevel: "silent" } as const;

/** A hook that fails, in each way there is. */
const FAILING: [string, (error: Error) => unknown][] = [
  ["throws", (error) => {
    throw error;
  }],
  ["rejects at once", (error) => Promise.reject(error)],
  ["rejects later", async (error) => {
    await idle();
    throw error;
  }],
];

describe("getter", () => {
  it("is called for every object lent, fresh ones too", async () => {
    const calls: number[] = [];
    const pool = new Pool(new Workshop().fun, { getter: ({ id }) => void calls.push(id) });
    for (let i = 0; i < 3; i++) await pool.ret(await pool.get());
    await pool.use(() => {});
    await pool.ret(pool.tryGet()!);
    assertEquals(calls, [0, 0, 0, 0, 0]);
    await pool.shutdown();
  });

  for (const [how, failing] of FAILING) {
    it(`that ${how}: the object is closed and the next one tried`, async () => {
      const { fun, closer, closed } = new Workshop();
      const bad = new Set([2, 1]);
      const getter = ({ id }: Thing) => bad.has(id) ? failing(new Error("unfit")) : undefined;
      const pool = new Pool(fun, { minSize: 3, maxSize: 3, getter, closer, ...QUIET });
      await pool.ready();
      pool.resize({ minSize: 0 }); // so that nothing new comes between
      const lease = await pool.get();
      assertEquals([lease.id, closed, pool.stats().hookErrors], [0, [2, 1], 2]);
      await pool.ret(lease);
      await pool.shutdown();
    });

    it(`that ${how} for three fresh objects in a row: the get rejects with that`, async () => {
      const { fun, closer, closed } = new Workshop();
      const failures: Error[] = [];
      const getter = ({ id }: Thing) => failing(failures[id] = new Error(`unfit ${id}`));
      const pool = new Pool(fun, { maxSize: 1, getter, closer, ...QUIET });
      assertStrictEquals(await rejection(pool.get()), failures[2]);
      await idle();
      assertEquals([closed, failures.length, pool.size], [[0, 1, 2], 3, 0]);
      assertEquals([pool.stats().rejected, pool.stats().gets], [1, 0]);
      await pool.shutdown();
    });

    it(`that ${how} twice lets the get have the third object`, async () => {
      const { fun, closer, closed } = new Workshop();
      const getter = ({ id }: Thing) => id < 2 ? failing(new Error("unfit")) : undefined;
      const pool = new Pool(fun, { maxSize: 1, getter, closer, ...QUIET });
      const lease = await pool.get();
      assertEquals([lease.id, closed], [2, [0, 1]]);
      await pool.ret(lease);
      await pool.shutdown();
    });
  }

  it("that fails keeps a get's place in the queue", async () => {
    const { fun } = new Workshop();
    const getter = ({ id }: Thing) => id === 0 ? Promise.reject(new Error("unfit")) : undefined;
    const pool = new Pool(fun, { maxSize: 1, getter, ...QUIET });
    const order: number[] = [];
    await Promise.all([1, 2, 3].map(async (i) => {
      const lease = await pool.get();
      order.push(i);
      await pool.ret(lease);
    }));
    assertEquals(order, [1, 2, 3]);
    await pool.shutdown();
  });

  it("that hangs has failed at hookTimeout", async () => {
    using time = new Time();
    const { fun, closer, closed } = new Workshop();
    const getter = ({ id }: Thing) => id === 0 ? new Promise(() => {}) : undefined;
    const pool = new Pool(fun, { maxSize: 1, getter, closer, hookTimeout: 500, ...QUIET });
    const get = pool.get();
    await time.pass(499);
    assertEquals([await stateOf(get), closed], ["pending", []]);
    await time.pass(1);
    assertEquals([(await get).id, closed], [1, [0]]);
    await pool.ret(await get);
    await pool.shutdown();
  });

  it("that fails after its get has gone: the object is closed, and others are not troubled", async () => {
    const check = deferred();
    const { fun, closer, closed } = new Workshop();
    const getter = ({ id }: Thing) => id === 0 ? check.promise : undefined;
    const pool = new Pool(fun, { maxSize: 1, getter, closer, ...QUIET });
    const gone = rejection(pool.get({ timeout: 5 }));
    const next = pool.get();
    assertInstanceOf(await gone, PoolTimeoutError);
    check.reject(new Error("unfit"));
    assertEquals([(await next).id, closed], [1, [0]]);
    await pool.ret(await next);
    await pool.shutdown();
  });

  it("of a forced shutdown may still settle, and nothing comes of it", async () => {
    for (const fails of [true, false]) {
      const check = deferred();
      const calls: string[] = [];
      const pool = new Pool(new Workshop().fun, {
        minSize: 1,
        getter: () => check.promise,
        retter: () => void calls.push("retter"),
        closer: () => void calls.push("closer"),
        ...QUIET,
      });
      await pool.ready();
      assertEquals(pool.tryGet(), undefined);
      await pool.shutdown({ timeout: 1 });
      if (fails) check.reject(new Error("late"));
      else check.resolve();
      await idle();
      assertEquals(calls, ["closer"]);
    }
  });
});

describe("retter", () => {
  it("that is synchronous: the next waiter has the object before ret returns", async () => {
    const pool = new Pool(new Workshop().fun, { maxSize: 1, retter: () => {} });
    const lease = await pool.get();
    const next = pool.get();
    const returned = pool.ret(lease);
    assertEquals([pool.using, pool.waiting, pool.stats().gets], [1, 0, 2]);
    await returned;
    await pool.ret(await next);
    await pool.shutdown();
  });

  it("none: the same", async () => {
    const pool = new Pool(new Workshop().fun, { maxSize: 1 });
    const lease = await pool.get();
    const next = pool.get();
    void pool.ret(lease);
    assertEquals([pool.using, pool.waiting, pool.stats().gets], [1, 0, 2]);
    await pool.ret(await next);
    await pool.shutdown();
  });

  it("that is pending: ret waits for it, and the object counts as using", async () => {
    const reset = deferred();
    const pool = new Pool(new Workshop().fun, { maxSize: 1, retter: () => reset.promise });
    const returned = pool.ret(await pool.get());
    const next = pool.get();
    assertEquals(await stateOf(returned), "pending");
    assertEquals([pool.using, pool.available, pool.waiting], [1, 0, 1]);
    assertEquals(pool.stats().objects.using.length, 1);
    reset.resolve();
    await returned;
    await pool.ret(await next);
    await pool.shutdown();
  });

  it("that is pending: a kill reaches the object, once", async () => {
    using time = new Time();
    const { fun, closer, closed } = new Workshop();
    const reset = deferred();
    const pool = new Pool(fun, {
      maxSize: 1,
      maxUsingDelayKill: 1000,
      retter: () => reset.promise,
      closer,
      ...QUIET,
    });
    const returned = pool.ret(await pool.get());
    await time.pass(2000, 500);
    assertEquals([closed, pool.size, pool.stats().killed], [[0], 0, 1]);
    reset.resolve();
    await returned;
    assertEquals([closed, pool.size, pool.available], [[0], 0, 0]);
    await pool.shutdown();
  });

  it("that is pending: a forced shutdown reaches the object", async () => {
    const { fun, closer, closed } = new Workshop();
    const reset = deferred();
    const pool = new Pool(fun, { retter: () => reset.promise, closer, ...QUIET });
    const returned = pool.ret(await pool.get());
    await pool.shutdown({ timeout: 1 });
    assertEquals([closed, pool.size], [[0], 0]);
    reset.reject(new Error("late"));
    await returned;
    assertEquals(closed, [0]);
  });

  for (const [how, failing] of FAILING) {
    it(`that ${how}: ret resolves, the object is closed and not lent again`, async () => {
      const { fun, closer, closed } = new Workshop();
      let first = true;
      const retter = () => {
        if (!first) return;
        first = false;
        return failing(new Error("dirty"));
      };
      const pool = new Pool(fun, { maxSize: 1, retter, closer, ...QUIET });
      await pool.ret(await pool.get());
      assertEquals([closed, pool.stats().hookErrors, pool.available], [[0], 1, 0]);
      const lease = await pool.get();
      assertEquals(lease.id, 1);
      await pool.ret(lease);
      assertEquals(await pool.use(({ id }) => id), 1);
      await pool.shutdown();
    });
  }

  it("that hangs has failed at hookTimeout", async () => {
    using time = new Time();
    const { fun, closer, closed } = new Workshop();
    const retter = ({ id }: Thing) => id === 0 ? new Promise(() => {}) : undefined;
    const pool = new Pool(fun, { maxSize: 1, retter, closer, hookTimeout: 500, ...QUIET });
    const returned = pool.ret(await pool.get());
    const next = pool.get();
    await time.pass(499);
    assertEquals(closed, []);
    await time.pass(1);
    await returned;
    assertEquals([(await next).id, closed], [1, [0]]);
    await pool.ret(await next);
    await pool.shutdown();
  });
});

describe("closer", () => {
  for (const [how, failing] of FAILING) {
    it(`that ${how} is logged, and the object is gone`, async () => {
      const logger = new Recorder();
      const { fun } = new Workshop();
      const closer = () => failing(new Error("socket hung up"));
      const pool = new Pool(fun, { maxSize: 1, maxUse: 1, closer, logger });
      await pool.discard(await pool.get());
      await pool.ret(await pool.get());
      await pool.ret(await pool.get());
      await pool.shutdown();
      const { created, accounted } = sum(pool);
      assertEquals([created, accounted, pool.stats().hookErrors, pool.size], [3, 3, 3, 0]);
      assertEquals(logger.lines.length, 3, logger.text());
      assert(logger.text().includes("socket hung up"));
    });
  }

  it("that hangs counts as done at closeTimeout, its place is free, and that is logged", async () => {
    using time = new Time();
    const logger = new Recorder();
    const pool = new Pool(new Workshop().fun, {
      maxSize: 1,
      closer: ({ id }) => id === 0 ? new Promise(() => {}) : undefined,
      closeTimeout: 500,
      logger,
    });
    const discarded = pool.discard(await pool.get());
    const next = pool.get();
    await time.pass(499);
    assertEquals([await stateOf(next), pool.size, pool.stats().closing], ["pending", 1, 1]);
    await time.pass(1);
    await discarded;
    assertEquals([(await next).id, pool.stats().closed], [1, 1]);
    assert(logger.text().includes("closeTimeout"), logger.text());
    await pool.ret(await next);
    await pool.shutdown();
  });

  it("is called once for each object, however it went", async () => {
    const { fun, closer, closed } = new Workshop();
    const pool = new Pool(fun, { closer, ...QUIET });
    const leases = [];
    for (let i = 0; i < 5; i++) leases.push(await pool.get());
    await pool.discard(leases[0]!);
    await pool.discard(leases[0]!);
    await pool.ret(leases[1]!);
    await pool.ret(leases[1]!);
    await pool.ret(leases[2]!);
    const joined = [pool.shutdown(), pool.shutdown({ timeout: 1 })];
    await Promise.all(joined);
    assertEquals([...closed].sort(), [0, 1, 2, 3, 4]);
  });
});
