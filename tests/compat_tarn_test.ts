// The facade in the shape of tarn: what is its own, or stricter than there, on every runtime.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  type CallbackOrPromise,
  type Events,
  type Extras,
  type PendingOperation,
  Pool,
  type PoolOptions,
  TimeoutError,
} from "../compat/tarn.ts";
import { Pool as OurPool, PoolClosedError, PoolTimeoutError } from "../mod.ts";
import { collect } from "./helpers/gc.ts";
import { deferred, idle, rejection, stateOf, Thing, Time } from "./helpers/pool.ts";
import { sleep } from "./helpers/until.ts";

const ALL: { [E in keyof Events<Thing>]: true } = {
  acquireRequest: true,
  acquireSuccess: true,
  acquireFail: true,
  release: true,
  createRequest: true,
  createSuccess: true,
  createFail: true,
  destroyRequest: true,
  destroySuccess: true,
  destroyFail: true,
  startReaping: true,
  stopReaping: true,
  poolDestroyRequest: true,
  poolDestroySuccess: true,
};

/** A pool of things, with what became of these, and all its events. */
function pooled(options: Partial<PoolOptions<Thing>> = {}, extras: Extras<Thing> = {}) {
  const closed: number[] = [];
  const told: string[] = [];
  let made = 0;
  const pool = new Pool<Thing>({
    create: () => Promise.resolve(new Thing(made++)),
    destroy: (thing) => closed.push(thing.id),
    min: 0,
    max: 1,
    ...options,
  }, extras);
  for (const event of Object.keys(ALL) as (keyof Events<Thing>)[]) {
    pool.on(event, (...args: unknown[]) => void told.push([event, ...args].join(" ")));
  }
  return { closed, pool, told, made: () => made };
}

const numbers = <T>(pool: Pool<T>) => [
  pool.numUsed(),
  pool.numFree(),
  pool.numPendingAcquires(),
  pool.numPendingValidations(),
  pool.numPendingCreates(),
];

describe("tarn's shape", () => {
  it("lends a resource itself, and takes it back by itself", async () => {
    const { closed, pool } = pooled();
    assertInstanceOf(pool.pool, OurPool);
    assert(pool.isEmpty());
    const acquired = pool.acquire();
    assertEquals([pool.numPendingCreates(), pool.isEmpty()], [1, false]);
    const thing = await acquired.promise;
    assertStrictEquals(thing.echo(thing), thing);
    assertEquals(numbers(pool), [1, 0, 0, 0, 0]);
    assertEquals([pool.release(thing), pool.release(thing)], [true, false]);
    assertEquals(numbers(pool), [0, 1, 0, 0, 0]);
    pool.check();
    assertEquals(await pool.destroy(), undefined);
    assertEquals([closed, pool.isEmpty()], [[0], true]);
  });

  it("hands over at once what is released", async () => {
    const { pool } = pooled();
    const thing = await pool.acquire().promise;
    const next = pool.acquire();
    pool.release(thing);
    assertEquals(numbers(pool), [1, 0, 0, 0, 0]);
    assertStrictEquals(await next.promise, thing);
  });

  it("keeps what is borrowed from being taken for lost", async () => {
    const { closed, pool } = pooled();
    const thing = await pool.acquire().promise;
    await collect(1); // old Workers leave the test here
    const next = pool.acquire(); // whoever waits has the pool look for leaks
    for (let i = 0; i < 3; i++) {
      await sleep(30);
      await collect(1);
    }
    assertEquals([await stateOf(next.promise), closed], ["pending", []]);
    pool.release(thing);
    assertStrictEquals(await next.promise, thing);
  });

  it("tells all events, each with its number", async () => {
    using time = new Time();
    const { pool, told } = pooled({ idleTimeoutMillis: 100 });
    pool.release(await pool.acquire().promise);
    assertEquals(told.splice(0), [
      "acquireRequest 1",
      "createRequest 2",
      "createSuccess 2 thing 0",
      "startReaping",
      "acquireSuccess 1 thing 0",
      "release thing 0",
    ]);
    await time.pass(100);
    assertEquals(told.splice(0), [
      "destroyRequest 3 thing 0",
      "stopReaping",
      "destroySuccess 3 thing 0",
    ]);
    await pool.destroy();
    assertEquals(told, ["poolDestroyRequest 4", "poolDestroySuccess 4"]);
    pool.release(new Thing(5));
    assertEquals(told.length, 2, "nobody listens any more");
  });

  it("holds its maximum also for what is being destroyed", async () => {
    const gone = deferred();
    const validate = ({ id }: Thing) => id > 0;
    const { pool } = pooled({ destroy: () => gone.promise, validate });
    pool.release(await pool.acquire().promise);
    const next = pool.acquire();
    await idle();
    assertEquals(numbers(pool), [0, 0, 1, 0, 0]);
    gone.resolve();
    assertEquals((await next.promise).id, 1);
  });

  it("does not validate what was just made", async () => {
    let asked = 0;
    const { pool } = pooled({ validate: () => ++asked > 0 });
    pool.release(await pool.acquire().promise);
    assertEquals(asked, 0);
    await pool.acquire().promise;
    assertEquals(asked, 1);
  });

  it("shows that it validates", async () => {
    const answers: unknown[] = [true, undefined];
    let answer = deferred<unknown>();
    const validate = () => answer.promise as Promise<boolean>;
    const { closed, pool } = pooled({ validate });
    pool.release(await pool.acquire().promise);
    for (const given of answers) {
      answer = deferred();
      const acquired = pool.acquire();
      assertEquals(numbers(pool), [1, 0, 0, 1, 0]);
      answer.resolve(given);
      pool.release(await acquired.promise);
    }
    assertEquals([numbers(pool), closed], [[0, 1, 0, 0, 0], [0]]);
  });

  it("a validate that hangs has failed after 5 s, and is logged", async () => {
    using time = new Time();
    const logged: string[] = [];
    const log = (message: string, level: string) => logged.push(`${level}: ${message}`);
    const { closed, pool } = pooled({ log, validate: () => new Promise<boolean>(() => {}) });
    pool.release(await pool.acquire().promise);
    const next = pool.acquire();
    await time.pass(5_000);
    assertEquals([(await next.promise).id, closed], [1, [0]]);
    assert(logged.some((line) => /^warn: .*hookTimeout/.test(line)), logged.join());
  });

  it("its TimeoutError tells all that a PoolTimeoutError does", async () => {
    using time = new Time();
    const { pool, told } = pooled({ acquireTimeoutMillis: 50 });
    await pool.acquire().promise;
    const late = pool.acquire();
    const failed = rejection(late.promise);
    await time.pass(50);
    const error = await failed;
    assertInstanceOf(error, TimeoutError);
    assertInstanceOf(error, PoolTimeoutError);
    assertEquals([error.name, error.timeout, error.phase], ["TimeoutError", 50, "wait"]);
    assertEquals([late.isRejected, told.at(-1)?.startsWith("acquireFail 3")], [true, true]);
  });

  it("its TimeoutError says why create failed, if it did while this one waited", async () => {
    using time = new Time();
    let isDown = true;
    const create = () => isDown ? Promise.reject(new Error("down")) : new Thing(1);
    const { pool } = pooled({ acquireTimeoutMillis: 50, create, createRetryIntervalMillis: 5 });
    const failed = rejection(pool.acquire().promise);
    await time.pass(50);
    const error = await failed as TimeoutError;
    assertEquals([error.message, String(error.cause)], ["down", "Error: down"]);
    isDown = false;
    const got = pool.acquire();
    await time.pass(20, 1);
    await got.promise;
    const later = rejection(pool.acquire().promise);
    await time.pass(50);
    assert(String(await later).includes("no object within timeout"), "that was long ago");
  });

  it("a create that hangs is a TimeoutError; what it makes later is destroyed", async () => {
    using time = new Time();
    const made = deferred<Thing>();
    const options = { create: () => made.promise, createTimeoutMillis: 100 };
    const { closed, pool, told } = pooled({ ...options, propagateCreateError: true });
    const failed = rejection(pool.acquire().promise);
    await time.pass(100);
    const error = await failed;
    assertInstanceOf(error, TimeoutError);
    assertEquals(error.phase, "create");
    assert(told[2]!.startsWith("createFail 2 TimeoutError: creating object #0"), told[2]);
    made.resolve(new Thing(7));
    await idle();
    assertEquals([closed, told.filter((line) => line.startsWith("createSuccess"))], [[7], []]);
  });

  it("a create that hangs, and then fails, is told once", async () => {
    using time = new Time();
    const made = deferred<Thing>();
    const options = { create: () => made.promise, createTimeoutMillis: 100 };
    const { pool, told } = pooled({ ...options, propagateCreateError: true });
    const failed = rejection(pool.acquire().promise);
    await time.pass(100);
    await failed;
    made.reject(new Error("too late"));
    await idle();
    assertEquals(told.filter((line) => line.startsWith("createFail")).length, 1);
  });

  it("what dies while it is unused is told, too", async () => {
    const { pool, told } = pooled();
    const thing = await pool.acquire().promise;
    pool.release(thing);
    told.length = 0;
    assert(pool.pool.invalidate(thing));
    await idle();
    assertEquals(told, ["destroyRequest 3 thing 0", "stopReaping", "destroySuccess 3 thing 0"]);
  });

  it("a destroy that hangs is a TimeoutError", async () => {
    using time = new Time();
    const gone = deferred();
    const { pool, told } = pooled({ destroy: () => gone.promise });
    const thing = await pool.acquire().promise;
    pool.release(thing);
    assert(pool.pool.invalidate(thing));
    await time.pass(5_000);
    assert(told.at(-1)?.startsWith("destroyFail 3 thing 0 TimeoutError: closer"), told.at(-1));
    gone.resolve();
    await idle();
    assertEquals(told.filter((line) => line.startsWith("destroySuccess")), []);
  });

  it("abort is no unhandled rejection, and tells why", async () => {
    const { pool, told } = pooled();
    await pool.acquire().promise;
    pool.acquire().abort();
    const own = new Error("no need any more");
    const second = pool.acquire();
    second.reject(own);
    await idle();
    assertStrictEquals(await rejection(second.promise), own);
    assertEquals(told.slice(-3), [
      "acquireRequest 4",
      "acquireFail 3 Error: acquire was aborted",
      "acquireFail 4 Error: no need any more",
    ]);
    assertEquals(numbers(pool), [1, 0, 0, 0, 0]);
  });

  it("min is kept, not made: neither at the start nor after a destroy", async () => {
    using time = new Time();
    const validate = ({ id }: Thing) => id > 0;
    const { closed, made, pool } = pooled({ min: 2, max: 3, validate });
    const all = [pool.acquire(), pool.acquire(), pool.acquire()];
    const things = await Promise.all(all.map(({ promise }) => promise));
    for (const thing of [things[1]!, things[2]!, things[0]!]) pool.release(thing);
    await time.pass(40_000, 1_000);
    assertEquals([closed, numbers(pool)], [[1], [0, 2, 0, 0, 0]]);
    assertEquals((await pool.acquire().promise).id, 2);
    await idle();
    assertEquals([closed, numbers(pool), made()], [[1, 0], [1, 0, 0, 0, 0], 3]);
    await time.pass(40_000, 1_000);
    assertEquals(made(), 3);
  });

  it("one for an acquire that has gone counts for min, too", async () => {
    using time = new Time();
    const creation = deferred<Thing>();
    const { closed, pool } = pooled({ create: () => creation.promise, min: 1 });
    pool.acquire().abort();
    creation.resolve(new Thing(3));
    await idle();
    const thing = await pool.acquire().promise;
    pool.release(thing);
    await time.pass(100_000, 10_000);
    assertEquals([closed, pool.numFree()], [[], 1]);
  });

  it("destroy ends all at once: who waits, and who comes", async () => {
    const { closed, pool, told } = pooled();
    const thing = await pool.acquire().promise;
    const waits = rejection(pool.acquire().promise);
    const ended = pool.destroy();
    assertInstanceOf(await waits, PoolClosedError);
    assertInstanceOf(await rejection(pool.acquire().promise), PoolClosedError);
    assertEquals([await stateOf(ended), closed], ["pending", []]);
    assert(pool.release(thing));
    await ended;
    assertEquals([closed, told.at(-1)?.slice(0, 18)], [[0], "poolDestroySuccess"]);
  });

  it("creations that fail are tried again, without number but with rests", async () => {
    using time = new Time();
    let calls = 0;
    const create = () => ++calls < 20 ? Promise.reject(new Error("down")) : new Thing(calls);
    const { pool } = pooled({ create });
    const got = pool.acquire();
    await time.pass(100, 5);
    assert(calls > 1 && calls < 20, `${calls} calls in 100 ms`);
    await time.pass(20 * 200, 20);
    assertEquals((await got.promise).id, 20);
  });

  it("refuses options that are wrong, and says what is right", () => {
    const wrong: [object, string][] = [
      [{ create: 1 }, "create must be a function"],
      [{ destroy: undefined }, "destroy must be a function"],
      [{ min: -1 }, "min must be a whole number from 0 on, got -1"],
      [{ max: 0 }, "max must be a whole number from 1 and min on, got 0"],
      [{ min: 2 }, "max must be a whole number from 1 and min on, got 1"],
      [{ idleTimeoutMillis: 0.5 }, "idleTimeoutMillis must be a whole number of ms from 1 on"],
      [{ maxSize: 1 }, "there is no option maxSize"],
    ];
    for (const [options, message] of wrong) {
      assertThrows(() => pooled(options), Error, `new Pool: ${message}`);
    }
    assertThrows(() => new Pool(undefined as never), TypeError, "create must be a function");
  });

  it("takes options of our own", async () => {
    const { pool } = pooled({}, { name: "mine", maxLifetime: 1_000 });
    const { config, name } = pool.pool.stats();
    assertEquals([name, config.maxLifetime, config.logLevel], ["mine", 1_000, "silent"]);
    const thing = await pool.acquire().promise;
    assert(pool.pool.invalidate(thing));
    assert(pool.release(thing));
    assertEquals(pool.numFree(), 0);
  });

  it("its types are tarn's", async () => {
    const create: CallbackOrPromise<Thing> = (done) => done(null, new Thing(2));
    const pool = new Pool({
      create,
      destroy: (thing: Thing) => thing.toString(),
      validate: (thing: Thing) => thing.id > 0,
      log: (message: string) => message,
      min: 0,
      max: 1,
    });
    pool.on("acquireSuccess", (id: number, thing: Thing) => void (id + thing.id));
    pool.on("destroyFail", (id: number, thing: Thing, error: Error) => void [id, thing, error]);
    const acquired: PendingOperation<Thing> = pool.acquire();
    const thing: Thing = await acquired.promise;
    const there: boolean = pool.release(thing);
    assert(there);
    const knex: { acquire(): { promise: Promise<Thing> }; destroy(): Promise<void> } = pool;
    await knex.destroy();
    // @ts-expect-error: there is no such event
    pool.on("acquired", () => {});
    // @ts-expect-error: nor such an option
    void (() => new Pool({ create, destroy: () => {}, min: 0, max: 1, maxSize: 1 }));
  });
});
