// An object that has died: its pool is told so, by what learns of it, at any time.

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { type CloseReason, type Create, PoolError, type PoolOptions } from "../mod.ts";
import { deferred, idle, rejection, Thing } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";

type Invalidate = (why?: unknown) => void;

/** A pool with its things, what `fun` was given to tell of their death, and why they were closed. */
function things(options: PoolOptions<Thing> = {}) {
  const made: Thing[] = [];
  const die: Invalidate[] = [];
  const closed: [number, CloseReason][] = [];
  const fun: Create<Thing> = (n, { invalidate }) => {
    die[n] = invalidate;
    return made[n] = new Thing(n);
  };
  const pool = new TestPool(fun, {
    maxSize: 1,
    closer: ({ id }, { reason }) => void closed.push([id, reason]),
    ...options,
  });
  return Object.assign(pool, { made, die, closed });
}

type Things = ReturnType<typeof things>;

/** The two ways to tell. */
const WAYS: [string, (pool: Things, n: number, why?: unknown) => void][] = [
  ["fun's invalidate", ({ die }, n, why) => die[n]!(why)],
  ["pool.invalidate", (pool, n, why) => void pool.invalidate(pool.made[n]!, why)],
];

for (const [how, invalidate] of WAYS) {
  describe(`${how} of an object`, () => {
    it("that is available: it is closed at once, and counted", async () => {
      await using pool = things();
      await pool.use(() => {});
      invalidate(pool, 0, "socket closed");
      assertEquals([pool.closed, pool.available], [[[0, "invalidated"]], 0]);
      await idle();
      const { invalidated, closed, discarded, size } = pool.stats();
      assertEquals([invalidated, closed, discarded, size], [1, 1, 0, 0]);
      assertEquals(await pool.use(({ id }) => id), 1);
    });

    it("that is available: it is replaced up to minSize", async () => {
      await using pool = things({ minSize: 2, maxSize: 3 });
      await pool.ready();
      invalidate(pool, 0);
      invalidate(pool, 1);
      await idle();
      assertEquals([pool.available, pool.made.length, pool.closed.length], [2, 4, 2]);
    });

    it("that is in use: its borrower keeps it, and it is closed when it comes back", async () => {
      await using pool = things();
      const lease = await pool.get();
      const next = pool.get();
      invalidate(pool, 0);
      assertEquals([lease.echo("goes on"), pool.using, pool.closed], ["goes on", 1, []]);
      await pool.ret(lease);
      assertEquals([(await next).id, pool.closed], [1, [[0, "invalidated"]]]);
      assertEquals([pool.stats().invalidated, pool.stats().returned], [1, 1]);
      await pool.ret(await next);
    });

    it("that is in use: retter is asked, and closes nothing twice", async () => {
      const reset = deferred();
      await using pool = things({ retter: () => reset.promise });
      const released = (await pool.borrow()).release();
      invalidate(pool, 0); // while retter is at work
      reset.resolve();
      await released;
      assertEquals([pool.closed, pool.size], [[[0, "invalidated"]], 0]);
    });

    it("counts but once, however often it is told, and never again once it is gone", async () => {
      await using pool = things({ logLevel: "info" });
      const lease = await pool.get();
      for (let i = 0; i < 3; i++) invalidate(pool, 0, "lost");
      await pool.ret(lease);
      invalidate(pool, 0, "lost");
      const said = pool.lines.filter((line) => line.includes("#0 thing 0 is invalidated: lost"));
      assertEquals([said.length, pool.closed.length, pool.stats().invalidated], [1, 1, 1]);
    });

    it("that getter is looking at: it is not lent", async () => {
      const look = deferred();
      await using pool = things({ getter: ({ id }) => id === 0 ? look.promise : undefined });
      const lease = pool.get();
      await idle();
      invalidate(pool, 0);
      look.resolve();
      assertEquals([(await lease).id, pool.closed], [1, [[0, "invalidated"]]]);
      await pool.ret(await lease);
    });

    it("that a synchronous getter has just found dead: it is not lent", async () => {
      await using pool = things({ getter: ({ id }) => id === 0 && invalidate(pool, 0) });
      assertEquals(await pool.use(({ id }) => id), 1);
      assertEquals([pool.closed, pool.stats().invalidated], [[[0, "invalidated"]], 1]);
    });

    it("that a round's health is looking at: it is closed once that is done", async () => {
      const answer = deferred();
      await using pool = things({ hkDelay: 5, health: () => answer.promise });
      await pool.use(() => {});
      while (pool.stats().healthChecks === 0) await idle();
      invalidate(pool, 0);
      answer.resolve();
      await idle();
      assertEquals([pool.closed, pool.size], [[[0, "invalidated"]], 0]);
    });

    it("that is detached or closed: nothing happens", async () => {
      await using pool = things();
      pool.detach(await pool.get());
      invalidate(pool, 0);
      await (await pool.borrow()).discard();
      invalidate(pool, 1);
      assertEquals([pool.closed, pool.stats().invalidated], [[[1, "discarded"]], 0]);
    });
  });
}

describe("pool.invalidate", () => {
  it("says whether the pool has the object, available or lent, by itself or by its lease", async () => {
    await using pool = things({ maxSize: 2 });
    await using other = things();
    const lease = await pool.get();
    assertEquals(other.invalidate(lease), false);
    assertEquals(pool.invalidate(lease), true);
    assertEquals(pool.invalidate(pool.made[0]!), true, "told twice");
    await pool.ret(lease);
    assertEquals([pool.invalidate(lease), pool.invalidate(pool.made[0]!)], [false, false]);
    await pool.use(() => {});
    assertEquals(pool.invalidate(pool.made[1]!), true);
    for (const foreign of [new Thing(0), undefined, null, 5]) {
      assertEquals(pool.invalidate(foreign as never), false);
    }
    assertEquals(pool.stats().invalidated, 2);
  });

  it("knows an object that opener has just now", async () => {
    await using pool: TestPool<Thing> = new TestPool((n) => new Thing(n), {
      maxSize: 1,
      opener: (thing) => void (thing.id === 0 && pool.invalidate(thing, "refused")),
    });
    const error = await rejection(pool.get());
    assert(error instanceof PoolError);
    assert(
      /#0 was invalidated during its creation: refused/.test(error.message),
      error.message,
    );
    assertEquals(error.cause, "refused");
    assertEquals(await pool.use(({ id }) => id), 1);
  });
});

describe("fun's invalidate", () => {
  it("while the object is made: that attempt fails once it is made, and the object is closed", async () => {
    const steps = [deferred<Thing>(), deferred<Thing>()];
    const die: Invalidate[] = [];
    const closed: [number, CloseReason][] = [];
    await using pool = new TestPool<Thing>((n, { invalidate }) => {
      die.push(invalidate);
      return steps[n]!.promise;
    }, { maxSize: 1, closer: ({ id }, { reason }) => void closed.push([id, reason]) });
    const [first, second] = [rejection(pool.get()), pool.get()];
    const why = new RangeError("hung up");
    die[0]!(why);
    die[0]!("once more");
    await idle();
    assertEquals([pool.creating, pool.waiting, pool.stats().createFailed], [1, 2, 0]);
    steps[0]!.resolve(new Thing(0));
    const error = await first;
    assert(error instanceof PoolError);
    assert(/#0 was invalidated during its creation: RangeError: hung up/.test(error.message));
    assertStrictEquals(error.cause, why);
    steps[1]!.resolve(new Thing(1));
    assertEquals((await second).id, 1);
    assertEquals([closed, pool.stats().createFailed], [[[0, "leftover"]], 1]);
    await pool.ret(await second);
  });

  it("while the object is made: what fun itself fails with says more", async () => {
    const step = deferred<Thing>();
    await using pool = new TestPool<Thing>((_, { invalidate }) => {
      invalidate("socket closed");
      return step.promise;
    });
    const failed = rejection(pool.get());
    await idle();
    step.reject(new RangeError("password authentication failed"));
    assertEquals(String(await failed), "RangeError: password authentication failed");
  });

  it("can be handed over as a listener, and be called by whatever learns of the death", async () => {
    const target = new EventTarget();
    await using pool = new TestPool((n, { invalidate }) => {
      target.addEventListener(`error ${n}`, invalidate, { once: true });
      return new Thing(n);
    }, { maxSize: 1 });
    await pool.use(() => {});
    target.dispatchEvent(new Event("error 0"));
    assertEquals([pool.size, pool.stats().invalidated], [0, 1]);
    const lease = await pool.get();
    target.dispatchEvent(new Event("error 1"));
    await pool.ret(lease);
    assertEquals([pool.size, pool.stats().invalidated], [0, 2]);
  });

  it("during a shutdown changes nothing that matters", async () => {
    const pool = things();
    const lease = await pool.get();
    const ended = pool.shutdown();
    pool.die[0]!();
    await pool.ret(lease);
    await ended;
    pool.die[0]!();
    assertEquals([pool.closed.length, pool.size], [1, 0]);
  });
});

describe("puppeteer#1589, node-pool#155: an object dies while idle or lent, and says so by an event", () => {
  it("who waits behind the dead is served by a new one", async () => {
    await using pool = things({ maxSize: 2, minSize: 2 });
    const leases = [await pool.get(), await pool.get()];
    const waiting = [pool.get(), pool.get()];
    for (const die of [...pool.die]) die("browser disconnected");
    await Promise.all(leases.map((lease) => pool.ret(lease)));
    assertEquals((await Promise.all(waiting)).map(({ id }) => id), [2, 3]);
    const { size, using, invalidated } = pool.stats();
    assertEquals([size, using, invalidated], [2, 2, 2]);
    for (const lease of waiting) await pool.ret(await lease);
  });
});

describe("invalidate of the object of a use whose callback hangs", () => {
  it("aborts its signal by what was told; after abortGrace the object is closed, and use rejects", async () => {
    const closed: CloseReason[] = [];
    await using pool = new TestPool((n) => new Thing(n), {
      maxSize: 1,
      abortGrace: 10,
      logLevel: "silent",
      closer: (_, { reason }) => void closed.push(reason),
    });
    const why = new Error("hung up");
    let told: AbortSignal | undefined;
    const used = rejection(pool.use((thing, { signal }) => {
      told = signal;
      pool.invalidate(thing, why);
      return new Promise(() => {});
    }));
    assertEquals((await pool.get({ timeout: 2_000 })).id, 1);
    const error = await used as PoolError;
    assert(error.message.includes("was invalidated"), error.message);
    assertStrictEquals(error.cause, why);
    assertStrictEquals(told!.reason, error);
    assertEquals(closed, ["invalidated"]);
  });

  it("does nothing more to one that ends in time: use settles as its callback does", async () => {
    await using pool = new TestPool((n) => new Thing(n), { maxSize: 1 });
    const given = await pool.use(async (thing) => {
      pool.invalidate(thing);
      await idle();
      return thing.id;
    });
    assertEquals([given, pool.stats().invalidated, pool.size], [0, 1, 0]);
  });
});
