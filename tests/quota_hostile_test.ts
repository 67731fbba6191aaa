// Quotas that fail, hang, or give something else: a creation fails, and nothing is stuck or leaks.

import { assert, assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool, PoolClosedError, PoolError, PoolTimeoutError } from "../mod.ts";
import type { Permit, Quota, QuotaMember } from "../quota/mod.ts";
import { idle, rejection, Thing, Timers, Workshop } from "./helpers/pool.ts";
import { Recorder } from "./helpers/recorder.ts";
import { HandQuota } from "./helpers/quota.ts";
import { TestPool } from "./helpers/test_pool.ts";
import { sleep, until } from "./helpers/until.ts";

/** One whose members are those of `HandQuota`, but for what is given. */
function quotaOf(own: Partial<Record<keyof QuotaMember, unknown>>): Quota {
  const member = {
    acquire: () => Promise.resolve({ release() {} }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
    ...own,
  };
  return { attach: () => member as QuotaMember };
}

const down = new Error("the engine is down");
const fail = () => {
  throw down;
};

describe("a quota that cannot give permits", () => {
  const FAILURES: [string, Quota, string][] = [
    ["rejects", quotaOf({ acquire: () => Promise.reject(down) }), "the engine is down"],
    ["throws", quotaOf({ acquire: fail }), "the engine is down"],
    ["cannot be attached to", { attach: fail }, "the engine is down"],
    ["gives nothing", quotaOf({ acquire: () => Promise.resolve(undefined) }), "with release()"],
    ["gives something else", quotaOf({ acquire: () => ({}) }), "with release(), got an object"],
    ["has no member", { attach: () => undefined as never }, "a member with acquire()"],
    [
      "has a member that cannot be disposed of",
      quotaOf({ [Symbol.asyncDispose]: undefined } as never),
      "attach() must return a member with [Symbol.asyncDispose](), got an object: ",
    ],
    [
      "gives a thenable that throws",
      quotaOf({ acquire: () => ({ then: fail }) }),
      "the engine is down",
    ],
  ];
  for (const [name, quota, text] of FAILURES) {
    it(`fails one get: it ${name}`, async () => {
      const workshop = new Workshop();
      await using pool = new TestPool(workshop.fun, { quota, name: "mine" });
      const error = await rejection(pool.get());
      assertInstanceOf(error, PoolError);
      assertStringIncludes(error.message, "mine: no permit from the quota: ");
      assertStringIncludes(error.message, text);
      assert(error.cause instanceof Error);
      const { createFailed, requesting, size } = pool.stats();
      assertEquals([createFailed, requesting, size, workshop.attempts], [1, 0, 0, 0]);
    });
  }

  it("tells observers of a failed attempt", async () => {
    await using pool = new TestPool(new Workshop().fun, { quota: quotaOf({ acquire: fail }) });
    const told: unknown[] = [];
    pool.observe({ created: ({ error, n }) => void told.push(n, String(error)) });
    await rejection(pool.get());
    assertEquals(told[0], 0);
    assertStringIncludes(String(told[1]), "the engine is down");
  });

  it("is an outage: attempts rest, and it is over with the first permit", async () => {
    let broken = true;
    let asked = 0;
    const acquire = () => {
      asked++;
      if (broken) throw down;
      return Promise.resolve({ release() {} });
    };
    await using pool = new TestPool(new Workshop().fun, { quota: quotaOf({ acquire }) });
    const results = await Promise.allSettled(Array.from({ length: 50 }, () => pool.get()));
    assertEquals(results.filter(({ status }) => status === "rejected").length, 50);
    assert(asked < 22, `${asked} requests`);
    broken = false;
    await pool.use(() => {});
    await pool.use(() => {});
  });

  it("is waited out with createRetry", async () => {
    let asked = 0;
    const acquire = () => {
      if (++asked < 4) throw down;
      return Promise.resolve({ release() {} });
    };
    await using pool = new TestPool(new Workshop().fun, {
      quota: quotaOf({ acquire }),
      createRetry: (error) => (error as PoolError).cause === down,
    });
    await pool.use(() => {});
    assertEquals(asked, 4);
  });

  it("leaves what is there in use", async () => {
    let broken = false;
    const acquire = () => {
      if (broken) throw down;
      return Promise.resolve({ release() {} });
    };
    await using pool = new TestPool(new Workshop().fun, { quota: quotaOf({ acquire }) });
    await pool.use(() => {});
    broken = true;
    const loan = await pool.borrow();
    await rejection(pool.get());
    await loan.release();
    await pool.use(() => {});
    assertEquals([pool.stats().created, pool.available], [1, 1]);
  });

  it("fails ready() with it", async () => {
    const quota = quotaOf({ acquire: fail });
    await using pool = new TestPool(new Workshop().fun, { quota, minSize: 1 });
    assertStringIncludes(String(await rejection(pool.ready())), "no permit from the quota");
  });
});

describe("a quota that never answers", () => {
  const silent = () => quotaOf({ acquire: () => new Promise(() => {}) });

  it("lets a get time out, and the pool shut down", async () => {
    const pool = new Pool(new Workshop().fun, { quota: silent() });
    assertInstanceOf(await rejection(pool.get({ timeout: 5 })), PoolTimeoutError);
    const failed = rejection(pool.get());
    await pool.shutdown();
    assertInstanceOf(await failed, PoolClosedError);
  });

  it("gets a permit back that comes after the shutdown", async () => {
    let resolve!: (permit: Permit) => void;
    const acquire = () => new Promise((done) => void (resolve = done));
    const pool = new Pool(new Workshop().fun, { quota: quotaOf({ acquire }) });
    const failed = rejection(pool.get());
    await idle();
    await pool.shutdown();
    await failed;
    let released = 0;
    resolve({ release: () => void released++ });
    await until(() => released === 1, "it is released");
  });
});

describe("a quota whose", () => {
  for (
    const [name, release] of [["throws", fail], ["rejects", () => Promise.reject(down)]] as const
  ) {
    it(`release() ${name} is logged, and the pool goes on`, async () => {
      const quota = quotaOf({ acquire: () => Promise.resolve({ release }) });
      await using pool = new TestPool(new Workshop().fun, { quota, maxUse: 1 });
      await pool.use(() => {});
      await pool.use(() => {});
      await idle();
      assertEquals([pool.size, pool.stats().closed], [0, 2]);
      assertStringIncludes(pool.lines.join(), "the quota failed in release(): Error: the engine");
    });
  }

  for (
    const [name, lost] of [
      ["no signal", () => ({ aborted: false })],
      ["a getter that throws", fail],
    ] as const
  ) {
    it(`permit has as lost ${name}: it is released, and the get fails`, async () => {
      let released = 0;
      const permit = {
        release: () => void released++,
        get lost() {
          return lost();
        },
      };
      const quota = quotaOf({ acquire: () => Promise.resolve(permit) });
      await using pool = new TestPool(new Workshop().fun, { quota });
      assertStringIncludes(String(await rejection(pool.get())), "no permit from the quota");
      assertEquals(released, 1);
    });
  }

  it("yields() throws is logged, and the object is kept", async () => {
    await using pool = new TestPool(new Workshop().fun, { quota: quotaOf({ yields: fail }) });
    await pool.use(() => {});
    assertEquals(pool.available, 1);
    assertStringIncludes(pool.lines.join(), "the quota failed in yields(): Error: the engine");
  });

  for (
    const [name, dispose] of [
      ["throws", fail],
      ["rejects", () => Promise.reject(down)],
      ["hangs", () => new Promise(() => {})],
    ] as const
  ) {
    it(`disposal ${name} holds no shutdown, and is logged`, async () => {
      const logger = new Recorder();
      const quota = quotaOf({ [Symbol.asyncDispose]: dispose } as never);
      const pool = new Pool(new Workshop().fun, { quota, closeTimeout: 10, logger });
      await pool.use(() => {});
      await pool.shutdown();
      assertStringIncludes(logger.lines.join(), "the disposal of the quota failed");
    });
  }

  for (const closer of [undefined, () => new Promise(() => {})]) {
    const how = closer ? "closers that hang" : "objects in use";
    it(`disposal hangs is waited for by no shutdown that has run out of time, with ${how}`, async () => {
      const quota = quotaOf({ [Symbol.asyncDispose]: () => new Promise(() => {}) } as never);
      const options = { quota, closer, closeTimeout: 0, logger: new Recorder() };
      const pool = new Pool(new Workshop().fun, options);
      await pool.borrow();
      await pool.shutdown({ timeout: 5 });
    });
  }

  it("disposal hangs keeps no timer after a shutdown that has run out of time", async () => {
    const never = () => new Promise<never>(() => {});
    const quota = quotaOf({ [Symbol.asyncDispose]: never } as never);
    const pool = new Pool(new Workshop().fun, { quota, closer: never, logger: new Recorder() });
    await pool.borrow();
    using timers = new Timers();
    await pool.shutdown({ timeout: 5 });
    await idle();
    assertEquals(timers.pending, 0);
  });

  it("disposal takes its time is waited for by a shutdown, also by one that kills", async () => {
    for (const timeout of [0, 5]) {
      let left = false;
      const dispose = async () => {
        await sleep(20);
        left = true;
      };
      const pool = new Pool(new Workshop().fun, {
        quota: quotaOf({ [Symbol.asyncDispose]: dispose } as never),
        logger: new Recorder(),
      });
      if (timeout > 0) await pool.borrow();
      else await pool.use(() => {});
      await pool.shutdown({ timeout });
      assertEquals(left, true);
    }
  });

  it("acquire calls the pool again is served", async () => {
    const pool: Pool<Thing> = new TestPool((n) => new Thing(n), {
      quota: quotaOf({
        acquire: () => {
          pool.tryGet();
          if (depth++ < 3) void pool.use(() => {});
          return Promise.resolve({ release() {} });
        },
      }),
    });
    let depth = 0;
    await pool.use(() => {});
    await until(() => pool.using + pool.waiting === 0, "all are done");
    await pool.shutdown();
  });

  it("abort listener calls the pool again is no loop", async () => {
    const pool: Pool<Thing> = new TestPool((n) => new Thing(n), {
      quota: quotaOf({
        acquire: ({ signal }: { signal: AbortSignal }) =>
          new Promise((_, reject) => {
            signal.addEventListener("abort", () => {
              reject(signal.reason);
              if (again++ < 3) pool.get({ timeout: 1 }).catch(() => {});
            });
          }),
      }),
    });
    let again = 0;
    await rejection(pool.get({ timeout: 1 }));
    await until(() => again === 4 && pool.waiting === 0, "all have gone");
    assertEquals(pool.size, 0);
    await pool.shutdown();
  });
});

describe("the member of a pool", () => {
  it("is disposed of once, after its last permit", async () => {
    const quota = new HandQuota({ gives: true });
    const pool = new TestPool(new Workshop().fun, { quota });
    const loan = await pool.borrow();
    const shut = pool.shutdown();
    await idle();
    assertEquals([quota.disposed, quota.released], [0, [0]]);
    await loan.release();
    await shut;
    await pool.shutdown();
    assertEquals([quota.disposed, quota.released], [1, [1]]);
  });

  it("is none of a pool that has not started", async () => {
    const quota = new HandQuota();
    await new TestPool(new Workshop().fun, { quota }).shutdown();
    assertEquals([quota.clients.length, quota.disposed], [0, 0]);
  });

  it("has its requests withdrawn by a shutdown, which who waits hears of", async () => {
    const quota = new HandQuota();
    const pool = new TestPool(new Workshop().fun, { quota, minSize: 1 });
    const failed = [pool.get(), pool.ready()].map(rejection);
    await idle();
    await pool.shutdown();
    for (const error of await Promise.all(failed)) assertInstanceOf(error, PoolClosedError);
    assertInstanceOf(quota.acquiring[0]!.signal.reason, PoolClosedError);
    assertEquals([pool.size, quota.disposed], [0, 1]);
  });

  it("goes on to ask while a shutdown drains", async () => {
    const quota = new HandQuota();
    const pool = new TestPool(new Workshop().fun, { quota });
    const used = pool.use(() => "served");
    await idle();
    const shut = pool.shutdown({ drain: true });
    await quota.give(0);
    assertEquals(await used, "served");
    await shut;
    assertEquals([quota.released, quota.disposed], [[1], 1]);
  });
});
