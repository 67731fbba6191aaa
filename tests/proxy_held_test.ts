// A deferred proxy in a frame that holds its object shows that: its prototype, and its methods alone.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Proxy, ProxyError } from "../mod.ts";
import { flow } from "./helpers/flow.ts";
import { rejection } from "./helpers/pool.ts";

class Base {
  inherited(): string {
    return "inherited";
  }
}

class Client extends Base {
  static readonly kind = "client";
  #calls = 0;
  readonly host = "db";
  readonly password: string = "secret";
  readonly nothing = undefined;
  readonly none = null;
  readonly zero = 0;
  readonly own = (): string => `own ${this.#calls}`;
  query(text: string): string {
    return `${++this.#calls} ${text}`;
  }
  get open(): boolean {
    return true;
  }
  get bound(): () => string {
    return () => `bound ${this.#calls}`;
  }
}

// deno-lint-ignore no-explicit-any
type Loose = any;

const KINDS: Record<string, () => Loose> = {
  "of a pool": () => new Proxy({ fun: () => new Client(), scope: flow, maxSize: 1 }),
  "of an async fun": () => new Proxy({ fun: () => Promise.resolve(new Client()), scope: flow }),
};

for (const [kind, make] of Object.entries(KINDS)) {
  /** In a frame that holds an object. */
  const holding = (test: (db: Loose) => unknown) => async () => {
    const db = make();
    await flow.run(async () => {
      await db.inherited();
      await test(db);
    });
    await db._pool?.shutdown();
  };

  describe(`a deferred proxy ${kind}, in a frame that holds its object`, () => {
    it(
      "has that object's prototype and constructor",
      holding((db) => {
        assert(db instanceof Client && db instanceof Base);
        assert(!(db instanceof Map));
        assertStrictEquals(Object.getPrototypeOf(db), Client.prototype);
        assertStrictEquals(db.constructor, Client);
        assertEquals([db.constructor.kind, typeof db], ["client", "function"]);
      }),
    );

    it(
      "calls its methods, own, inherited and of accessors, each giving a promise",
      holding(async (db) => {
        for (let i = 1; i < 4; i++) {
          const calls = [db.query("x"), db.inherited(), db.own(), db.bound()];
          for (const call of calls) assertInstanceOf(call, Promise);
          assertEquals(await Promise.all(calls), [`${i} x`, "inherited", `own ${i}`, `bound ${i}`]);
        }
      }),
    );

    it(
      "has nothing that the object has not",
      holding((db) => {
        for (let i = 0; i < 2; i++) {
          assertEquals([typeof db.promise, db.nothing, db.toJSON], [
            "undefined",
            undefined,
            undefined,
          ]);
        }
        assertThrows(() => db.promise(), TypeError);
        assertStrictEquals(db.then, undefined);
        for (
          const symbol of [Symbol.iterator, Symbol.asyncIterator, Symbol.toStringTag, Symbol()]
        ) {
          assertStrictEquals(db[symbol], undefined);
        }
      }),
    );

    it(
      "says of data where that is to be had, and nothing of what it is",
      holding(async (db) => {
        for (const key of ["host", "password", "none", "zero", "open"]) {
          const { message } = assertThrows(() => db[key], ProxyError, `${key} is not a method`);
          assertStringIncludes(message, `(await proxy._getObj()).${key}`);
          assert(!message.includes("secret"));
        }
        assertEquals((await db._getObj()).host, "db");
      }),
    );

    it(
      "answers in, and refuses to be written, listed or described",
      holding((db) => {
        assertEquals(["query", "host", "own", "none", "promise"].map((key) => key in db), [
          ...[true, true, true, true, false],
        ]);
        for (
          const use of [
            () => db.host = "other",
            () => db.query = () => "patched",
            () => delete db.host,
            () => Object.keys(db),
            () => Object.getOwnPropertyDescriptor(db, "host"),
            () => Object.defineProperty(db, "host", { value: 1 }),
            () => `${db}`,
          ]
        ) assertThrows(use, ProxyError, "deferred");
      }),
    );

    it(
      "is again one of nothing when that is given back, in other frames, and outside",
      holding(async (db) => {
        const check = () => {
          assertEquals([typeof db.promise, typeof db.host], ["function", "function"]);
          assertEquals([db instanceof Client, Object.getPrototypeOf(db)], [false, null]);
          assertThrows(() => "query" in db, ProxyError);
        };
        flow.run(check);
        await db._retObj();
        check();
        assertEquals(db._hasObj(), false);
        const { host } = db;
        assertInstanceOf(await rejection(host()), TypeError);
        assertThrows(() => db.host, ProxyError); // it holds one by now
      }),
    );

    it(
      "calls what was read in one frame on the object of another",
      holding(async (db) => {
        const { query, own, bound } = db;
        assertEquals(await query("a"), "1 a");
        await db._retObj();
        await db._pool?.reset();
        const later = () => Promise.all([query("b"), own(), bound()]);
        assertEquals(await later(), ["1 b", "own 1", "bound 1"]);
        assertEquals(await db.query("c"), "2 c");
      }),
    );

    it("shows nothing after the frame's end, and says so when it is called", async () => {
      const db = make();
      const frame = flow.open();
      await db._in(frame).inherited();
      assert(db._in(frame) instanceof Client);
      assertEquals(db instanceof Client, false);
      await frame.end();
      const { query } = db._in(frame);
      assertStringIncludes(String(await rejection(query("x"))), "has ended");
      assertEquals(db._in(frame) instanceof Client, false);
      await db._pool?.shutdown();
    });
  });
}

describe("a deferred proxy of text, in a frame that holds it", () => {
  it("has the methods of text", async () => {
    const text: Loose = new Proxy({ fun: () => "text", scope: flow, maxSize: 1 });
    await flow.run(async () => {
      assertEquals([await text.toUpperCase(), await text.at(0)], ["TEXT", "t"]);
      assertEquals([text instanceof String, "length" in text, text.none], [true, true, undefined]);
      assertThrows(() => text.length, ProxyError, "length is not a method");
    });
    await text._pool.shutdown();
  });
});
