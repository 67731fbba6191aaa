// What a callback of Pool.use gives must not need its object any longer: an iterator or a stream does.

import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Thing } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";

/** What a Node stream looks like, of whichever kind. */
class NodeStream {
  on(): void {}
  pipe(): void {}
}

const READS: [string, () => unknown][] = [
  ["a generator", function* () {}],
  ["an asynchronous generator", async function* () {}],
  ["an asynchronous iterable", () => ({ async *[Symbol.asyncIterator]() {} })],
  ["an iterator of an array", () => [1, 2][Symbol.iterator]()],
  ["an iterator of a Map", () => new Map([[1, 2]]).entries()],
  ["a ReadableStream", () => new ReadableStream()],
  ["a stream of Node", () => new NodeStream()],
];

const NONE: [string, () => unknown][] = [
  ["an array", () => [1, 2]],
  ["rows", () => ({ rows: [{ n: 1 }], next: 5 })],
  ["a Map", () => new Map([[1, 2]])],
  ["a Set", () => new Set([1])],
  ["text", () => "text"],
  ["a Uint8Array", () => new Uint8Array(3)],
  ["an object with a method next alone", () => ({ next: () => 1 })],
  ["an object without a prototype", () => Object.create(null)],
  ["undefined", () => undefined],
  ["null", () => null],
  ["the object itself", () => new Thing(0)],
  ["a function", () => () => {}],
  ["an object that cannot be asked", () =>
    new Proxy({}, {
      get: (_, key) => {
        if (key !== "then") throw new Error("hostile");
      },
      has: () => {
        throw new Error("hostile");
      },
    })],
];

function things(): TestPool<Thing> {
  return new TestPool((n) => new Thing(n), { maxSize: 1, name: "db" });
}

describe("use whose callback gives what still reads from its object", () => {
  for (const [what, make] of READS) {
    it(`warns of ${what}, with the way out, and gives it all the same`, async () => {
      await using pool = things();
      const value = make();
      const given = await pool.use(() => ({ value }.value));
      assert(given === value);
      assertEquals([pool.lines.length, pool.available], [1, 1]);
      const [line = ""] = pool.lines;
      for (const word of [/^warn db: the callback of use\(\)/, /stream/, /borrow\(\)/]) {
        assert(word.test(line), line);
      }
    });
  }

  it("warns once for each pool, whether it comes now or later, lent at once or not", async () => {
    for (const fn of [() => new NodeStream(), () => Promise.resolve(new NodeStream())]) {
      await using pool = things();
      for (let i = 0; i < 3; i++) await pool.use(fn);
      assertEquals(pool.lines.length, 1);
      await using other = things();
      await other.use(() => {});
      await other.use(fn);
      assertEquals(other.lines.length, 1);
    }
  });

  it("does not warn of what nobody gets: the caller has given up", async () => {
    await using pool = things();
    const stop = new AbortController();
    const used = pool.use(() => {
      stop.abort("enough");
      return new NodeStream();
    }, { signal: stop.signal });
    assertEquals([await used.catch((error) => error), pool.lines], ["enough", []]);
  });
});

describe("use whose callback gives something else", () => {
  for (const [what, make] of NONE) {
    it(`says nothing of ${what}`, async () => {
      await using pool = things();
      const value = make();
      assert(await pool.use(() => value) === value);
      assert(await pool.use(() => Promise.resolve(value)) === value);
      assertEquals([pool.lines, pool.available], [[], 1]);
    });
  }
});
