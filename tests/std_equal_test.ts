// What assertEquals and its kin take for equal, be they JSR's or the stand-ins.

import {
  assertArrayIncludes,
  assertEquals,
  AssertionError,
  assertNotEquals,
  assertObjectMatch,
  assertThrows,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";

class Point {
  #secret = Math.random();
  x: unknown;

  constructor(x: unknown) {
    this.x = x;
  }

  get seen(): boolean {
    return this.#secret < 1;
  }
}

class Counter {
  #count: number;

  constructor(count: number) {
    this.#count = count;
  }

  get count(): number {
    return this.#count;
  }
}

class Other {
  x: unknown;

  constructor(x: unknown) {
    this.x = x;
  }
}

function problem(message: string, extra: object = {}): Error {
  const error = Object.assign(new Error(message), extra);
  // Equal in what else there is: two errors that were made in two places are not.
  error.stack = "somewhere";
  return error;
}

function round(size: number): object {
  const self: { size: number; self?: object } = { size };
  self.self = self;
  return self;
}

const key = Symbol("key");
const fn = () => {};

const EQUAL: Record<string, [unknown, unknown]> = {
  "NaN": [NaN, NaN],
  "0 and -0": [0, -0],
  "0 and -0 deep down": [[{ a: 0 }], [{ a: -0 }]],
  "a function and itself": [{ fn }, { fn }],
  "objects in another order": [{ a: 1, b: 2 }, { b: 2, a: 1 }],
  "a plain object and one without prototype": [
    { a: 1 },
    Object.assign(Object.create(null), { a: 1 }),
  ],
  "a getter and its value": [{ a: 1 }, {
    get a() {
      return 1;
    },
  }],
  "what is not enumerable in a plain object": [Object.defineProperty({}, "a", { value: 1 }), {}],
  "symbols": [{ [key]: [1] }, { [key]: [1] }],
  "round things": [round(1), round(1)],
  "instances": [new Point([1]), new Point([1])],
  "instances whose getters agree": [new Counter(1), new Counter(1)],
  "dates": [new Date(5), new Date(5)],
  "invalid dates": [new Date(NaN), new Date(NaN)],
  "regular expressions": [/a/gi, /a/gi],
  "URLs": [new URL("http://a/b"), new URL("http://a/b")],
  "bytes": [new Uint8Array([1, 2]), new Uint8Array([1, 2])],
  "buffers": [new Uint8Array([1, 2]).buffer, new Uint8Array([1, 2]).buffer],
  "sets in another order": [new Set([1, { a: 1 }]), new Set([{ a: 1 }, 1])],
  "maps in another order": [new Map([[1, 2], [3, 4]]), new Map([[3, 4], [1, 2]])],
  "maps by keys that are equal": [new Map([[{ a: 1 }, [1]]]), new Map([[{ a: 1 }, [1]]])],
  "sets with NaN": [new Set([NaN, -0]), new Set([0, NaN])],
  "arrays with the same holes": [[1, , 3], [1, , 3]],
  "errors that agree in all": [problem("a", { code: 1 }), problem("a", { code: 1 })],
  "errors with the same cause": [
    [problem("a", { cause: problem("b") })],
    [problem("a", { cause: problem("b") })],
  ],
};

const UNEQUAL: Record<string, [unknown, unknown]> = {
  "null and undefined": [null, undefined],
  "1 and '1'": [1, "1"],
  "1 and 1n": [1, 1n],
  "functions alike": [() => {}, () => {}],
  "a key that is undefined, and none": [{ a: undefined }, {}],
  "two keys that are undefined": [{ a: undefined }, { b: undefined }],
  "a symbol less": [{ [key]: undefined }, {}],
  "symbols with other values": [{ [key]: 1 }, { [key]: 2 }],
  "an array and an object": [[], {}],
  "an array with more to it": [Object.assign([1], { a: 1 }), [1]],
  "a hole and undefined": [[1, , 3], [1, undefined, 3]],
  "round things of other sizes": [round(1), round(2)],
  "an instance and a plain object": [new Other(1), { x: 1 }],
  "instances of two classes": [new Point(1), new Other(1)],
  "instances whose getters differ": [new Counter(1), new Counter(2)],
  "what is not enumerable in an instance": [
    new Other(1),
    Object.defineProperty(new Other(1), "y", { value: 1 }),
  ],
  "what was inherited": [Object.create({ a: 1 }), Object.create({ a: 1 })],
  "dates": [new Date(5), new Date(6)],
  "regular expressions by flags": [/a/g, /a/i],
  "URLs": [new URL("http://a/b"), new URL("http://a/c")],
  "bytes": [new Uint8Array([1, 2]), new Uint8Array([1, 3])],
  "bytes of other types": [new Uint8Array([1]), new Int8Array([1])],
  "buffers": [new Uint8Array([1, 2]).buffer, new Uint8Array([1, 2, 3]).buffer],
  "sets": [new Set([{ a: 1 }]), new Set([{ a: 2 }])],
  "sets and maps": [new Set([1]), new Map([[1, 1]])],
  "maps with other values": [new Map([["a", { b: 1 }]]), new Map([["a", { b: 2 }]])],
  "a map's value that is undefined, and another key": [
    new Map([["a", undefined]]),
    new Map([["b", undefined]]),
  ],
  "errors that were made in two places": [new Error("a"), new Error("a")],
  "errors of two classes": [
    problem("a"),
    Object.assign(new TypeError("a"), { stack: "somewhere" }),
  ],
  "errors by message": [problem("a"), problem("b")],
  "errors by an own property": [problem("a", { code: 1 }), problem("a", { code: 2 })],
  "errors by cause": [problem("a", { cause: 1 }), problem("a", { cause: 2 })],
  "errors deep down": [{ list: [problem("a")] }, { list: [problem("b")] }],
};

describe("assertEquals and assertNotEquals", () => {
  for (const [what, [a, b]] of Object.entries(EQUAL)) {
    it(`take for equal: ${what}`, () => {
      for (const [x, y] of [[a, b], [b, a]]) {
        assertEquals(x, y);
        assertThrows(() => assertNotEquals(x, y), AssertionError);
        assertArrayIncludes([1, x], [y]);
      }
    });
  }

  for (const [what, [a, b]] of Object.entries(UNEQUAL)) {
    it(`tell apart: ${what}`, () => {
      for (const [x, y] of [[a, b], [b, a]]) {
        assertThrows(() => assertEquals(x, y), AssertionError);
        assertNotEquals(x, y);
        assertThrows(() => assertArrayIncludes([x], [y]), AssertionError);
      }
    });
  }

  it("refuse what cannot be looked into", () => {
    assertThrows(() => assertEquals(new WeakMap(), new WeakMap()), TypeError);
    assertThrows(() => assertEquals(new WeakSet(), new WeakSet()), TypeError);
  });

  it("say what differs", () => {
    const error = assertThrows(
      () => assertEquals({ a: "left" }, { a: "right" }, "of these"),
      AssertionError,
      "of these",
    );
    assertEquals([/left/.test(error.message), /right/.test(error.message)], [true, true]);
  });
});

type Loose = Record<PropertyKey, unknown>;

const MATCHING: Record<string, [Loose, Loose]> = {
  "a part of it": [{ a: 1, b: { c: 2, d: 3 } }, { b: { c: 2 } }],
  "instances, as plain objects": [{ a: new Other(1) }, { a: { x: 1 } }],
  "an error, as a plain object": [{ error: new TypeError("a") }, { error: { message: "a" } }],
  "the beginning of an array": [{ a: [1, 2, 3] }, { a: [1, 2] }],
  "parts within an array": [{ a: [{ b: 1, c: 2 }] }, { a: [{ b: 1 }] }],
  "some of a map": [
    { a: new Map([["b", { c: 1, d: 2 }], ["e", { c: 3, d: 4 }]]) },
    { a: new Map([["b", { c: 1 }]]) },
  ],
  "some of a set": [{ a: new Set([1, 2]) }, { a: new Set([2]) }],
  "symbols": [{ [key]: { a: 1 }, b: 1 }, { [key]: { a: 1 } }],
  "a round thing": [round(1) as Loose, { size: 1 }],
};

const NOT_MATCHING: Record<string, [Loose, Loose]> = {
  "a key that is missing": [{ a: 1 }, { a: 1, b: undefined }],
  "no key in common": [{ a: 1 }, { b: 1 }],
  "another value": [{ a: { b: 1 } }, { a: { b: 2 } }],
  "an error made in two places": [{ error: new Error("a") }, { error: new Error("a") }],
  "dates": [{ a: new Date(5) }, { a: new Date(6) }],
  "a regular expression": [{ a: /a/g }, { a: /a/i }],
  "a longer array": [{ a: [1] }, { a: [1, 2] }],
  "more in a set": [{ a: new Set([1]) }, { a: new Set([1, 2]) }],
  "what is inherited": [Object.create({ a: 1 }), { a: 1 }],
};

describe("assertObjectMatch", () => {
  for (const [what, [actual, expected]] of Object.entries(MATCHING)) {
    it(`takes ${what}`, () => assertObjectMatch(actual, expected));
  }

  for (const [what, [actual, expected]] of Object.entries(NOT_MATCHING)) {
    it(`minds ${what}`, () => {
      assertThrows(() => assertObjectMatch(actual, expected), AssertionError);
    });
  }
});
