// Priorities: who is served first, and that nothing else depends on them.

import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { requestBound } from "../context.ts";
import {
  Pool,
  PoolFullError,
  type PoolOptions,
  PoolOverloadError,
  PoolTimeoutError,
} from "../mod.ts";
import { Deadlines } from "../pool/deadlines.ts";
import { Creations, idle, rejection, Thing, Time } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";

/** workerd takes far longer for each. */
const MANY = requestBound ? 10_000 : 40_000;

function things(options: PoolOptions<Thing> = {}): TestPool<Thing> {
  return new TestPool((n) => new Thing(n), { maxSize: 1, ...options });
}

/** Queues by these priorities, and tells in which order they were served: as "number/priority". */
async function served(
  pool: TestPool<Thing>,
  priorities: (number | undefined)[],
  between: () => unknown = () => {},
): Promise<string[]> {
  const order: string[] = [];
  const held = await pool.borrow();
  const all = priorities.map((priority, i) =>
    pool.use(() => void order.push(`${i}/${priority}`), { priority })
  );
  await between();
  await held.release();
  await Promise.allSettled(all);
  return order;
}

describe("priority", () => {
  it("serves the highest first, and within one first come, first served", async () => {
    await using pool = things();
    assertEquals(await served(pool, [0, 5, -1, 5, 0, 9, -1]), [
      ..."5/9 1/5 3/5 0/0 4/0 2/-1 6/-1".split(" "),
    ]);
  });

  it("0 is the default: with those who gave none it is one queue", async () => {
    await using pool = things();
    const order = await served(pool, [0, undefined, 0, undefined, 1]);
    assertEquals(order, ["4/1", "0/0", "1/undefined", "2/0", "3/undefined"]);
  });

  it("may be any whole number", async () => {
    await using pool = things();
    const { MAX_SAFE_INTEGER: most, MIN_SAFE_INTEGER: least } = Number;
    assertEquals(await served(pool, [least, -0, most]), [`2/${most}`, "1/0", `0/${least}`]);
  });

  it("is the same by get, borrow and use", async () => {
    await using pool = things();
    const order: string[] = [];
    const held = await pool.borrow();
    const all = [
      pool.use(() => void order.push("use 1"), { priority: 1 }),
      pool.borrow({ priority: 2 }).then((loan) => (order.push("borrow 2"), loan.release())),
      pool.get({ priority: 3 }).then((lease) => (order.push("get 3"), pool.ret(lease))),
      pool.get().then((lease) => (order.push("get 0"), pool.ret(lease))),
    ];
    await held.release();
    await Promise.all(all);
    assertEquals(order, ["get 3", "borrow 2", "use 1", "get 0"]);
  });

  it("counts for what is made, too: by whose turn it is then", async () => {
    const creations = new Creations();
    await using pool = new TestPool(creations.fun, { maxSize: 1 });
    const order: string[] = [];
    const low = pool.use(() => void order.push("low"));
    const high = pool.use(() => void order.push("high"), { priority: 1 });
    await creations.finish(0);
    await Promise.all([low, high]);
    assertEquals(order, ["high", "low"]);
  });

  it("takes nothing away from who has been served, and lets nobody jump what is available", async () => {
    await using pool = things({ maxSize: 2 });
    const low = await pool.get();
    const high = await pool.get({ priority: 9 });
    assertEquals([low.id, high.id, pool.using], [0, 1, 2]);
    await pool.ret(low);
    await pool.ret(high);
  });

  it("keeps its order when some give up, and when a priority comes and goes", async () => {
    await using pool = things();
    const stop = new AbortController();
    const gone: Promise<unknown>[] = [];
    for (let round = 0; round < 2; round++) {
      const order = await served(pool, [1, 3, 2, 1], () => {
        gone.push(rejection(pool.get({ priority: 2, signal: stop.signal })));
        gone.push(rejection(pool.get({ priority: 7, signal: stop.signal })));
        stop.abort("enough");
      });
      assertEquals(order, ["1/3", "2/2", "0/1", "3/1"]);
    }
    assertEquals(await Promise.all(gone), ["enough", "enough", "enough", "enough"]);
    assertEquals([pool.waiting, pool.available], [0, 1]);
  });

  it("changes nothing about timeouts: each has its own, and tells how many waited before", async () => {
    await using pool = things({ timeout: 1000 });
    using time = new Time();
    const held = await pool.borrow();
    const ended: string[] = [];
    const note = (name: string) => (error: PoolTimeoutError) => {
      assert(error instanceof PoolTimeoutError);
      ended.push(`${name} after ${time.now} ms, ${error.ahead} ahead`);
    };
    const all = [
      pool.get().catch(note("a")),
      pool.get({ priority: 5 }).catch(note("b")),
      pool.get({ priority: -5, timeout: 400 }).catch(note("c")),
      pool.get({ priority: 5, timeout: 1500 }).catch(note("d")),
      pool.get({ priority: 1 }).catch(note("e")),
    ];
    await time.pass(2000, 50);
    await Promise.all(all);
    assertEquals(ended.sort(), [
      "a after 1000 ms, 0 ahead",
      "b after 1000 ms, 1 ahead",
      "c after 400 ms, 2 ahead",
      "d after 1500 ms, 3 ahead",
      "e after 1000 ms, 4 ahead",
    ]);
    await held.release();
  });

  it("does not make room: maxWaiting refuses who comes last, whatever the priority", async () => {
    await using pool = things({ maxWaiting: 1 });
    const held = await pool.borrow();
    const first = pool.borrow();
    assert(await rejection(pool.borrow({ priority: 9 })) instanceof PoolFullError);
    await held.release();
    await (await first).release();
  });

  it("a failure to make one goes to the oldest, not to the most important", async () => {
    const creations = new Creations();
    await using pool = new TestPool(creations.fun, { maxSize: 1 });
    const low = rejection(pool.get());
    const high = pool.get({ priority: 1 });
    await creations.fail(0, "no server");
    assertEquals(await low, "no server");
    await idle();
    await creations.finish(1);
    await pool.ret(await high);
  });

  it("many priorities at once are served in order", async () => {
    await using pool = things();
    const priorities = Array.from({ length: 300 }, (_, i) => (i * 7919) % 101 - 50);
    const order = await served(pool, priorities);
    const expected = priorities.map((priority, i) => ({ priority, i }))
      .sort((a, b) => b.priority - a.priority || a.i - b.i)
      .map(({ priority, i }) => `${i}/${priority}`);
    assertEquals(order, expected);
  });

  it("a bad one is refused, with the value and what would be right", async () => {
    await using pool = things();
    const wrong: [unknown, typeof RangeError | typeof TypeError, string][] = [
      [NaN, RangeError, "got NaN"],
      [1.5, RangeError, "got 1.5"],
      [Infinity, RangeError, "got Infinity"],
      [2 ** 60, RangeError, `got ${2 ** 60}`],
      ["1", TypeError, 'got "1"'],
      [null, TypeError, "got null"],
      [1n, TypeError, "got 1n"],
    ];
    for (const [priority, Kind, got] of wrong) {
      const options = { priority } as never;
      for (
        const [name, call] of [
          ["get", () => pool.get(options)],
          ["borrow", () => pool.borrow(options)],
          ["use", () => pool.use(() => {}, options)],
        ] as const
      ) {
        const error = await rejection(call()) as Error;
        assertEquals(Object.getPrototypeOf(error), Kind.prototype);
        const said = `${name}: priority must be a whole number (0 by default), ${got}`;
        assertEquals(error.message, said);
      }
    }
    assertEquals([pool.size, pool.stats().started], [0, null]);
  });
});

describe("priority is strict", () => {
  it("the lowest is not served as long as a higher one waits, however long it has waited", async () => {
    await using pool = things();
    const order: string[] = [];
    let held = await pool.borrow();
    const low = pool.use(() => void order.push("low"), { priority: -1 });
    for (let i = 0; i < 50; i++) {
      const next = pool.borrow({ priority: i % 3 });
      await held.release();
      held = await next;
      order.push(`${i % 3}`);
    }
    assertEquals([order.includes("low"), pool.waiting], [false, 1]);
    await held.release();
    await low;
    assertEquals(order.at(-1), "low");
  });

  it("a negative one comes after those who gave none, in the order of its own", async () => {
    await using pool = things();
    const order = await served(pool, [-3, -1, undefined, -2, -1, 0, -3]);
    assertEquals(order, ["2/undefined", "5/0", "1/-1", "4/-1", "3/-2", "0/-3", "6/-3"]);
  });

  it("of who comes while others are served, too", async () => {
    await using pool = things();
    const order: string[] = [];
    const held = await pool.borrow();
    const all: Promise<void>[] = [];
    const ask = (name: string, priority: number, then = () => {}) =>
      void all.push(pool.use(() => {
        order.push(name);
        then();
      }, { priority }));
    ask("b2", 2, () => ask("c3", 3));
    ask("b1", 1);
    ask("a2", 2, () => ask("d-1", -1));
    ask("z0", 0, () => ask("e2", 2));
    await held.release();
    while (order.length < 7) await idle();
    await Promise.all(all);
    assertEquals(order.join(" "), "b2 c3 a2 b1 z0 e2 d-1");
  });
});

describe("priorities beside timeouts and aborts", () => {
  it("any mixture is served in order, and who gives up takes nothing with it", async () => {
    using time = new Time();
    let seed = 42;
    const random = (below: number) => (seed = seed * 16807 % 2147483647) % below;
    for (let round = 0; round < 10; round++) {
      const pool = new Pool((n) => new Thing(n), { maxSize: 1, timeout: 100, logLevel: "silent" });
      const held = await pool.borrow();
      const order: number[] = [];
      const expected: { i: number; priority: number }[] = [];
      const gone: Record<string, number> = { late: 0, aborted: 0 };
      const aborts: AbortController[] = [];
      const all = Array.from({ length: 60 }, (_, i) => {
        const priority = random(7) - 3;
        const fate = random(4);
        const stop = new AbortController();
        if (fate === 0) aborts.push(stop);
        if (fate > 1) expected.push({ i, priority });
        const timeout = fate === 1 ? 10 + random(30) : fate === 2 ? 0 : 90 + random(200);
        return pool.use(() => void order.push(i), { priority, timeout, signal: stop.signal })
          .catch((error) => {
            gone[error instanceof PoolTimeoutError ? "late" : error]!++;
          });
      });
      await time.pass(10);
      for (const stop of aborts) stop.abort("aborted");
      await time.pass(50, 10);
      assertEquals(pool.waiting, expected.length);
      await held.release();
      await Promise.all(all);
      expected.sort((a, b) => b.priority - a.priority || a.i - b.i);
      assertEquals(order, expected.map(({ i }) => i));
      const { timeouts, aborted } = pool.stats();
      assertEquals([timeouts, aborted], [gone["late"], gone["aborted"]]);
      assertEquals(aborted, aborts.length);
      assertEquals([pool.waiting, pool.available], [0, 1]);
      await pool.shutdown();
    }
  });

  it("a priority whose last one gives up is no longer in the way, and may come again", async () => {
    await using pool = things();
    const held = await pool.borrow();
    for (let i = 0; i < 100; i++) {
      const stop = new AbortController();
      const gone = rejection(pool.get({ priority: i % 10 + 1, signal: stop.signal }));
      stop.abort("gone");
      await gone;
    }
    const order: string[] = [];
    const usual = pool.use(() => void order.push("usual"));
    const high = pool.use(() => void order.push("high"), { priority: 5 });
    await held.release();
    await Promise.all([usual, high]);
    assertEquals([order, pool.waiting], [["high", "usual"], 0]);
  });
});

describe(`${MANY} who wait by as many priorities`, () => {
  /** Has them wait in no order; tells by which priorities they are served. */
  async function flood(gone: (i: number) => boolean): Promise<number[]> {
    await using pool = things();
    const order: number[] = [];
    const stop = new AbortController();
    const held = await pool.borrow();
    const all = Array.from({ length: MANY }, (_, i) => {
      const priority = i * 7919 % MANY - MANY / 2;
      const signal = gone(i) ? stop.signal : undefined;
      return pool.use(() => void order.push(priority), { priority, signal }).catch(() => {});
    });
    assertEquals(pool.waiting, MANY);
    stop.abort("gone");
    await held.release();
    await Promise.all(all);
    assertEquals([pool.waiting, pool.available], [0, 1]);
    return order;
  }

  // Each in time that grows with the number of priorities would take minutes.
  it("are served from the highest to the lowest", async () => {
    const order = await flood(() => false);
    const expected = Array.from({ length: MANY }, (_, i) => MANY / 2 - 1 - i);
    assert(order.join() === expected.join(), `${order.slice(0, 20)} …`);
  });

  it("are served in that order in an overload, too", async () => {
    using time = new Time();
    const options = {
      maxSize: 1,
      queueTarget: 100,
      queueInterval: 500,
      logLevel: "silent",
    } as const;
    const pool = new Pool((n) => new Thing(n), options);
    const held = await pool.borrow();
    const first = rejection(pool.get());
    await time.pass(400, 100);
    const order: number[] = [];
    const all = Array.from({ length: MANY }, (_, i) => {
      const priority = i * 7919 % MANY + 1;
      return pool.use(() => void order.push(priority), { priority });
    });
    await time.pass(120);
    assert(await first instanceof PoolOverloadError);
    await held.release();
    await Promise.all(all);
    assert(order.every((priority, i) => priority === MANY - i), `${order.slice(0, 20)} …`);
    await pool.shutdown();
  });

  it("are given up in no order, and the others are served in theirs", async () => {
    const order = await flood((i) => i % 3 !== 0);
    assertEquals(order.length, Math.ceil(MANY / 3));
    assert(order.every((priority, i) => i === 0 || priority < order[i - 1]!));
  });
});

describe("the heap of priorities", () => {
  /** Counts how often a deadline is asked for. */
  class Counted {
    static reads = 0;
    readonly #due: number;
    slot = -1;

    constructor(due: number) {
      this.#due = due;
    }

    get due(): number {
      Counted.reads++;
      return this.#due;
    }
  }

  it("takes a number of comparisons for each that grows with the logarithm", () => {
    for (const n of [1000, 32_000]) {
      const items = Array.from({ length: n }, (_, i) => new Counted(i * 7919 % n));
      const heap = new Deadlines<Counted>();
      let most = 0;
      const counting = (step: () => void) => {
        Counted.reads = 0;
        step();
        most = Math.max(most, Counted.reads);
      };
      for (const item of items) counting(() => heap.add(item));
      for (let i = 0; i < n / 2; i++) counting(() => heap.remove(items[i * 31 % n]!));
      let last = -1;
      while (heap.first !== undefined) {
        const { first } = heap;
        counting(() => heap.remove(first));
        assert(first.due > last);
        last = first.due;
      }
      assert(most <= 5 * Math.log2(n) + 5, `${most} reads of one step, among ${n}`);
    }
  });
});
