// get and tryGet: when a pool starts, who is served first, and with which object.

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool, PoolClosedError, PoolFullError, type PoolOptions } from "../mod.ts";
import {
  Creations,
  fakeNow,
  idle,
  rejection,
  stateOf,
  type Thing,
  Timers,
  Workshop,
} from "./helpers/pool.ts";

describe("a pool that has not started", () => {
  const loud = () => {
    throw new Error("too early");
  };

  it("has called nothing, and used no timer, clock or chance", () => {
    using timers = new Timers();
    const { now: dateNow } = Date;
    const { random } = Math;
    Object.assign(Date, { now: loud });
    Object.assign(Math, { random: loud });
    fakeNow(loud);
    try {
      const hooks = { opener: loud, getter: loud, retter: loud, closer: loud, health: loud };
      const limits = { maxLifetime: 10, maxAvailDelay: 10, maxUsingDelay: 10, timeout: 10 };
      new Pool(loud, {
        minSize: 2,
        ...hooks,
        ...limits,
        stats: loud,
        tracer: loud,
        logger: console,
      });
    } finally {
      Object.assign(Date, { now: dateNow });
      Object.assign(Math, { random });
      fakeNow();
    }
    assertEquals(timers.set, 0);
  });

  it("shows that it is not started, and that does not start it", async () => {
    const { fun, made } = new Workshop();
    const pool = new Pool(fun, { minSize: 1 });
    assertEquals([pool.size, pool.available, pool.using, pool.waiting, pool.creating], [
      0,
      0,
      0,
      0,
      0,
    ]);
    const { started, running, shutdown } = pool.stats();
    assertEquals({ started, running, shutdown }, { started: null, running: 0, shutdown: false });
    String(pool);
    pool.resize({ minSize: 2, maxSize: 5 });
    pool.reset();
    await idle();
    assertEquals(made.length, 0);
    await pool.shutdown();
    assertEquals(pool.stats().started, null);
  });

  const starts: Record<string, (pool: Pool<Thing>) => unknown> = {
    ready: (pool) => pool.ready(),
    get: async (pool) => pool.ret(await pool.get()),
    tryGet: (pool) => pool.tryGet()?.[Symbol.dispose](),
    use: (pool) => pool.use((thing) => thing.id),
  };
  for (const [name, start] of Object.entries(starts)) {
    it(`starts with ${name}`, async () => {
      const { fun } = new Workshop();
      const pool = new Pool(fun, { minSize: 2 });
      await start(pool);
      await idle();
      assertEquals(pool.size, 2);
      const { started, running } = pool.stats();
      assertEquals(new Date(started!).toISOString(), started);
      assert(running >= 0);
      await pool.shutdown();
    });
  }
});

describe("get", () => {
  it("serves waiters in the order in which they came", async () => {
    const pool = new Pool(new Workshop().fun, { maxSize: 1 });
    const first = await pool.get();
    const order: number[] = [];
    const gets = [1, 2, 3, 4, 5].map(async (i) => {
      const lease = await pool.get();
      order.push(i);
      await pool.ret(lease);
    });
    assertEquals(pool.waiting, 5);
    await pool.ret(first);
    await Promise.all(gets);
    assertEquals(order, [1, 2, 3, 4, 5]);
    await pool.shutdown();
  });

  it("serves get and use from one queue", async () => {
    const pool = new Pool(new Workshop().fun, { maxSize: 1 });
    const first = await pool.get();
    const order: string[] = [];
    const get = async (name: string) => {
      const lease = await pool.get();
      order.push(name);
      await pool.ret(lease);
    };
    const all = [
      get("get 1"),
      pool.use(() => void order.push("use 2")),
      get("get 3"),
      pool.use(() => void order.push("use 4")),
    ];
    await pool.ret(first);
    await Promise.all(all);
    assertEquals(order, ["get 1", "use 2", "get 3", "use 4"]);
    await pool.shutdown();
  });

  it("lets nobody overtake those who wait", async () => {
    const pool = new Pool(new Workshop().fun, { maxSize: 1 });
    const first = await pool.get();
    const waiting = pool.get();
    void pool.ret(first);
    assertEquals(pool.tryGet(), undefined);
    const late = pool.get();
    const lease = await waiting;
    assertEquals(await stateOf(late), "pending");
    await pool.ret(lease);
    await pool.ret(await late);
    await pool.shutdown();
  });

  it("lends the most recently returned object first", async () => {
    const pool = new Pool(new Workshop().fun);
    const leases = [await pool.get(), await pool.get(), await pool.get()];
    for (const i of [1, 0, 2]) await pool.ret(leases[i]!);
    const ids: number[] = [];
    for (let i = 0; i < 3; i++) ids.push((await pool.get()).id);
    assertEquals(ids, [2, 0, 1]);
    const closing = pool.shutdown({ timeout: 1 });
    await closing;
  });

  it("makes an object only if none is available", async () => {
    const { fun, made } = new Workshop();
    const pool = new Pool(fun, { maxSize: 5 });
    for (let i = 0; i < 10; i++) await pool.ret(await pool.get());
    assertEquals(made.length, 1);
    await pool.shutdown();
  });

  it("takes what is returned while its own object is being made, which is then available", async () => {
    const creations = new Creations();
    const pool = new Pool(creations.fun, { maxSize: 2 });
    const first = pool.get();
    await creations.finish(0);
    const second = pool.get();
    assertEquals(pool.creating, 1);
    await pool.ret(await first);
    const lease = await second;
    assertEquals(lease.id, 0);
    await creations.finish(1);
    assertEquals([pool.available, pool.using], [1, 1]);
    await pool.ret(lease);
    await pool.shutdown();
  });
});

describe("tryGet", () => {
  async function stocked(options: PoolOptions<Thing> = {}): Promise<Pool<Thing>> {
    const pool = new Pool(new Workshop().fun, { minSize: 1, maxSize: 1, ...options });
    await pool.ready();
    return pool;
  }

  it("lends what is available, now", async () => {
    const pool = await stocked();
    const lease = pool.tryGet();
    assertEquals([lease?.id, pool.using, pool.available], [0, 1, 0]);
    assertEquals(pool.tryGet(), undefined);
    await pool.ret(lease!);
    assertEquals(pool.stats().gets, 1);
    await pool.shutdown();
  });

  it("calls a synchronous getter before it lends", async () => {
    const greeted: number[] = [];
    const pool = await stocked({ getter: (thing) => void greeted.push(thing.id) });
    const lease = pool.tryGet();
    assertEquals([lease?.id, greeted], [0, [0]]);
    await pool.ret(lease!);
    await pool.shutdown();
  });

  it("closes an object whose getter throws, and tries the next", async () => {
    const { fun, closer, closed } = new Workshop();
    const getter = (thing: Thing) => {
      if (thing.id === 1) throw new Error("unfit");
    };
    const pool = new Pool(fun, { minSize: 2, getter, closer, logLevel: "silent" });
    await pool.ready();
    const lease = pool.tryGet();
    assertEquals([lease?.id, closed], [0, [1]]);
    await pool.ret(lease!);
    await pool.shutdown();
  });

  it("gives nothing where getter is asynchronous, and the object goes back when it settles", async () => {
    const reset: number[] = [];
    const pool = await stocked({
      getter: () => idle(),
      retter: (thing) => void reset.push(thing.id),
    });
    assertEquals(pool.tryGet(), undefined);
    assertEquals([pool.available, pool.using], [0, 1]);
    await idle();
    await idle();
    assertEquals([pool.available, pool.using, reset], [1, 0, [0]]);
    assertEquals(pool.stats().gets, 0);
    await pool.shutdown();
  });

  it("closes an object whose asynchronous getter rejects", async () => {
    const pool = await stocked({
      minSize: 1,
      getter: () => Promise.reject(new Error("unfit")),
      logLevel: "silent",
    });
    assertEquals(pool.tryGet(), undefined);
    await idle();
    assertEquals(pool.stats().closed, 1);
    await pool.shutdown();
  });

  it("gives an object back to a waiter that came while its asynchronous getter ran", async () => {
    const pool = await stocked({ getter: () => idle() });
    assertEquals(pool.tryGet(), undefined);
    const lease = await pool.get();
    assertEquals(lease.id, 0);
    await pool.ret(lease);
    await pool.shutdown();
  });

  it("gives nothing that must be checked first, and leaves it available", async () => {
    let asked = 0;
    const pool = await stocked({ healthAfter: 0, health: () => void asked++ });
    assertEquals([pool.tryGet(), pool.available, asked], [undefined, 1, 0]);
    await pool.shutdown();
  });

  it("throws once the pool is shut down", async () => {
    const pool = await stocked();
    const lease = pool.tryGet()!;
    const closing = pool.shutdown();
    assertThrows(() => pool.tryGet(), PoolClosedError);
    await pool.ret(lease);
    await closing;
    assertThrows(() => pool.tryGet(), PoolClosedError);
  });
});

describe("maxWaiting", () => {
  it("refuses one get more, at once, and counts and names it", async () => {
    const pool = new Pool(new Workshop().fun, { maxSize: 1, maxWaiting: 2 });
    const first = await pool.get();
    const waiting = [pool.get(), pool.use((thing) => thing.id)];
    const error = await rejection(pool.get());
    assertInstanceOf(error, PoolFullError);
    assert(error.message.includes("2") && error.message.includes("maxWaiting"), error.message);
    assertInstanceOf(await rejection(pool.use(() => {})), PoolFullError);
    assertEquals([pool.waiting, pool.stats().rejected], [2, 2]);
    await pool.ret(first);
    await pool.ret(await waiting[0] as never);
    assertEquals(await waiting[1], 0);
    await pool.shutdown();
  });

  it("lets another one queue once somebody has gone", async () => {
    const pool = new Pool(new Workshop().fun, { maxSize: 1, maxWaiting: 1 });
    const first = await pool.get();
    const stop = new AbortController();
    const gone = pool.get({ signal: stop.signal });
    stop.abort("enough");
    assertEquals(await rejection(gone), "enough");
    const waiting = pool.get();
    await pool.ret(first);
    await pool.ret(await waiting);
    await pool.shutdown();
  });

  it("does not count those whose objects are being made", async () => {
    const creations = new Creations();
    const pool = new Pool(creations.fun, { maxSize: 2, maxWaiting: 1 });
    const gets = [pool.get(), pool.get(), pool.get()];
    assertInstanceOf(await rejection(pool.get()), PoolFullError);
    await creations.finish(0);
    await creations.finish(1);
    await pool.ret(await gets[0]!);
    await pool.ret(await gets[1]!);
    await pool.ret(await gets[2]!);
    await pool.shutdown();
  });
});
