// Floods: a hundred thousand who wait give up at once, or are refused at once, and leave nothing behind.

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { requestBound } from "../context.ts";
import { type Lease, Pool, PoolFullError, type PoolOptions } from "../mod.ts";
import { KeyedPool } from "../quota/keyed.ts";
import { collect, needGc } from "./helpers/gc.ts";
import { Thing } from "./helpers/pool.ts";
import { Abort } from "./model/abort.ts";

/** workerd takes far longer for each error and signal. */
const MANY = requestBound ? 10_000 : 100_000;
/** Where there is more to each. */
const SOME = 10_000;
const ENOUGH = new RangeError("enough");

/** A pool of one object, which is lent. */
async function busy(): Promise<{ pool: Pool<Thing>; lease: Lease<Thing> }> {
  const pool = new Pool((n) => new Thing(n), { maxSize: 1, timeout: 60_000 });
  return { pool, lease: await pool.get() };
}

function wait(
  pool: Pool<Thing>,
  length: number,
  signal: (i: number) => AbortSignal,
  timeout = (_: number) => 60_000,
): Promise<Lease<Thing>>[] {
  return Array.from({ length }, (_, i) => pool.get({ signal: signal(i), timeout: timeout(i) }));
}

/** All have failed with that very reason; nobody waits, and the object goes on to whoever comes. */
async function assertGone(
  pool: Pool<Thing>,
  lease: Lease<Thing>,
  gets: Promise<unknown>[],
): Promise<void> {
  assertEquals([pool.waiting, pool.stats().aborted], [0, gets.length]);
  const failed = (await Promise.allSettled(gets)).filter((one) =>
    one.status === "rejected" && one.reason === ENOUGH
  );
  assertEquals(failed.length, gets.length);
  const next = pool.get();
  await pool.ret(lease);
  assertStrictEquals((await next).id, 0);
  await pool.ret(await next);
  assertEquals([pool.size, pool.available], [1, 1]);
}

describe(`${MANY} who wait`, () => {
  it("are all aborted by one signal, to which the pool listens once", async () => {
    const { pool, lease } = await busy();
    const abort = new Abort();
    const gets = wait(pool, MANY, () => abort.signal);
    assertEquals([pool.waiting, abort.listeners], [MANY, 1]);
    abort.abort(ENOUGH);
    await assertGone(pool, lease, gets);
    await pool.shutdown();
  });
});

describe(`${SOME} whose time is over at once`, () => {
  /** How many turns the event loop has while they are told, and what they are told. */
  async function turnsOf(get: () => Promise<unknown>): Promise<[turns: number, names: string[]]> {
    const names = new Set<string>();
    let told = 0;
    const fail = ({ name }: Error) => {
      told++;
      names.add(name);
    };
    const gets = Array.from({ length: SOME }, () => get().catch(fail));
    let turns = 0;
    const counting = setInterval(() => {
      if (told > 0 && told < SOME) turns++;
    }, 0);
    await Promise.all(gets);
    clearInterval(counting);
    return [turns, [...names]];
  }

  async function turnsWith(options: PoolOptions<Thing>): Promise<[turns: number, names: string[]]> {
    await using pool = new Pool((n) => new Thing(n), {
      maxSize: 1,
      logLevel: "silent",
      ...options,
    });
    return await pool.use(() => turnsOf(() => pool.get()));
  }

  it("leave the event loop its turns, by their timeout", async () => {
    const [turns, names] = await turnsWith({ timeout: 20 });
    assertEquals(names, ["PoolTimeoutError"]);
    assert(turns >= 5, `${turns} turns`);
  });

  it("leave the event loop its turns, when they are shed", async () => {
    const [turns, names] = await turnsWith({ queueTarget: 5, queueInterval: 5 });
    assertEquals(names, ["PoolOverloadError"]);
    assert(turns >= 5, `${turns} turns`);
  });

  it("leave the event loop its turns, by their timeout, while they wait for a place for a key", async () => {
    await using pool = new KeyedPool((key: string) => ({ key }), { maxKeys: 1, timeout: 20 });
    const [turns, names] = await pool.use("a", () => turnsOf(() => pool.get("b")));
    assertEquals(names, ["PoolTimeoutError"]);
    assert(turns >= 5, `${turns} turns`);
  });
});

describe(`${SOME} who wait`, () => {
  const orders: [string, (all: AbortController[]) => AbortController[]][] = [
    ["from first to last", (all) => all],
    ["from last to first", (all) => all.reverse()],
    ["in no order", (all) => all.map((_, i) => all[i * 7919 % SOME]!)],
  ];
  for (const [how, order] of orders) {
    it(`are aborted by as many signals, ${how}`, async () => {
      const { pool, lease } = await busy();
      const aborts = Array.from({ length: SOME }, () => new AbortController());
      const gets = wait(pool, SOME, (i) => aborts[i]!.signal);
      assertEquals(pool.waiting, SOME);
      for (const abort of order(aborts)) abort.abort(ENOUGH);
      await assertGone(pool, lease, gets);
      await pool.shutdown();
    });
  }

  it("leave nothing on the heap once they are aborted", async () => {
    needGc();
    const { pool, lease } = await busy();
    const abort = new AbortController();
    const kept = await (async () => {
      const gets = wait(pool, SOME, () => abort.signal, (i) => 50_000 + i);
      const refs = gets.map((get) => new WeakRef(get));
      abort.abort(ENOUGH);
      await Promise.allSettled(gets);
      return refs;
    })();
    await collect();
    const left = kept.filter((ref) => ref.deref() !== undefined).length;
    // Bun takes whatever looks like an address on its stack for one.
    assert(left < 10, `${left} are left`);
    await pool.ret(lease); // it was there all the time
    await pool.shutdown();
  });
});

describe(`${MANY} gets where 10 may wait`, () => {
  it("fail at once but for these, who are served in their order", async () => {
    const pool = new Pool((n) => new Thing(n), { maxSize: 2, maxWaiting: 10 });
    const leases = await Promise.all([pool.get(), pool.get()]);
    const served: number[] = [];
    const refused: unknown[] = [];
    const gets = Array.from({ length: MANY }, (_, i) =>
      pool.get().then((lease) => {
        served.push(i);
        return pool.ret(lease);
      }, (error) => void refused.push(error)));
    assertEquals([pool.waiting, pool.stats().rejected], [10, MANY - 10]);
    await Promise.resolve();
    assertEquals([pool.waiting, served.length], [10, 0]);
    for (const lease of leases) await pool.ret(lease);
    await Promise.all(gets);
    assertEquals(served, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assertEquals(refused.length, MANY - 10);
    assert(refused.every((error) => error instanceof PoolFullError));
    assertEquals([pool.size, pool.available, pool.stats().gets], [2, 2, 12]);
    await pool.shutdown();
  });
});

describe(`${SOME} objects`, () => {
  /** How many things happen at most between two turns of the event loop. */
  class Burst {
    most = 0;
    total = 0;
    #now = 0;

    readonly count = (): void => {
      if (this.#now === 0) setTimeout(() => this.#now = 0, 0);
      this.most = Math.max(this.most, ++this.#now);
      this.total++;
    };
  }

  it("are created, and closed by a reset and a shutdown, at most 1000 in a turn of the event loop", async () => {
    const created = new Burst();
    const closed = new Burst();
    const pool = new Pool((n) => (created.count(), new Thing(n)), {
      minSize: SOME,
      maxSize: SOME,
      closer: closed.count,
    });
    await pool.ready();
    assertEquals([pool.available, created.total, created.most <= 1_000], [SOME, SOME, true]);
    await pool.reset();
    assertEquals([closed.total, closed.most <= 1_000], [SOME, true]);
    await pool.ready();
    assertEquals(pool.available, SOME);
    await new Promise((resolve) => setTimeout(resolve, 5)); // the last were closed in this turn
    await pool.shutdown();
    const { closed: all } = pool.stats();
    assertEquals([all, pool.size, closed.total, closed.most <= 1_000], [
      2 * SOME,
      0,
      2 * SOME,
      true,
    ]);
  });

  it("are closed by a resize, or when they are idle for too long, a part in a turn", async () => {
    const closed = new Burst();
    for (const [limits, left] of [[{}, SOME / 2], [{ maxAvailDelay: 50 }, 0]] as const) {
      const sizes = { minSize: SOME, maxSize: SOME };
      const pool = new Pool((n) => new Thing(n), { ...limits, ...sizes, closer: closed.count });
      await pool.ready();
      const loans = Array.from({ length: SOME }, () => pool.borrow());
      for (const loan of await Promise.all(loans)) void loan.release(); // idle since the same moment
      pool.resize({ minSize: 0, maxSize: left || SOME });
      while (pool.size > left) await new Promise((resolve) => setTimeout(resolve, 5));
      // Two timers may fire in one turn.
      assert(closed.most <= 2_000, `${closed.most} at once`);
      await pool.shutdown();
    }
    assertEquals(closed.total, 2 * SOME);
  });

  it("are all closed when a reset with a short spread resolves", async () => {
    const closed = new Burst();
    const sizes = { minSize: SOME, maxSize: SOME };
    const pool = new Pool((n) => new Thing(n), { ...sizes, closer: closed.count });
    await pool.ready();
    pool.resize({ minSize: 0 });
    await pool.reset({ spread: 5 });
    assertEquals([closed.total, pool.size], [SOME, 0]);
    await pool.shutdown();
  });

  it("that a reset is to close are not lent, and a shutdown meanwhile waits for them", async () => {
    const pool = new Pool((n) => new Thing(n), { minSize: SOME, maxSize: SOME });
    await pool.ready();
    const reset = pool.reset();
    const got = pool.use(({ id }) => id);
    assert(await got >= SOME, "a new one");
    await pool.shutdown();
    assertEquals(pool.size, 0);
    await reset;
  });
});
