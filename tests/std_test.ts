// What the tests rely on in assertions, hooks and delays, be they JSR's or the stand-ins.

import {
  assert,
  assertAlmostEquals,
  assertArrayIncludes,
  assertEquals,
  assertInstanceOf,
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

  it("assertThrows takes any value, but only errors where it has a class", () => {
    const fail = () => {
      throw "no error";
    };
    assertEquals(assertThrows(fail), "no error");
    assertThrows(() => assertThrows(fail, Error), AssertionError, "A non-Error object was thrown");
    assertThrows(() => assertThrows(() => {}, Error, "", "why"), AssertionError, "throw: why");
  });

  it("messages are compared without their colors", () => {
    const red = new Error("\u001b[31mred\u001b[39m");
    assertIsError(red, Error, "red");
    assertIsError(red, Error, /^red$/);
    assertThrows(() => assertIsError(red, Error, /^blue$/), AssertionError);
  });

  it("a class is minded, and its heirs are taken", () => {
    const abort = new DOMException("enough", "AbortError");
    assertIsError(abort, DOMException, "enough");
    assertInstanceOf(new RangeError("a"), Error);
    assertThrows(() => assertInstanceOf({}, Error), AssertionError);
    assertThrows(() => assertInstanceOf(null, Object), AssertionError);
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

  it("assertRejects takes any reason, but only errors where it has a class", async () => {
    const reject = () => Promise.reject("no error");
    assertEquals(await assertRejects(reject), "no error");
    assertEquals(await assertRejects(() => Promise.reject(undefined)), undefined);
    const strict = () => assertRejects(reject, Error);
    await assertRejects(strict, AssertionError, "A non-Error object was rejected");
  });

  it("assertRejects takes what has a then, but for functions, and nothing else", async () => {
    const then = (_: unknown, reject: (reason: unknown) => void) => reject(new RangeError("late"));
    await assertRejects(() => ({ then }) as PromiseLike<never>, RangeError, "late");
    const wrong: unknown[] = [Object.assign(() => {}, { then }), undefined, 1, {}];
    for (const what of wrong) {
      const strict = () => assertRejects(() => what as PromiseLike<never>);
      await assertRejects(strict, AssertionError, "throws when expected to reject");
    }
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

describe("hooks of one kind", () => {
  const log: string[] = [];
  beforeAll(() => void log.push("all 1"));
  beforeAll(() => void log.push("all 2"));
  beforeEach(() => void log.push("each 1"));
  beforeEach(() => void log.push("each 2"));
  afterEach(() => void log.push("after 1"));
  afterEach(() => void log.push("after 2"));

  it.skip("are not for tests that are skipped", () => {});

  it("run in the order of their setting", () => {
    assertEquals(log, ["all 1", "all 2", "each 1", "each 2"]);
  });

  it("afterwards, too", () => {
    assertEquals(log.slice(4), ["after 1", "after 2", "each 1", "each 2"]);
  });
});

describe("tests and suites", () => {
  it("cannot be registered by a test", () => {
    for (const register of [it, describe, it.skip]) {
      assertThrows(() => register("late", () => {}), Error, "already");
    }
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

describe("delay", () => {
  it("is as long as it should be, even for longer than a timer can be", async () => {
    const stopped = new AbortController();
    const long = delay(2 ** 31, { signal: stopped.signal });
    const first = await Promise.race([long, delay(5).then(() => "short")]);
    assertEquals(first, "short");
    stopped.abort(new RangeError("enough"));
    await assertRejects(() => long, RangeError, "enough");
  });
});

describe("deadline", () => {
  it("rejects as the promise does", async () => {
    const failed = Promise.reject(new RangeError("mine"));
    await assertRejects(() => deadline(failed, 1000), RangeError, "mine");
  });

  it("rejects with the reason of a signal", async () => {
    const never = new Promise(() => {});
    const signal = AbortSignal.abort(new RangeError("enough"));
    await assertRejects(() => deadline(never, 1000, { signal }), RangeError, "enough");
    const stopped = new AbortController();
    const waiting = deadline(never, 1000, stopped);
    stopped.abort(new RangeError("late"));
    await assertRejects(() => waiting, RangeError, "late");
  });

  it("refuses what is no time", async () => {
    await assertRejects(() => deadline(Promise.resolve(), -1), TypeError);
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

  it("names what import_map.json names, and differs only in what is from JSR", () => {
    const [real, local] = [read("import_map.json"), read("tests/std/import_map.json")];
    assertEquals(Object.keys(local).sort(), Object.keys(real).sort());
    for (const [name, target] of Object.entries(real)) {
      if (!target.startsWith("jsr:")) assertEquals(local[name], target, name);
    }
  });
});
