// The facade in the shape of sequelize-pool: what is its own, or stricter than there, on every runtime.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  AggregateError,
  type Extras,
  type FactoryOptions,
  type LogLevel,
  Pool,
  TimeoutError,
  useWithSequelize,
} from "../compat/sequelize_pool.ts";
import { Pool as OurPool, PoolClosedError, PoolTimeoutError } from "../mod.ts";
import { collect } from "./helpers/gc.ts";
import { deferred, idle, rejection, stateOf, Thing, Time, Timers } from "./helpers/pool.ts";
import { sleep } from "./helpers/until.ts";

function pooled(options: Partial<FactoryOptions<Thing>> = {}, extras: Extras<Thing> = {}) {
  const closed: number[] = [];
  let made = 0;
  const pool = new Pool<Thing>({
    create: () => Promise.resolve(new Thing(made++)),
    destroy: (thing) => void closed.push(thing.id),
    validate: () => true,
    min: 0,
    max: 1,
    ...options,
  }, extras);
  return { closed, pool, made: () => made };
}

describe("sequelize-pool's shape", () => {
  // The first, for there to be no timers of others.
  it("leaves no timer behind once it is drained and destroyed", async () => {
    using timers = new Timers();
    const { closed, pool } = pooled({ min: 1 });
    const thing = await pool.acquire();
    const waits = pool.acquire();
    await idle();
    pool.release(thing);
    pool.release(await waits);
    await pool.drain();
    await pool.destroyAllNow();
    assertEquals([pool.size, closed, timers.pending], [0, [0], 0]);
    await Promise.all([pool.drain(), pool.destroyAllNow()]);
  });

  it("lends a resource itself, and takes it back by itself", async () => {
    const { closed, pool } = pooled({ name: "mine", max: 2 });
    assertInstanceOf(pool.pool, OurPool);
    assertEquals([pool.name, pool.maxSize, pool.minSize, pool.size], ["mine", 2, 0, 0]);
    const thing = await pool.acquire();
    assertStrictEquals(thing.echo(thing), thing);
    assertEquals([pool.size, pool.using, pool.available, pool.waiting], [1, 1, 0, 0]);
    assertEquals(pool.release(thing), undefined);
    assertEquals([pool.using, pool.available], [0, 1]);
    await pool.drain();
    assertEquals([pool.available, closed], [1, []]);
    await pool.destroyAllNow();
    assertEquals([pool.size, closed], [0, [0]]);
  });

  it("keeps what is borrowed from being taken for lost", async () => {
    const { closed, pool } = pooled();
    const thing = await pool.acquire();
    await collect(1); // old Workers leave the test here
    const next = pool.acquire(); // whoever waits has the pool look for leaks
    for (let i = 0; i < 3; i++) {
      await sleep(30);
      await collect(1);
    }
    assertEquals([await stateOf(next), closed], ["pending", []]);
    pool.release(thing);
    assertStrictEquals(await next, thing);
  });

  it("holds its maximum also for what is being destroyed", async () => {
    const gone = deferred();
    const { pool } = pooled({ destroy: () => gone.promise });
    const destroyed = pool.destroy(await pool.acquire());
    assertEquals(pool.size, 0);
    const next = pool.acquire();
    assertEquals([await stateOf(next), await stateOf(destroyed)], ["pending", "pending"]);
    gone.resolve();
    await destroyed;
    assertEquals((await next).id, 1);
  });

  it("destroys what is unused as well, and joins a destruction under way", async () => {
    const gone = deferred();
    const { pool } = pooled({ destroy: () => gone.promise });
    const thing = await pool.acquire();
    pool.release(thing);
    const both = [pool.destroy(thing), pool.destroy(thing)];
    assertEquals(await Promise.all(both.map(stateOf)), ["pending", "pending"]);
    gone.resolve();
    await Promise.all(both);
    assertEquals(pool.size, 0);
  });

  it("does not validate what was just made; a validate that throws destroys", async () => {
    const answers: unknown[] = [undefined, new Error("cannot tell"), Promise.resolve(0), 1];
    const validate = () => {
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      return answer as boolean;
    };
    const { closed, pool } = pooled({ validate });
    const lent: number[] = [];
    for (let i = 0; i < 5; i++) {
      const thing = await pool.acquire();
      lent.push(thing.id);
      pool.release(thing);
    }
    assertEquals([lent, closed, answers], [[0, 1, 2, 3, 3], [0, 1, 2], []]);
  });

  it("never validates in rounds", async () => {
    using time = new Time();
    let asked = 0;
    const { pool } = pooled({ min: 1, validate: () => ++asked > 0 });
    pool.release(await pool.acquire());
    await time.pass(300_000, 10_000);
    assertEquals([pool.available, asked], [1, 0]);
    await pool.acquire();
    assertEquals(asked, 1);
  });

  it("a release that is wrong is logged, and changes nothing", async () => {
    const logged: [string, LogLevel][] = [];
    const log = (message: string, level: LogLevel) => void logged.push([message, level]);
    const { pool } = pooled({ log, name: "mine" });
    const thing = await pool.acquire();
    pool.release(thing);
    logged.length = 0;
    pool.release(thing);
    const message = "mine: release: that resource is not in use, or no longer";
    assertEquals(logged, [[message, "error"]]);
    assertEquals(pool.available, 1);
  });

  it("logs what happens: to a function, to the console, or not at all", async () => {
    const levels = new Set<LogLevel>();
    const lines: string[] = [];
    const { log, warn } = console;
    console.log = (line: string) => void lines.push(line);
    console.warn = console.log;
    try {
      for (const given of [(_: string, level: LogLevel) => void levels.add(level), true, false]) {
        const { pool } = pooled({
          log: given,
          name: "mine",
          destroy: () => Promise.reject(new Error("stuck")),
        });
        await rejection(pool.destroy(await pool.acquire()));
      }
    } finally {
      Object.assign(console, { log, warn });
    }
    assertEquals([...levels].sort(), ["verbose", "warn"]);
    assert(lines.length > 1 && lines.every((line) => /^(verbose|warn): mine: /.test(line)));
  });

  it("its TimeoutError tells all that a PoolTimeoutError does", async () => {
    using time = new Time();
    const { pool } = pooled({ acquireTimeoutMillis: 50 });
    await pool.acquire();
    const late = rejection(pool.acquire());
    await time.pass(50);
    const error = await late;
    assertInstanceOf(error, TimeoutError);
    assertInstanceOf(error, PoolTimeoutError);
    assertEquals([error.name, error.timeout, error.phase], ["TimeoutError", 50, "wait"]);
  });

  it("an acquire may take 30 s, a resource be unused for 30 s", async () => {
    using time = new Time();
    const { closed, pool } = pooled();
    const thing = await pool.acquire();
    const late = rejection(pool.acquire());
    await time.pass(29_999);
    assertEquals(pool.waiting, 1);
    await time.pass(1);
    assertInstanceOf(await late, TimeoutError);
    pool.release(thing);
    await time.pass(29_999);
    assertEquals(closed, []);
    await time.pass(1);
    assertEquals(closed, [0]);
  });

  it("min is made with the first acquire, and kept up until drain", async () => {
    const { closed, made, pool } = pooled({ min: 2, max: 3 });
    assertEquals(made(), 0);
    const thing = await pool.acquire();
    await idle();
    assertEquals([made(), pool.size], [2, 2]);
    await pool.destroy(thing);
    await idle();
    assertEquals([made(), pool.available], [3, 2]);
    await pool.drain();
    await pool.destroyAllNow();
    await idle();
    assertEquals([made(), pool.size, closed.length], [3, 0, 3]);
  });

  it("drain waits for who waits and for who has one, and refuses others", async () => {
    const { pool } = pooled();
    const thing = await pool.acquire();
    const waits = pool.acquire();
    const drained = pool.drain();
    assertInstanceOf(await rejection(pool.acquire()), PoolClosedError);
    pool.release(thing);
    assertEquals(await stateOf(drained), "pending");
    pool.release(await waits);
    await drained;
  });

  it("destroyAllNow destroys what is borrowed when it comes back", async () => {
    const { closed, pool } = pooled({ max: 2 });
    const [first, second] = [await pool.acquire(), await pool.acquire()];
    pool.release(first);
    await pool.destroyAllNow();
    assertEquals(closed, [0]);
    pool.release(second);
    assertEquals(closed, [0, 1]);
  });

  it("what cannot be destroyed is told: one by its error, all by an AggregateError", async () => {
    const stuck = new Error("stuck");
    const { pool } = pooled({ destroy: () => Promise.reject(stuck), max: 2 });
    const all = [await pool.acquire(), await pool.acquire()];
    assertStrictEquals(await rejection(pool.destroy(all[0]!)), stuck);
    all[0] = await pool.acquire();
    for (const thing of all) pool.release(thing);
    const error = await rejection(pool.destroyAllNow());
    assertInstanceOf(error, AggregateError);
    assertEquals([error.errors, error.name], [[stuck, stuck], "AggregateError"]);
    assertEquals(pool.size, 0);
  });

  it("refuses options that are wrong, and says what is right", () => {
    const wrong: [object, string][] = [
      [{ validate: undefined }, "validate must be a function"],
      [{ min: 0.5 }, "min must be a whole number from 0 on, got 0.5"],
      [{ min: 2 }, "max must be a whole number from 1 and min on, got 1"],
      [{ maxUses: -1 }, "maxUses must be a number from 0 on, got -1"],
    ];
    for (const [options, message] of wrong) {
      assertThrows(() => pooled(options), Error, `new Pool: ${message}`);
    }
    assertThrows(() => pooled({ acquireTimeoutMillis: -1 }), RangeError, "timeout");
  });

  it("takes options of our own", () => {
    const { pool } = pooled({}, { name: "mine", maxLifetime: 1_000 });
    const { config, name } = pool.pool.stats();
    assertEquals([name, config.maxLifetime, config.logLevel], ["mine", 1_000, "silent"]);
  });
});

/** As much of Sequelize as there is to see for a pool. */
class Sequelize {
  static ConnectionAcquireTimeoutError = class extends Error {
    constructor(readonly parent: Error) {
      super(parent.message);
    }
  };

  readonly connectionManager;

  constructor(pool: object = {}, replication: object | false = false) {
    let made = 0;
    this.connectionManager = {
      made: [] as object[],
      gone: [] as object[],
      config: {
        pool: { max: 2, min: 0, idle: 1_000, acquire: 50, ...pool },
        replication,
        at: "one",
      },
      pool: { size: 0 } as object,
      _connect({ at }: { at: string }) {
        const connection = { at, n: made++ };
        this.made.push(connection);
        return Promise.resolve(connection);
      },
      _disconnect(connection: object) {
        this.gone.push(connection);
        return Promise.resolve();
      },
    };
  }
}

describe("useWithSequelize", () => {
  it("puts a pool in the place of Sequelize's own, with its options", async () => {
    const sequelize = new Sequelize({ max: 3, idle: 2_000, maxUses: 7, evict: 10 });
    const { read, write } = useWithSequelize(sequelize, { acquire: 70, name: "mine" });
    const manager = sequelize.connectionManager;
    assertStrictEquals(manager.pool, write);
    assertStrictEquals(read, write);
    const { config, name } = write.pool.stats();
    assertEquals([config.maxSize, config.maxAvailDelay, config.maxUse], [3, 2_000, 7]);
    assertEquals([config.timeout, name], [70, "mine"]);
    const connection = await write.acquire();
    assertStrictEquals(connection, manager.made[0]);
    await write.destroy(connection);
    assertEquals(manager.gone, [connection]);
  });

  it("validates with Sequelize's own function", async () => {
    const validate = (connection: object) => (connection as { n: number }).n > 0;
    const { write } = useWithSequelize(new Sequelize({ validate }));
    write.release(await write.acquire());
    assertEquals((await write.acquire() as { n: number }).n, 1);
  });

  it("who waits too long gets Sequelize's own error", async () => {
    using time = new Time();
    const { write } = useWithSequelize(new Sequelize({ max: 1 }));
    await write.acquire();
    const late = rejection(write.acquire());
    await time.pass(50);
    const error = await late;
    assertInstanceOf(error, Sequelize.ConnectionAcquireTimeoutError);
    assertInstanceOf(error.parent, TimeoutError);
  });

  it("has two pools where there are replicas, which take turns", async () => {
    const replication = { read: [{ at: "a" }, { at: "b" }], write: { at: "c" } };
    const sequelize = new Sequelize({ max: 3 }, replication);
    const { read, write } = useWithSequelize(sequelize);
    const pool = sequelize.connectionManager.pool as {
      acquire(type?: string, useMaster?: boolean): Promise<{ at: string; queryType: string }>;
      release(connection: object): void;
      destroy(connection: object): Promise<void>;
      drain(): Promise<void>;
      destroyAllNow(): Promise<void>;
    };
    const all = [];
    for (let i = 0; i < 3; i++) all.push(await pool.acquire("SELECT"));
    all.push(
      await pool.acquire("SELECT", true),
      await pool.acquire("UPDATE"),
      await pool.acquire(),
    );
    assertEquals(all.map(({ at }) => at).join(), "a,b,a,c,c,c");
    assertEquals(all.map(({ queryType }) => queryType[0]).join(""), "rrrwww");
    assertEquals([read.using, write.using], [3, 3]);
    await pool.destroy(all.pop()!);
    for (const connection of all) pool.release(connection);
    assertEquals([read.available, write.available], [3, 2]);
    await pool.drain();
    await pool.destroyAllNow();
    assertEquals([read.size, write.size, sequelize.connectionManager.gone.length], [0, 0, 6]);
  });

  it("refuses what is no Sequelize, and one that is in use", () => {
    for (const wrong of [{}, { connectionManager: {} }]) {
      assertThrows(() => useWithSequelize(wrong), TypeError, "takes an instance of Sequelize 6");
    }
    for (const pool of [{ size: 1 }, { read: { size: 0 }, write: { size: 2 } }]) {
      const sequelize = new Sequelize();
      sequelize.connectionManager.pool = pool;
      assertThrows(() => useWithSequelize(sequelize), TypeError, "has connections already");
    }
  });
});
