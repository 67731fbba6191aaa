// A proxy with a pool: the lease that a frame has, giving it back, and filling anew.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotStrictEquals,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { type Lease, LeaseError, Pool, Proxy, ProxyError } from "../mod.ts";
import { type FlowScope, workers } from "../scopes/mod.ts";
import { flow, things } from "./helpers/flow.ts";
import { deferred, idle, rejection, stateOf, Thing } from "./helpers/pool.ts";
import { until } from "./helpers/until.ts";

describe("_getObj", () => {
  it("gives the lease of the frame's object, the same one throughout", async () => {
    const proxy = things();
    await flow.run(async () => {
      const [one, two] = await Promise.all([proxy._getObj(), proxy._getObj()]);
      assertStrictEquals(one, two);
      await proxy.echo(1);
      await idle();
      assertStrictEquals(await proxy._getObj(), one);
      assertEquals([one.id, one.echo("x"), Pool.unwrap(one) instanceof Thing], [0, "x", true]);
      assertEquals([proxy._pool!.using, proxy._pool!.stats().gets], [1, 1]);
    });
    await proxy._pool!.shutdown();
  });

  it("gives one that its user may give back, which is no second time for the frame", async () => {
    const proxy = things();
    await flow.run(async () => {
      await using lease = await proxy._getObj();
      assertEquals(lease.echo(1), 1);
    });
    await flow.run(async () => proxy._pool!.ret(await proxy._getObj()));
    const { returned, doubleReturns } = proxy._pool!.stats();
    assertEquals([returned, doubleReturns], [2, 0]);
    await proxy._pool!.shutdown();
  });

  it("gives each of several frames its own", async () => {
    const proxy = things({ maxSize: 2 });
    await flow.run(async () => {
      const outer = await proxy._getObj();
      await flow.run(async () => assertNotStrictEquals(await proxy._getObj(), outer));
      assertStrictEquals(await proxy._getObj(), outer);
    });
    assertEquals([proxy._pool!.size, proxy._pool!.using], [2, 0]);
    await proxy._pool!.shutdown();
  });

  it("gives another one once it was killed, and so does a call", async () => {
    const proxy = things({ maxUsingDelayKill: 10 });
    await flow.run(async () => {
      const first = await proxy._getObj();
      await until(() => proxy._pool!.stats().killed === 1, "killed");
      assertThrows(() => first.id, LeaseError, "killed");
      assertEquals(proxy._hasObj(), false);
      assertEquals(await proxy.toString(), "thing 1");
      assertNotStrictEquals(await proxy._getObj(), first);
    });
    await proxy._pool!.shutdown();
  });

  it("gives another one once it was discarded, detached or returned by hand", async () => {
    const proxy = things();
    await flow.run(async () => {
      await proxy._pool!; // there is none yet
      await proxy._pool?.discard(await proxy._getObj());
      const pool = (await proxy._getObj(), proxy._pool!);
      await pool.discard(await proxy._getObj());
      assertEquals(await proxy.toString(), "thing 1");
      pool.detach(await proxy._getObj());
      assertEquals(await proxy.toString(), "thing 2");
      await pool.ret(await proxy._getObj());
      assertEquals([await proxy.toString(), pool.stats().doubleReturns], ["thing 2", 0]);
    });
    assertEquals([proxy._pool!.using, proxy._pool!.stats().doubleReturns], [0, 0]);
    await proxy._pool!.shutdown();
  });

  it("refuses wrong options, by a promise", async () => {
    const proxy = things();
    await flow.run(async () => {
      for (const wrong of [{ timeOut: 5 }, { signal: {} }, { timeout: "5" }, 5000]) {
        assertInstanceOf(await rejection(proxy._getObj(wrong as never)), TypeError);
      }
      assertInstanceOf(await rejection(proxy._getObj({ timeout: -1 })), RangeError);
      assertEquals(proxy._hasObj(), false);
    });
  });
});

describe("_hasObj and _pool", () => {
  it("take nothing, and start no pool", async () => {
    const proxy = things();
    assertEquals([proxy._hasObj(), proxy._pool], [false, undefined]);
    await flow.run(async () => {
      assertEquals([proxy._hasObj(), proxy._pool], [false, undefined]);
      await proxy.echo(1);
      assertEquals(proxy._hasObj(), true);
      flow.run(() => assertEquals(proxy._hasObj(), false));
      await proxy._retObj();
      assertEquals(proxy._hasObj(), false);
    });
    assertInstanceOf(proxy._pool, Pool);
    await proxy._pool!.shutdown();
  });
});

describe("_retObj", () => {
  it("gives back early, to the next who waits; afterwards there is another", async () => {
    const proxy = things();
    await flow.run(async () => {
      const first = await proxy._getObj();
      const other = flow.run(() => proxy.echo("other"));
      assertEquals(await stateOf(other), "pending");
      await proxy._retObj();
      assertEquals(await other, "other");
      assertThrows(() => first.id, LeaseError, "returned");
      assertNotStrictEquals(await proxy._getObj(), first);
      await proxy._retObj();
      await proxy._retObj();
    });
    const { gets, returned, doubleReturns } = proxy._pool!.stats();
    assertEquals([gets, returned, doubleReturns], [3, 3, 0]);
    await proxy._pool!.shutdown();
  });

  it("gives up what is on its way: who waits for that is told", async () => {
    const proxy = things();
    const holder = flow.open();
    await holder.run(() => proxy.echo(1));
    await flow.run(async () => {
      const first = proxy._getObj({ timeout: 60_000 });
      const waiting = [first, proxy.echo("x"), proxy._getObj()].map(rejection);
      await idle();
      assertEquals(proxy._pool!.waiting, 1);
      await proxy._retObj();
      for (const error of await Promise.all(waiting)) {
        assertInstanceOf(error, ProxyError);
        assertStringIncludes(error.message, "_retObj()");
      }
      assertEquals(proxy._pool!.waiting, 0);
      const again = proxy.echo("again");
      await holder.end();
      assertEquals(await again, "again");
    });
    await proxy._pool!.shutdown();
  });
});

describe("an asynchronous getter", () => {
  it("is called once for each frame, on the object that this gets", async () => {
    const greeted: number[] = [];
    const proxy = new Proxy({
      fun: (n) => new Thing(n),
      getter: async ({ id }) => {
        await null;
        greeted.push(id);
      },
      scope: flow,
      maxSize: 2,
    });
    for (let i = 0; i < 3; i++) await flow.run(() => proxy.echo(i));
    assertEquals([greeted, proxy._pool!.size], [[0, 0, 0], 1]);
    await proxy._pool!.shutdown();
  });
});

describe("_obj", () => {
  it("passes for the lease, for a block", async () => {
    const proxy = things();
    await flow.run(async () => {
      let past: Thing;
      {
        await using held = past = await proxy._obj();
        assertStrictEquals(Pool.unwrap(held), Pool.unwrap(await proxy._getObj()));
        assertEquals([held.id, proxy._pool!.using], [0, 1]);
      }
      assertEquals([proxy._pool!.using, proxy._hasObj()], [0, false]);
      assertThrows(() => past.id, ProxyError, "returned at the end of its block");
      assertEquals(await proxy.toString(), "thing 0");
    });
    await proxy._pool!.shutdown();
  });

  it("in blocks within blocks is given back with the last of them", async () => {
    const proxy = things();
    await flow.run(async () => {
      await using outer = await proxy._obj();
      {
        await using inner = await proxy._obj();
        assertEquals(inner.id, outer.id);
      }
      assertEquals([outer.id, proxy._pool!.using], [0, 1]);
    });
    assertEquals([proxy._pool!.using, proxy._pool!.stats().doubleReturns], [0, 0]);
    await proxy._pool!.shutdown();
  });

  it("may be given back by hand, and by `using`", async () => {
    const proxy = things();
    await flow.run(async () => {
      const held = await proxy._obj();
      await proxy._pool!.ret(held);
      assertEquals(proxy._pool!.using, 0);
      (await proxy._obj())[Symbol.dispose]();
      await idle();
      assertEquals(proxy._pool!.using, 0);
    });
    await proxy._pool!.shutdown();
  });
});

describe("_in", () => {
  it("works in a frame passed by hand, through promises too", async () => {
    const proxy = things({ maxSize: 2 });
    const frame = flow.open();
    assertEquals(await proxy._in(frame).echo(1), 1);
    const lease: Lease<Thing> = await proxy._in(frame)._getObj();
    assertStrictEquals(await frame.run(() => proxy._getObj()), lease);
    assertEquals(proxy._in(frame)._hasObj(), true);
    await frame.end();
    assertThrows(() => lease.id, LeaseError, "returned");
    assertStringIncludes(String(await rejection(proxy._in(frame).echo(1))), "has ended");
    await proxy._pool!.shutdown();
  });
});

describe("a pooled proxy whose fun uses it", () => {
  it("is told so, if it does at once", async () => {
    const proxy: { toString(): unknown; _pool: Pool<Thing> | undefined } = new Proxy({
      fun: async (n): Promise<Thing> => {
        await proxy.toString();
        return new Thing(n);
      },
      scope: flow,
      maxSize: 1,
    });
    const error = await rejection(flow.run(() => proxy.toString() as Promise<string>));
    assertInstanceOf(error, ProxyError);
    await proxy._pool!.shutdown();
  });
});

describe("filling a pooled proxy anew", () => {
  it("shuts its pool down, once what frames have of it is back", async () => {
    const proxy = things();
    await flow.run(async () => {
      const lease = await proxy._getObj();
      const before = proxy._pool!;
      proxy.setFun((n) => new Thing(n + 10));
      assertEquals([await proxy.toString(), lease.id], ["thing 10", 0]);
      assertNotStrictEquals(proxy._pool, before);
      assertEquals([before.using, proxy._pool!.using], [1, 1]);
      await rejection(before.get());
      await proxy._retObj();
      assert(lease.id === 0);
    }).then(idle);
    assertEquals(proxy._pool!.stats().shutdown, false);
    await proxy._pool!.shutdown();
  });
});

describe("a scope whose frames cannot share what is made in them", () => {
  const scope = workers as FlowScope;

  it("has a pool for each frame, shut down at its end, through its host", async () => {
    await scope.ready();
    const closed: number[] = [];
    const closer = ({ id }: Thing) => void closed.push(id);
    const proxy = new Proxy({ fun: (n) => new Thing(n), closer, scope, maxSize: 2 });
    const hosted: Promise<unknown>[] = [];
    const gate = deferred();
    const pools: Pool<Thing>[] = [];
    const request = () =>
      scope.run(async () => {
        assertEquals(proxy._pool, undefined);
        await proxy.echo(1);
        pools.push(proxy._pool!);
        await gate.promise;
        await using own = await proxy._pool!.get();
        assertEquals([own.id, proxy._pool!.size], [1, 2]);
      }, { waitUntil: (promise) => void hosted.push(promise) });
    const both = [request(), request()];
    gate.resolve();
    await Promise.all(both);
    assertEquals(new Set(pools).size, 2);
    await Promise.all(hosted);
    assertEquals([hosted.length, pools.map(({ size }) => size)], [2, [0, 0]]);
    assertEquals([closed.toSorted(), proxy._pool], [[0, 0, 1, 1], undefined]);
    for (const pool of pools) assertInstanceOf(await rejection(pool.get()), Error);
  });

  it("waits a second at its end for what was got of its pool by hand, and takes it away", async () => {
    const proxy = new Proxy({ fun: (n) => new Thing(n), scope, maxSize: 2, logLevel: "silent" });
    let kept!: Lease<Thing>;
    const begun = performance.now();
    await scope.run(async () => {
      await proxy.echo(1);
      kept = await proxy._pool!.get();
    });
    assertThrows(() => kept.id, LeaseError, "shutdown");
    assert(performance.now() - begun > 900);
  });
});
