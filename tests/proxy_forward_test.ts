// A proxy whose object is there at once forwards as a lease does: obj, and a fun that is not async.

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Proxy } from "../mod.ts";
import { flow } from "./helpers/flow.ts";

class Account {
  static readonly bank = "ours";
  #balance = 0;
  owner = "Ann";

  get balance(): number {
    return this.#balance;
  }

  set balance(value: number) {
    this.#balance = value;
  }

  add(amount: number): this {
    this.#balance += amount;
    return this;
  }

  get me(): Account {
    return this;
  }

  many(...args: number[]): number {
    return args.length;
  }

  fail(): never {
    throw new RangeError("as it is");
  }
}

// deno-lint-ignore no-explicit-any
type Loose = any;

/** Calls `test` with a proxy of what `make` makes, as one who has no types would use it, each way. */
function each(name: string, make: () => unknown, test: (proxy: Loose, object: Loose) => void) {
  it(`${name}, as obj`, () => {
    const obj = make();
    test(new Proxy({ obj }), obj);
  });
  it(`${name}, as obj set later`, () => {
    const proxy = new Proxy() as Loose;
    const obj = make();
    proxy.setObj(obj);
    test(proxy, obj);
  });
  it(`${name}, made by fun`, () => {
    const proxy = new Proxy({ fun: make, scope: flow });
    flow.run(() => test(proxy, proxy._getObj()));
  });
}

describe("a proxy forwards", () => {
  each("reads, writes, in, delete", () => ({ a: 1, b: { c: 2 } }), (proxy, object) => {
    proxy.a = 5;
    proxy.b.c = 6;
    assertEquals(object, { a: 5, b: { c: 6 } });
    assertStrictEquals(proxy.b, object.b);
    assert("a" in proxy && "toString" in proxy && !("z" in proxy));
    assert(delete proxy.a);
    assertEquals("a" in object, false);
    assertStrictEquals(proxy.z, undefined);
  });

  each("Object.keys, entries, spread, rest, for in", () => {
    return Object.assign(Object.create({ inherited: 0 }), { a: 1, b: "two" });
  }, (proxy) => {
    assertEquals(Object.keys(proxy), ["a", "b"]);
    assertEquals(Object.entries(proxy), [["a", 1], ["b", "two"]]);
    assertEquals({ ...proxy }, { a: 1, b: "two" });
    const { a, ...rest } = proxy;
    assertEquals([a, rest], [1, { b: "two" }]);
    const names = [];
    for (const name in proxy) names.push(name);
    assertEquals(names, ["a", "b", "inherited"]);
    assert(Object.hasOwn(proxy, "a") && !Object.hasOwn(proxy, "inherited"));
    Object.defineProperty(proxy, "c", { value: 3, configurable: true, enumerable: true });
    assertEquals(Object.keys(proxy), ["a", "b", "c"]);
  });

  each("private fields, by methods and accessors", () => new Account(), (proxy, object) => {
    proxy.add(5);
    proxy.balance += 1;
    assertEquals([proxy.balance, object.balance, proxy.many(1, 2, 3)], [6, 6, 3]);
    const { add } = proxy;
    add(1);
    assertEquals(object.balance, 7);
  });

  each(
    "a method or getter that gives its own object as the proxy",
    () => new Account(),
    (proxy) => {
      assertStrictEquals(proxy.add(1), proxy);
      assertStrictEquals(proxy.me, proxy);
      assertEquals(proxy.add(1).me.add(1).balance, 3);
    },
  );

  each("instanceof, prototypes, constructor", () => new Account(), (proxy) => {
    assert(proxy instanceof Account && !(proxy instanceof Map));
    assertStrictEquals(Object.getPrototypeOf(proxy), Account.prototype);
    assertStrictEquals((proxy as Account).constructor, Account);
  });

  each("what is thrown, itself", () => new Account(), (proxy) => {
    assertThrows(() => proxy.fail(), RangeError, "as it is");
    assertThrows(() => proxy.none(), TypeError);
  });

  each("frozen objects", () => Object.freeze({ a: 1, f: () => 2 }), (proxy) => {
    assertEquals([proxy.a, proxy.f(), Object.keys(proxy)], [1, 2, ["a", "f"]]);
    assertThrows(() => proxy.a = 2, TypeError);
    assertEquals(proxy.a, 1);
  });

  each("arrays", () => ["x", "y"], (proxy, object) => {
    proxy.push("z");
    proxy[0] = "w";
    assertEquals([...proxy], ["w", "y", "z"]);
    assertEquals([proxy.length, proxy.at(-1), proxy.map((x: string) => x + x)], [
      3,
      "z",
      ["ww", "yy", "zz"],
    ]);
    assertEquals([object.length, proxy.join()], [3, "w,y,z"]);
  });

  each("Maps and Sets", () => new Map([["a", 1]]), (proxy, object) => {
    assertEquals([proxy.get("a"), proxy.size, [...proxy]], [1, 1, [["a", 1]]]);
    object.set("b", 2);
    assertEquals([...proxy.keys()], ["a", "b"]);
  });

  each("text", () => "some text", (proxy) => {
    assertEquals([String(proxy), `${proxy}`, proxy + "!"], [
      "some text",
      "some text",
      "some text!",
    ]);
    assertEquals([proxy.length, proxy[0], proxy.at(-1), proxy.toUpperCase()], [
      9,
      "s",
      "t",
      "SOME TEXT",
    ]);
    assertEquals([JSON.stringify(proxy), proxy.split(" ")], ['"some text"', ["some", "text"]]);
    assertStrictEquals(proxy.valueOf(), "some text");
  });

  each("numbers", () => 42, (proxy) => {
    assertEquals([proxy + 1, proxy * 2, Number(proxy), proxy.toFixed(1)], [43, 84, 42, "42.0"]);
    assertEquals([`${proxy}`, JSON.stringify(proxy), proxy == 42], ["42", "42", true]);
  });

  each("functions, with what they have", () => {
    return Object.assign((a: number, b: number) => a + b, { limit: 10 });
  }, (proxy) => {
    assertEquals([typeof proxy, proxy(1, 2), proxy.limit], ["function", 3, 10]);
    assertEquals([proxy.call(null, 3, 4), proxy.apply(null, [5, 6])], [7, 11]);
    assertEquals([1, 2].map((n) => proxy(n, 1)), [2, 3]);
  });

  each("tagged templates", () => {
    return (texts: TemplateStringsArray, ...values: unknown[]) => [texts.raw.join("?"), values];
  }, (sql) => assertEquals(sql`select ${1} from ${"t"}`, ["select ? from ?", [1, "t"]]));

  each("a function that gives itself as the proxy", () => {
    return function me(): unknown {
      return me;
    };
  }, (proxy) => assertStrictEquals(proxy(), proxy));

  each("classes", () => Account, (proxy) => {
    const account = new proxy();
    assert(account instanceof Account && account instanceof proxy);
    assertEquals([account.add(2).balance, proxy.bank], [2, "ours"]);
    class Sub extends proxy {}
    assert(new Sub() instanceof Account);
    assertThrows(() => proxy(), TypeError);
  });

  each("JSON.stringify, with and without a toJSON", () => ({
    plain: { a: [1, { b: 2 }] },
    told: { n: 1, toJSON: (key: string) => `told ${key}` },
    date: new Date(0),
  }), (proxy, object) => {
    assertEquals(JSON.stringify(proxy), JSON.stringify(object));
    assertEquals(JSON.stringify({ deep: [proxy] }), JSON.stringify({ deep: [object] }));
    for (const key of ["plain", "told", "date"]) {
      const inner = new Proxy({ fun: () => object[key] });
      assertEquals(JSON.stringify({ inner }), JSON.stringify({ inner: object[key] }));
    }
  });

  each(
    "conversions of an object's own",
    () => ({ toString: () => "text", valueOf: () => 42 }),
    (p) => {
      assertEquals([`${p}`, p + 1], ["text", 43]);
    },
  );

  each("no thenable, though the object has a field of that name", () => ({ then: 5 }), (proxy) => {
    assertStrictEquals(proxy.then, undefined);
  });

  each("names of the proxy's own only where they are exactly these", () => ({
    _getObjs: 1,
    _: 2,
    __proto__: null,
    setter: 3,
    settings: 4,
  }), (proxy) => {
    assertEquals([proxy._getObjs, proxy._, proxy.setter, proxy.settings], [1, 2, 3, 4]);
    assertEquals([typeof proxy._getObj, typeof proxy.set], ["function", "function"]);
  });
});

describe("a proxy of an object that is a promise's", () => {
  it("can be awaited and is itself, whatever its object", async () => {
    const proxy = new Proxy({ obj: { then: (done: (n: number) => void) => done(5), n: 1 } });
    assertStrictEquals(await (proxy as unknown), proxy);
    assertEquals(proxy.n, 1);
  });
});

describe("_getObj", () => {
  it("gives the object itself, at once, and takes no options without a pool", () => {
    const obj = { n: 1 };
    const proxy = new Proxy({ obj }) as Loose;
    assertStrictEquals(proxy._getObj(), obj);
    assertThrows(() => proxy._getObj({ timeout: 5 }), Error, "only if the proxy has a pool");
  });
});
