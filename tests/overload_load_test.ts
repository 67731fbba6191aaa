// Load over the capacity, in fake time: how many are served within their callers' patience, and how soon
// all is well again.

import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FakeTime } from "@std/testing/time";
import { Pool, type PoolOptions } from "../mod.ts";
import { fakeNow, Thing } from "./helpers/pool.ts";

/** Ten objects, for 50 ms each: 200 calls a second. */
const SIZE = 10;
const WORK = 50;
const STEP = 5;

/** Fake time that goes on without any real time passing: some thousand steps a second. */
class Steps {
  readonly #fake = new FakeTime();

  constructor() {
    fakeNow(() => this.now);
  }

  get now(): number {
    return this.#fake.now - this.#fake.start;
  }

  async pass(ms: number): Promise<void> {
    this.#fake.tick(ms);
    for (let i = 0; i < 30; i++) await Promise.resolve(); // more than any chain of promises here
  }

  [Symbol.dispose](): void {
    fakeNow();
    this.#fake.restore();
  }
}

interface Call {
  readonly begun: number;
  /** How long it took, Infinity if it failed. */
  took: number;
  tries: number;
}

/** How many calls come each second, for how many ms. */
type Load = readonly (readonly [perSecond: number, ms: number])[];

interface Caller {
  /** After that many ms it gives up. */
  readonly patience: number;
  /** Whether it tells the pool so, by a signal. */
  readonly tells: boolean;
  readonly tries: number;
}

/** What becomes of each call; `created`: how many objects were made. */
async function run(
  options: PoolOptions<Thing>,
  load: Load,
  caller: Caller,
): Promise<{ calls: Call[]; created: number }> {
  using time = new Steps();
  const pool = new Pool((n) => new Thing(n), { maxSize: SIZE, logLevel: "silent", ...options });
  const calls: Call[] = [];
  const pending: Promise<void>[] = [];
  const work = () => new Promise<void>((resolve) => void setTimeout(resolve, WORK));
  const once = async () => {
    const stop = new AbortController();
    const timer = caller.tells ? setTimeout(() => stop.abort("late"), caller.patience) : undefined;
    try {
      await pool.use(work, { signal: stop.signal });
      return true;
    } catch {
      return false;
    } finally {
      clearTimeout(timer);
    }
  };
  const call = async () => {
    const call: Call = { begun: time.now, took: Infinity, tries: 0 };
    calls.push(call);
    while (call.tries < caller.tries) {
      call.tries++;
      if (!await once()) continue;
      call.took = time.now - call.begun;
      break;
    }
  };
  for (const [perSecond, ms] of load) {
    let due = 0;
    for (let i = 0; i < ms; i += STEP) {
      for (due += perSecond * STEP / 1000; due >= 1; due--) pending.push(call());
      await time.pass(STEP);
    }
  }
  for (let i = 0; i < 400 && pool.waiting + pool.using > 0; i++) await time.pass(50);
  await Promise.all(pending);
  const { created } = pool.stats();
  await pool.shutdown();
  return { calls, created };
}

describe("load over the capacity", () => {
  it("at 1.5 times the capacity four times as many calls end in time as in a FIFO", async () => {
    const patience = 500;
    const caller = { patience, tells: false, tries: 1 };
    const inTime = async (options: PoolOptions<Thing>) => {
      const { calls } = await run(options, [[300, 10_000]], caller);
      assertEquals(calls.length, 3000);
      return calls.filter(({ took }) => took <= patience).length;
    };
    const fifo = await inTime({});
    const shedding = await inTime({ queueTarget: 100, queueInterval: 500 });
    assert(shedding >= 4 * fifo, `${fifo} and ${shedding} of 3000 are in time`);
    assert(shedding > 1900, `${shedding} are in time, of 2000 for whom there is capacity`);
  });

  it("twice the capacity for 5 s, three tries each: a second later all is as before", async () => {
    const caller = { patience: 1000, tells: true, tries: 3 };
    const load = [[400, 5000], [160, 3000]] as const;
    const { calls, created } = await run({ queueTarget: 100, queueInterval: 500 }, load, caller);
    const after = calls.filter(({ begun }) => begun >= 6000);
    assert(after.length > 300, `${after.length} calls`);
    const late = after.filter(({ took }) => took > 2 * WORK);
    assertEquals(late.length, 0, `of ${after.length}, like ${JSON.stringify(late[0])}`);
    const during = calls.filter(({ begun, took }) => begun < 5000 && took < Infinity).length;
    assert(during > 800, `${during} of 2000 calls are served during the load`);
    assert(created < 2 * SIZE, `${created} objects were made`);
  });
});
