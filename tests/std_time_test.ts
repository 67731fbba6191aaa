// What the tests rely on in faked time, be it JSR's or the stand-in.

import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { deadline, delay } from "@std/async";
import { describe, it } from "@std/testing/bdd";
import { FakeTime, TimeError } from "@std/testing/time";

describe("FakeTime", () => {
  it("fakes Date and timers until it is disposed of", () => {
    const { setTimeout: real, Date: realDate } = globalThis;
    {
      using time = new FakeTime(1000);
      assertEquals([Date.now(), new Date().valueOf(), time.now], [1000, 1000, 1000]);
      time.tick(500);
      assertEquals([Date.now(), new Date().valueOf(), time.now], [1500, 1500, 1500]);
      assert(new Date() instanceof Date);
      assertThrows(() => new FakeTime(), Error, "already faked");
    }
    assertStrictEquals(globalThis.setTimeout, real);
    assertStrictEquals(globalThis.Date, realDate);
  });

  it("calls timers in their order, each at its own moment", () => {
    using time = new FakeTime(0);
    const log: string[] = [];
    setTimeout(() => log.push(`late ${Date.now()}`), 20);
    setTimeout((name: string) => log.push(`${name} ${Date.now()}`), 10, "first");
    setTimeout(() => {
      log.push(`second ${Date.now()}`);
      setTimeout(() => log.push(`nested ${Date.now()}`), 5);
    }, 10);
    time.tick(9);
    assertEquals(log, []);
    time.tick(100);
    assertEquals(log, ["first 10", "second 10", "nested 15", "late 20"]);
    assertEquals(time.now, 109);
  });

  it("repeats an interval until it is cleared, also by itself", () => {
    using time = new FakeTime();
    let calls = 0;
    const interval = setInterval(() => {
      if (++calls === 3) clearInterval(interval);
    }, 10);
    time.tick(25);
    assertEquals(calls, 2);
    time.tick(1000);
    assertEquals(calls, 3);
  });

  it("never calls a timeout that was cleared", () => {
    using time = new FakeTime();
    let called = false;
    clearTimeout(setTimeout(() => called = true, 10));
    assertEquals(time.next(), false);
    time.tick(10);
    assertEquals(called, false);
  });

  it("runs microtasks before it moves, and all there is", async () => {
    using time = new FakeTime(0);
    let at = -1;
    Promise.resolve().then(() => setTimeout(() => at = Date.now(), 10));
    await time.tickAsync(10);
    assertEquals(at, 10);
    setTimeout(() => setTimeout(() => at = Date.now(), 100), 100);
    await time.runAllAsync();
    assertEquals([at, time.now], [210, 210]);
    assertEquals(await time.nextAsync(), false);
  });

  it("fakes AbortSignal.timeout", () => {
    using time = new FakeTime();
    const signal = AbortSignal.timeout(100);
    time.tick(99);
    assertEquals(signal.aborted, false);
    time.tick(1);
    assertEquals(signal.reason?.name, "TimeoutError");
  });

  it("refuses to go back", () => {
    using time = new FakeTime(1000);
    assertThrows(() => time.now = 999, RangeError, "in the past");
    assertThrows(() => time.tick(-1), RangeError);
    assertEquals(time.now, 1000);
  });

  it("starts at any kind of date", () => {
    for (const start of [5, 5.9, "1970-01-01T00:00:00.005Z", new Date(5)]) {
      using time = new FakeTime(start);
      assertEquals([time.start, time.now, Date.now()], [5, 5, 5]);
    }
    assertThrows(() => new FakeTime("never"), TypeError);
    // That was no fake at all.
    new FakeTime().restore();
  });

  it("is restored once", () => {
    const time = new FakeTime();
    time.restore();
    assertThrows(() => time.restore(), TimeError, "already restored");
    assertThrows(() => FakeTime.restore(), TimeError, "already restored");
    new FakeTime();
    FakeTime.restore();
  });

  it("leaves nothing behind that works", () => {
    const time = new FakeTime(1000);
    const faked = { setTimeout, clearTimeout, setInterval, clearInterval, Date };
    time.restore();
    assertThrows(() => faked.setTimeout(() => {}), TimeError, "not faked");
    assertThrows(() => faked.setInterval(() => {}), TimeError, "not faked");
    assertThrows(() => faked.clearTimeout(1), TimeError, "not faked");
    assertThrows(() => faked.clearInterval(1), TimeError, "not faked");
    assert(faked.Date.now() > 1000);
  });

  it("has numbers for timers, and takes nothing else", () => {
    using time = new FakeTime();
    let called = 0;
    const id: unknown = setTimeout(() => called++, 10);
    assertEquals(typeof id, "number");
    clearTimeout(String(id) as never);
    clearTimeout(undefined);
    time.tick(10);
    assertEquals(called, 1);
    assertThrows(() => setTimeout("called++" as never), TimeError);
    assertThrows(() => setInterval(undefined as never), TimeError);
  });

  it("next moves on to one moment at a time, with all that is due then", () => {
    using time = new FakeTime(0);
    const log: number[] = [];
    for (const ms of [30, 10, 10, 20]) setTimeout(() => log.push(ms), ms);
    assertEquals([time.next(), time.now, log], [true, 10, [10, 10]]);
    time.tick(5);
    assertEquals([time.next(), time.now, log], [true, 20, [10, 10, 20]]);
    time.runAll();
    assertEquals([time.next(), time.now, log], [false, 30, [10, 10, 20, 30]]);
  });

  it("tick without a time calls what is due at once", () => {
    using time = new FakeTime();
    let called = 0;
    setTimeout(() => called++);
    setTimeout(() => called++, -5);
    setTimeout(() => called++, 0.9);
    setInterval(() => called++, 0);
    time.tick();
    assertEquals(called, 3);
    time.tick(2);
    assertEquals(called, 5);
  });

  it("a timer may clear another one that is due at the same moment", () => {
    using time = new FakeTime();
    const log: string[] = [];
    const timers: ReturnType<typeof setTimeout>[] = [];
    timers.push(setTimeout(() => clearTimeout(timers[1])), setTimeout(() => log.push("cleared")));
    time.tick();
    assertEquals(log, []);
  });

  it("lets the error of a timer through, and goes on after it", () => {
    using time = new FakeTime(0);
    let called = false;
    setTimeout(() => {
      throw new RangeError("mine");
    }, 10);
    setTimeout(() => called = true, 20);
    assertThrows(() => time.tick(100), RangeError, "mine");
    assertEquals([time.now, called], [10, false]);
    time.tick(10);
    assertEquals(called, true);
  });

  it("delay takes real time", async () => {
    using time = new FakeTime(0);
    const begun = performance.now();
    await time.delay(20);
    assert(performance.now() - begun > 15);
    assertEquals(time.now, 0);
  });

  it("fakes what others have of timers: delay, deadline", async () => {
    using time = new FakeTime();
    const waiting = delay(60_000).then(() => "over");
    const late = assertRejects(() => deadline(new Promise(() => {}), 60_000), DOMException);
    await time.tickAsync(60_000);
    assertEquals(await waiting, "over");
    assertEquals((await late).name, "TimeoutError");
  });
});
