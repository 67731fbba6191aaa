// What a pool does by timers, and how each of that must go where fake timers come and go. Runs under
// whatever runner there is: so without `using`, which Jest 29 has no symbols for.

import { assert, assertEquals } from "@std/assert";
import { Pool } from "../../mod.ts";
import { Clock } from "../../pool/clock.ts";
import { sleep } from "./until.ts";

/** A tool that fakes timers. */
export interface FakeTimers {
  install(): void;
  /** Moves faked time, and lets happen what follows. */
  tick(ms: number): Promise<void>;
  restore(): void;
}

const HOUR = 3_600_000;
const QUIET = { logLevel: "silent" } as const;

/** After how many ms the cases fall due; a refill has its own delay. */
const SOON = 30;
const REFILL = 130;

/** Begins something, and gives what resolves once it has fallen due. */
type Case = () => Promise<() => Promise<unknown>>;

const never = () => new Promise<never>(() => {});
const fun = (n: number) => ({ n });

const CASES: Record<string, Case> = {
  "a get with a timeout": async () => {
    const pool = new Pool(fun, { maxSize: 1, timeout: SOON, ...QUIET });
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
    const pool = new Pool(fun, { maxSize: 1, ...QUIET });
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
    let made = () => {};
    const refilled = new Promise<void>((resolve) => made = resolve);
    const once = (n: number) => {
      if (n === 0) throw new Error("not yet");
      made();
      return { n };
    };
    const pool = new Pool(once, { minSize: 1, createBackoff: 0, ...QUIET });
    await pool.ready().catch(() => {});
    return async () => {
      await refilled;
      await pool.shutdown();
    };
  },
  "a round": async () => {
    let closer = () => {};
    const closed = new Promise<void>((resolve) => closer = resolve);
    const pool = new Pool(fun, { maxAvailDelay: 1, hkDelay: SOON, closer, ...QUIET });
    await pool.ret(await pool.get());
    return async () => {
      await closed;
      await pool.shutdown();
    };
  },
  "createTimeout": async () => {
    const pool = new Pool<object>(never, { createTimeout: SOON, ...QUIET });
    const failed = pool.get().catch(() => {});
    await sleep(1);
    return async () => {
      await failed;
      assertEquals(pool.stats().createFailed, 1);
      await pool.shutdown();
    };
  },
  "hookTimeout": async () => {
    const pool = new Pool(fun, { hookTimeout: SOON, retter: never, ...QUIET });
    const given = pool.ret(await pool.get());
    return async () => {
      await given;
      assertEquals(pool.stats().hookErrors, 1);
      await pool.shutdown();
    };
  },
  "the timeout of a shutdown": async () => {
    const pool = new Pool(fun, QUIET);
    const lease = await pool.get();
    const over = pool.shutdown({ timeout: SOON });
    return async () => {
      await over;
      assertEquals([pool.stats().closed, typeof lease], [1, "object"]);
    };
  },
};

/** Fails if that takes too long, in real time. */
async function soon(work: Promise<unknown>, what: string): Promise<void> {
  const late = sleep(4000).then(() => "late");
  assert(await Promise.race([work, late]) !== "late", `${what}: never falls due`);
}

/** The names of the tests, and what they do. */
export function timerTests(tool: FakeTimers): [name: string, fn: () => Promise<void>][] {
  const restoring = ([name, fn]: [string, Test]): [string, () => Promise<void>] => [
    name,
    () => fn(tool).finally(() => tool.restore()),
  ];
  const cases = Object.entries(CASES).flatMap(([what, begin]) => testsOf(what, begin));
  return [...cases, ...Object.entries(OTHERS)].map(restoring);
}

type Test = (tool: FakeTimers) => Promise<void>;

function testsOf(what: string, begin: Case): [string, Test][] {
  const delay = begin === CASES["a refill of minSize"] ? REFILL : SOON;
  return Object.entries(
    {
      async "begun before, is not lost"(tool) {
        const fallsDue = await begin();
        tool.install();
        await sleep(10);
        tool.restore();
        await soon(fallsDue(), what);
      },
      async "begun before and due meanwhile, is not lost"(tool) {
        const fallsDue = await begin();
        tool.install();
        await sleep(delay + 10);
        tool.restore();
        await soon(fallsDue(), what);
      },
      async "begun meanwhile, goes by the fakes"(tool) {
        tool.install();
        const fallsDue = await begin();
        let due = false;
        const over = fallsDue().then(() => due = true);
        await sleep(delay + 10);
        assertEquals(due, false, "real time counts");
        await tool.tick(2 * delay);
        await soon(over, what);
      },
      async "begun meanwhile, is not lost when they go"(tool) {
        tool.install();
        const fallsDue = await begin();
        tool.restore();
        await soon(fallsDue(), what);
      },
      async "begun after they were there, falls due"(tool) {
        tool.install();
        const fallsDue = await begin();
        const over = fallsDue();
        await tool.tick(2 * delay);
        await soon(over, what);
        tool.restore();
        await soon((await begin())(), what);
      },
    } satisfies Record<string, Test>,
  ).map(([how, fn]) => [`${what}: ${how}`, fn]);
}

const OTHERS: Record<string, Test> = {
  async "a pool that lives through it all ends its gets, and keeps its object"(tool) {
    const options = { maxSize: 1, timeout: 2 * SOON, maxLifetime: HOUR, hkDelay: SOON, ...QUIET };
    const pool = new Pool(fun, options);
    const lease = await pool.get();
    for (let i = 0; i < 3; i++) {
      const before = pool.get().catch(() => {});
      tool.install();
      const meanwhile = pool.get().catch(() => {});
      await tool.tick(i);
      tool.restore();
      const later = pool.get().catch(() => {});
      await soon(Promise.all([before, meanwhile, later]), "a get");
    }
    const { timeouts, running, objects } = pool.stats();
    assertEquals(timeouts, 9);
    assert(running! >= 0 && running! < 60_000, `runs for ${running} ms`);
    assert(objects.using[0]!.held! < 60_000, `held for ${objects.using[0]!.held} ms`);
    await pool.ret(lease);
    assertEquals(pool.tryGet()?.n, 0, "expired");
    await pool.shutdown({ timeout: 1 });
  },
  async "rounds go on, before, meanwhile and after"(tool) {
    const pool = new Pool(fun, { minSize: 1, hkDelay: 20, ...QUIET });
    await pool.ready();
    const more = async (wait: () => Promise<void>) => {
      const { hkRounds } = pool.stats();
      for (let i = 0; i < 100 && pool.stats().hkRounds < hkRounds + 2; i++) await wait();
      assert(pool.stats().hkRounds >= hkRounds + 2, "there are no rounds");
    };
    for (let i = 0; i < 2; i++) {
      await more(() => sleep(20));
      tool.install();
      await sleep(25); // the one that was begun before
      await more(() => tool.tick(20));
      tool.restore();
    }
    await more(() => sleep(20));
    await pool.shutdown();
  },
  "the clock goes on from where it was, each time"(tool) {
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
      tool.install();
      check();
      tool.restore();
    }
    check();
    assertEquals(clock.slept, 0);
    return Promise.resolve();
  },
};
