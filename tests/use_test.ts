// Pool.use lends the bare object to a callback and takes it back, whatever the callback does.

import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import process from "node:process";
import { PoolClosedError, PoolFullError, type PoolOptions, PoolTimeoutError } from "../mod.ts";
import { idle, Time } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";
import { sleep, until } from "./helpers/until.ts";

class Client {
  readonly n: number;
  closed = false;
  constructor(n: number) {
    this.n = n;
  }
}

function clients(options: PoolOptions<Client> = {}): TestPool<Client> {
  return new TestPool((n) => new Client(n), {
    maxSize: 1,
    closer: (client) => void (client.closed = true),
    ...options,
  });
}

/** A promise, and what settles it. */
function gate<T = void>() {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((res, rej) => [resolve, reject] = [res, rej]);
  return { promise, resolve, reject };
}

describe("use", () => {
  it("lends the bare object, and gives what fn gives, now or later", async () => {
    const client = new Client(0);
    await using pool = new TestPool(() => client);
    assertStrictEquals(await pool.use((lent) => lent), client);
    assertEquals(await pool.use(({ n }) => n + 1), 1);
    assertEquals(await pool.use(async ({ n }) => (await idle(), n + 2)), 2);
    assertStrictEquals(await pool.use(() => {}), undefined);
    assertEquals([pool.available, pool.using, pool.size], [1, 0, 1]);
    const { gets, returned, created } = pool.stats();
    assertEquals([gets, returned, created], [4, 4, 1]);
  });

  it("returns a promise even if fn or an option is bad", async () => {
    await using pool = clients();
    const promise = pool.use(() => {
      throw new RangeError("sync");
    });
    assert(promise instanceof Promise);
    await assertRejects(() => promise, RangeError, "sync");
  });

  it("settles as fn does, whatever it throws, and takes the object back", async () => {
    await using pool = clients({ discardOnError: false });
    for (const reason of [new RangeError("failed"), "text", 0, null, undefined]) {
      const fail = () => {
        throw reason;
      };
      const later = () => idle().then(fail);
      for (const fn of [fail, later]) {
        const caught = await pool.use(fn).then(() => "given", (error) => error);
        assertStrictEquals(caught, reason);
      }
    }
    const { size, available, created, discarded, returned } = pool.stats();
    assertEquals([size, available, created, discarded, returned], [1, 1, 1, 0, 10]);
  });

  it("waits for a thenable that fn gives", async () => {
    await using pool = clients();
    const thenable = { then: (done: (value: number) => void) => void setTimeout(done, 5, 7) };
    const used = pool.use(() => thenable as unknown as PromiseLike<number>);
    await until(() => pool.using === 1, "lent");
    assertEquals([await used, pool.available], [7, 1]);
  });

  it("does not lend the object on while fn runs", async () => {
    await using pool = clients();
    let running = 0, most = 0;
    const task = async () => {
      most = Math.max(most, ++running);
      await sleep(1);
      running--;
    };
    await Promise.all(Array.from({ length: 8 }, () => pool.use(task)));
    assertEquals([most, pool.stats().created, pool.stats().gets], [1, 1, 8]);
  });

  it("queues with get, first come, first served", async () => {
    await using pool = clients();
    const order: string[] = [];
    const lease = await pool.get();
    const all = [
      pool.use(() => void order.push("use 1")),
      pool.get().then((lease) => {
        order.push("get 2");
        return pool.ret(lease);
      }),
      pool.use(async () => {
        await idle();
        order.push("use 3");
      }),
      pool.use(() => void order.push("use 4")),
    ];
    assertEquals([pool.waiting, order], [4, []]);
    await pool.ret(lease);
    await Promise.all(all);
    assertEquals(order, ["use 1", "get 2", "use 3", "use 4"]);
  });

  it("is nested at will where there are enough objects", async () => {
    await using pool = clients({ maxSize: 2 });
    const ns = await pool.use((a) => pool.use((b) => [a.n, b.n]));
    assertEquals([ns, pool.available], [[0, 1], 2]);
  });

  it("makes its object, and passes a failure to make it on without calling fn", async () => {
    let called = false;
    await using pool = new TestPool(() => Promise.reject(new RangeError("no server")));
    await assertRejects(() => pool.use(() => called = true), RangeError, "no server");
    assertEquals([called, pool.size], [false, 0]);
  });

  it("is refused over maxWaiting and after shutdown, without calling fn", async () => {
    await using pool = clients({ maxWaiting: 1 });
    const called: string[] = [];
    const lease = await pool.get();
    const queued = pool.use(() => called.push("queued"));
    await assertRejects(() => pool.use(() => called.push("full")), PoolFullError);
    const end = pool.shutdown();
    await assertRejects(() => queued, PoolClosedError);
    await assertRejects(() => pool.use(() => called.push("closed")), PoolClosedError);
    await pool.ret(lease);
    await end;
    assertEquals(called, []);
  });

  it("times out with all that a get says, without calling fn", async () => {
    await using pool = clients({ timeout: 1000, tracer: ({ n }) => `client ${n}` });
    using time = new Time();
    const lease = await pool.get();
    let called = false;
    const late = [{}, { timeout: 300 }].map((options) =>
      assertRejects(() => pool.use(() => called = true, options), PoolTimeoutError)
    );
    await time.pass(350);
    assertEquals(pool.waiting, 1);
    await time.pass(700);
    const errors = await Promise.all(late);
    assertEquals(errors.map(({ timeout, ahead }) => [timeout, ahead]), [[1000, 0], [300, 1]]);
    assert(errors.every(({ message }) => message.includes("client 0")), errors[0]!.message);
    assertEquals([called, pool.stats().timeouts], [false, 2]);
    await pool.ret(lease);
  });

  it("counts towards maxUse", async () => {
    await using pool = clients({ maxUse: 2 });
    const ns = [];
    for (let i = 0; i < 5; i++) ns.push(await pool.use(({ n }) => n));
    assertEquals([ns, pool.stats().wornOut], [[0, 0, 1, 1, 2], 2]);
  });
});

describe("use and hooks", () => {
  it("calls getter before fn and retter after it, also if fn fails", async () => {
    const log: string[] = [];
    await using pool = clients({
      getter: async () => {
        await idle();
        log.push("getter");
      },
      retter: async () => {
        await idle();
        log.push("retter");
      },
    });
    await pool.use(() => void log.push("fn"));
    assertEquals(log, ["getter", "fn", "retter"]);
    await assertRejects(() => pool.use(() => Promise.reject(new RangeError())), RangeError);
    assertEquals(log.slice(3), ["getter", "retter"]);
  });

  it("waits for an asynchronous retter, and the object is in use until it is done", async () => {
    const reset = gate();
    await using pool = clients({ retter: () => reset.promise });
    let done = false;
    const used = pool.use(() => 5).finally(() => done = true);
    await until(() => pool.using === 1, "lent");
    await idle();
    assertEquals([done, pool.using, pool.available], [false, 1, 0]);
    reset.resolve();
    assertEquals([await used, pool.using, pool.available], [5, 0, 1]);
  });

  it("settles as fn does though retter fails: the object is closed", async () => {
    const retters = [() => Promise.reject(new Error("later")), () => {
      throw new Error("at once");
    }];
    for (const retter of retters) {
      await using pool = clients({ retter });
      assertEquals(await pool.use(() => 5), 5);
      await assertRejects(() => pool.use(() => Promise.reject(new RangeError("own"))), RangeError);
      const { size, closed, hookErrors } = pool.stats();
      assertEquals([size, closed, hookErrors], [0, 2, 2]);
    }
  });
});

describe("use with discardOnError", () => {
  const fail = (reason: unknown) => () => Promise.reject(reason);

  it("true discards the object of a callback that throws, and no other", async () => {
    await using pool = clients({ discardOnError: true });
    const client = await pool.use((client) => client);
    await assertRejects(() => pool.use(fail(new RangeError("bad"))), RangeError, "bad");
    const { size, discarded, closed } = pool.stats();
    assertEquals([size, discarded, closed, client.closed], [0, 1, 1, true]);
    await assertRejects(() =>
      pool.use(() => {
        throw new RangeError("sync");
      }), RangeError);
    assertEquals([pool.stats().discarded, await pool.use(({ n }) => n)], [2, 2]);
  });

  it("a predicate decides by the error itself", async () => {
    const seen: unknown[] = [];
    await using pool = clients({
      discardOnError: (error) => {
        seen.push(error);
        return error instanceof RangeError;
      },
    });
    const errors = [new TypeError("keep"), new RangeError("spoilt"), "text"];
    for (const error of errors) await assertRejects(() => pool.use(fail(error)));
    assertEquals([seen.length, pool.stats().discarded, pool.stats().created], [3, 1, 2]);
    for (const [i, error] of errors.entries()) assertStrictEquals(seen[i], error);
    await pool.use(() => {});
    assertEquals(seen.length, 3);
  });

  it("a predicate that throws: the object, in a state nobody knows, is discarded", async () => {
    await using pool = clients({
      discardOnError: () => {
        throw new Error("predicate");
      },
    });
    await assertRejects(() => pool.use(fail(new RangeError("own"))), RangeError, "own");
    const { size, discarded, hookErrors } = pool.stats();
    assertEquals([size, discarded, hookErrors], [0, 1, 1]);
    assert(pool.lines.some((line) => /discardOnError.*predicate/.test(line)), pool.lines.join());
  });

  it("a predicate that is asynchronous by mistake causes no unhandled rejection", async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown) => void unhandled.push(error);
    process.on("unhandledRejection", note);
    try {
      const predicate = () => Promise.reject(new Error("later"));
      await using pool = clients({ discardOnError: predicate as unknown as () => boolean });
      await assertRejects(() => pool.use(fail(new RangeError("own"))), RangeError, "own");
      await sleep(5);
      assertEquals(pool.using, 0);
    } finally {
      process.off("unhandledRejection", note);
    }
    assertEquals(unhandled, []);
  });

  it("does not wait for the closer of what it discards to settle as fn does", async () => {
    const closing = gate();
    await using pool = clients({ discardOnError: true, closer: () => closing.promise });
    await assertRejects(() => pool.use(fail(new RangeError("own"))), RangeError, "own");
    assertEquals([pool.size, pool.stats().closing], [1, 1]);
    closing.resolve();
    await until(() => pool.size === 0, "closed");
  });
});
