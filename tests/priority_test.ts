// Priorities: who is served first, and that nothing else depends on them.

import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { PoolFullError, type PoolOptions, PoolTimeoutError } from "../mod.ts";
import { Creations, idle, rejection, Thing, Time } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";

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
