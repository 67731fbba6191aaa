// idleOrder: which available object is lent: the one returned last, or the one unused for longest.

import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool, type PoolOptions } from "../mod.ts";
import { Clocks, deferred, idle, rejection, Thing, Time } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";

const HOUR = 3_600_000;

function things(options: PoolOptions<Thing>): TestPool<Thing> {
  return new TestPool((n) => new Thing(n), { logLevel: "silent", ...options });
}

/** Makes `count` objects, and returns them in the order of their numbers. */
async function fill(pool: Pool<Thing>, count: number): Promise<void> {
  const leases = await Promise.all(Array.from({ length: count }, () => pool.get()));
  for (const lease of leases) await pool.ret(lease);
}

/** Ways to borrow one object; each gives its number, and what gives it back. */
const WAYS: [string, (pool: Pool<Thing>) => Promise<[number, () => Promise<void>]>][] = [
  ["get", async (pool) => {
    const lease = await pool.get();
    return [lease.id, () => pool.ret(lease)];
  }],
  ["get with options", async (pool) => {
    const lease = await pool.get({ label: "one", timeout: 1_000 });
    return [lease.id, () => pool.ret(lease)];
  }],
  ["borrow", async (pool) => {
    const loan = await pool.borrow();
    return [loan.object.id, () => loan.release()];
  }],
  ["use", async (pool) => {
    const end = deferred();
    const begun = deferred<number>();
    const used = pool.use(({ id }) => {
      begun.resolve(id);
      return end.promise;
    });
    return [await begun.promise, () => {
      end.resolve();
      return used;
    }];
  }],
  ["tryGet", (pool) => {
    const lease = pool.tryGet()!;
    return Promise.resolve([lease.id, () => pool.ret(lease)]);
  }],
];

const KINDS: [string, PoolOptions<Thing>][] = [
  ["with no option that reads the clock", {}],
  ["with one that does", { maxAvailDelay: HOUR }],
  ["with health", { health: () => true }],
  ["with a getter", { getter: () => {} }],
  ["with traces", { traceHolders: true }],
];

for (const [kind, options] of KINDS) {
  for (const [how, borrow] of WAYS) {
    describe(`idleOrder, ${kind}, by ${how}`, () => {
      const ORDERS: ["lifo" | "fifo" | undefined, number[], number[]][] = [
        [undefined, [2, 2, 2, 2], [2, 1, 0]],
        ["lifo", [2, 2, 2, 2], [2, 1, 0]],
        ["fifo", [0, 1, 2, 0], [1, 2, 0]],
      ];
      for (const [idleOrder, byTurns, together] of ORDERS) {
        it(`${idleOrder ?? "by default"} lends ${byTurns} by turns, then ${together} at once`, async () => {
          await using pool = things({ idleOrder, ...options });
          await fill(pool, 3);
          const lent: number[] = [];
          for (let i = 0; i < 4; i++) {
            const [id, giveBack] = await borrow(pool);
            lent.push(id);
            await giveBack();
          }
          assertEquals(lent, byTurns);
          const all = [await borrow(pool), await borrow(pool), await borrow(pool)];
          assertEquals(all.map(([id]) => id), together);
          // Given back in another order, that is the order.
          const [first, second, third] = all as [typeof all[0], typeof all[0], typeof all[0]];
          for (const [, giveBack] of [second!, third!, first!]) await giveBack();
          const [next, giveBack] = await borrow(pool);
          assertEquals(next, (idleOrder === "fifo" ? second! : first!)[0]);
          await giveBack();
        });
      }
    });
  }
}

describe('idleOrder "fifo"', () => {
  it("serves who waits with what comes back, as ever", async () => {
    await using pool = things({ idleOrder: "fifo", maxSize: 2 });
    const [first, second] = [await pool.get(), await pool.get()];
    const waiting = [pool.get(), pool.get()];
    await pool.ret(second);
    await pool.ret(first);
    assertEquals((await Promise.all(waiting)).map(({ id }) => id), [1, 0]);
  });

  it("takes what a round checks only after that, and the next one meanwhile", async () => {
    const check = deferred();
    await using pool = things({
      idleOrder: "fifo",
      hkDelay: 1_000,
      health: ({ id }) => id === 0 ? check.promise : true,
    });
    using time = new Time();
    await fill(pool, 3);
    await time.pass(1_000);
    assertEquals(await pool.use(({ id }) => id), 1);
    check.resolve();
    await idle();
    assertEquals(await pool.use(({ id }) => id), 0, "it has kept its place");
    assertEquals(await pool.use(({ id }) => id), 2);
  });

  it("with healthAfter asks those first that were unused for longest", async () => {
    const asked: number[] = [];
    await using pool = things({
      idleOrder: "fifo",
      healthAfter: 0,
      health: ({ id }) => (asked.push(id), id > 1),
    });
    await fill(pool, 4);
    assertEquals(await pool.use(({ id }) => id), 2);
    assertEquals(asked, [0, 1, 2]);
  });

  it("leaves it to maxAvailDelay to close what was unused for longest, as without", async () => {
    for (const idleOrder of ["lifo", "fifo"] as const) {
      const closed: [number, number][] = [];
      await using pool = things({
        idleOrder,
        maxAvailDelay: 1_000,
        hkDelay: 100_000,
        minSize: 1,
        closer: ({ id }) => void closed.push([time.now, id]),
      });
      using time = new Time();
      await fill(pool, 3);
      await time.pass(600);
      await pool.use(() => {}); // 2 or 0, which then is the last to go
      const rest = idleOrder === "lifo" ? [0, 1] : [1, 2];
      await time.pass(399);
      assertEquals(closed, []);
      await time.pass(1);
      assertEquals(closed, rest.map((id) => [1_000, id]));
      await time.pass(10_000, 1_000);
      assertEquals([closed.length, pool.available], [2, 1], "minSize is kept");
    }
  });

  it("closes nothing by maxAvailDelay that its turns keep busy", async () => {
    await using pool = things({ idleOrder: "fifo", maxAvailDelay: 1_000 });
    using time = new Time();
    await fill(pool, 3);
    for (let i = 0; i < 9; i++) {
      await time.pass(300);
      await pool.use(() => {});
    }
    assertEquals([pool.available, pool.stats().created], [3, 3]);
  });

  it("lends none past maxAvailDelay while more than minSize are there", async () => {
    const closed: number[] = [];
    await using pool = things({
      idleOrder: "fifo",
      maxAvailDelay: 1_000,
      minSize: 1,
      closer: ({ id }) => void closed.push(id),
    });
    using clocks = new Clocks();
    await fill(pool, 2);
    clocks.skip(5_000);
    assertEquals([await pool.use(({ id }) => id), closed], [1, [0]]);
  });

  it("closes the longest unused first when resize and reset do", async () => {
    for (const idleOrder of ["lifo", "fifo"] as const) {
      const closed: number[] = [];
      await using pool = things({ idleOrder, closer: ({ id }) => void closed.push(id) });
      await fill(pool, 4);
      await pool.use(() => {});
      const order = idleOrder === "lifo" ? [0, 1, 2, 3] : [1, 2, 3, 0];
      pool.resize({ maxSize: 2 });
      await idle();
      assertEquals(closed, order.slice(0, 2));
      await pool.reset();
      assertEquals(closed, order);
    }
  });
});

describe("an object that is put back unused keeps its place", () => {
  for (const idleOrder of ["lifo", "fifo"] as const) {
    it(`${idleOrder}: by a get that the closer of another one has aborted`, async () => {
      using clocks = new Clocks();
      const aborting = new AbortController();
      await using pool = things({
        idleOrder,
        maxLifetime: HOUR,
        lifetimeJitter: 0.5,
        closer: () => aborting.abort("gone"),
      });
      const short = idleOrder === "lifo" ? 2 : 0; // the one that is looked at first
      const { random } = Math;
      let n = 0;
      Math.random = () => n++ === short ? 1 : 0;
      try {
        await fill(pool, 3);
      } finally {
        Math.random = random;
      }
      clocks.skip(0.6 * HOUR);
      assertEquals(await rejection(pool.get({ signal: aborting.signal })), "gone");
      assertEquals([pool.available, pool.stats().expired], [2, 1]);
      const unused = pool.stats().objects.available.map(({ idle }) => idle! >= 0.6 * HOUR);
      assertEquals(unused, [true, true]);
      assertEquals(await pool.use(({ id }) => id), 1);
    });
  }
});

describe("idleOrder", () => {
  it('must be "lifo" or "fifo"', () => {
    for (const [value, got] of [["random", '"random"'], [true, "true"], [null, "null"]] as const) {
      const { message } = assertThrows(
        () => new Pool(() => ({}), { idleOrder: value as never }),
        TypeError,
      );
      assertEquals(message, `idleOrder must be "lifo" or "fifo", got ${got}`);
    }
  });
});
