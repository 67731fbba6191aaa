// The facade in the shape of generic-pool: what is its own, or stricter than there, on every runtime.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  createPool,
  type Extras,
  type Options,
  Pool,
  TimeoutError,
} from "../compat/generic_pool.ts";
import {
  Pool as OurPool,
  PoolClosedError,
  PoolError,
  PoolFullError,
  PoolTimeoutError,
} from "../mod.ts";
import { collect } from "./helpers/gc.ts";
import { deferred, idle, rejection, stateOf, Thing, Time, Timers } from "./helpers/pool.ts";
import { sleep } from "./helpers/until.ts";
import { Recorder } from "./helpers/recorder.ts";

/** A factory that remembers what became of its things. */
function things() {
  let n = 0;
  const closed: number[] = [];
  return {
    closed,
    get made() {
      return n;
    },
    create: (): Promise<Thing> => Promise.resolve(new Thing(n++)),
    destroy: (thing: Thing): Promise<void> => {
      closed.push(thing.id);
      return Promise.resolve();
    },
  };
}

function pooled(options: Options = {}, extras: Extras<Thing> = {}) {
  const factory = things();
  return { factory, pool: createPool(factory, options, extras) };
}

describe("generic-pool's shape", () => {
  // The first, for there to be no timers of others.
  it("drain no longer keeps min up; clear closes all, and leaves no timer behind", async () => {
    using timers = new Timers();
    const { factory, pool } = pooled({ max: 3, min: 2, evictionRunIntervalMillis: 1_000 });
    await pool.ready();
    const all = [await pool.acquire(), await pool.acquire(), await pool.acquire()];
    const waits = pool.acquire();
    await idle();
    for (const thing of all) await pool.release(thing);
    await pool.release(await waits);
    await pool.drain();
    await pool.clear();
    await idle();
    assertEquals([pool.size, factory.closed.length, factory.made], [0, 3, 3]);
    assertEquals(timers.pending, 0);
    await Promise.all([pool.drain(), pool.clear()]);
    assertInstanceOf(await rejection(pool.acquire()), PoolClosedError);
  });

  it("lends a resource itself, and takes it back by itself", async () => {
    const { factory, pool } = pooled({ max: 2 });
    assertInstanceOf(pool, Pool);
    assertInstanceOf(pool.pool, OurPool);
    const thing = await pool.acquire();
    assertStrictEquals(thing.echo(thing), thing);
    assertEquals([pool.size, pool.borrowed, pool.available, pool.pending], [1, 1, 0, 0]);
    assertEquals([pool.isBorrowedResource(thing), pool.spareResourceCapacity], [true, 1]);
    await pool.release(thing);
    assertEquals([pool.isBorrowedResource(thing), pool.available], [false, 1]);
    await pool.destroy(await pool.acquire());
    await idle();
    assertEquals([factory.closed, pool.size, pool.spareResourceCapacity], [[0], 0, 2]);
  });

  it("keeps what is borrowed from being taken for lost", async () => {
    const { factory, pool } = pooled();
    const thing = await pool.acquire();
    await collect(1); // old Workers leave the test here
    const next = pool.acquire(); // whoever waits has the pool look for leaks
    for (let i = 0; i < 3; i++) {
      await sleep(30);
      await collect(1);
    }
    assertEquals([await stateOf(next), pool.pool.stats().leaked, factory.closed], [
      "pending",
      0,
      [],
    ]);
    await pool.release(thing);
    assertStrictEquals(await next, thing);
  });

  it("refuses what is not borrowed, with an error of ours", async () => {
    const { pool } = pooled();
    const thing = await pool.acquire();
    await pool.release(thing);
    for (const method of ["release", "destroy"] as const) {
      const error = await rejection(pool[method](thing));
      assertInstanceOf(error, PoolError);
      assert(error.message.startsWith(`${method}: that resource is not, or no longer, borrowed`));
    }
  });

  it("holds its maximum also for what is being destroyed", async () => {
    const gone = deferred();
    const factory = { ...things(), destroy: () => gone.promise };
    const pool = createPool(factory, { max: 1 });
    await pool.destroy(await pool.acquire());
    assertEquals([pool.size, pool.spareResourceCapacity], [0, 0]);
    const next = pool.acquire();
    assertEquals(await stateOf(next), "pending");
    gone.resolve();
    assertEquals((await next).id, 1);
  });

  it("does not validate what was just made; what is not good is destroyed", async () => {
    const answers: unknown[] = [false, new Error("cannot tell"), true];
    const validate = () => {
      const answer = answers.shift();
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer as boolean);
    };
    const factory = things();
    const pool = createPool({ ...factory, validate }, { max: 1, testOnBorrow: true });
    const lent: number[] = [];
    for (let i = 0; i < 4; i++) {
      const thing = await pool.acquire();
      lent.push(thing.id);
      await pool.release(thing);
    }
    assertEquals([lent, factory.closed, answers], [[0, 1, 2, 2], [0, 1], []]);
  });

  it("never validates in rounds", async () => {
    using time = new Time();
    let asked = 0;
    const validate = () => Promise.resolve(++asked > 0);
    const pool = createPool({ ...things(), validate }, { min: 1, testOnBorrow: true });
    await pool.ready();
    await time.pass(300_000, 10_000);
    assertEquals([pool.available, asked], [1, 0]);
    await pool.acquire();
    assertEquals(asked, 1);
  });

  it("validates what comes back, with testOnReturn", async () => {
    const factory = things();
    const validate = ({ id }: Thing) => Promise.resolve(id > 0);
    const pool = createPool({ ...factory, validate }, { max: 1, testOnReturn: true });
    await pool.release(await pool.acquire());
    assertEquals([pool.available, factory.closed], [0, [0]]);
    await pool.release(await pool.acquire());
    assertEquals([pool.available, factory.closed], [1, [0]]);
    await pool.use(() => Promise.reject(new Error("failed"))).catch(() => {});
    await idle();
    assertEquals(factory.closed, [0, 1], "a failed use destroys all the same");
  });

  it("refuses validation without a function", () => {
    for (const options of [{ testOnBorrow: true }, { testOnReturn: true }]) {
      assertThrows(() => createPool(things(), options), TypeError, "factory.validate must be");
    }
  });

  it("refuses the options of our pool, which it would ignore", () => {
    for (const options of [{ maxSize: 10 }, { max: 3, timeout: 5 }]) {
      const make = () => createPool(things(), options as Options);
      assertThrows(make, TypeError, "createPool: generic-pool has no option");
    }
    // Others it ignores, as generic-pool does.
    assertEquals(createPool(things(), { max: 3, Promise } as Options).max, 3);
  });

  it("refuses numbers that cannot be", () => {
    for (const acquireTimeoutMillis of [-1, 2 ** 31]) {
      assertThrows(() => createPool(things(), { acquireTimeoutMillis }), RangeError, "timeout");
    }
  });

  it("its TimeoutError tells all that a PoolTimeoutError does", async () => {
    using time = new Time();
    const { pool } = pooled({ acquireTimeoutMillis: 50 }, {
      tracer: (thing) => `thing ${thing.id}`,
    });
    await pool.acquire();
    const late = rejection(pool.acquire());
    await time.pass(50);
    const error = await late;
    assertInstanceOf(error, TimeoutError);
    assertInstanceOf(error, PoolTimeoutError);
    assertEquals([error.name, error.timeout, error.phase], ["TimeoutError", 50, "wait"]);
    assertEquals(error.holders.map(({ object }) => object), ["#0 thing 0"]);
    assertEquals("cause" in error, false);
  });

  it("its TimeoutError has the last failure to create as its cause", async () => {
    using time = new Time();
    const create = () => Promise.reject(new Error("down"));
    const pool = createPool({ ...things(), create }, { acquireTimeoutMillis: 50 });
    const told: string[] = [];
    pool.on("factoryCreateError", (error) => told.push(error.message));
    const late = rejection(pool.acquire());
    await time.pass(50, 1);
    const error = await late;
    assertInstanceOf(error, TimeoutError);
    assertEquals(String(error.cause), "Error: down");
    assert(told.length > 1 && told.length < 20, `${told.length} creations`);
    assertEquals(told[0], "down");
  });

  it("a create that hangs, or throws at once, has failed, and is told once", async () => {
    using time = new Time();
    let n = 0;
    const hangs = deferred<Thing>();
    const factory = things();
    const create = () => {
      if (n++ === 0) return hangs.promise;
      if (n === 2) throw new Error("at once");
      return factory.create();
    };
    const pool = createPool({ ...factory, create }, {}, { createTimeout: 1_000 });
    const told: string[] = [];
    pool.on("factoryCreateError", ({ message }) => told.push(message));
    const got = pool.acquire();
    await time.pass(1_000);
    await time.pass(100, 5);
    assertEquals((await got).id, 0);
    hangs.reject(new Error("too late"));
    await idle();
    assertEquals(told.length, 2);
    assert(told[0]!.includes("createTimeout"), told[0]);
    assertEquals(told[1], "at once");
  });

  it("a destroy that hangs is told once, and given up", async () => {
    using time = new Time();
    const hangs = deferred();
    const pool = createPool({ ...things(), destroy: () => hangs.promise }, { max: 1 });
    const told: string[] = [];
    pool.on("factoryDestroyError", ({ message }) => told.push(message));
    await pool.destroy(await pool.acquire());
    const next = pool.acquire();
    await time.pass(4_999);
    assertEquals([told.length, await stateOf(next)], [0, "pending"]);
    await time.pass(1);
    assertEquals((await next).id, 1);
    hangs.reject(new Error("too late"));
    await idle();
    assertEquals(told.length, 1);
    assert(told[0]!.includes("closeTimeout"), told[0]);
  });

  it("maxWaitingClients refuses with a PoolFullError, drain with a PoolClosedError", async () => {
    const { pool } = pooled({ maxWaitingClients: 0 });
    const thing = await pool.acquire();
    assertInstanceOf(await rejection(pool.acquire()), PoolFullError);
    const drained = pool.drain();
    assertInstanceOf(await rejection(pool.acquire()), PoolClosedError);
    assertEquals(await stateOf(drained), "pending");
    await pool.release(thing);
    await drained;
    const { pool: other } = pooled({ maxWaitingClients: 0 });
    await other.release(await other.acquire());
    assertEquals((await other.acquire()).id, 0, "nobody need wait for one that is there");
  });

  it("starts at once, or not, and never again after drain", async () => {
    const { factory, pool } = pooled({ max: 2, min: 2 });
    await idle();
    assertEquals([factory.made, pool.available], [2, 2]);
    const lazy = pooled({ max: 2, min: 2, autostart: false });
    await lazy.pool.drain();
    lazy.pool.start();
    await idle();
    assertEquals([lazy.factory.made, lazy.pool.min], [0, 2]);
  });

  it("drain waits also for who has just been served", async () => {
    const { pool } = pooled({ max: 2 });
    const [first, second] = [await pool.acquire(), await pool.acquire()];
    const third = pool.acquire();
    const drained = pool.drain();
    void pool.release(first); // to the third, who does not know it yet
    void pool.release(second);
    assertEquals(await stateOf(drained), "pending");
    await pool.release(await third);
    await drained;
  });

  it("drain does not wait for a destroy", async () => {
    const pool = createPool({ ...things(), destroy: () => new Promise(() => {}) });
    const thing = await pool.acquire();
    const drained = pool.drain();
    await pool.destroy(thing);
    await drained;
  });

  it("clear without drain replaces all, what is borrowed when it comes back", async () => {
    const { factory, pool } = pooled({ max: 2, min: 2 });
    const thing = await pool.acquire();
    await pool.ready();
    await pool.clear();
    await pool.ready();
    assertEquals([factory.closed, pool.available, pool.borrowed], [[1], 1, 1]);
    await pool.release(thing);
    await pool.ready();
    assertEquals([factory.closed, factory.made, pool.available], [[1, 0], 4, 2]);
  });

  it("use takes any function, and lets it give back by itself", async () => {
    const { factory, pool } = pooled();
    assertEquals(await pool.use((thing) => thing.id), 0);
    const boom = new Error("boom");
    const throwing = () => {
      throw boom;
    };
    assertStrictEquals(await rejection(pool.use(throwing)), boom);
    await idle();
    assertEquals(factory.closed, [0]);
    await pool.use((thing) => pool.release(thing));
    await pool.use((thing) => pool.destroy(thing));
    await idle();
    assertEquals([factory.closed, pool.borrowed], [[0, 1], 0]);
  });

  it("what is unused goes at its own moment, but not what min needs", async () => {
    using time = new Time();
    const { factory, pool } = pooled({
      max: 3,
      min: 1,
      evictionRunIntervalMillis: 60_000,
      idleTimeoutMillis: 1_000,
      softIdleTimeoutMillis: 500,
    });
    const all = [await pool.acquire(), await pool.acquire(), await pool.acquire()];
    for (const thing of all) await pool.release(thing);
    await time.pass(499);
    assertEquals(factory.closed, []);
    await time.pass(1);
    assertEquals(factory.closed, [0, 1]);
    await time.pass(10_000);
    assertEquals([factory.closed, factory.made], [[0, 1], 3]);
  });

  it("is silent, unless it is told where to log", async () => {
    const recorder = new Recorder();
    const destroy = () => Promise.reject(new Error("stuck"));
    const pool = createPool({ ...things(), destroy }, {}, { logger: recorder, name: "mine" });
    await pool.destroy(await pool.acquire());
    await idle();
    assertEquals(recorder.lines.length, 1);
    assert(recorder.lines[0]!.includes("mine: closer failed"), recorder.lines[0]);
    const { warn } = console;
    const said: unknown[] = [];
    console.warn = (text: unknown) => void said.push(text);
    try {
      const pool = createPool({ ...things(), destroy });
      await pool.destroy(await pool.acquire());
      await idle();
    } finally {
      console.warn = warn;
    }
    assertEquals(said, []);
  });

  it("takes options of our own", async () => {
    const { pool } = pooled({}, { name: "mine", maxLifetime: 1_000, tracer: String });
    const { config, name } = pool.pool.stats();
    assertEquals([name, config.maxLifetime], ["mine", 1_000]);
    const thing = await pool.acquire();
    assert(pool.pool.invalidate(thing));
    await pool.release(thing);
    assertEquals(pool.available, 0);
  });

  it("its types are generic-pool's", async () => {
    const pool: Pool<Thing> = createPool<Thing>({
      create: () => Promise.resolve(new Thing(1)),
      destroy: (thing: Thing): Promise<void> => Promise.resolve(void thing),
      validate: (thing: Thing): Promise<boolean> => Promise.resolve(thing.id > 0),
    }, { max: 1, fifo: undefined });
    const self: Pool<Thing> = pool.on("factoryCreateError", (error: Error) => error.message);
    const given: string = await self.use((thing) => Promise.resolve(thing.toString()));
    assertEquals(given, "thing 1");
    // @ts-expect-error: there is no such event
    pool.on("created", () => {});
    // @ts-expect-error: nor such an option
    assertThrows(() => createPool(things(), { maxSize: 1 }), TypeError);
  });
});

describe("generic-pool's events", () => {
  it("a listener that throws does the pool no harm, and is no secret", async () => {
    // What reports it differs from runtime to runtime: emit itself tells.
    const { pool } = pooled();
    pool.on("factoryCreateError", () => {
      throw new Error("noisy");
    });
    assertThrows(() => pool.emit("factoryCreateError", new Error("down")), Error, "noisy");
    assertEquals((await pool.acquire()).id, 0);
  });

  it("of a listener that was added twice, off removes the later", () => {
    const { pool } = pooled();
    const told: string[] = [];
    const [a, b] = [() => void told.push("a"), () => void told.push("b")];
    for (const listener of [a, b, a]) pool.on("factoryDestroyError", listener);
    pool.off("factoryDestroyError", a).emit("factoryDestroyError", new Error("1"));
    assertEquals(told, ["a", "b"]);
  });

  it("once, added before and after the same listener, goes with the first event", () => {
    const { pool } = pooled();
    let heard = 0;
    const hear = () => void heard++;
    pool.once("factoryDestroyError", hear).on("factoryDestroyError", hear);
    pool.emit("factoryDestroyError", new Error("1"));
    pool.emit("factoryDestroyError", new Error("2"));
    assertEquals([heard, pool.listenerCount("factoryDestroyError")], [3, 1]);
    pool.off("factoryDestroyError", hear);
    assertEquals(pool.emit("factoryDestroyError", new Error("3")), false);
  });

  it("a listener that removes another while they are called does so for the next event", () => {
    const { pool } = pooled();
    const told: string[] = [];
    const second = () => void told.push("second");
    pool.on("factoryDestroyError", () => void pool.off("factoryDestroyError", second));
    pool.on("factoryDestroyError", second);
    for (let i = 0; i < 2; i++) pool.emit("factoryDestroyError", new Error("1"));
    assertEquals(told, ["second"]);
  });
});
