// Methods called again and again: what a proxy remembers of them must never show.

import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Proxy, ProxyError } from "../mod.ts";
import { flow } from "./helpers/flow.ts";
import { Thing } from "./helpers/pool.ts";

// deno-lint-ignore no-explicit-any
type Loose = any;

describe("a method called again", () => {
  // The first one, before any other method was read.
  it("is none where there is none, though one was called when the object was still to come", async () => {
    const proxy: Loose = new Proxy({ fun: () => Promise.resolve({ name: () => "later" }) });
    assertEquals(await proxy.name(), "later");
    proxy.setObj({});
    assertStrictEquals(proxy.name, undefined);
  });

  it("is that of the object as it is then", () => {
    const object: Loose = { name: () => "one" };
    const proxy: Loose = new Proxy({ obj: object });
    assertEquals([proxy.name(), proxy.name()], ["one", "one"]);
    object.name = () => "two";
    assertEquals([proxy.name(), proxy.name()], ["two", "two"]);
    proxy.name = () => "three";
    assertEquals(proxy.name(), "three");
    object.name = "no method";
    assertEquals(proxy.name, "no method");
    delete object.name;
    assertStrictEquals(proxy.name, undefined);
    object.name = Object.assign(() => "four", { field: 4 });
    assertEquals([proxy.name(), proxy.name.field, proxy.name()], ["four", 4, "four"]);
  });

  it("is that of the frame's own object, wherever it was read", () => {
    const proxy = new Proxy({
      fun: (n) => ({ tell: n === 0 ? () => "first" : () => `own ${n}` }),
      scope: flow,
    });
    const tell = flow.run(() => (proxy.tell(), proxy.tell));
    const [one, two] = [flow.open(), flow.open()];
    for (let i = 0; i < 2; i++) {
      assertEquals([one.run(tell), two.run(tell)], ["own 1", "own 2"]);
      assertEquals([one.run(() => proxy.tell()), two.run(tell)], ["own 1", "own 2"]);
    }
    assertThrows(tell, ProxyError, "outside any frame");
    assertThrows(() => proxy.tell, ProxyError, "outside any frame");
  });

  it("is one that the frame's object has of its own, though that of its kind was read", () => {
    const guarded = () => "guarded";
    const proxy = new Proxy({
      fun: (n) => n === 0 ? new Thing(n) : Object.assign(new Thing(n), { toString: guarded }),
      scope: flow,
    });
    const tell = flow.run(() => proxy.toString);
    flow.run(() => assertEquals([tell(), proxy.toString(), tell()], Array(3).fill("guarded")));
    assertEquals(flow.run(tell), "guarded");
  });

  it("is that of the frame's own object, also where it is one of a function's fields", () => {
    const sql = (n: number) => Object.assign(() => `call ${n}`, { begin: () => `begin ${n}` });
    const proxy = new Proxy({ fun: (n) => ({ sql: sql(n) }), scope: flow });
    const kept = flow.run(() => proxy.sql);
    for (const n of [1, 2]) {
      flow.run(() =>
        assertEquals([kept(), kept.begin(), proxy.sql.begin()], [
          `call ${n}`,
          `begin ${n}`,
          `begin ${n}`,
        ])
      );
    }
    assertThrows(() => kept.begin, ProxyError, "outside any frame");
  });

  for (const fixed of [(fn: Loose) => fn, Object.freeze]) {
    it(`has its fields read and written alike, of a function${fixed === Object.freeze ? " that is frozen" : ""}`, async () => {
      const made: Loose[] = [];
      const sql = (n: number): Loose => {
        const nested = Object.assign(() => `nested ${n}`, { n });
        return fixed(
          Object.assign(() => `call ${n}`, { n, nested, me: () => made[n].sql, list: [n] }),
        );
      };
      const proxy = new Proxy({
        fun: (n) => made[n] = { sql: sql(n) },
        scope: flow,
      });
      const kept: Loose = flow.run(() => proxy.sql);
      const nested = flow.run(() => kept.nested);
      flow.run(() => {
        assertEquals([kept(), kept.call(), kept.n, kept.list, nested(), nested.n], [
          "call 2",
          "call 2",
          2,
          [2],
          "nested 2",
          2,
        ]);
        assertStrictEquals(kept.me(), kept);
        assertEquals(Object.keys(kept), ["n", "nested", "me", "list"]);
        assertEquals(["n" in kept, "other" in kept, typeof kept], [true, false, "function"]);
        if (fixed === Object.freeze) return;
        kept.n = "written";
        assertEquals([made[0].sql.n, made[2].sql.n, kept.n], [0, "written", "written"]);
      });
      await Promise.resolve(kept); // from outside of any frame
      assertThrows(() => kept.n, ProxyError, "outside any frame");
    });
  }

  it("may be wrapped on the object itself by one that calls it", async () => {
    const proxy = new Proxy({ fun: (n) => new Thing(n), scope: flow });
    await flow.run(async () => {
      const before = proxy.toString;
      void proxy.echo;
      await using thing = await proxy._obj();
      thing.toString = () => `wrapped ${before()}`;
      assertEquals([proxy.toString(), proxy.echo(1), before()], ["wrapped thing 0", 1, "thing 0"]);
    });
  });

  it("is found by a getter that is called once a time, whatever that gives", () => {
    let reads = 0;
    const given = [() => "a", () => "b", 5, class {}, undefined];
    const proxy: Loose = new Proxy({
      obj: {
        get odd() {
          return given[reads++ % given.length];
        },
      },
    });
    for (let i = 0; i < 4 * given.length; i++) void proxy.odd;
    assertEquals(reads, 4 * given.length);
  });

  for (const [how, options] of [["obj", {}], ["fun", { scope: "thread" }]] as const) {
    it(`can be wrapped by one that calls it, of ${how}`, () => {
      for (const object of [new Thing(1), { echo: (x: number) => x }] as Loose[]) {
        const given = how === "obj" ? { obj: object } : { fun: () => object };
        const proxy: Loose = new Proxy({ ...given, ...options });
        assertEquals(proxy.echo(1), 1);
        const before = proxy.echo;
        proxy.echo = (x: number) => before(x) + 1;
        assertEquals([proxy.echo(1), proxy.echo(1), before(1)], [2, 2, 1]);
        const twice = proxy.echo;
        proxy.echo = (x: number) => twice(x) + 1;
        assertEquals([proxy.echo(1), twice(1), before(1)], [3, 2, 1]);
      }
    });
  }

  it("is what was read, where a getter gives another one each time", () => {
    let n = 0;
    class Odd {
      get next() {
        const mine = n++;
        return () => mine;
      }
    }
    const proxy = new Proxy({ obj: new Odd() });
    const [one, two] = [proxy.next, proxy.next];
    assertEquals([one(), two(), one(), two()], [0, 1, 0, 1]);
  });

  it("by a symbol is none once the proxy is filled with an async fun", async () => {
    const proxy: Loose = new Proxy({ obj: new Date(0) });
    for (let i = 0; i < 3; i++) void `${proxy}`;
    proxy.setFun(() => Promise.resolve(new Date(0)));
    await proxy.getTime();
    assertStrictEquals(proxy[Symbol.iterator], undefined);
    assertThrows(() => `${proxy}`, ProxyError);
  });

  it("is the same through _in, and by whatever inherits from the proxy", () => {
    const object: Loose = { name: () => "one" };
    const proxy: Loose = new Proxy({ fun: () => object, scope: flow });
    const frame = flow.open();
    const stands = [proxy, proxy._in(frame), Object.create(proxy)];
    frame.run(() => {
      for (const text of ["one", "two", "three"]) {
        object.name = () => text;
        for (const stand of stands.reverse()) {
          assertEquals([stand.name(), stand.name()], [text, text]);
        }
      }
    });
  });

  it("may be another one in between", async () => {
    const things = new Proxy({ fun: (n) => new Thing(n), scope: flow });
    const later = new Proxy({ fun: (n) => Promise.resolve(new Thing(n)), scope: flow });
    await flow.run(async () => {
      for (let i = 0; i < 5; i++) {
        assertEquals([things.echo(i), things.toString(), things.id], [i, "thing 0", 0]);
        assertEquals([await later.echo(i), await later.toString()], [i, "thing 0"]);
      }
    });
  });

  it("may be one of many", async () => {
    const methods = Object.fromEntries(
      Array.from({ length: 250 }, (_, n) => [`method${n}`, () => n]),
    );
    const proxy: Loose = new Proxy({ obj: methods });
    const later: Loose = new Proxy({ fun: () => Promise.resolve(methods), scope: flow });
    await flow.run(async () => {
      for (let i = 0; i < 2; i++) {
        for (const [name, method] of Object.entries(methods)) {
          assertEquals([proxy[name](), await later[name]()], [method(), method()]);
        }
      }
    });
  });

  it("gives what inherits from the proxy for its own object, if that was asked", () => {
    const proxy: Loose = new Proxy({
      obj: {
        me() {
          return this;
        },
      },
    });
    const child = Object.create(proxy);
    for (let i = 0; i < 2; i++) {
      assertStrictEquals(proxy.me(), proxy);
      assertStrictEquals(child.me(), child);
    }
  });
});
