// What other pools got wrong: each of their faults as a test, under the name of whose it was.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { LeaseError, Pool, PoolClosedError, PoolTimeoutError } from "../mod.ts";
import { collect } from "./helpers/gc.ts";
import { Creations, idle, rejection, stateOf, Thing, Workshop } from "./helpers/pool.ts";
import { sleep, until } from "./helpers/until.ts";
import { Recorder } from "./helpers/recorder.ts";

const quiet = { logLevel: "silent" } as const;

describe("all five: a second release frees the current holder's object", () => {
  it("a second return changes nothing", async () => {
    const pool = new Pool((n) => new Thing(n), { maxSize: 1, ...quiet });
    const first = await pool.get();
    await pool.ret(first);
    const second = await pool.get();
    await pool.ret(first);
    const third = pool.get();
    assertEquals(await stateOf(third), "pending");
    assertEquals(second.echo(1), 1);
    await pool.ret(second);
    await pool.ret(await third);
    await pool.shutdown();
  });
});

describe("generic-pool, tarn, pg-pool: over the maximum while objects are being closed", () => {
  it("what is being closed counts", async () => {
    const shop = new Workshop();
    const pool = new Pool(shop.slow(5).fun, { maxSize: 1, closer: shop.slow(5).closer });
    for (let i = 0; i < 4; i++) void pool.discard(await pool.get());
    await pool.shutdown();
    assertEquals([shop.most, shop.closed.length], [1, 4]);
  });
});

describe("generic-pool: a failed creation is tried again at once, for ever", () => {
  it("one failure, one rejection, one attempt a get", async () => {
    let attempts = 0;
    const pool = new Pool(() => {
      attempts++;
      throw new Error("refused");
    }, quiet);
    const failures = await Promise.all([1, 2, 3].map(() => rejection(pool.get())));
    await sleep(20);
    assertEquals([failures.map(String), attempts], [Array(3).fill("Error: refused"), 3]);
    await pool.shutdown();
  });
});

describe("generic-pool: validation, use and clear", () => {
  it("a health that rejects is no unhandled rejection, and its place is free again", async () => {
    const pool = new Pool((n) => new Thing(n), {
      maxSize: 1,
      healthAfter: 0,
      health: () => Promise.reject(new Error("broken")),
      ...quiet,
    });
    await pool.ret(await pool.get());
    const lease = await pool.get();
    assertEquals([lease.id, pool.stats().unhealthy], [1, 1]);
    await pool.ret(lease);
    await pool.shutdown();
  });

  it("use takes the object back from a callback that throws at once, to be lent if it is reset", async () => {
    for (const retter of [undefined, () => {}]) {
      const pool = new Pool((n) => new Thing(n), { maxSize: 1, retter });
      const failure = rejection(pool.use(() => {
        throw new Error("mine");
      }));
      assertEquals(String(await failure), "Error: mine");
      assertEquals([pool.available, pool.size], retter ? [1, 1] : [0, 0]);
      await pool.shutdown();
    }
  });

  it("reset leaves nothing available that is closed", async () => {
    const shop = new Workshop();
    const pool = new Pool(shop.fun, { closer: shop.closer });
    const leases = await Promise.all([pool.get(), pool.get()]);
    await Promise.all(leases.map((lease) => pool.ret(lease)));
    pool.reset();
    const lease = await pool.get();
    assert(!shop.closed.includes(lease.id), `lent #${lease.id}, which is closed`);
    await pool.ret(lease);
    await pool.shutdown();
  });
});

describe("tarn: abort, destroy", () => {
  it("an abort while an object is checked leaves the healthy object alone", async () => {
    const shop = new Workshop();
    const pool = new Pool(shop.fun, {
      maxSize: 1,
      closer: shop.closer,
      healthAfter: 0,
      health: () => sleep(10).then(() => true),
    });
    await pool.ret(await pool.get());
    await rejection(pool.get({ signal: AbortSignal.timeout(2) }));
    await until(() => pool.available === 1, "the object is back");
    assertEquals([shop.closed, pool.stats().created], [[], 1]);
    await pool.shutdown();
  });

  it("a get after shutdown fails at once", async () => {
    const pool = new Pool((n) => new Thing(n), { timeout: 10_000 });
    await pool.shutdown();
    assertInstanceOf(await rejection(pool.get()), PoolClosedError);
  });

  it("a shutdown does not hang on a lease that was lost", async () => {
    const shop = new Workshop();
    const pool = new Pool(shop.fun, { closer: shop.closer, ...quiet });
    await (async () => void (await pool.get()).id)();
    let ended = false;
    const ending = pool.shutdown().then(() => ended = true);
    for (let i = 0; i < 50 && !ended; i++) await collect(1);
    await ending;
    assertEquals([shop.closed, pool.stats().leaked], [[0], 1]);
  });
});

describe("lightning-pool, pg-pool: what hangs eats a place for ever", () => {
  it("a creation that hangs is given up at createTimeout", async () => {
    let attempts = 0;
    const pool = new Pool(
      (n) => attempts++ === 0 ? new Promise<Thing>(() => {}) : new Thing(n),
      { maxSize: 1, createTimeout: 10, ...quiet },
    );
    assertInstanceOf(await rejection(pool.get()), PoolTimeoutError);
    await pool.ret(await pool.get());
    await pool.shutdown();
  });

  it("a health that hangs is given up at hookTimeout", async () => {
    const pool = new Pool((n) => new Thing(n), {
      maxSize: 1,
      hookTimeout: 5,
      healthAfter: 0,
      health: () => new Promise<boolean>(() => {}),
      ...quiet,
    });
    await pool.ret(await pool.get());
    const lease = await pool.get();
    assertEquals([lease.id, pool.stats().unhealthy], [1, 1]);
    await pool.ret(lease);
    await pool.shutdown();
  });

  it("shutdown fails whoever waits", async () => {
    const pool = new Pool((n) => new Thing(n), { maxSize: 1 });
    const lease = await pool.get();
    const waiting = rejection(pool.get());
    const ending = pool.shutdown();
    assertInstanceOf(await waiting, PoolClosedError);
    await pool.ret(lease);
    await ending;
  });
});

describe("@db/postgres: each failed connect loses a place", () => {
  it("more failures than places leave all places free", async () => {
    let failing = true;
    const pool = new Pool((n) => {
      if (failing) throw new Error("refused");
      return new Thing(n);
    }, { maxSize: 2, ...quiet });
    for (let i = 0; i < 5; i++) await rejection(pool.get());
    failing = false;
    const leases = await Promise.all([pool.get(), pool.get()]);
    await Promise.all(leases.map((lease) => pool.ret(lease)));
    await pool.shutdown();
  });
});

describe("redis-py: a cancelled command leaves its reply to the next borrower", () => {
  it("an object whose use was aborted is never lent again", async () => {
    const pool = new Pool((n) => new Thing(n), { maxSize: 1 });
    const aborting = new AbortController();
    const cut = pool.use(async (thing) => {
      aborting.abort();
      await null;
      return thing.id;
    }, { signal: aborting.signal });
    assertEquals((await rejection(cut) as Error).name, "AbortError");
    assertEquals(await pool.use((thing) => thing.id), 1);
    await pool.shutdown();
  });
});

describe("psycopg, bb8: cancelling a wait loses the connection", () => {
  it("an object returned for a get that was aborted goes on", async () => {
    const pool = new Pool((n) => new Thing(n), { maxSize: 1 });
    const lease = await pool.get();
    const aborting = new AbortController();
    const aborted = rejection(pool.get({ signal: aborting.signal }));
    const next = pool.get();
    aborting.abort("enough");
    void pool.ret(lease);
    assertEquals(await aborted, "enough");
    await pool.ret(await next);
    await pool.shutdown();
  });
});

describe("node-postgres: a connect that succeeds after its get has timed out leaks", () => {
  it("it is kept, counted and lent", async () => {
    const creations = new Creations();
    const pool = new Pool(creations.fun, { maxSize: 1, timeout: 10 });
    assertInstanceOf(await rejection(pool.get()), PoolTimeoutError);
    await creations.finish(0);
    assertEquals([pool.available, pool.size], [1, 1]);
    await pool.ret(await pool.get());
    await pool.shutdown();
  });
});

describe("knex: 'pool is probably full' hides the real error", () => {
  it("a timeout names the last failure to make an object, and who holds what", async () => {
    const creations = new Creations();
    const pool = new Pool(creations.fun, {
      maxSize: 1,
      timeout: 100,
      tracer: (thing) => `client ${thing.id}`,
    });
    const failed = rejection(pool.get());
    await idle();
    const refused = new Error("password authentication failed");
    await creations.fail(0, refused);
    await failed;
    const second = pool.get();
    await idle();
    await creations.finish(1);
    await second;
    const error = await rejection(pool.get()) as PoolTimeoutError;
    assertStringIncludes(error.message, refused.message);
    assertStringIncludes(error.message, "client 1");
    assertStrictEquals(error.cause, refused);
    await pool.ret(await second);
    await pool.shutdown();
  });
});

describe("mysql2: an option is ignored in silence", () => {
  it("a name that is not ours is refused, and told", () => {
    const options = { idleTimeout: 1000 } as object;
    assertThrows(() => new Pool(() => new Thing(0), options), TypeError, "maxAvailDelay");
  });
});

describe("node-postgres: the next borrower inherits an open transaction", () => {
  it("retter resets an object, and one that cannot be reset is closed", async () => {
    const shop = new Workshop();
    let works = true;
    const reset: number[] = [];
    const pool = new Pool(shop.fun, {
      maxSize: 1,
      closer: shop.closer,
      retter: (thing) => {
        if (!works) throw new Error("no rollback");
        reset.push(thing.id);
      },
      ...quiet,
    });
    await pool.ret(await pool.get());
    works = false;
    await pool.ret(await pool.get());
    assertEquals([reset, shop.closed], [[0], [0]]);
    await pool.shutdown();
  });
});

describe("the original: an object that is used after it was killed", () => {
  it("a killed lease throws, and says so", async () => {
    const pool = new Pool((n) => new Thing(n), {
      maxUsingDelayKill: 10,
      logger: new Recorder(),
    });
    const lease = await pool.get();
    await until(() => pool.stats().killed === 1, "it is killed");
    let message = "";
    try {
      lease.echo(1);
    } catch (error) {
      assertInstanceOf(error, LeaseError);
      message = error.message;
    }
    assertStringIncludes(message, "killed");
    await pool.shutdown();
  });
});
