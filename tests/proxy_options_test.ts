// How a proxy is made and filled, and what is refused: each error says what would be right.

import { assertEquals, assertStrictEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Proxy, ProxyError, ScopedProxy } from "../mod.ts";
import { shared, thread } from "../scopes/mod.ts";
import { flow } from "./helpers/flow.ts";
import { rejection, Thing } from "./helpers/pool.ts";

// deno-lint-ignore no-explicit-any
type Loose = any;
const Loosely: new (...options: unknown[]) => Loose = Proxy as Loose;

/** The message of the ProxyError that `fn` throws. */
function refused(fn: () => unknown): string {
  return assertThrows(fn, ProxyError).message;
}

describe("what a proxy is made of", () => {
  it("it has two names", () => {
    assertStrictEquals(Proxy, ScopedProxy);
  });

  it("obj and fun together are refused, also when set later", () => {
    const both = { obj: {}, fun: () => ({}) };
    assertStringIncludes(refused(() => new Loosely(both)), "either obj, which all share, or fun");
    assertStringIncludes(refused(() => new Loosely().set(both)), "either obj");
  });

  it("obj with a closer, which nothing would call, is refused; one for a fun to come is not", () => {
    assertStringIncludes(refused(() => new Loosely({ obj: {}, closer() {} })), "or give fun");
    const proxy = new Loosely({ closer() {} });
    proxy.setObj({ name: "a stand-in for tests" });
    assertEquals(proxy.name, "a stand-in for tests");
  });

  it("itself is refused, whatever it stands for", () => {
    const proxy = new Loosely();
    assertStringIncludes(refused(() => proxy.setObj(proxy)), "cannot be its own object");
    proxy.setObj({});
    assertStringIncludes(refused(() => proxy.set({ obj: proxy })), "cannot be its own object");
    assertStringIncludes(refused(() => proxy.setObj(proxy._in(thread.open()))), "itself");
  });

  it("a second argument, as the language's own has, is refused", () => {
    assertStringIncludes(refused(() => new Loosely({}, {})), "globalThis.Proxy");
    assertStringIncludes(refused(() => new Loosely(new Map(), {})), "got 2");
  });

  it("obj with a pool is refused, also when set later", () => {
    const told = refused(() => new Loosely({ obj: {}, maxSize: 1 }));
    assertStringIncludes(told, "give fun, or no maxSize");
    assertStringIncludes(refused(() => new Loosely({ maxSize: 1 }).setObj({})), "give fun");
  });

  it("an obj that is null, or still a promise, is refused", () => {
    assertStringIncludes(refused(() => new Loosely({ obj: null })), "got null");
    assertStringIncludes(refused(() => new Loosely().setObj(null)), "got null");
    assertStringIncludes(refused(() => new Loosely({ obj: Promise.resolve({}) })), "await it");
    assertStringIncludes(refused(() => new Loosely().setObj(Promise.resolve({}))), "await it");
  });

  it("a fun that is no function is refused by what it is", () => {
    assertStringIncludes(refused(() => new Loosely({ fun: {} })), "got an object");
    assertStringIncludes(refused(() => new Loosely({ fun: {}, maxSize: 1 })), "got an object");
    assertStringIncludes(refused(() => new Loosely().setFun("make")), 'got "make"');
  });

  it("options of a pool are refused without maxSize, each by its name; those of both are not", () => {
    const fun = () => ({});
    const pooled = {
      minSize: 1,
      timeout: 5,
      maxUse: 1,
      health: () => true,
      opener() {},
      getter() {},
      retter() {},
      hkDelay: 5,
      maxWaiting: 1,
      discardOnError: true,
    };
    for (const [name, value] of Object.entries(pooled)) {
      const told = refused(() => new Loosely({ fun, [name]: value }));
      assertStringIncludes(told, name);
      assertStringIncludes(told, "maxSize");
      new Loosely({ fun, [name]: value, maxSize: 1 });
      new Loosely({ fun, [name]: undefined });
    }
    new Loosely({ fun, closer() {}, closeTimeout: 5, logLevel: "silent", logger: console });
  });

  it("an unknown option is refused, with the one that was meant", () => {
    const unknown = (options: object) =>
      assertThrows(() => new Loosely(options), TypeError).message;
    assertStringIncludes(unknown({ fun() {}, max_size: 5 }), "maxSize");
    assertStringIncludes(unknown({ fun() {}, set_name: "fill" }), "set_name");
    assertStringIncludes(unknown({ object: {} }), "object");
  });

  it("wrong values are refused as those of a pool are", () => {
    const fun = () => ({});
    assertThrows(() => new Loosely({ fun, maxSize: -1 }), RangeError, "maxSize");
    assertThrows(() => new Loosely({ fun, maxSize: 1, minSize: 2 }), RangeError, "minSize");
    assertThrows(() => new Loosely({ fun, closer: "end" }), TypeError, "closer");
    assertThrows(() => new Loosely({ fun, logLevel: "loud" }), TypeError, "logLevel");
    assertThrows(() => new Loosely("fun"), TypeError, "options must be an object");
  });

  it("a scope that is none is refused, with the names that there are", () => {
    for (const scope of ["request", "", null, 5, {}, { current() {} }, "toString", "__proto__"]) {
      const told = refused(() => new Loosely({ fun() {}, scope }));
      for (const name of Object.keys({ shared, thread })) assertStringIncludes(told, `"${name}"`);
    }
  });

  it("a setName that is none is refused", () => {
    for (const setName of ["", 5, null, "then", {}]) {
      assertStringIncludes(refused(() => new Loosely({ setName })), "setName");
    }
  });
});

describe("before it is set, a proxy says how", () => {
  it("whatever is done with it", () => {
    const proxy = new Loosely();
    for (
      const use of [
        () => proxy.query,
        () => proxy.query(),
        () => proxy.query = 5,
        () => "query" in proxy,
        () => delete proxy.query,
        () => Object.keys(proxy),
        () => proxy instanceof Map,
        () => String(proxy),
        () => `${proxy}`,
        () => [...proxy],
        () => JSON.stringify(proxy),
        () => proxy(),
        () => new proxy(),
        () => proxy._getObj(),
      ]
    ) assertStringIncludes(refused(use), "set({ obj }) or set({ fun })");
  });

  it("by the names that it goes by", () => {
    const proxy = new Loosely({ setName: "fill" });
    assertStringIncludes(refused(() => proxy.query), "fill({ obj }) or fill({ fun })");
    assertStringIncludes(refused(() => proxy.set), "fill({ obj })");
  });

  it("through promises if it is to have a pool", async () => {
    const proxy = new Loosely({ maxSize: 1 });
    for (const use of [() => proxy.query(), () => proxy._getObj(), () => proxy()]) {
      const told = await rejection(use());
      assertStringIncludes(String(told), "ProxyError: this proxy is used before it is set");
    }
  });

  it("and holds nothing, gives nothing back, and is no thenable", async () => {
    const proxy = new Loosely();
    assertEquals([proxy._hasObj(), proxy._pool, proxy.then], [false, undefined, undefined]);
    await proxy._retObj();
    assertStrictEquals(await proxy, proxy);
  });
});

describe("a proxy is filled later", () => {
  it("by set, setObj or setFun; a name imported before has it from then on", () => {
    const proxy = new Loosely();
    const { set, setObj, setFun } = proxy;
    set({ obj: { n: 1 } });
    assertEquals(proxy.n, 1);
    setObj({ n: 2 });
    assertEquals(proxy.n, 2);
    setFun(() => ({ n: 3 }));
    assertEquals(proxy.n, 3);
    set({ fun: () => ({ n: 4 }) });
    assertEquals(proxy.n, 4);
  });

  it("with falsy values too", () => {
    const proxy = new Loosely();
    for (const obj of ["", 0, false, NaN]) {
      proxy.set({ obj });
      assertEquals(String(proxy), String(obj));
      proxy.setFun(() => obj);
      assertEquals(String(proxy), String(obj));
    }
  });

  it("with something: nothing is refused, and what it had before stays", () => {
    const proxy = new Loosely({ obj: { n: 1 } });
    assertStringIncludes(refused(() => proxy.set({})), "takes { obj } or { fun }");
    for (const content of [{ obj: undefined }, { fun: undefined }]) {
      assertStringIncludes(refused(() => proxy.set(content)), "got neither");
    }
    assertStringIncludes(refused(() => proxy.setObj()), "got neither");
    assertStringIncludes(refused(() => proxy.setFun(5)), "got 5");
    assertEquals(proxy.n, 1);
  });

  it("by set({ obj }), and not by set(obj), which may be meant for the object", () => {
    const map = new Loosely({ obj: new Map() });
    assertStringIncludes(refused(() => map.set("key", 5)), "another setName");
    for (const content of [new Map(), { obj: {}, more: 1 }, null, undefined, () => {}]) {
      assertStringIncludes(refused(() => map.set(content)), "setObj(obj)");
    }
  });

  it("by names that start with setName, and then all others are the object's", () => {
    const proxy = new Proxy({ obj: new Map([["a", 1]]), setName: "fill" });
    assertStrictEquals(proxy.set("b", 2), proxy as Map<string, number>);
    assertEquals([...proxy.entries()], [["a", 1], ["b", 2]]);
    proxy.fill({ obj: new Map([["c", 3]]) });
    assertEquals(proxy.get("c"), 3);
    proxy.fillObj(new Map([["d", 4]]));
    assertEquals(proxy.get("d"), 4);
    proxy.fillFun(() => new Map([["e", 5]]));
    assertEquals(proxy.get("e"), 5);
    const named = new Proxy({
      obj: { set: "mine", setObj: "mine", setFun: "mine" },
      setName: "_fill",
    });
    assertEquals([named.set, named.setObj, named.setFun], ["mine", "mine", "mine"]);
  });

  it("keeps its scope", () => {
    const proxy = new Loosely({ scope: flow });
    let made = 0;
    proxy.setFun(() => ({ n: ++made }));
    flow.run(() => assertEquals([proxy.n, proxy.n], [1, 1]));
    flow.run(() => assertEquals(proxy.n, 2));
    assertStringIncludes(refused(() => proxy.n), "flow.run(() => ...)");
  });
});

describe("the scope by default", () => {
  it("obj: everybody's, whatever scope is given", async () => {
    const obj = new Thing(1);
    for (const proxy of [new Proxy({ obj }), new Proxy({ obj, scope: flow })]) {
      assertStrictEquals(proxy._getObj(), obj);
      flow.run(() => assertStrictEquals(proxy._getObj(), obj));
      await proxy._retObj();
      assertEquals([proxy._hasObj(), proxy.id], [true, 1]);
    }
  });

  it("fun: the thread's", async () => {
    const proxy = new Proxy({ fun: (n) => new Thing(n) });
    const first = proxy._getObj();
    flow.run(() => assertStrictEquals(proxy._getObj(), first));
    await thread.open().end();
    assertEquals(proxy._hasObj(), false);
  });

  it("fun and a pool: the flow's, so that outside of any there is none", async () => {
    const proxy = new Proxy({ fun: (n) => new Thing(n), maxSize: 1 });
    const told = String(await rejection(proxy._getObj()));
    assertStringIncludes(told, "versatile.run(() => ...)");
  });
});

describe("_setPool", () => {
  it("makes a proxy one with a pool, with the options it has and more", async () => {
    const closed: number[] = [];
    const proxy = new Loosely({
      fun: (n: number) => new Thing(n),
      scope: flow,
      closer: (thing: Thing) => void closed.push(thing.id),
    });
    proxy._setPool({ maxSize: 1, maxUse: 1 });
    await flow.run(async () => assertEquals(await proxy.echo("x"), "x"));
    assertEquals([closed, proxy._pool.stats().config.maxSize], [[0], 1]);
    await proxy._pool.shutdown();
  });

  it("changes the options of a pool to come, one by one", async () => {
    const proxy = new Proxy({ fun: (n) => new Thing(n), scope: flow, maxSize: 1, maxUse: 7 });
    proxy._setPool({ maxSize: 3 });
    proxy._setPool({ timeout: 50 });
    await flow.run(() => proxy.echo(1));
    const { maxSize, maxUse, timeout } = proxy._pool!.stats().config;
    assertEquals([maxSize, maxUse, timeout], [3, 7, 50]);
    await proxy._pool!.shutdown();
  });

  it("comes too late once there is a pool", async () => {
    const proxy = new Proxy({ fun: (n) => new Thing(n), scope: flow, maxSize: 1 });
    await flow.run(() => proxy.echo(1));
    assertStringIncludes(refused(() => proxy._setPool({ maxSize: 2 })), "_pool.resize()");
    assertEquals(proxy._pool!.stats().config.maxSize, 1);
    await proxy._pool!.shutdown();
  });

  it("needs maxSize, and refuses what a pool would; then nothing changes", () => {
    const proxy = new Loosely({ fun: () => ({ n: 1 }), scope: flow });
    assertStringIncludes(refused(() => proxy._setPool({ timeout: 5 })), "maxSize");
    assertThrows(() => proxy._setPool({ maxSize: 1, minSize: 2 }), RangeError);
    assertThrows(() => proxy._setPool({ maxSize: 1, fun: () => 5 }), TypeError);
    flow.run(() => assertEquals(proxy.n, 1));
    assertStringIncludes(refused(() => new Loosely({ obj: {} })._setPool({ maxSize: 1 })), "obj");
  });

  it("is for what the proxy was filled with last", async () => {
    const proxy = new Loosely({ scope: flow, fun: () => new Thing(5) });
    proxy.setFun(() => new Thing(7));
    proxy._setPool({ maxSize: 1 });
    await flow.run(async () => assertEquals(await proxy.toString(), "thing 7"));
    await proxy._pool.shutdown();
  });

  it("works before the proxy is set", async () => {
    const proxy = new Loosely({ scope: flow });
    proxy._setPool({ maxSize: 1 });
    proxy.setFun((n: number) => new Thing(n));
    await flow.run(async () => assertEquals(await proxy.toString(), "thing 0"));
    await proxy._pool.shutdown();
  });
});
