// Whatever may be lent: arrays, Maps, Dates, text, numbers, frozen objects, odd ones.

import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { deadline } from "@std/async";
import { describe, it } from "@std/testing/bdd";
import { LeaseError, Pool, type PoolOptions } from "../mod.ts";
import { idle } from "./helpers/pool.ts";
import { lent, TestPool } from "./helpers/test_pool.ts";

/** Called with a lease, as one who has no types would use it. */
// deno-lint-ignore no-explicit-any
type Loosely = (lease: any, pool: TestPool<unknown>) => unknown;

function loosely(object: unknown, fn: Loosely, options?: PoolOptions<unknown>): Promise<void> {
  return lent(object, fn, options);
}

describe("a lease of an array", () => {
  it("is an array to all that ask, and reads as one", async () => {
    await lent(["a", "b", "c"], (lease) => {
      assert(Array.isArray(lease) && lease instanceof Array);
      assertEquals([lease.length, lease[0], lease.at(-1), lease[3]], [3, "a", "c", undefined]);
      assertEquals(JSON.stringify({ lease }), '{"lease":["a","b","c"]}');
      assertEquals([...lease], ["a", "b", "c"]);
      assertEquals(Array.from(lease), ["a", "b", "c"]);
      assertEquals([["x"], lease].flat(), ["x", "a", "b", "c"]);
      assertEquals(["x"].concat(lease), ["x", "a", "b", "c"]);
      assertEquals(lease.map((text) => text + text), ["aa", "bb", "cc"]);
      assertEquals(Math.max(...lease.map((text) => text.length)), 1);
      assertEquals(Object.keys(lease), ["0", "1", "2"]);
      assertEquals([0 in lease, 3 in lease, "length" in lease], [true, false, true]);
      assertEquals(Object.getOwnPropertyDescriptor(lease, "length")?.value, 3);
      const [first, ...rest] = lease;
      assertEquals([first, rest, `${lease}`], ["a", ["b", "c"], "a,b,c"]);
    });
  });

  it("writes through", async () => {
    const array = [3, 1, 2];
    await lent(array, (lease) => {
      lease.push(4);
      lease[4] = 5;
      assertEquals([lease.length, array], [5, [3, 1, 2, 4, 5]]);
      lease.length = 3;
      assertStrictEquals(lease.sort(), lease as number[]);
      assertEquals(array, [1, 2, 3]);
      assertEquals([lease.pop(), lease.shift(), lease.splice(0, 1, 7, 8)], [3, 1, [2]]);
      Array.prototype.push.call(lease, 9);
      assertEquals(array, [7, 8, 9]);
      assert(delete lease[0]);
      assertEquals([0 in array, array.length], [false, 3]);
    });
  });

  it("works when it is frozen, and refuses writes as it does", async () => {
    await lent(Object.freeze([1, 2]) as number[], (lease) => {
      assertEquals([[...lease], lease.length, JSON.stringify(lease)], [[1, 2], 2, "[1,2]"]);
      assertEquals(Object.getOwnPropertyDescriptor(lease, "length")?.value, 2);
      assertEquals(Object.keys(lease), ["0", "1"]);
      assertThrows(() => lease[0] = 5, TypeError);
      assertThrows(() => lease.push(5), TypeError);
    });
  });

  it("is dead after its return", async () => {
    await lent([1], async (lease, pool) => {
      await pool.ret(lease);
      assertThrows(() => lease.length, LeaseError);
      assertThrows(() => [...lease], LeaseError);
      assertThrows(() => JSON.stringify(lease), LeaseError);
      assertThrows(() => lease[0] = 2, LeaseError);
    });
  });
});

describe("a lease of a built-in", () => {
  it("Map", async () => {
    const map = new Map([["a", 1]]);
    await lent(map, (lease) => {
      assertStrictEquals(lease.set("b", 2), lease as Map<string, number>);
      assertEquals([lease.size, lease.get("b"), lease.has("c")], [2, 2, false]);
      assertEquals([...lease], [["a", 1], ["b", 2]]);
      assertEquals(new Map(lease), map);
      assertEquals([...lease.keys()], ["a", "b"]);
      const seen: unknown[] = [];
      lease.forEach((value, key) => seen.push(key, value));
      assertEquals(seen, ["a", 1, "b", 2]);
      lease.clear();
      assertEquals(map.size, 0);
    });
  });

  it("Set, WeakMap and RegExp", async () => {
    await lent(new Set([1]), (lease) => {
      lease.add(2).add(3).delete(1);
      assertEquals([[...lease], lease.size], [[2, 3], 2]);
    });
    const key = {};
    await lent(new WeakMap([[key, 1]]), (lease) => assertEquals(lease.get(key), 1));
    await lent(/b(.)/g, (lease) => {
      assertEquals(["abc".replace(lease, "-"), lease.exec("abc")?.[1]], ["a-", "c"]);
      assertEquals([lease.source, lease.lastIndex], ["b(.)", 3]);
    });
  });

  it("typed array and ArrayBuffer", async () => {
    const bytes = new Uint8Array([1, 2, 3]);
    await lent(bytes, (lease) => {
      lease[0] = 9;
      lease.set([8], 1);
      assertEquals([lease.length, [...lease], lease.byteLength], [3, [9, 8, 3], 3]);
      assertEquals([...lease.subarray(1)], [8, 3]);
      assertStrictEquals(lease.fill(0), lease as Uint8Array);
      assertEquals([...bytes], [0, 0, 0]);
    });
    await lent(new ArrayBuffer(8), (lease) => assertEquals(lease.slice(2).byteLength, 6));
  });

  it("Date", async () => {
    const date = new Date(Date.UTC(2020, 1, 2));
    await lent(date, (lease) => {
      assertEquals([+lease, lease.getTime(), `${lease}`], [+date, +date, `${date}`]);
      assertEquals(JSON.stringify({ lease }), '{"lease":"2020-02-02T00:00:00.000Z"}');
      lease.setUTCFullYear(2021);
      assertEquals(date.getUTCFullYear(), 2021);
      assert(lease < new Date() && lease instanceof Date);
    });
  });

  it("Promise in a field, Error, generator and URL", async () => {
    await lent({ ready: Promise.resolve(5) }, async (lease) => assertEquals(await lease.ready, 5));
    await lent(new RangeError("bad"), (lease) => {
      assert(lease instanceof RangeError && lease instanceof Error);
      assertEquals([lease.message, `${lease}`], ["bad", "RangeError: bad"]);
    });
    const numbers = function* () {
      yield* [1, 2];
    };
    await lent(numbers(), (lease) => assertEquals([...lease], [1, 2]));
    await lent(new URL("http://example.org/a?b=c"), (lease) => {
      lease.pathname = "/x";
      assertEquals([lease.searchParams.get("b"), `${lease}`], ["c", "http://example.org/x?b=c"]);
    });
  });
});

describe("a lease of a primitive", () => {
  it("text", async () => {
    await loosely("hello", (lease) => {
      assertEquals([lease.length, lease[1], lease.toUpperCase()], [5, "e", "HELLO"]);
      assertEquals([`${lease}!`, lease + "!", String(lease)], ["hello!", "hello!", "hello"]);
      assertStrictEquals(lease.toString(), "hello");
      assertStrictEquals(lease.valueOf(), "hello");
      assertStrictEquals(lease.slice(0), "hello");
      assertStrictEquals(lease.trim(), "hello");
      assertEquals([[...lease].join("-"), lease == "hello"], ["h-e-l-l-o", true]);
      assertEquals(JSON.stringify({ lease }), '{"lease":"hello"}');
      assertEquals(["oh hello".indexOf(lease), /^h/.test(lease)], [3, true]);
      assertEquals([Object.keys(lease), "length" in lease], [["0", "1", "2", "3", "4"], true]);
    });
  });

  it("empty text and other falsy values", async () => {
    await loosely("", (lease) => assertEquals([lease.length, `${lease}`], [0, ""]));
    await loosely(0, (lease) => assertEquals([lease + 1, lease.toFixed(1)], [1, "0.0"]));
    await loosely(false, (lease) => {
      assertEquals([`${lease}`, JSON.stringify([lease])], ["false", "[false]"]);
      assertStrictEquals(lease.valueOf(), false);
    });
    await loosely(NaN, (lease) => assert(Number.isNaN(+lease)));
  });

  it("number", async () => {
    await loosely(42, (lease) => {
      assertEquals([lease + 1, lease * 2, +lease, `${lease}`], [43, 84, 42, "42"]);
      assertStrictEquals(lease.valueOf(), 42);
      assertEquals([lease.toFixed(2), lease.toString(16), lease > 41], ["42.00", "2a", true]);
      assertEquals(JSON.stringify({ lease }), '{"lease":42}');
      assertEquals(Math.max(lease, 7), 42);
    });
  });

  it("bigint and symbol", async () => {
    await loosely(42n, (lease) => {
      assertEquals([lease + 1n, `${lease}`, lease.toString(2)], [43n, "42", "101010"]);
      assertStrictEquals(lease.valueOf(), 42n);
    });
    const symbol = Symbol("mine");
    await loosely(symbol, (lease) => {
      assertEquals([lease.description, lease.toString()], ["mine", "Symbol(mine)"]);
      assertStrictEquals(lease.valueOf(), symbol);
    });
  });

  it("is dead after its return, and equal ones are told apart", async () => {
    await using pool = new TestPool(() => "same");
    const [one, two] = [await pool.get(), await pool.get()];
    await pool.ret(one);
    assertThrows(() => `${one}`, LeaseError, "returned");
    assertThrows(() => one.length, LeaseError, "returned");
    assertEquals([`${two}`, Pool.unwrap(two), pool.available, pool.using], ["same", "same", 1, 1]);
  });
});

describe("a lease of an object that cannot be changed", () => {
  const kinds: [string, (object: object) => object][] = [
    ["frozen", Object.freeze],
    ["sealed", Object.seal],
    ["not extensible", Object.preventExtensions],
  ];
  for (const [kind, make] of kinds) {
    it(`${kind}: reads, keys and methods work, writes fail as its own do`, async () => {
      const object = make({
        a: 1,
        get b() {
          return 2;
        },
        sum: (x: number) => x + 1,
      });
      await loosely(object, (lease) => {
        assertEquals([lease.a, lease.b, lease.sum(1)], [1, 2, 2]);
        assertEquals(Object.keys(lease), ["a", "b", "sum"]);
        assertEquals(Object.entries(lease).length, 3);
        assertEquals({ ...lease }.a, 1);
        assertEquals(JSON.stringify(lease), '{"a":1,"b":2}');
        assertEquals([Object.getOwnPropertyDescriptor(lease, "a")?.value, "a" in lease], [1, true]);
        assertThrows(() => lease.c = 1, TypeError);
        assertEquals("c" in object, false);
        if (kind === "frozen") assertThrows(() => lease.a = 5, TypeError);
        else lease.a = 5;
        assertEquals((object as { a: number }).a, kind === "frozen" ? 1 : 5);
        if (kind !== "not extensible") assertThrows(() => delete lease.a, TypeError);
      });
    });
  }
});

describe("a lease of an odd object", () => {
  it("without a prototype", async () => {
    const object = Object.assign(Object.create(null), { a: 1, toString: undefined });
    await loosely(object, (lease, pool) => {
      assertEquals([lease.a, Object.keys(lease)], [1, ["a", "toString"]]);
      assertEquals([Object.getPrototypeOf(lease), lease.constructor], [null, undefined]);
      assertEquals([lease instanceof Object, "hasOwnProperty" in lease], [false, false]);
      assertEquals(pool.stats().using, 1);
      JSON.parse(String(pool));
    });
  });

  it("with getters and methods that throw, also those that a description needs", async () => {
    const failure = new RangeError("no");
    const fail = () => {
      throw failure;
    };
    const object = { toString: fail, [Symbol.toPrimitive]: fail };
    for (const name of ["toJSON", "constructor", Symbol.toStringTag, Symbol.iterator]) {
      Object.defineProperty(object, name, { get: fail, configurable: true });
    }
    await loosely(object, async (lease, pool) => {
      assertStrictEquals(assertThrows(() => lease.constructor), failure);
      assertStrictEquals(assertThrows(() => `${lease}`), failure);
      JSON.parse(String(pool));
      await pool.ret(lease);
      await pool.ret(lease);
      assertEquals([pool.available, pool.stats().doubleReturns], [1, 1]);
    }, { discardOnError: false });
  });

  it("that is a proxy of somebody else's", async () => {
    const seen: string[] = [];
    const proxy = new Proxy({ a: 1 }, {
      get: (target, key, self) => (seen.push(String(key)), Reflect.get(target, key, self)),
    });
    await lent(proxy, (lease) => {
      seen.length = 0;
      assertEquals(lease.a, 1);
      assertEquals(seen, ["a"]);
    });
  });

  it("that is a proxy revoked while it is lent: uses fail as its own, and it can be given back", async () => {
    for (const target of [{ a: 1 }, [1], () => 1]) {
      const { proxy, revoke } = Proxy.revocable(target, {});
      await loosely(proxy, async (lease, pool) => {
        revoke();
        assertThrows(() => lease.a, TypeError);
        assertThrows(() => Object.keys(lease), TypeError);
        JSON.parse(String(pool));
        await pool.discard(lease);
        assertEquals([pool.size, pool.stats().closed], [0, 1]);
        assertThrows(() => lease.a, LeaseError, "discarded");
      });
    }
  });

  it("that is a proxy revoked while it is available: no place is lost, no get is stuck", async () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    await using pool = new TestPool(() => proxy, { maxSize: 1 });
    await pool.ret(await pool.get());
    revoke();
    // It may be lent, or refused: it must not be neither.
    const lease = await pool.get({ timeout: 200 }).catch(() => undefined);
    if (lease) await pool.discard(lease);
    await idle();
    assertEquals([pool.using, pool.waiting], [0, 0]);
  });

  it("that is a proxy revoked while somebody waits for it", async () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    await using pool = new TestPool(() => proxy, { maxSize: 1 });
    const lease = await pool.get();
    const waiting = pool.get({ timeout: 200 }).catch(() => undefined);
    revoke();
    await pool.ret(lease);
    const next = await deadline(waiting, 1000);
    if (next) await pool.discard(next);
    await idle();
    assertEquals([pool.using, pool.waiting], [0, 0]);
  });

  it("undefined and null are no objects: making them has failed, and says so", async () => {
    for (const nothing of [undefined, null]) {
      await using pool = new TestPool<unknown>(() => nothing, { maxSize: 1 });
      const error = await assertRejects(() => pool.get(), Error);
      assert(/fun.*(undefined|null)/.test(error.message), error.message);
      assertEquals([pool.size, pool.stats().createFailed], [0, 1]);
    }
  });
});
