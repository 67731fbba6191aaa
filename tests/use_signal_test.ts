// Pool.use and signals: the caller's, which taints what it interrupts, and fn's own.

import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { LeaseError, type PoolOptions } from "../mod.ts";
import { idle, Time } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";
import { until } from "./helpers/until.ts";

interface Client {
  n: number;
}

function clients(options: PoolOptions<Client> = {}): TestPool<Client> {
  return new TestPool((n) => ({ n }), { maxSize: 1, ...options });
}

/** Resolves when `signal` aborts. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
}

describe("a signal that aborts while fn runs", () => {
  it("taints the object, which is discarded when fn settles: use settles as fn does", async () => {
    await using pool = clients();
    const stop = new AbortController();
    let go = () => {};
    const used = pool.use(async (client) => {
      await new Promise<void>((resolve) => go = resolve);
      return client.n;
    }, { signal: stop.signal });
    await until(() => pool.using === 1, "lent");
    const next = pool.get();
    stop.abort(new RangeError("enough"));
    await idle();
    assertEquals([pool.using, pool.waiting, pool.stats().closed], [1, 1, 0]);
    go();
    assertEquals(await used, 0);
    const lease = await next;
    const { discarded, closed, aborted, created } = pool.stats();
    assertEquals([lease.n, discarded, closed, aborted, created], [1, 1, 1, 0, 2]);
    await pool.ret(lease);
  });

  it("taints it also if fn rejects, and lets fn's own error through", async () => {
    await using pool = clients();
    const stop = new AbortController();
    const used = pool.use(async (_, signal) => {
      await aborted(signal);
      throw new TypeError("fn's own");
    }, { signal: stop.signal });
    await until(() => pool.using === 1, "lent");
    stop.abort(new RangeError("enough"));
    await assertRejects(() => used, TypeError, "fn's own");
    assertEquals([pool.stats().discarded, pool.size], [1, 0]);
  });

  it("taints it also if fn never asked for a signal, and if fn aborts it itself", async () => {
    await using pool = clients();
    const stop = new AbortController();
    await pool.use(() => stop.abort(), { signal: stop.signal });
    assertEquals([pool.stats().discarded, pool.size], [1, 0]);
    const again = new AbortController();
    await pool.use((_client) => again.abort(), { signal: again.signal });
    assertEquals([pool.stats().discarded, pool.size], [2, 0]);
  });

  it("taints nothing that has been given back before", async () => {
    await using pool = clients();
    const stop = new AbortController();
    await pool.use(() => {}, { signal: stop.signal });
    const used = pool.use(async ({ n }) => {
      stop.abort();
      await idle();
      return n;
    });
    assertEquals([await used, pool.stats().discarded, pool.available], [0, 0, 1]);
  });

  it("leaves no listener behind", async () => {
    await using pool = clients();
    const stop = new AbortController();
    let listeners = 0;
    const { signal } = stop;
    const [add, remove] = [signal.addEventListener, signal.removeEventListener];
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++;
      add.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--;
      remove.apply(signal, args);
    };
    const lease = await pool.get({ signal });
    const queued = pool.use((_, signal) => assertEquals(signal.aborted, false), { signal });
    assert(listeners > 0);
    await pool.ret(lease);
    await queued;
    await pool.use(() => {}, { signal });
    await assertRejects(() => pool.use(() => Promise.reject(new Error()), { signal }));
    assertEquals(listeners, 0);
  });
});

describe("a signal that aborts before fn is called", () => {
  it("that had aborted already: rejects with its reason, and starts nothing", async () => {
    await using pool = clients();
    let called = false;
    const signal = AbortSignal.abort(new RangeError("before"));
    await assertRejects(() => pool.use(() => called = true, { signal }), RangeError, "before");
    assertEquals([called, pool.size, pool.stats().started], [false, 0, null]);
  });

  it("while queueing: rejects with its reason, and takes nothing with it", async () => {
    await using pool = clients();
    const lease = await pool.get();
    const stop = new AbortController();
    let called = false;
    const used = pool.use(() => called = true, { signal: stop.signal });
    const other = pool.use(({ n }) => n);
    stop.abort(new RangeError("enough"));
    await assertRejects(() => used, RangeError, "enough");
    assertEquals(pool.waiting, 1);
    await pool.ret(lease);
    assertEquals([await other, called, pool.stats().discarded], [0, false, 0]);
    assertEquals([pool.stats().aborted, pool.available], [1, 1]);
  });

  it("while its object is made: the object becomes available", async () => {
    let made = (_: Client) => {};
    await using pool = new TestPool(() => new Promise<Client>((resolve) => made = resolve));
    const stop = new AbortController();
    const used = pool.use(() => {}, { signal: stop.signal });
    await idle();
    stop.abort(new RangeError("enough"));
    await assertRejects(() => used, RangeError, "enough");
    made({ n: 5 });
    await until(() => pool.available === 1, "kept");
    assertEquals(pool.stats().discarded, 0);
  });

  it("between the object's return and fn's call: the object, not touched, is kept", async () => {
    const asked: unknown[] = [];
    await using pool = clients({
      discardOnError: (error) => {
        asked.push(error);
        return true;
      },
    });
    const lease = await pool.get();
    const stop = new AbortController();
    let called = false;
    const used = pool.use(() => called = true, { signal: stop.signal });
    const returned = pool.ret(lease);
    stop.abort(new RangeError("enough"));
    await returned;
    const error = await used.then(() => undefined, (error) => error);
    // Delivered or kept: where fn was called it was delivered.
    if (!called) {
      assertEquals(error?.message, "enough");
      assertEquals([pool.available, pool.stats().discarded, asked], [1, 0, []]);
    }
  });
});

describe("fn's own signal", () => {
  it("has not aborted, and does not when nothing happens", async () => {
    await using pool = clients();
    const signal = await pool.use((_, signal) => signal);
    assert(signal instanceof AbortSignal);
    assertEquals(signal.aborted, false);
  });

  it("is there for a callback that declares it, or declares nothing", async () => {
    await using pool = clients();
    // deno-lint-ignore no-explicit-any
    type Fn = (...args: any[]) => unknown;
    const ways: Fn[] = [
      (_, signal) => signal,
      (...args) => args[1],
      function () {
        return arguments[1];
      },
    ];
    for (const fn of ways) assert(await pool.use(fn) instanceof AbortSignal, String(fn));
  });

  it("is not made for a callback that declares the object alone, as `length` tells", async () => {
    await using pool = clients();
    const seen = await pool.use(function (_client) {
      return arguments[1];
    });
    assertEquals(seen, undefined);
  });

  it("aborts with the caller's, for its reason", async () => {
    await using pool = clients();
    const stop = new AbortController();
    const used = pool.use(async (_, signal) => {
      await aborted(signal);
      return signal.reason;
    }, { signal: stop.signal });
    await until(() => pool.using === 1, "lent");
    const reason = new RangeError("enough");
    stop.abort(reason);
    assertStrictEquals(await used, reason);
  });

  it("aborts on a kill, by an error that says so; use settles as fn does", async () => {
    await using pool = clients({ maxUsingDelayKill: 1000 });
    using time = new Time();
    const used = pool.use(async (_, signal) => {
      await aborted(signal);
      return signal.reason;
    });
    await idle();
    await time.pass(1600);
    const reason = await used;
    assert(reason instanceof LeaseError);
    assert(reason.message.includes("killed"), reason.message);
    const { killed, closed, returned, discarded, size } = pool.stats();
    assertEquals([killed, closed, returned, discarded, size], [1, 1, 0, 0, 0]);
  });

  it("a kill frees the place though fn never looks at its signal", async () => {
    await using pool = clients({ maxUsingDelayKill: 1000 });
    using time = new Time();
    let go = () => {};
    const used = pool.use(async (_client) => {
      await new Promise<void>((resolve) => go = resolve);
      return "late";
    });
    await idle();
    const next = pool.get();
    await time.pass(1600);
    const lease = await next;
    assertEquals([lease.n, pool.size, pool.stats().killed], [1, 1, 1]);
    go();
    assertEquals(await used, "late");
    assertEquals([lease.n, pool.using, pool.stats().doubleReturns], [1, 1, 0]);
    await pool.ret(lease);
  });

  it("aborts on a forced shutdown, not on a patient one", async () => {
    await using pool = clients();
    let own: AbortSignal | undefined;
    const used = pool.use(async (_, signal) => {
      own = signal;
      await aborted(signal);
      return "interrupted";
    });
    await until(() => own, "called");
    const patient = pool.shutdown();
    await idle();
    assertEquals(own!.aborted, false);
    await pool.shutdown({ timeout: 1 });
    assertEquals([own!.aborted, await used], [true, "interrupted"]);
    assert(own!.reason instanceof LeaseError);
    await patient;
    assertEquals([pool.size, pool.stats().closed], [0, 1]);
  });

  it("a shutdown without a timeout waits for fn", async () => {
    await using pool = clients();
    let go = () => {};
    const used = pool.use(() => new Promise<void>((resolve) => go = resolve));
    await until(() => pool.using === 1, "lent");
    let closed = false;
    const end = pool.shutdown().then(() => closed = true);
    await idle();
    assertEquals(closed, false);
    go();
    await Promise.all([used, end]);
    assertEquals([closed, pool.size], [true, 0]);
  });
});
