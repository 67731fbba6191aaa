// First guesses: what people write who come from other pools, and what the pool tells them.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool, type PoolOptions } from "../mod.ts";
import { Thing } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";

const INSTEAD: Record<string, string> = {
  acquire: "get()",
  connect: "get()",
  getConnection: "get()",
  query: "use((client) => client.query(",
  execute: "use((client) => client.execute(",
  transaction: "use(fn)",
  release: "ret(lease)",
  releaseConnection: "ret(lease)",
  destroy: "discard(lease)",
  isBorrowedResource: "loanOf(object)",
  start: "ready()",
  end: "shutdown()",
  close: "shutdown()",
  terminate: "shutdown()",
  drain: "shutdown({ drain: true })",
  clear: "reset()",
  on: "observe(observer)",
  once: "observe(observer)",
  addListener: "observe(observer)",
};

describe("a method of another pool", () => {
  it("throws, and names ours", () => {
    const pool = new Pool(() => ({})) as unknown as Record<string, () => unknown>;
    for (const [name, ours] of Object.entries(INSTEAD)) {
      const { message } = assertThrows(() => pool[name]!(), TypeError, `a Pool has no ${name}()`);
      assert(message.includes(`call ${ours}`), message);
    }
  });

  it("is neither in the types nor among what is enumerated", () => {
    const pool = new Pool(() => ({}));
    // @ts-expect-error: there is none
    assertThrows(() => pool.acquire(), TypeError);
    const names: string[] = [];
    for (const name in pool) names.push(name);
    assertEquals(names, []);
  });

  it("may be the method of a subclass, or be set", () => {
    class Mine extends Pool<object> {
      acquire = () => 1;
      release(): number {
        return 2;
      }
    }
    const pool = new Mine(() => ({}));
    assertEquals([pool.acquire(), pool.release()], [1, 2]);
    const other = Object.assign(new Pool(() => ({})), { on: () => 3 });
    assertEquals(other.on(), 3);
  });
});

describe("a factory as the only argument", () => {
  it("is told to be two", () => {
    const factory = { create: () => ({}), destroy() {} };
    const make = () => new Pool(factory as unknown as () => object);
    assertThrows(
      make,
      TypeError,
      "write new Pool(create, { closer: destroy, health: validate, … })",
    );
    const { message } = assertThrows(() => new Pool({} as unknown as () => object), TypeError);
    assert(!message.includes("closer"), message);
  });
});

describe("another value in place of fun", () => {
  it("is told what to write", () => {
    const told: [unknown, string][] = [
      [{ connectionString: "postgres://", maxSize: 3 }, ": write new Pool(fun, { maxSize, … })"],
      [Promise.resolve({}), ": write () => connect(), not connect()"],
    ];
    for (const [fun, said] of told) {
      const { message } = assertThrows(() => new Pool(fun as () => object), TypeError);
      assert(message.endsWith(said), message);
    }
    for (const fun of [undefined, null, 5, "postgres://"]) {
      const { message } = assertThrows(() => new Pool(fun as unknown as () => object), TypeError);
      assert(!message.includes("write"), message);
    }
  });
});

describe("a pool without maxSize", () => {
  async function linesOf(options: PoolOptions<Thing>, many: number): Promise<string[]> {
    await using pool = new TestPool((n) => new Thing(n), options);
    const loans = await Promise.all(Array.from({ length: many }, () => pool.borrow()));
    for (const loan of loans) await loan.release();
    return pool.lines;
  }

  it("says so once when there are more than 100 objects", async () => {
    const [line, ...more] = await linesOf({}, 120);
    assert(line?.includes("101 objects are live: give maxSize"), line);
    assertEquals(more, []);
  });

  it("says nothing of 100, nor if it is meant to have none", async () => {
    assertEquals(await linesOf({}, 100), []);
    assertEquals(await linesOf({ maxSize: 0 }, 120), []);
    assertEquals(await linesOf({ maxSize: 120 }, 120), []);
  });
});
