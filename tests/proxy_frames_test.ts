// The objects of frames: for a block, by hand, and in frames that are always there.

import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Proxy, ProxyError } from "../mod.ts";
import { type FlowScope, type Frame, ScopeFrame, shared, thread } from "../scopes/mod.ts";
import { flow } from "./helpers/flow.ts";
import { Thing, Workshop } from "./helpers/pool.ts";

/** A proxy of one thing a frame, and the workshop they come from. */
function things(options: { scope?: FlowScope } = {}) {
  const shop = new Workshop();
  const { fun, closer } = shop;
  return { shop, proxy: new Proxy({ fun, closer, scope: flow, ...options }) };
}

describe("fun", () => {
  it("runs in the frame that it makes an object for, wherever it is called from", async () => {
    const seen: unknown[] = [];
    const user = new Proxy({ fun: (n) => ({ name: `user ${n}` }), scope: flow });
    const session = new Proxy({
      fun: () => (seen.push(flow.current()), { hello: `session of ${user.name}` }),
      scope: flow,
    });
    const [alice, mallory] = [flow.open(), flow.open()];
    assertEquals([alice, mallory].map((frame) => frame.run(() => user.name)), ["user 0", "user 1"]);
    mallory.run(() => assertEquals(session._in(alice).hello, "session of user 0"));
    assertEquals(alice.run(() => session.hello), "session of user 0");
    assertEquals(session._in(mallory).hello, "session of user 1"); // from outside of any frame
    assertEquals(seen, [alice, mallory]);
    await Promise.all([alice.end(), mallory.end()]);
  });

  it("runs once, where its frame cannot be entered", async () => {
    const frame = flow.open();
    const run = () => {
      throw new ProxyError("nothing carries frames along here");
    };
    const here = Object.assign(Object.create(frame), { run });
    Object.defineProperty(here, "ended", { value: false });
    let calls = 0;
    class Own {
      [key: string]: unknown;
      name = "own";
      ready = () => Promise.resolve();
      current = () => undefined;
      run = run;
      open = () => frame;
    }
    const kept = new Map<object, unknown>();
    Object.assign(here, {
      get: (key: object) => kept.get(key),
      set: (key: object, value: unknown) => void kept.set(key, value),
      defer: (fn: () => unknown) => frame.defer(fn),
    });
    const proxy = new Proxy({ fun: () => ({ n: calls++ }), scope: new Own() });
    assertEquals([proxy._in(here).n, proxy._in(here).n], [0, 0]);
    const failing = new Proxy({
      fun: (): { n: number } => {
        calls++;
        throw new RangeError("its own");
      },
      scope: flow,
    });
    assertThrows(() => failing._in(frame).n, RangeError, "its own");
    assertEquals(calls, 2);
    await frame.end();
  });
});

describe("_obj", () => {
  it("gives the object for a block, and then closes it", async () => {
    const { shop, proxy } = things();
    await flow.run(async () => {
      {
        await using thing = await proxy._obj();
        assertEquals([thing.id, thing.echo("x"), thing instanceof Thing], [0, "x", true]);
        assertStrictEquals((thing as unknown as { then: unknown }).then, undefined);
        assertEquals(shop.closed, []);
      }
      assertEquals([shop.closed, proxy._hasObj()], [[0], false]);
    });
    assertEquals(shop.closed, [0]);
  });

  it("closes only what it gave, in the frame that it gave it in", async () => {
    const { shop, proxy } = things();
    const frame = flow.open();
    const early = await frame.run(() => proxy._obj());
    await frame.run(() => proxy._retObj());
    await flow.run(async () => {
      assertEquals(proxy.id, 1);
      await early[Symbol.asyncDispose]();
      assertEquals([proxy._hasObj(), shop.closed], [true, [0]]);
    });
    const again = await frame.run(() => proxy._obj());
    await again[Symbol.asyncDispose](); // outside of any frame
    assertEquals(shop.closed, [0, 1, 2]);
    await again[Symbol.asyncDispose]();
    await frame.end();
    assertEquals(shop.closed, [0, 1, 2]);
  });

  it("does not close what the frame has taken since", async () => {
    const { shop, proxy } = things();
    await flow.run(async () => {
      const early = await proxy._obj();
      await proxy._retObj();
      assertEquals(proxy.id, 1);
      await early[Symbol.asyncDispose]();
      assertEquals([proxy._hasObj(), proxy.id, shop.closed], [true, 1, [0]]);
    });
  });

  it("is no thenable, though the object is", async () => {
    const proxy = new Proxy({ obj: { then: (done: (n: number) => void) => done(5), n: 1 } });
    assertEquals((await proxy._obj() as unknown as { n: number }).n, 1);
  });

  it("of an obj is for the block too, and closes nothing", async () => {
    const proxy = new Proxy({ obj: new Thing(1) });
    {
      await using thing = await proxy._obj();
      assertEquals(thing.id, 1);
    }
    assertEquals(proxy.id, 1);
  });
});

describe("_in", () => {
  it("is the same proxy in a frame passed by hand, from wherever", async () => {
    const { shop, proxy } = things();
    const [one, two] = [flow.open(), flow.open()];
    assertEquals([proxy._in(one).id, proxy._in(two).id, proxy._in(one).id], [0, 1, 0]);
    flow.run(() => assertEquals([proxy.id, proxy._in(one).id], [2, 0]));
    assertEquals([proxy._in(one)._in(two).id, one.run(() => proxy.id)], [1, 0]);
    assertEquals([proxy._in(one)._hasObj(), proxy._hasObj()], [true, false]);
    await proxy._in(one)._retObj();
    await two.end();
    assertEquals(shop.closed.toSorted(), [0, 1, 2]);
    assertThrows(() => proxy._in(two).id, ProxyError, "has ended");
    await one.end();
  });

  it("works where nothing carries frames along", () => {
    const { proxy } = things();
    const byHand = new ScopeFrame({
      scope: "by hand",
      enter() {
        throw new Error("nothing carries it");
      },
    });
    assertEquals(proxy._in(byHand).id, 0);
  });

  it("takes frames, and nothing else", () => {
    const { proxy } = things();
    for (const wrong of [undefined, null, {}, flow, "frame"]) {
      assertThrows(() => proxy._in(wrong as Frame), ProxyError, "_in takes a frame");
    }
  });
});

describe("a frame that is always there", () => {
  for (const scope of [thread, shared]) {
    it(`${scope.name}: its end gives back what is in it, and it goes on`, async () => {
      const shop = new Workshop();
      const proxy = new Proxy({ fun: shop.fun, closer: shop.closer, scope });
      assertEquals(proxy.id, 0);
      assertEquals(scope.run(() => flow.run(() => proxy.id)), 0);
      const frame = scope.current()!;
      await frame.end();
      assertEquals([shop.closed, frame.ended, scope.current() === frame], [[0], false, true]);
      assertEquals([proxy.id, proxy._hasObj()], [1, true]);
      await frame[Symbol.asyncDispose]();
      assertEquals([shop.closed, proxy._hasObj()], [[0, 1], false]);
    });
  }
});
