// The signal that a callback of Pool.use is given: when it is made, when it aborts, and why.

import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { LeaseError, type Pool, PoolError, type PoolOptions, type UseContext } from "../mod.ts";
import { deferred, idle, rejection, stateOf, Thing, Time } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";
import { unhandledIn } from "./helpers/unhandled.ts";
import { until } from "./helpers/until.ts";

function things(options: PoolOptions<Thing> = {}): TestPool<Thing> {
  return new TestPool((n) => new Thing(n), { maxSize: 1, ...options });
}

/** A `use` whose callback ends by hand, with the object and the context that it has. */
async function begin(pool: Pool<Thing>) {
  const work = deferred<unknown>();
  const lent = deferred<{ thing: Thing; context: UseContext }>();
  const used = pool.use((thing, context) => {
    lent.resolve({ thing, context });
    return work.promise;
  });
  used.catch(() => {}); // whoever is interested in that asks
  return { used, work, ...await lent.promise };
}

describe("the signal of use", () => {
  it("has not aborted, and does not when nothing happens", async () => {
    await using pool = things();
    const signal = await pool.use((_, { signal }) => signal);
    assert(signal instanceof AbortSignal);
    assertEquals(signal.aborted, false);
    await pool.use(() => {});
    await pool.shutdown();
    assertEquals(signal.aborted, false, "the use was over long before");
  });

  it("is there for every callback, whatever its length", async () => {
    await using pool = things();
    // deno-lint-ignore no-explicit-any
    type Fn = (...args: any[]) => unknown;
    const ways: Fn[] = [
      (_, context) => context.signal,
      (...args) => args[1].signal,
      function () {
        return arguments[1].signal;
      },
      (_, { signal } = { signal: undefined }) => signal,
    ];
    for (const fn of ways) assert(await pool.use(fn) instanceof AbortSignal, String(fn));
  });

  it("is made when it is read, once: until then no AbortController is made", async () => {
    await using pool = things();
    let made = 0;
    const Real = AbortController;
    globalThis.AbortController = class extends Real {
      constructor() {
        super();
        made++;
      }
    };
    try {
      await pool.use(() => {}); // fun has a signal of its own
      made = 0;
      await pool.use(() => {});
      await pool.use((_thing, _context) => {});
      assertEquals(made, 0);
      await pool.use((_, context) => assertStrictEquals(context.signal, context.signal));
      assertEquals(made, 1);
    } finally {
      globalThis.AbortController = Real;
    }
  });

  it("is another one for each use", async () => {
    await using pool = things();
    const signal = () => pool.use((_, { signal }) => signal);
    assertNotStrictEquals(await signal(), await signal());
  });

  it("read after its caller gave up is aborted already, with the same reason", async () => {
    await using pool = things({ retter: () => {} });
    const stop = new AbortController();
    const reason = new RangeError("enough");
    const read = deferred<AbortSignal>();
    const used = rejection(pool.use(async (_, context) => {
      await idle();
      stop.abort(reason);
      await idle();
      read.resolve(context.signal);
    }, { signal: stop.signal }));
    assertStrictEquals(await used, reason);
    const signal = await read.promise;
    assertEquals(signal.aborted, true);
    assertStrictEquals(signal.reason, reason);
  });
});

describe("use whose object is taken away by maxUsingDelayKill", () => {
  it("rejects at once, with the LeaseError that its signal aborts with", async () => {
    await using pool = things({ maxUsingDelayKill: 1000 });
    using time = new Time();
    const { used, work, context: { signal } } = await begin(pool);
    await time.pass(1600);
    const error = await rejection(used);
    assert(error instanceof LeaseError);
    assert(error.message.includes("was killed"), error.message);
    assertStrictEquals(signal.reason, error);
    const { killed, closed, returned, discarded } = pool.stats();
    assertEquals([killed, closed, returned, discarded, pool.size], [1, 1, 0, 0, 0]);
    work.resolve(1);
  });

  it("frees its place at once; what its callback gives or throws afterwards is ignored", async () => {
    for (const end of ["resolve", "reject"] as const) {
      await using pool = things({ maxUsingDelayKill: 1000, discardOnError: () => fail() });
      using time = new Time();
      const { used, work, context } = await begin(pool);
      const next = pool.get();
      await time.pass(1600);
      const lease = await next;
      assertEquals([lease.id, pool.size, pool.stats().killed], [1, 1, 1]);
      const unhandled = await unhandledIn(() => work[end](new Error("late")));
      const { doubleReturns, hookErrors } = pool.stats();
      assertEquals([unhandled, lease.id, pool.using, doubleReturns, hookErrors], [[], 1, 1, 0, 0]);
      const { signal } = context; // read late
      assertStrictEquals(signal.reason, await rejection(used));
      await pool.ret(lease);
    }
  });
});

function fail(): never {
  throw new Error("discardOnError is asked, though the object is gone");
}

describe("use during a shutdown", () => {
  it("is waited for without a timeout; its signal does not abort", async () => {
    await using pool = things();
    const { used, work, context: { signal } } = await begin(pool);
    const ended = pool.shutdown();
    assertEquals([await stateOf(ended), signal.aborted], ["pending", false]);
    work.resolve("done");
    assertEquals(await used, "done");
    await ended;
    assertEquals([pool.size, pool.stats().closed], [0, 1]);
  });

  it("rejects at once when the shutdown runs out of time, with what its signal aborts with", async () => {
    await using pool = things();
    using time = new Time();
    const { used, work, context: { signal } } = await begin(pool);
    const ended = pool.shutdown({ timeout: 1000 });
    await time.pass(999);
    assertEquals([await stateOf(used), signal.aborted], ["pending", false]);
    await time.pass(1);
    await ended;
    const error = await rejection(used);
    assert(error instanceof LeaseError);
    assert(error.message.includes("revoked by shutdown"), error.message);
    assertStrictEquals(signal.reason, error);
    assertEquals([pool.size, pool.stats().killed, pool.stats().closed], [0, 1, 1]);
    work.resolve(1);
  });
});

describe("use whose object is invalidated", () => {
  it("goes on: only its signal aborts, by a PoolError; the object is closed afterwards", async () => {
    await using pool = things();
    const { used, work, thing, context: { signal } } = await begin(pool);
    assertEquals(pool.invalidate(thing, "it has died"), true);
    assertEquals([signal.aborted, await stateOf(used), pool.using], [true, "pending", 1]);
    assert(signal.reason instanceof PoolError && !(signal.reason instanceof LeaseError));
    assert(signal.reason.message.includes("invalidated"), signal.reason.message);
    work.resolve("done");
    assertEquals(await used, "done");
    const { invalidated, closed, discarded } = pool.stats();
    assertEquals([invalidated, closed, discarded, pool.size], [1, 1, 0, 0]);
  });

  it("settles as its callback does, also by a failure; a caller's abort comes on top", async () => {
    await using pool = things();
    const failing = await begin(pool);
    pool.invalidate(failing.thing);
    failing.work.reject(new RangeError("fn's own"));
    assertEquals(String(await rejection(failing.used)), "RangeError: fn's own");

    const stop = new AbortController();
    let own: AbortSignal | undefined;
    const used = rejection(pool.use((thing, { signal }) => {
      own = signal;
      pool.invalidate(thing);
      return new Promise((resolve) => stop.signal.addEventListener("abort", resolve));
    }, { signal: stop.signal }));
    await until(() => own?.aborted, "its signal has aborted");
    stop.abort("enough");
    assertEquals(await used, "enough");
    assert(own!.reason instanceof PoolError, "a signal aborts but once");
    await idle();
    assertEquals(pool.size, 0);
  });
});
