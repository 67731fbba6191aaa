// Fake timers that come and go, in the manner of each test tool: what falls due may be late by as long as
// they were there, and is never lost; the clock never jumps.

import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool } from "../mod.ts";
import { after, Clock, Timer } from "../pool/clock.ts";
import { Fakes, MANNERS } from "./helpers/fakes.ts";
import { deferred, idle, Thing, Timers } from "./helpers/pool.ts";
import { sleep } from "./helpers/until.ts";

const HOUR = 3_600_000;
const QUIET = { logLevel: "silent" } as const;

/** After how many ms the cases fall due; a refill has its own delay. */
const SOON = 30;
const REFILL = 130;

/** What a pool is to do by a timer: begins, and gives what resolves once it has fallen due. */
type Case = () => Promise<() => Promise<unknown>>;

const never = () => new Promise<never>(() => {});

const CASES: Record<string, Case> = {
  "a get with a timeout": async () => {
    const pool = new Pool((n) => new Thing(n), { maxSize: 1, timeout: SOON, ...QUIET });
    const lease = await pool.get();
    const late = pool.get().catch(() => {});
    return async () => {
      await late;
      assertEquals(pool.stats().timeouts, 1);
      await pool.ret(lease);
      await pool.shutdown();
    };
  },
  "a get with a timeout of its own": async () => {
    const pool = new Pool((n) => new Thing(n), { maxSize: 1, ...QUIET });
    const lease = await pool.get();
    const late = pool.get({ timeout: SOON }).catch(() => {});
    return async () => {
      await late;
      assertEquals(pool.stats().timeouts, 1);
      await pool.ret(lease);
      await pool.shutdown();
    };
  },
  "a refill of minSize": async () => {
    const made = deferred();
    const fun = (n: number) => {
      if (n === 0) throw new Error("not yet");
      made.resolve();
      return new Thing(n);
    };
    const pool = new Pool(fun, { minSize: 1, ...QUIET });
    await pool.ready().catch(() => {});
    return async () => {
      await made.promise;
      await pool.shutdown();
    };
  },
  "a round": async () => {
    const closed = deferred();
    const options = { maxAvailDelay: 1, hkDelay: SOON, closer: () => closed.resolve() };
    const pool = new Pool((n) => new Thing(n), options);
    await pool.ret(await pool.get());
    return async () => {
      await closed.promise;
      await pool.shutdown();
    };
  },
  "createTimeout": async () => {
    const pool = new Pool<Thing>(never, { createTimeout: SOON, ...QUIET });
    const failed = pool.get().catch(() => {});
    await idle();
    return async () => {
      await failed;
      assertEquals(pool.stats().createFailed, 1);
      await pool.shutdown();
    };
  },
  "hookTimeout": async () => {
    const pool = new Pool((n) => new Thing(n), { hookTimeout: SOON, retter: never, ...QUIET });
    const given = pool.ret(await pool.get());
    return async () => {
      await given;
      assertEquals(pool.stats().hookErrors, 1);
      await pool.shutdown();
    };
  },
  "the timeout of a shutdown": async () => {
    const pool = new Pool((n) => new Thing(n), QUIET);
    const lease = await pool.get();
    const over = pool.shutdown({ timeout: SOON });
    return async () => {
      await over;
      assertEquals(pool.stats().closed, 1);
      void lease;
    };
  },
};

/** Fails if that takes too long, in real time. */
async function soon(work: Promise<unknown>, what: string): Promise<void> {
  const late = sleep(4000).then(() => "late");
  assert(await Promise.race([work, late]) !== "late", `${what}: never falls due`);
}

for (const [tool, manner] of Object.entries(MANNERS)) {
  describe(`timers faked in the manner of ${tool}`, () => {
    for (const [what, begin] of Object.entries(CASES)) {
      const delay = what.startsWith("a refill") ? REFILL : SOON;

      it(`${what}: begun before, is not lost`, async () => {
        const fallsDue = await begin();
        {
          using _ = new Fakes(manner);
          await sleep(10);
        }
        await soon(fallsDue(), what);
      });

      it(`${what}: begun before and due meanwhile, is not lost`, async () => {
        const fallsDue = await begin();
        {
          using _ = new Fakes(manner);
          await sleep(delay + 10);
        }
        await soon(fallsDue(), what);
      });

      it(`${what}: begun meanwhile, goes by the fakes`, async () => {
        using fakes = new Fakes(manner);
        const fallsDue = await begin();
        let due = false;
        const over = fallsDue().then(() => due = true);
        await sleep(delay + 10);
        assertEquals(due, false, "real time counts");
        await fakes.tick(2 * delay);
        await soon(over, what);
        assertEquals(fakes.pending, 0, "timers are left behind");
      });

      it(`${what}: begun meanwhile, is not lost when they go`, async () => {
        const fakes = new Fakes(manner);
        const fallsDue = await begin();
        fakes[Symbol.dispose]();
        await soon(fallsDue(), what);
      });

      it(`${what}: begun after they were there, falls due`, async () => {
        {
          using fakes = new Fakes(manner);
          const fallsDue = await begin();
          const over = fallsDue();
          await fakes.tick(2 * delay);
          await soon(over, what);
        }
        await soon((await begin())(), what);
      });
    }

    it("a pool that lives through it all ends its gets, and keeps its object", async () => {
      const options = { maxSize: 1, timeout: 60, maxLifetime: HOUR, hkDelay: 20, ...QUIET };
      const pool = new Pool((n) => new Thing(n), options);
      const lease = await pool.get();
      for (let i = 0; i < 3; i++) {
        const before = pool.get().catch(() => {});
        const fakes = new Fakes(manner);
        const meanwhile = pool.get().catch(() => {});
        await fakes.tick(i);
        fakes[Symbol.dispose]();
        const later = pool.get().catch(() => {});
        await soon(Promise.all([before, meanwhile, later]), "a get");
      }
      const { timeouts, running, objects } = pool.stats();
      assertEquals(timeouts, 9);
      assert(running! >= 0 && running! < 60_000, `runs for ${running} ms`);
      assert(objects.using[0]!.held! < 60_000, `held for ${objects.using[0]!.held} ms`);
      await pool.ret(lease);
      assertEquals(pool.tryGet()?.id, 0, "expired");
      await pool.shutdown({ timeout: 1 });
    });

    it("rounds go on, before, meanwhile and after", async () => {
      const pool = new Pool((n) => new Thing(n), { maxUse: 3, minSize: 1, hkDelay: 20, ...QUIET });
      await pool.ready();
      const more = async (wait: () => Promise<void>) => {
        const { hkRounds } = pool.stats();
        for (let i = 0; i < 100 && pool.stats().hkRounds < hkRounds + 2; i++) await wait();
        assert(pool.stats().hkRounds >= hkRounds + 2, "there are no rounds");
      };
      for (let i = 0; i < 2; i++) {
        await more(() => sleep(20));
        using fakes = new Fakes(manner);
        await sleep(25); // one that was begun before
        await more(() => fakes.tick(20));
      }
      await more(() => sleep(20));
      await pool.shutdown();
    });

    it("the clock goes on from where it was, each time", () => {
      const clock = new Clock();
      let [awake, now] = [clock.awake(), clock.now()];
      const check = () => {
        const [nextAwake, nextNow] = [clock.awake(), clock.now()];
        const passed = [nextAwake - awake, nextNow - now];
        for (const ms of passed) assert(ms >= 0 && ms < 1000, `went on by ${passed} ms`);
        [awake, now] = [nextAwake, nextNow];
      };
      for (let i = 0; i < 3; i++) {
        check();
        using _ = new Fakes(manner);
        check();
      }
      check();
      assertEquals(clock.slept, 0);
    });

    it("the clock follows the fakes that drive its timers", async () => {
      const clock = new Clock();
      using fakes = new Fakes(manner);
      const begun = clock.awake();
      const fired = deferred();
      new Timer(clock, fired.resolve).start(HOUR, false);
      await fakes.tick(HOUR);
      await soon(fired.promise, "a timer");
      const passed = clock.awake() - begun;
      assert(passed >= HOUR && passed < HOUR + 10_000, `went on by ${passed} ms`);
    });

    it("a timer that was stopped fires never, by whatever it was started", async () => {
      const clock = new Clock();
      let fired = 0;
      const timers = [1, 2].map(() => new Timer(clock, () => fired++));
      timers[0]!.start(20, true);
      const callOff = [after(20, true, () => fired++)];
      {
        using fakes = new Fakes(manner);
        timers[0]!.stop();
        callOff[0]!();
        timers[1]!.start(20, true);
        callOff.push(after(20, true, () => fired++));
        assertEquals(fakes.pending, 2);
      }
      timers[1]!.stop();
      callOff[1]!();
      await sleep(60);
      assertEquals([fired, clock.awake() < Infinity, timers[0]!.at], [0, true, Infinity]);
    });

    it("a timer goes over to them when it is asked, and back", async () => {
      const clock = new Clock();
      let fired = 0;
      const timer = new Timer(clock, () => fired++);
      timer.start(HOUR, false);
      const { at } = timer;
      {
        using fakes = new Fakes(manner);
        assertEquals(timer.at, at);
        assertEquals(fakes.pending, 1);
        await fakes.tick(HOUR - 2_000);
        assertEquals(fired, 0);
      }
      assertEquals(timer.at, at);
      using fakes = new Fakes(manner);
      timer.keepAlive(false);
      await fakes.tick(HOUR);
      assertEquals(fired, 1);
    });
  });
}

describe("what stands guard for the time when fakes go", () => {
  it("is there only under fakes, and keeps the process alive as its timer does", () => {
    using real = new Timers();
    // Fakes of fakes: what this module was loaded with is not what Timers has put in.
    const timer = new Timer(new Clock(), () => {});
    timer.start(HOUR, false);
    assertEquals([real.pending, real.holding], [1, 0]);
    timer.keepAlive(true);
    assertEquals([real.pending, real.holding], [1, 1]);
    timer.stop();
    assertEquals(real.pending, 0);
  });
});
