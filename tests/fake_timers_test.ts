// Fake timers that come and go, in the manner of each test tool: what falls due may be late by as long as
// they were there, and is never lost; the clock never jumps.

import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FakeTime } from "@std/testing/time";
import { after, Clock, Timer } from "../pool/clock.ts";
import { Fakes, MANNERS } from "./helpers/fakes.ts";
import { deferred, Timers } from "./helpers/pool.ts";
import { type FakeTimers, timerTests } from "./helpers/timer_cases.ts";
import { sleep } from "./helpers/until.ts";

const HOUR = 3_600_000;

/** What can be put in and taken out again and again. */
function reusable<F extends { restore(): void; tick(ms: number): Promise<void> }>(
  make: () => F,
): FakeTimers {
  let fakes: F | undefined;
  return {
    install: () => void (fakes = make()),
    tick: (ms) => fakes!.tick(ms),
    restore() {
      fakes?.restore();
      fakes = undefined;
    },
  };
}

describe("timers faked by FakeTime of @std", () => {
  const fakeTime = reusable(() => {
    const time = new FakeTime();
    return {
      restore: () => time.restore(),
      async tick(ms: number) {
        for (let i = 0; i < 10; i++) await time.tickAsync(ms / 10);
        await sleep(0);
      },
    };
  });
  for (const [name, fn] of timerTests(fakeTime)) it(name, fn);
});

/** `jest` of bun:test, which fakes what real functions do, not the functions. */
interface Jest {
  useFakeTimers(): unknown;
  advanceTimersByTime(ms: number): unknown;
  useRealTimers(): unknown;
}

if ("Bun" in globalThis) {
  const name = "bun:test";
  const { jest } = await import(name) as { jest: Jest };
  describe("timers faked by bun:test", () => {
    const tool: FakeTimers = {
      install: () => void jest.useFakeTimers(),
      async tick(ms) {
        for (let i = 0; i < 10; i++) {
          await microtasks();
          jest.advanceTimersByTime(ms / 10);
        }
        await microtasks();
      },
      restore: () => void jest.useRealTimers(),
    };
    for (const [name, fn] of timerTests(tool)) it(name, fn);
  });
}

/** By what Bun does not fake. */
function microtasks(): Promise<void> {
  const { setImmediate } = globalThis as unknown as { setImmediate(fn: () => void): void };
  return new Promise((resolve) => setImmediate(resolve));
}

for (const [tool, manner] of Object.entries(MANNERS)) {
  describe(`timers faked in the manner of ${tool}`, () => {
    for (const [name, fn] of timerTests(reusable(() => new Fakes(manner)))) it(name, fn);

    it("the clock follows those that drive its timers", async () => {
      const clock = new Clock();
      using fakes = new Fakes(manner);
      const begun = clock.awake();
      const fired = deferred();
      new Timer(clock, () => fired.resolve()).start(HOUR, false);
      await fakes.tick(HOUR);
      await fired.promise;
      const passed = clock.awake() - begun;
      assert(passed >= HOUR && passed < HOUR + 10_000, `went on by ${passed} ms`);
    });

    it("a timer that was stopped never fires, by whatever it was started", async () => {
      const clock = new Clock();
      let fired = 0;
      const timers = [1, 2].map(() => new Timer(clock, () => fired++));
      timers[0]!.start(20, true);
      const callOff = [after(20, true, () => fired++)];
      const fakes = new Fakes(manner);
      timers[0]!.stop();
      callOff[0]!();
      timers[1]!.start(20, true);
      callOff.push(after(20, true, () => fired++));
      assertEquals(fakes.pending, 2);
      fakes.restore();
      timers[1]!.stop();
      callOff[1]!();
      await sleep(60);
      await fakes.tick(HOUR); // some can be driven still
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

describe("timers that something wraps after this module was loaded", () => {
  it("keep the process alive where the timer does, and are cleared with it", () => {
    using wrapped = new Timers();
    const timer = new Timer(new Clock(), () => {});
    timer.start(HOUR, false);
    assertEquals([wrapped.pending, wrapped.holding], [1, 0]);
    timer.keepAlive(true);
    assertEquals([wrapped.pending, wrapped.holding], [1, 1]);
    timer.stop();
    assertEquals(wrapped.pending, 0);
  });
});
