// Suspicion: a health check that fails or hangs makes suspect what was proven good before it.

import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { PoolOptions } from "../mod.ts";
import {
  Creations,
  type Deferred,
  deferred,
  idle,
  rejection,
  Thing,
  Time,
} from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";

/** Logs nothing, and is not waited for at its end. */
function things(options: PoolOptions<Thing> = {}): TestPool<Thing> {
  return new TestPool((n) => new Thing(n), { logLevel: "silent", ...options });
}

const hang = () => new Promise<never>(() => {});

/** Ways in which a check fails; none takes 100 ms. */
const FAILURES: [string, () => unknown][] = [
  ["gives false", () => false],
  ["throws", () => {
    throw new Error("cut off");
  }],
  ["gives false later", () => Promise.resolve(false)],
  ["rejects", () => Promise.reject(new Error("cut off"))],
  ["takes longer than hookTimeout", hang],
];

/** `health` with a record of what was asked; `fail` answers for thing 0 once that is `bad`. */
function examiner(fail: () => unknown) {
  const asked: number[] = [];
  const state = { asked, bad: false };
  const health = ({ id }: Thing) => {
    asked.push(id);
    return id === 0 && state.bad ? fail() : true;
  };
  return { state, asked, health };
}

describe("a check of a get", () => {
  for (const [how, fail] of FAILURES) {
    it(`that ${how} makes suspect what was proven before, once, and nothing else`, async () => {
      const { state, asked, health } = examiner(fail);
      await using pool = things({ healthAfter: 10_000, hookTimeout: 50, health });
      using time = new Time();
      const [bad, before] = [await pool.get(), await pool.get()];
      await pool.ret(bad);
      await time.pass(10_000);
      state.bad = true;
      const got = pool.get();
      await time.pass(60, 30);
      const after = await got;
      assertEquals([after.id, asked], [2, [0]]);
      await pool.ret(before);
      assertEquals(pool.tryGet(), undefined, "lent without a check");
      assertEquals(await pool.use(({ id }) => id), 1);
      assertEquals(asked, [0, 1]);
      assertEquals(await pool.use(({ id }) => id), 1);
      await pool.ret(after);
      assertEquals(await pool.use(({ id }) => id), 2);
      assertEquals(asked, [0, 1], "what was proven since the check is asked again");
    });
  }

  it("that is answered good makes nothing suspect", async () => {
    const { asked, health } = examiner(() => true);
    await using pool = things({ healthAfter: 10_000, health });
    using time = new Time();
    const [first, second] = [await pool.get(), await pool.get()];
    await pool.ret(first);
    await time.pass(10_000);
    assertEquals((await pool.get()).id, 0);
    await pool.ret(second);
    assertEquals([pool.tryGet()!.id, asked], [1, [0]]);
  });

  for (const [ms, expected] of [[99, [0]], [101, [0, 1]]] as const) {
    it(`that takes ${ms} ms so far ${ms < 100 ? "does not" : "does"}`, async () => {
      const { state, asked, health } = examiner(hang);
      await using pool = things({ maxSize: 2, healthAfter: 10_000, health });
      using time = new Time();
      const [bad, before] = [await pool.get(), await pool.get()];
      await pool.ret(bad);
      await time.pass(10_000);
      state.bad = true;
      const got = pool.get();
      await time.pass(ms);
      assertEquals(asked, [0]);
      await pool.ret(before);
      assertEquals([(await got).id, asked], [1, [...expected]]);
    });
  }

  it("that hangs makes suspect what was proven before also where its get has gone by then", async () => {
    const { state, asked, health } = examiner(hang);
    await using pool = things({ healthAfter: 10_000, health });
    using time = new Time();
    const [bad, before] = [await pool.get(), await pool.get()];
    await pool.ret(bad);
    await time.pass(10_000);
    state.bad = true;
    const aborting = new AbortController();
    const gone = rejection(pool.get({ signal: aborting.signal }));
    await time.pass(50);
    aborting.abort("gone");
    assertEquals(await gone, "gone");
    await time.pass(60, 10);
    await pool.ret(before);
    assertEquals(await pool.use(({ id }) => id), 1);
    assertEquals(asked, [0, 1]);
  });

  it("does not make suspect what was proven after it began", async () => {
    const answer = deferred<boolean>();
    const asked: number[] = [];
    const health = ({ id }: Thing) => {
      asked.push(id);
      return id === 0 ? answer.promise : true;
    };
    await using pool = things({ hkDelay: 1_000, healthAfter: 900, health });
    using time = new Time();
    const [first, second] = [await pool.get(), await pool.get()];
    await pool.ret(second);
    await pool.ret(first);
    await time.pass(990);
    const got = pool.get();
    await time.pass(50, 10);
    assertEquals([asked, pool.waiting], [[0, 1], 1], "the get asks for one, a round for the other");
    answer.resolve(false);
    assertEquals([(await got).id, asked], [1, [0, 1]]);
  });

  it("does not have just made objects asked, unless they have been available since", async () => {
    const creations = new Creations();
    const asked: number[] = [];
    const answer = deferred<boolean>();
    const health = ({ id }: Thing) => {
      asked.push(id);
      return id === 0 ? answer.promise : true;
    };
    await using pool = new TestPool(creations.fun, { healthAfter: 10_000, health });
    using time = new Time();
    const first = pool.get();
    await creations.finish(0);
    await pool.ret(await first);
    await time.pass(10_000);
    pool.resize({ minSize: 2 });
    await time.pass(10);
    const got = pool.get();
    await time.pass(10);
    assertEquals([asked, creations.all.length], [[0], 2]);
    answer.resolve(false);
    await creations.finish(1);
    const lease = await got;
    assertEquals([lease.id, asked], [1, [0]]);
    await pool.ret(lease);
    assertEquals([(await pool.get()).id, asked], [1, [0, 1]]);
  });
});

describe("a check of a round", () => {
  for (const [how, fail] of FAILURES) {
    it(`that ${how} makes suspect what was proven before, once`, async () => {
      const { state, asked, health } = examiner(fail);
      await using pool = things({ hkDelay: 10_000, hookTimeout: 50, health });
      using time = new Time();
      const [bad, before] = [await pool.get(), await pool.get()];
      await pool.ret(bad);
      state.bad = true;
      await time.pass(10_000);
      await time.pass(60, 30);
      assertEquals([asked, pool.available, pool.stats().unhealthy], [[0], 0, 1]);
      await pool.ret(before);
      assertEquals(pool.tryGet(), undefined, "lent without a check");
      assertEquals(await pool.use(({ id }) => id), 1);
      assertEquals(await pool.use(({ id }) => id), 1);
      assertEquals(asked, [0, 1]);
    });
  }

  it("does not make suspect what the same round has proven", async () => {
    const { state, asked, health } = examiner(() => Promise.resolve(false));
    await using pool = things({ minSize: 3, hkDelay: 10_000, health });
    using time = new Time();
    await pool.ready();
    state.bad = true;
    await time.pass(10_000);
    assertEquals(asked.sort(), [0, 1, 2]);
    for (const lease of await Promise.all([pool.get(), pool.get(), pool.get()])) {
      await pool.ret(lease);
    }
    assertEquals(asked.length, 3);
  });

  it("of an object that is closed meanwhile says nothing of others", async () => {
    const answer = deferred<boolean>();
    const made: Thing[] = [];
    const asked: number[] = [];
    await using pool = new TestPool((n) => made[n] = new Thing(n), {
      hkDelay: 1_000,
      health: ({ id }) => (asked.push(id), id === 0 ? answer.promise : true),
    });
    using time = new Time();
    const [first, second] = [await pool.get(), await pool.get()];
    await pool.ret(first);
    await time.pass(1_000);
    assertEquals(asked, [0]);
    pool.invalidate(made[0]!);
    answer.resolve(false);
    await time.pass(10);
    await pool.ret(second);
    assertEquals([pool.tryGet()?.id, asked, pool.stats().unhealthy], [1, [0], 0]);
  });
});

describe("a getter", () => {
  const fails = () => {
    throw new Error("cut off");
  };
  for (const [how, getter] of [["hangs", hang], ["fails", fails]] as const) {
    it(`that ${how} makes nothing suspect, however old`, async () => {
      const asked: number[] = [];
      let bad = false;
      await using pool = things({
        maxSize: 2,
        healthAfter: 10_000,
        health: ({ id }) => void asked.push(id),
        getter: ({ id }) => id === 0 && bad ? getter() : true,
      });
      using time = new Time();
      const [first, second] = [await pool.get(), await pool.get()];
      await pool.ret(first);
      await time.pass(1_000);
      bad = true;
      const got = pool.get();
      await time.pass(200, 50);
      await pool.ret(second);
      assertEquals((await got).id, how === "hangs" ? 1 : 2);
      if (how === "fails") assertEquals(pool.tryGet()?.id, 1, "asked before it is lent");
      assertEquals(asked, []);
    });
  }
});

describe("once a check has failed", () => {
  /** Two things are idle; the check of thing 1 fails, that of thing 0 is under way. */
  async function failing(options: PoolOptions<Thing>, check: Deferred<boolean>) {
    const creations = new Creations();
    const pool = new TestPool(creations.fun, {
      logLevel: "silent",
      healthAfter: 0,
      health: ({ id }) => id === 0 ? check.promise : Promise.resolve(id !== 1),
      ...options,
    });
    const leases = [pool.get(), pool.get()];
    await creations.finish(0);
    await creations.finish(1);
    for (const lease of leases) await pool.ret(await lease);
    const got = pool.get();
    await idle();
    return { creations, pool, got };
  }

  it("another object is made beside a check where there is room", async () => {
    const { creations, pool, got } = await failing({ maxSize: 2 }, deferred());
    assertEquals([pool.creating, pool.size], [1, 2]);
    await creations.finish(2);
    assertEquals((await got).id, 2);
    await pool.shutdown({ timeout: 1 });
  });

  it("none is made where there is none", async () => {
    const closing = deferred();
    const check = deferred<boolean>();
    const options = { maxSize: 2, closer: () => closing.promise };
    const { pool, got } = await failing(options, check);
    assertEquals([pool.creating, pool.size, pool.stats().closing], [0, 2, 1]);
    check.resolve(true);
    assertEquals((await got).id, 0);
    closing.resolve();
    await pool.shutdown({ timeout: 1 });
  });

  it("a good answer ends that", async () => {
    const check = deferred<boolean>();
    const { creations, pool, got } = await failing({ maxSize: 3 }, check);
    assertEquals(creations.all.length, 3);
    check.resolve(true);
    const lease = await got;
    assertEquals(lease.id, 0);
    await creations.fail(2, new Error("not needed any more"));
    await pool.ret(lease);
    assertEquals((await pool.get()).id, 0);
    assertEquals(creations.all.length, 3, "one more is made beside a check");
    await pool.shutdown({ timeout: 1 });
  });
});

describe("ten idle sessions that are cut off, with room for more", () => {
  const CONNECT = 50;
  const takes = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

  const DEATHS: [string, () => unknown][] = [
    ["hangs", hang],
    ["says false after 50 ms", () => takes(50).then(() => false)],
    ["says false after 300 ms", () => takes(300).then(() => false)],
    ["says false at once", () => false],
  ];
  const BORROWERS: [string, number, boolean, boolean][] = [
    ["ten gets, one after the other", 10, false, true],
    ["ten gets that keep theirs, one after the other", 10, false, false],
    ["ten gets at once", 10, true, false],
    ["fifty gets at once", 50, true, false],
  ];
  for (const healthAfter of [0, 1_000]) {
    for (const [how, dies] of DEATHS) {
      for (const [who, count, atOnce, returns] of BORROWERS) {
        it(`${who}: none takes longer than a connect and 100 ms, where health ${how}, healthAfter ${healthAfter}`, async () => {
          let cut = 0;
          await using pool = new TestPool(async (n) => {
            await takes(CONNECT);
            return new Thing(n);
          }, {
            maxSize: 70,
            healthAfter,
            health: ({ id }) => id < cut ? dies() : Promise.resolve(),
            logLevel: "silent",
          });
          using time = new Time();
          const sessions = Array.from({ length: 10 }, () => pool.get());
          await time.pass(CONNECT);
          for (const session of sessions) await pool.ret(await session);
          await time.pass(2_000);
          cut = 10;
          const waits: number[] = [];
          const get = async () => {
            const begun = time.now;
            const lease = await pool.get({ timeout: 1_000 });
            waits.push(time.now - begun);
            assert(lease.id >= 10, "one that is cut off was lent");
            if (returns) await pool.ret(lease);
          };
          const all = atOnce ? Promise.all(Array.from({ length: count }, get)) : (async () => {
            for (let i = 0; i < count; i++) await get();
          })();
          let done = false;
          const end = all.finally(() => done = true);
          while (!done) await time.pass(50);
          await end;
          assertEquals(waits.length, count);
          const longest = Math.max(...waits);
          assert(longest <= CONNECT + 100, `${longest} ms of ${waits}`);
        });
      }
    }
  }
});
