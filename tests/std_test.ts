// What the tests rely on in assertions, hooks and faked time, be they JSR's or the stand-ins.

import {
  assert,
  assertAlmostEquals,
  assertArrayIncludes,
  assertEquals,
  AssertionError,
  assertIsError,
  assertNotEquals,
  assertNotStrictEquals,
  assertObjectMatch,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { deadline, delay } from "@std/async";
import { afterAll, afterEach, beforeAll, beforeEach, describe, it } from "@std/testing/bdd";
import { FakeTime } from "@std/testing/time";
import { readFileSync } from "node:fs";
import { collect, needGc } from "./helpers/gc.ts";

describe("assertions", () => {
  it("fail with an AssertionError", () => {
    const wrong: (() => void)[] = [
      () => assert(0),
      () => assertEquals({ a: [1] }, { a: [2] }),
      () => assertNotEquals([1], [1]),
      () => assertStrictEquals<unknown>({}, {}),
      () => assertNotStrictEquals(NaN, NaN),
      () => assertAlmostEquals(1, 1.1),
      () => assertArrayIncludes([{ a: 1 }], [{ a: 2 }]),
      () => assertObjectMatch({ a: { b: 1 } }, { a: { b: 2 } }),
      () => assertObjectMatch({ a: 1 }, { a: 1, b: 2 }),
      () => assertIsError(new Error("one"), Error, "two"),
      () => assertIsError("no error"),
    ];
    for (const fn of wrong) assertThrows(fn, AssertionError);
  });

  it("compare what matters", () => {
    assertAlmostEquals(0.1 + 0.2, 0.3);
    assertArrayIncludes([{ a: 1 }, 2], [{ a: 1 }]);
    assertObjectMatch({ a: { b: [1, { c: 2, d: 3 }] }, e: 1 }, { a: { b: [1, { c: 2 }] } });
    assertEquals(new Map([["a", new Set([1])]]), new Map([["a", new Set([1])]]));
  });

  it("assertThrows gives the error back, and minds class and message", () => {
    const fail = () => {
      throw new RangeError("out of range");
    };
    assertEquals(assertThrows(fail, RangeError, "of range").message, "out of range");
    assertThrows(() => assertThrows(fail, TypeError), AssertionError);
    assertThrows(() => assertThrows(fail, RangeError, "inside"), AssertionError);
    assertThrows(() => assertThrows(() => {}), AssertionError, "to throw");
  });

  it("assertRejects gives the error back, and tells a throw from a rejection", async () => {
    const reject = () => Promise.reject(new RangeError("late"));
    assertEquals((await assertRejects(reject, RangeError, "late")).message, "late");
    await assertRejects(() => assertRejects(reject, TypeError), AssertionError);
    await assertRejects(() => assertRejects(() => Promise.resolve()), AssertionError, "to reject");
    const throws = () => {
      throw new RangeError("at once");
    };
    await assertRejects(() => assertRejects(throws, RangeError), AssertionError, "throws");
  });
});

describe("hooks", () => {
  const log: string[] = [];
  beforeAll(() => void log.push("all"));
  beforeEach(() => void log.push("outer"));
  afterEach(() => void log.push("after outer"));
  afterAll(() => {
    assertEquals(log.at(-1), "after all inner");
  });

  describe("nested", () => {
    beforeEach(async () => {
      await delay(1);
      log.push("inner");
    });
    afterEach(() => void log.push("after inner"));
    afterAll(() => void log.push("after all inner"));

    it("run outside in", () => {
      assertEquals(log, ["all", "outer", "inner"]);
    });

    it("run inside out afterwards", () => {
      const first = ["all", "outer", "inner", "after inner", "after outer"];
      assertEquals(log, [...first, "outer", "inner"]);
    });
  });
});

describe("delay and deadline", () => {
  it("reject with the reason of a signal", async () => {
    const stopped = new AbortController();
    const waiting = delay(60_000, { signal: stopped.signal });
    stopped.abort(new RangeError("enough"));
    await assertRejects(() => waiting, RangeError, "enough");
    await assertRejects(() => delay(1, { signal: stopped.signal }), RangeError, "enough");
  });

  it("a deadline is a TimeoutError, and no hindrance to what is in time", async () => {
    assertEquals(await deadline(Promise.resolve(1), 1000), 1);
    const error = await assertRejects(() => deadline(new Promise(() => {}), 5), DOMException);
    assertEquals(error.name, "TimeoutError");
  });
});

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
    assertThrows(() => time.now = 999, RangeError);
  });
});

describe("collect", () => {
  it("collects what nobody holds", async () => {
    needGc();
    const lost = (() => new WeakRef({ big: new Array(1000).fill(0) }))();
    await collect();
    assertEquals(lost.deref(), undefined);
  });
});

describe("the import map of the stand-ins", () => {
  const read = (path: string): Record<string, string> => {
    const { "@std/log": _, ...rest } = JSON.parse(readFileSync(path, "utf8")).imports;
    return rest;
  };

  it("names what deno.json names, and differs only in what is from JSR", () => {
    const [real, local] = [read("deno.json"), read("tests/std/import_map.json")];
    assertEquals(Object.keys(local).sort(), Object.keys(real).sort());
    for (const [name, target] of Object.entries(real)) {
      if (!target.startsWith("jsr:")) assertEquals(local[name], target, name);
    }
  });
});
