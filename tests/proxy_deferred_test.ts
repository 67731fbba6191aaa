// A deferred proxy: its objects come later, so every method call gives a promise, and no more is there.

import {
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Proxy, ProxyError } from "../mod.ts";
import { flow } from "./helpers/flow.ts";
import { idle, rejection } from "./helpers/pool.ts";

class Client {
  #calls = 0;
  readonly host = "db";
  readonly n: number;

  constructor(n: number) {
    this.n = n;
  }

  query(text: string, ...more: unknown[]): string {
    return [`${this.n}.${++this.#calls}`, text, ...more].join(" ");
  }

  later(text: string): Promise<string> {
    return Promise.resolve(`later ${text}`);
  }

  lazily(): PromiseLike<string> {
    return { then: (done, failed) => Promise.resolve("lazily").then(done, failed) };
  }

  fail(error: unknown): never {
    throw error;
  }

  failLater(error: unknown): Promise<never> {
    return Promise.reject(error);
  }

  me(): this {
    return this;
  }

  nothing(): void {}
}

// deno-lint-ignore no-explicit-any
type Loose = any;

/** Deferred for each reason that there is, of what `make` makes. */
const KINDS: [string, (make: (n: number) => unknown) => Loose][] = [
  ["of a pool", (make) => new Proxy({ fun: make as () => object, scope: flow, maxSize: 1 })],
  ["of a pool with an async fun", (make) => {
    return new Proxy({ fun: (n) => Promise.resolve(n).then(make), scope: flow, maxSize: 1 });
  }],
  ["of an async fun", (make) => {
    return new Proxy({ fun: (n) => Promise.resolve(n).then(make), scope: flow });
  }],
];

for (const [kind, proxyOf] of KINDS) {
  /** Calls `test` in a frame with a proxy of clients. */
  const inFrame = (test: (db: Loose) => unknown) => async () => {
    const db = proxyOf((n) => new Client(n));
    await flow.run(async () => {
      await test(db);
      await idle(); // for rejections that nobody handles
    });
    await db._pool?.shutdown();
  };

  describe(`a deferred proxy ${kind}`, () => {
    it(
      "calls methods of the one object of its frame, with their arguments",
      inFrame(async (db) => {
        assertEquals(await db.query("a", 1, 2), "0.1 a 1 2");
        assertEquals(await Promise.all([db.query("b"), db.query("c")]), ["0.2 b", "0.3 c"]);
      }),
    );

    it(
      "two first calls at once make one object",
      inFrame(async (db) => {
        assertEquals(await Promise.all([db.query("a"), db.query("b"), db.query("c")]), [
          "0.1 a",
          "0.2 b",
          "0.3 c",
        ]);
        assertEquals((await db._getObj()).n, 0);
      }),
    );

    it(
      "always gives a promise of its own kind, whatever the method gives",
      inFrame(async (db) => {
        for (let i = 0; i < 2; i++) {
          for (const name of ["query", "later", "lazily", "nothing"]) {
            const given = db[name]("x");
            assertInstanceOf(given, Promise, name);
            await given;
          }
        }
        assertEquals(await db.later("x"), "later x");
        assertEquals(await db.lazily(), "lazily");
        assertStrictEquals(await db.nothing(), undefined);
      }),
    );

    it(
      "rejects with what a method throws or rejects with, itself",
      inFrame(async (db) => {
        for (let i = 0; i < 2; i++) {
          const error = new RangeError("as it is");
          assertStrictEquals(await rejection(db.fail(error)), error);
          assertStrictEquals(await rejection(db.failLater(error)), error);
        }
      }),
    );

    it(
      "rejects a call of what is no method, and says so",
      inFrame(async (db) => {
        for (const [name, what] of [["host", '"db"'], ["none", "undefined"], ["n", ""]]) {
          await db._retObj();
          const error = await rejection(db[name!]()) as Error;
          assertInstanceOf(error, TypeError);
          assertStringIncludes(error.message, `${name} is not a method but ${what}`);
          assertStringIncludes(error.message, "await proxy._getObj()");
        }
      }),
    );

    it(
      "gives what _getObj gives for a method that gives its own object, as its type says",
      inFrame(async (db) => {
        for (let i = 0; i < 2; i++) assertStrictEquals(await db.me(), await db._getObj());
        assertEquals(await (await db.me()).query("x"), "0.1 x");
        assertEquals((await db.me()).host, "db");
      }),
    );

    it(
      "has a method called later on the object of the frame then, not on the one it was read in",
      inFrame(async (db) => {
        const { query } = db;
        assertEquals(await query("a"), "0.1 a");
        await db._retObj();
        const again = await query.call({ other: true }, "b");
        assertEquals(again, db._pool ? "0.2 b" : "1.1 b");
      }),
    );

    it(
      "reads as a callable at every string key, and takes nothing for that",
      inFrame(async (db) => {
        await db.nothing();
        await db._retObj();
        for (
          const key of ["query", "host", "none", "length", "name", "toString", "0", "_private"]
        ) {
          assertEquals(typeof db[key], "function", key);
        }
        assertEquals(db._hasObj(), false);
      }),
    );

    it(
      "has no symbols, and is no thenable",
      inFrame(async (db) => {
        await db.nothing();
        const { asyncDispose, asyncIterator, dispose, hasInstance, iterator, species } = Symbol;
        const { isConcatSpreadable, match, toStringTag, unscopables } = Symbol;
        for (
          const symbol of [
            ...[asyncDispose, asyncIterator, dispose, hasInstance, iterator, species],
            ...[isConcatSpreadable, match, toStringTag, unscopables, Symbol("own")],
          ]
        ) assertStrictEquals(db[symbol], undefined, String(symbol));
        assertStrictEquals(db.then, undefined);
        assertStrictEquals(await db, db);
        assertThrows(() => [...db], TypeError);
      }),
    );

    it(
      "throws a ProxyError that shows the way for what it cannot do",
      inFrame(async (db) => {
        await db.nothing();
        await db._retObj();
        assertThrows(() => "host" in db, ProxyError, "deferred");
        assertEquals([db instanceof Client, Object.getPrototypeOf(db)], [false, null]);
        await db.nothing();
        for (
          const use of [
            () => db.host = "other",
            () => delete db.host,
            () => Object.keys(db),
            () => ({ ...db }),
            () => Object.getOwnPropertyDescriptor(db, "host"),
            () => Object.defineProperty(db, "host", { value: 1 }),
            () => new db(),
            () => `${db}`,
            () => db + 1,
          ]
        ) {
          const { message } = assertThrows(use, ProxyError, "deferred");
          assertStringIncludes(message, "await proxy._getObj()");
        }
        assertEquals(await db._getObj().then((client: Client) => client.host), "db");
      }),
    );

    it(
      "is left out by JSON, and by that takes nothing",
      inFrame(async (db) => {
        await db.nothing();
        await db._retObj();
        assertEquals(JSON.stringify({ db, a: 1 }), '{"a":1}');
        assertEquals(db._hasObj(), false);
      }),
    );

    it("calls its object if that is a function", async () => {
      const sql = proxyOf(() => Object.assign(tag, { end: () => "ended" }));
      await flow.run(async () => {
        for (let i = 0; i < 2; i++) {
          assertEquals(await sql`select ${1} from ${"t"}`, ["select ? from ?", [1, "t"]]);
        }
        assertEquals(await sql.end(), "ended");
      });
      await sql._pool?.shutdown();
    });

    it("rejects a call of itself if its object is no function", async () => {
      const db = proxyOf((n) => new Client(n));
      await flow.run(async () => {
        const error = await rejection(db("x")) as Error;
        assertInstanceOf(error, TypeError);
        assertStringIncludes(error.message, "not a function but a Client");
      });
      await db._pool?.shutdown();
    });

    it("calls methods of text and of numbers", async () => {
      const text = proxyOf(() => "some text");
      const number = proxyOf(() => 42);
      await flow.run(async () => {
        assertEquals(await text.toUpperCase(), "SOME TEXT");
        assertEquals(await number.toFixed(1), "42.0");
        assertEquals(String(await text._getObj()), "some text");
      });
      await text._pool?.shutdown();
      await number._pool?.shutdown();
    });

    it("never caches a failure: the next call tries again", async () => {
      let fails = true;
      const failure = new Error("refused");
      const db = proxyOf((n) => {
        if (fails) throw failure;
        return new Client(n);
      });
      await flow.run(async () => {
        assertStrictEquals(await rejection(Promise.resolve().then(() => db.query("x"))), failure);
        assertStrictEquals(await rejection(db._getObj()), failure);
        assertEquals(db._hasObj(), false);
        fails = false;
        assertEquals(await db.query("x"), "2.1 x");
        await idle();
      });
      await db._pool?.shutdown();
    });

    it("fails by a promise outside of any frame, and says how to be in one", async () => {
      const db = proxyOf((n) => new Client(n));
      await flow.run(() => db.nothing());
      for (const use of [() => db.query("x"), () => db._getObj(), () => db._obj(), () => db()]) {
        const error = await rejection(use());
        assertInstanceOf(error, ProxyError);
        assertStringIncludes(error.message, "flow.run(() => ...)");
      }
      await idle();
      await db._pool?.shutdown();
    });
  });
}

function tag(texts: TemplateStringsArray, ...values: unknown[]): unknown {
  return [texts.raw.join("?"), values];
}
