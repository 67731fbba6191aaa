// Gaps: time that passes without a round makes suspect all that was there, wherever it was.

import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool } from "../mod.ts";
import {
  Clocks,
  Creations,
  type Deferred,
  deferred,
  idle,
  rejection,
  SLEEPS,
  Thing,
  Time,
  Workshop,
} from "./helpers/pool.ts";
import { Recorder } from "./helpers/recorder.ts";
import { sleep, until } from "./helpers/until.ts";

const HOUR = 3_600_000;
const QUIET = { logLevel: "silent" } as const;

/** Takes an object; what comes of it gives that back. */
type Borrowing = (pool: Pool<Thing>) => Promise<() => Promise<void>>;

const byRet: Borrowing = async (pool) => {
  const lease = await pool.get();
  return () => pool.ret(lease);
};

const byUse: Borrowing = async (pool) => {
  const { promise, resolve } = deferred();
  const used = pool.use(() => promise);
  await idle();
  return () => {
    resolve();
    return used;
  };
};

for (const [how, skip] of SLEEPS) {
  describe(`a gap in which ${how}`, () => {
    it("every available object is suspect: health is asked before it is lent, once", async () => {
      using clocks = new Clocks();
      const asked: number[] = [];
      const health = ({ id }: Thing) => {
        asked.push(id);
        return id !== 1;
      };
      const { fun, closer, closed } = new Workshop();
      const pool = new Pool(fun, { minSize: 2, health, closer, ...QUIET });
      await pool.ready();
      await pool.ret(await pool.get());
      assertEquals(asked, []);
      skip(clocks, HOUR);
      assertEquals(pool.tryGet(), undefined, "lent without a check");
      const lease = await pool.get();
      assertEquals([lease.id, asked, closed], [0, [1, 0], [1]]);
      await pool.ret(lease);
      await pool.ret(await pool.get());
      assertEquals(asked.filter((id) => id === 0), [0], "asked again");
      await pool.shutdown();
    });

    it("what was in use meanwhile is suspect when it comes back, once; not what was made since", async () => {
      using clocks = new Clocks();
      const asked: number[] = [];
      const health = ({ id }: Thing) => void asked.push(id);
      const pool = new Pool(new Workshop().fun, { maxSize: 2, health });
      const lease = await pool.get();
      skip(clocks, HOUR);
      await pool.ret(await pool.get());
      assertEquals(asked, []);
      await pool.ret(lease);
      assertEquals(pool.tryGet(), undefined, "lent without a check");
      assertEquals(await pool.use(({ id }) => id), 0);
      await pool.use(() => {});
      assertEquals(asked, [0]);
      await pool.shutdown();
    });

    it("nor is it handed to who waits, by ret or by the end of use", async () => {
      for (const giveBack of [byRet, byUse]) {
        using clocks = new Clocks();
        const { fun, closer, closed } = new Workshop();
        const health = ({ id }: Thing) => id > 0;
        const pool = new Pool(fun, { maxSize: 1, health, closer, ...QUIET });
        const end = await giveBack(pool);
        const next = pool.get();
        skip(clocks, HOUR);
        await end();
        assertEquals([(await next).id, closed], [1, [0]]);
        await pool.ret(await next);
        await pool.shutdown();
      }
    });
  });
}

describe("a clock gap", () => {
  it("of less than a second and hkDelay makes nothing suspect", async () => {
    using clocks = new Clocks();
    let asked = 0;
    const pool = new Pool(new Workshop().fun, {
      minSize: 1,
      hkDelay: 50_000,
      health: () => void asked++,
    });
    await pool.ready();
    clocks.skip(50_900);
    await pool.ret(await pool.get());
    assertEquals(asked, 0);
    clocks.skip(200);
    await pool.ret(await pool.get());
    assertEquals(asked, 1);
    await pool.shutdown();
  });

  it("is noticed where timers run again before the first get", async () => {
    using clocks = new Clocks();
    let asked = 0;
    const pool = new Pool(new Workshop().fun, {
      minSize: 1,
      hkDelay: 20,
      healthFreq: 1_000_000,
      health: () => void asked++,
    });
    await pool.ready();
    clocks.skip(HOUR);
    await sleep(50);
    await pool.ret(await pool.get());
    assertEquals(asked, 1);
    await pool.shutdown();
  });

  it("makes suspect what a round had asked before, also if the answer comes after it", async () => {
    using clocks = new Clocks();
    const answers: ((good: boolean) => void)[] = [];
    const pool = new Pool((n) => new Thing(n), {
      minSize: 1,
      maxSize: 1,
      hkDelay: 10,
      health: () => new Promise<boolean>((resolve) => void answers.push(resolve)),
    });
    await pool.ready();
    await until(() => answers.length === 1, "a round asks");
    clocks.skip(HOUR);
    const lease = pool.get();
    answers[0]!(true);
    await until(() => answers.length === 2, "it is asked again");
    answers[1]!(true);
    await pool.ret(await lease);
    await pool.shutdown();
  });

  it("makes suspect what a hook has in hand for a get: it is asked, perhaps again", async () => {
    for (const hook of ["getter", "health"] as const) {
      using clocks = new Clocks();
      const calls: Deferred<void>[] = [];
      let asked = 0;
      const pool = new Pool(new Workshop().fun, {
        minSize: 1,
        healthAfter: 0,
        health: () => void asked++,
        [hook]: () => {
          const call = deferred();
          asked += hook === "health" ? 1 : 0;
          calls.push(call);
          return call.promise;
        },
      });
      await pool.ready();
      const lease = pool.get();
      await until(() => calls.length === 1, "the hook is called");
      const before = asked;
      clocks.skip(HOUR);
      calls[0]!.resolve();
      await until(() => asked === before + 1, "its health is asked");
      calls[1]?.resolve();
      await pool.ret(await lease);
      await pool.shutdown();
    }
  });

  it("makes suspect what was being made, be it the only one", async () => {
    using clocks = new Clocks();
    const creations = new Creations();
    const asked: number[] = [];
    const health = ({ id }: Thing) => void asked.push(id);
    const pool = new Pool(creations.fun, { health });
    const first = pool.get();
    clocks.skip(HOUR);
    await creations.finish(0);
    assertEquals([(await first).id, asked], [0, [0]]);
    const next = pool.get();
    clocks.skip(HOUR);
    await creations.finish(1);
    assertEquals([(await next).id, asked], [1, [0, 1]]);
    await pool.ret(await first);
    await pool.ret(await next);
    await pool.shutdown();
  });

  it("makes suspect what opener had in hand, where rounds go by as well", async () => {
    using clocks = new Clocks();
    const opened = deferred();
    let asked = 0;
    const pool = new Pool(new Workshop().fun, {
      minSize: 1,
      hkDelay: 5,
      opener: () => opened.promise,
      health: () => void asked++,
    });
    const ready = pool.ready();
    await until(() => pool.stats().hkRounds > 1, "rounds begin with the first creation");
    clocks.skip(HOUR);
    opened.resolve();
    await ready;
    assertEquals(pool.tryGet(), undefined, "lent without a check");
    await pool.ret(await pool.get());
    assertEquals(asked, 1);
    await pool.shutdown();
  });

  it("is none where there was nothing, and so no round", async () => {
    using clocks = new Clocks();
    const logger = new Recorder();
    let asked = 0;
    const options = { health: () => void asked++, logLevel: "info", logger } as const;
    const pool = new Pool(new Workshop().fun, options);
    await pool.discard(await pool.get());
    clocks.skip(HOUR);
    await pool.ret(await pool.get());
    assertEquals([asked, logger.text()], [0, ""]);
    await pool.shutdown();
  });

  it("leaves no rounds behind where nothing came of the making", async () => {
    using time = new Time();
    const options = { hkDelay: 10, createTimeout: 100, ...QUIET };
    const down = () => Promise.reject<Thing>(new Error("down"));
    const hangs = () => new Promise<Thing>(() => {});
    for (const [fun, rounds] of [[down, 0], [hangs, 9]] as const) {
      const pool = new Pool(fun, options);
      const failed = rejection(pool.get());
      await time.pass(100, 5);
      await failed;
      const { hkRounds } = pool.stats();
      assert(hkRounds >= rounds, `${hkRounds} rounds`);
      await time.pass(1000, 5);
      assertEquals(pool.stats().hkRounds, hkRounds);
      await pool.shutdown();
    }
  });

  it("has no say where there is no health", async () => {
    using clocks = new Clocks();
    const pool = new Pool(new Workshop().fun, { minSize: 1, hkDelay: 1000 });
    await pool.ready();
    clocks.skip(HOUR);
    assertEquals(pool.tryGet()?.id, 0);
    await pool.shutdown({ timeout: 1 });
  });
});
