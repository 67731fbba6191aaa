// Nested use: every object is held by who waits for another one.

import { AsyncLocalStorage } from "node:async_hooks";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { carryingIsDear } from "../context.ts";
import { type Pool, PoolDeadlockError, PoolTimeoutError } from "../mod.ts";
import { collect, needGc } from "./helpers/gc.ts";
import { itTells, outcomes, quiet, takes, tells, things } from "./helpers/nested.ts";
import { Creations, deferred, idle, rejection, stateOf, type Thing, Time } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";
import { Witness } from "./helpers/witness.ts";

/** In a bundle, Bun does not tell which line is whose. */
const hasLines = !("Bun" in globalThis);

/** Ways to wait for a second object. */
const INNER: [string, (pool: Pool<Thing>) => Promise<unknown>][] = [
  ["get", (pool) => pool.get({ label: "inner" })],
  ["borrow", (pool) => pool.borrow({ label: "inner" })],
  ["use", (pool) => pool.use(() => {}, { label: "inner" })],
  ["get without options", (pool) => pool.get()],
];

describe("a use within which another object is waited for, with maxSize 1", () => {
  for (const [how, inner] of INNER) {
    itTells(`fails by PoolDeadlockError after 200 ms: ${how}`, async () => {
      await using pool = things(1);
      using time = new Time();
      let failure: unknown;
      const outer = quiet(pool.use(async () => {
        failure = await rejection(inner(pool));
        return "goes on";
      }));
      await time.pass(199);
      assertEquals([failure, pool.waiting], [undefined, 1]);
      await time.pass(1);
      assert(failure instanceof PoolDeadlockError, String(failure));
      assertEquals([await outer, pool.available, pool.waiting], ["goes on", 1, 0]);
      const { deadlocks, rejected, timeouts } = pool.stats();
      assertEquals([deadlocks, rejected, timeouts], [1, 0, 0]);
    });
  }

  itTells("fails also if it has a timeout that is longer, and the pool goes on", async () => {
    await using pool = things(1, { timeout: 5_000 });
    using time = new Time();
    const outer = quiet(pool.use(() => pool.use(() => {})));
    await time.pass(200);
    assertEquals(await outcomes([outer]), ["PoolDeadlockError"]);
    assertEquals(
      await pool.use(({ id }) => id),
      1,
      "the callback has failed: its object is closed",
    );
  });

  itTells("fails once for each that comes, whoever else waits before it", async () => {
    await using pool = things(1);
    using time = new Time();
    const outer = quiet(pool.use(async () => {
      await takes(50);
      return outcomes([pool.use(() => 1), pool.use(() => 2)]);
    }));
    const other = quiet(pool.use(() => "served"));
    await time.pass(50);
    await time.pass(199);
    assertEquals(pool.stats().deadlocks, 0);
    await time.pass(1);
    assertEquals(pool.stats().deadlocks, 1, "the last one is the first to go");
    await time.pass(200);
    assertEquals(await outer, ["PoolDeadlockError", "PoolDeadlockError"]);
    assertEquals(await other, "served");
  });

  itTells("is told with its label and its line, and so are observers", async () => {
    await using pool = things(1, { name: "db", tracer: ({ id }) => `session ${id}` });
    const witness = new Witness();
    pool.observe(witness);
    using time = new Time();
    const outer = quiet(
      pool.use(() => pool.use(() => {}, { label: "inner" }), { label: "the report" }),
    );
    const told = rejection(outer);
    await time.pass(200);
    const { holders, message, name } = await told as PoolDeadlockError;
    assertEquals(name, "PoolDeadlockError");
    const [holder] = holders;
    assertEquals([holders.length, holder!.object, holder!.label], [
      1,
      "#0 session 0",
      "the report",
    ]);
    assertEquals([holder!.held, holder!.atLeast], [200, false]);
    assertEquals(
      message.replace(/, taken at [^,]*(?=\. Pass)/, ""),
      "db: deadlock: the only object is held by a use() in whose callback another get waits (1 " +
        'waiting): #0 session 0 for 200 ms by "the report". Pass the object to the inner calls, ' +
        "or raise maxSize",
    );
    if (hasLines) {
      assertMatch(holder!.line!, /nested_test/);
      assert(message.includes(`, taken at ${holder!.line}`), message);
    }
    assertEquals(witness.count("refused", { reason: "deadlock", label: "inner", waited: 200 }), 1);
    assertEquals(witness.count("refused"), 1);
  });
});

for (const size of [2, 5]) {
  describe(`${size} uses that hold all objects, each of which waits for another one`, () => {
    itTells("the last to come fails, and the others get on", async () => {
      await using pool = things(size, { timeout: 10_000 });
      using time = new Time();
      const gates = Array.from({ length: size }, () => deferred());
      const uses = gates.map((gate, i) =>
        quiet(pool.use(async () => {
          await gate.promise;
          return pool.use(() => i, { label: `inner ${i}` });
        }))
      );
      for (const gate of gates) {
        gate.resolve();
        await time.pass(10);
      }
      await time.pass(189);
      assertEquals([pool.stats().deadlocks, pool.waiting], [0, size]);
      await time.pass(201, 50); // it is looked at every 200 ms
      const expected: unknown[] = Array.from({ length: size }, (_, i) => i);
      expected[size - 1] = "PoolDeadlockError";
      assertEquals(await outcomes(uses), expected);
      assertEquals([pool.stats().deadlocks, pool.using, pool.waiting], [1, 0, 0]);
    });

    itTells("their holders are named", async () => {
      await using pool = things(size);
      using time = new Time();
      const uses = Array.from(
        { length: size },
        (_, i) => quiet(pool.use(() => pool.use(() => {}), { label: `use ${i}` })),
      );
      const told = rejection(uses.at(-1)!);
      await time.pass(200);
      const { holders, message } = await told as PoolDeadlockError;
      assertEquals(holders.map(({ label }) => label), uses.map((_, i) => `use ${i}`));
      assert(message.includes(`each of the ${size} objects is held by a use()`), message);
      assert(message.includes(`(${size} waiting)`), message);
      await outcomes(uses);
    });
  });
}

describe("a chain of uses", () => {
  itTells("of three levels holds three objects", async () => {
    await using pool = things(3);
    using time = new Time();
    const outer = quiet(pool.use(() => pool.use(() => pool.use(() => pool.use(() => {})))));
    await time.pass(199);
    assertEquals([pool.using, pool.waiting, await stateOf(outer)], [3, 1, "pending"]);
    await time.pass(1);
    assertEquals(await outcomes([outer]), ["PoolDeadlockError"]);
  });

  itTells("of two levels beside a use of one", async () => {
    await using pool = things(3);
    using time = new Time();
    const chain = quiet(pool.use(() => pool.use(() => pool.use(() => "chain"))));
    const single = quiet(pool.use(async () => {
      await takes(10);
      return pool.use(() => "single");
    }));
    await time.pass(10);
    await time.pass(400, 50);
    assertEquals(await outcomes([chain, single]), ["chain", "PoolDeadlockError"]);
  });

  itTells("is known through awaits, timers and promises of others", async () => {
    await using pool = things(1);
    using time = new Time();
    const outer = quiet(pool.use(async () => {
      await takes(10);
      await Promise.all([takes(5), Promise.resolve()]);
      return pool.use(() => {});
    }));
    await time.pass(10);
    await time.pass(5);
    await time.pass(200);
    assertEquals(await outcomes([outer]), ["PoolDeadlockError"]);
  });

  itTells("through another pool and back is one, too", async () => {
    await using a = things(1);
    await using b = things(1);
    using time = new Time();
    const outer = quiet(a.use(() => b.use(() => a.use(() => {}))));
    await time.pass(200);
    assertEquals(await outcomes([outer]), ["PoolDeadlockError"]);
    assertEquals([a.stats().deadlocks, b.stats().deadlocks], [1, 0]);
  });
});

describe("a timeout in a deadlock, where that is not looked for", () => {
  const HINT = "all are held: look for leases that are never returned, and for nested use()";
  const CYCLE =
    "the only object is held by a use() in whose callback another get waits (1 waiting): " +
    "a deadlock, if the callback awaits it";

  async function timeout(pool: Pool<Thing>, time: Time): Promise<PoolTimeoutError> {
    const told = rejection(pool.use(() => pool.use(() => {}, { timeout: 1_000 })));
    await time.pass(1_000, 50);
    const error = await told;
    assert(error instanceof PoolTimeoutError, String(error));
    assertEquals(pool.stats().deadlocks, 0);
    return error;
  }

  it("hints at nested use, with traceHolders false", async () => {
    await using pool = things(1, { traceHolders: false });
    using time = new Time();
    for (let i = 0; i < 2; i++) {
      const { message } = await timeout(pool, time);
      assert(message.includes(`; ${HINT}; held longest: `), message);
    }
  });

  it('hints at it with "auto", and names the cycle once uses are traced', async () => {
    await using pool = things(1, { traceHolders: "auto" });
    using time = new Time();
    const first = await timeout(pool, time);
    assert(first.message.includes(HINT), first.message);
    const second = await timeout(pool, time);
    const known = tells && !carryingIsDear;
    assert(second.message.includes(known ? CYCLE : HINT), second.message);
  });

  it('never is a PoolDeadlockError with "auto", traced or not', async () => {
    await using pool = things(1, { traceHolders: "auto" });
    using time = new Time();
    await timeout(pool, time);
    const inner: Promise<unknown>[] = [];
    const outer = pool.use(() => {
      inner.push(quiet(pool.use(() => "served")));
      return Promise.race([inner[0]!, takes(8_000)]);
    });
    await time.pass(7_999, 100);
    assertEquals([await stateOf(inner[0]!), pool.stats().deadlocks], ["pending", 0]);
    await time.pass(200, 50);
    await outer;
    assertEquals(await inner[0]!, "served");
  });

  itTells("names it with traceHolders true, where the timeout is the shorter", async () => {
    await using pool = things(1, { timeout: 150 });
    using time = new Time();
    const told = rejection(pool.use(() => pool.use(() => {})));
    await time.pass(150);
    const { message } = await told as Error;
    assert(message.includes(CYCLE), message);
    assertEquals([pool.stats().timeouts, pool.stats().deadlocks], [1, 0]);
  });

  it("says neither where there is room, or something is being made", async () => {
    const creations = new Creations();
    await using pool = new TestPool(creations.fun, { maxSize: 2 });
    using time = new Time();
    const told = rejection(pool.get({ timeout: 100 }));
    await time.pass(100);
    const { message } = await told as Error;
    assert(!/held/.test(message), message);
    await creations.finish(0);
  });
});

describe("a context of the user's own", () => {
  it("is seen in the callback of a traced use, at once or after waiting, and around it", async () => {
    const request = new AsyncLocalStorage<string>();
    await using pool = things(1);
    const seen: unknown[] = [];
    const see = async (name: string) => {
      await pool.use(async () => {
        seen.push(request.getStore());
        await idle();
        seen.push(request.getStore());
      }, { label: name });
      seen.push(request.getStore());
    };
    await Promise.all(["A", "B"].map((name) => request.run(name, () => see(name))));
    assertEquals(seen.sort(), ["A", "A", "A", "B", "B", "B"]);
    assertEquals(request.getStore(), undefined);
  });

  it("is kept by no pool, once a traced use has ended", async () => {
    needGc();
    const request = new AsyncLocalStorage<object>();
    await using pool = things(2);
    const inRequest = async () => {
      const store = { large: new Array(1_000).fill(0) };
      await request.run(store, () => pool.use(() => pool.use(() => idle())));
      return new WeakRef(store);
    };
    const ref = await inRequest();
    for (let i = 0; i < 10 && ref.deref() !== undefined; i++) await collect(2);
    assertEquals([ref.deref(), pool.available], [undefined, 2]);
  });

  it("a job that starts the next one in its callback keeps none before it", async () => {
    needGc();
    const request = new AsyncLocalStorage<object>();
    await using pool = things(2);
    const refs: WeakRef<object>[] = [];
    const end = deferred();
    const start = (left: number): void => {
      const store = { large: new Array(1_000).fill(0) };
      refs.push(new WeakRef(store));
      void request.run(store, () =>
        pool.use(() => {
          void request.run({}, () =>
            pool.use(() => left > 0 ? void setTimeout(start, 1, left - 1) : end.resolve()));
        }));
    };
    start(10);
    await end.promise;
    const kept = () => refs.filter((ref) => ref.deref() !== undefined).length;
    for (let i = 0; i < 10 && kept() > 0; i++) await collect(2);
    assertEquals(kept(), 0);
  });
});
