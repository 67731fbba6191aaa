// A proxy whose fun makes an object at once: one for each frame, made on first use, closed at its end.

import {
  assertEquals,
  assertMatch,
  assertNotStrictEquals,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Proxy, ProxyError } from "../mod.ts";
import type { FlowScope } from "../scopes/mod.ts";
import { flow } from "./helpers/flow.ts";
import { deferred, idle, rejection, Thing, Workshop } from "./helpers/pool.ts";
import { Recorder } from "./helpers/recorder.ts";

/** A proxy of one thing a frame, and the workshop they come from. */
function things(options: { scope?: FlowScope } = {}) {
  const shop = new Workshop();
  const { fun, closer } = shop;
  return { shop, proxy: new Proxy({ fun, closer, scope: flow, ...options }) };
}

describe("fun", () => {
  it("makes one object for each frame, when it is first used", async () => {
    const { shop, proxy } = things();
    await flow.run(async () => {
      assertEquals(shop.attempts, 0);
      assertEquals([proxy.id, proxy.id, shop.attempts], [0, 0, 1]);
      await idle();
      assertEquals(proxy.id, 0);
    });
    flow.run(() => assertEquals(proxy.id, 1));
  });

  it("makes another one for each of several flows at once, and for a nested frame", async () => {
    const { shop, proxy } = things();
    const all = deferred();
    const flows = [0, 1, 2].map((n) =>
      flow.run(async () => {
        assertEquals(proxy.id, n);
        await all.promise;
        flow.run(() => assertEquals(proxy.id, n + 3));
        assertEquals(proxy.id, n);
      })
    );
    all.resolve();
    await Promise.all(flows);
    assertEquals([shop.made.length, shop.closed.toSorted()], [6, [0, 1, 2, 3, 4, 5]]);
  });

  it("is told how many attempts there were, and a signal that aborts if nobody wants it any more", () => {
    const told: [number, boolean][] = [];
    const proxy = new Proxy({
      fun: (n, { signal }) => {
        told.push([n, signal.aborted]);
        if (n === 0) throw new Error("no");
        return { n };
      },
      scope: flow,
    });
    flow.run(() => assertThrows(() => proxy.n, Error, "no"));
    flow.run(() => assertEquals(proxy.n, 1));
    assertEquals(told, [[0, false], [1, false]]);
  });

  it("that throws is asked again by the next use: a failure is never cached", () => {
    let fails = true;
    const failure = new Error("refused");
    const proxy = new Proxy({
      fun: () => {
        if (fails) throw failure;
        return { n: 1 };
      },
      scope: flow,
    });
    flow.run(() => {
      assertStrictEquals(assertThrows(() => proxy.n), failure);
      assertStrictEquals(assertThrows(() => proxy._getObj()), failure);
      assertEquals(proxy._hasObj(), false);
      fails = false;
      assertEquals(proxy.n, 1);
    });
  });

  it("must make an object: undefined and null are no such", () => {
    for (const nothing of [undefined, null]) {
      const proxy = new Proxy({ fun: () => nothing as unknown as Thing, scope: flow });
      flow.run(() => {
        const told = assertThrows(() => proxy.id, ProxyError).message;
        assertStringIncludes(told, `fun must return an object, got ${nothing}`);
        assertEquals(proxy._hasObj(), false);
      });
    }
  });

  it("must not use the very proxy that it makes an object for; then it can be asked again", () => {
    let wrong = true;
    const proxy: { id: number } = new Proxy({
      fun: (): Thing => wrong ? new Thing(proxy.id) : new Thing(7),
      scope: flow,
    });
    flow.run(() => {
      assertThrows(() => proxy.id, ProxyError, "fun uses the proxy that it creates an object for");
      wrong = false;
      assertEquals(proxy.id, 7);
    });
  });

  it("may use other proxies, and then has those of its frame", () => {
    const { proxy: base } = things();
    const built = new Proxy({ fun: () => ({ base: base.id }), scope: flow });
    flow.run(() => assertEquals([built.base, base.id], [0, 0]));
    flow.run(() => assertEquals([built.base, base.id], [1, 1]));
  });

  it("that ends its own frame leaves nothing open", async () => {
    const closed: number[] = [];
    const proxy = new Proxy({
      fun: (n) => {
        void flow.current()!.end();
        return new Thing(n);
      },
      closer: ({ id }) => void closed.push(id),
      scope: flow,
    });
    flow.run(() => assertThrows(() => proxy.id, ProxyError, "has ended"));
    await idle();
    assertEquals(closed, [0]);
  });
});

describe("an object of a frame", () => {
  it("is closed at the end, and run's promise waits for that", async () => {
    const closing = deferred();
    let closed = false;
    const proxy = new Proxy({
      fun: () => new Thing(1),
      closer: async () => {
        await closing.promise;
        closed = true;
      },
      scope: flow,
    });
    let over = false;
    const run = flow.run(async () => void await proxy.id).then(() => over = true);
    await idle();
    assertEquals([closed, over], [false, false]);
    closing.resolve();
    await run;
    assertEquals(closed, true);
  });

  it("is closed as itself, outside of the frame", async () => {
    const seen: unknown[] = [];
    const object = new Thing(1);
    const closer = (thing: Thing) => void seen.push(thing, flow.current());
    const proxy = new Proxy({ fun: () => object, closer, scope: flow });
    await flow.run(async () => void await proxy.id);
    assertEquals(seen.length, 2);
    assertStrictEquals(seen[0], object);
    assertStrictEquals(seen[1], undefined);
  });

  it("is closed once though it was taken often, not at all if it was never made", async () => {
    const { shop, proxy } = things();
    await flow.run(async () => {
      for (let i = 0; i < 3; i++) await proxy.id;
    });
    await flow.run(() => Promise.resolve(proxy._hasObj()));
    assertEquals(shop.closed, [0]);
  });

  it("whose closer fails, at once or later, is logged, and that is all", async () => {
    for (
      const closer of [
        () => {
          throw new Error("broken");
        },
        () => Promise.reject(new Error("broken")),
      ]
    ) {
      const logger = new Recorder();
      const proxy = new Proxy({ fun: () => new Thing(5), closer, scope: flow, logger });
      assertEquals(await flow.run(() => Promise.resolve(proxy.id)), 5);
      assertEquals(logger.lines.length, 1);
      assertMatch(logger.text(), /^warn .*closer failed for thing 5: Error: broken/);
    }
  });

  it("whose closer hangs is given up after closeTimeout", async () => {
    const logger = new Recorder();
    const closer = () => new Promise<void>(() => {});
    const options = { fun: () => new Thing(5), closer, closeTimeout: 10, scope: flow, logger };
    const proxy = new Proxy(options);
    await flow.run(() => Promise.resolve(proxy.id));
    assertMatch(logger.text(), /closer took longer than closeTimeout, 10 ms/);
  });

  it("whose closer fails is not logged if nobody wants to hear it", async () => {
    const logger = new Recorder();
    const closer = () => Promise.reject(new Error("broken"));
    const options = { fun: () => new Thing(5), closer, scope: flow, logger };
    const proxy = new Proxy({ ...options, logLevel: "silent" });
    await flow.run(() => Promise.resolve(proxy.id));
    assertEquals(logger.lines, []);
  });
});

describe("_retObj", () => {
  it("closes the object early; the next use makes another, closed at the end", async () => {
    const { shop, proxy } = things();
    await flow.run(async () => {
      assertEquals([proxy.id, proxy._hasObj()], [0, true]);
      await proxy._retObj();
      assertEquals([shop.closed, proxy._hasObj()], [[0], false]);
      await proxy._retObj();
      assertEquals([shop.closed, proxy.id], [[0], 1]);
    });
    assertEquals(shop.closed, [0, 1]);
  });

  it("outside of any frame rejects, by a promise", async () => {
    const { proxy } = things();
    assertStringIncludes(String(await rejection(proxy._retObj())), "outside any frame");
  });
});

describe("filling anew", () => {
  it("is for what is used from then on; what frames have already is closed at their end", async () => {
    const { shop, proxy } = things();
    await flow.run(async () => {
      const first = proxy._getObj();
      proxy.setFun((n) => new Thing(n + 10));
      assertNotStrictEquals(proxy._getObj(), first);
      assertEquals([proxy.id, shop.closed], [10, []]);
      await idle();
    });
    assertEquals(shop.closed, [10, 0]);
    flow.run(() => assertEquals(proxy.id, 11));
  });
});
