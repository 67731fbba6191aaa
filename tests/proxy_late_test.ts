// What comes after a frame's end: objects still on their way, and code that has been left running.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { type Lease, LeaseError, Proxy, ProxyError } from "../mod.ts";
import { assertWhole, flow, things } from "./helpers/flow.ts";
import { Creations, deferred, idle, rejection, stateOf, Thing, Workshop } from "./helpers/pool.ts";

const quiet = { logLevel: "silent" } as const;

describe("what is still on its way when the frame ends", () => {
  it("a get that waits is given up, and takes nothing with it", async () => {
    const proxy = things();
    const holder = flow.open();
    await holder.run(() => proxy.echo(1));
    let waiting!: Promise<unknown>[];
    await flow.run(async () => {
      waiting = [proxy.echo(2), proxy._getObj(), proxy._getObj({ timeout: 5000 })].map(rejection);
      await idle();
      assertEquals(proxy._pool!.waiting, 1);
    });
    assertEquals(proxy._pool!.waiting, 0);
    for (const error of await Promise.all(waiting)) {
      assertInstanceOf(error, ProxyError);
      assertStringIncludes(error.message, "has ended");
    }
    await holder.end();
    await assertWhole(proxy);
  });

  it("an object that is made for it becomes available; run does not wait for that", async () => {
    const creations = new Creations();
    const proxy = new Proxy({ fun: creations.fun, scope: flow, maxSize: 1, ...quiet });
    let waiting!: Promise<unknown>;
    await flow.run(() => {
      waiting = rejection(proxy.echo(1));
      return Promise.resolve();
    });
    assertInstanceOf(await waiting, ProxyError);
    assertEquals(proxy._pool!.creating, 1);
    await creations.finish(0);
    assertEquals([proxy._pool!.available, proxy._pool!.using], [1, 0]);
    await assertWhole(proxy);
  });

  it("an object that has just come goes back, and is used by nobody", async () => {
    const creations = new Creations();
    const proxy = new Proxy({ fun: creations.fun, scope: flow, maxSize: 1, ...quiet });
    const gate = deferred();
    let waiting!: Promise<unknown>;
    const run = flow.run(() => {
      waiting = Promise.resolve(proxy.echo(1)).catch(String);
      return gate.promise;
    });
    await idle();
    creations.all[0]!.resolve(new Thing(0)); // both in the same turn
    gate.resolve();
    await run;
    const told = await waiting;
    assert(told === 1 || String(told).startsWith("ProxyError"), String(told));
    await assertWhole(proxy);
  });

  it("an async fun is told by its signal, and what it makes late is closed, which run waits for", async () => {
    const creations = new Creations();
    const closed: number[] = [];
    const closer = ({ id }: Thing) => void closed.push(id);
    const proxy = new Proxy({ fun: creations.fun, closer, scope: flow });
    let waiting!: Promise<unknown>;
    const run = flow.run(() => {
      waiting = rejection(proxy._getObj());
      return Promise.resolve("done");
    });
    await idle();
    const { signal } = creations.all[0]!;
    assertEquals([signal.aborted, await stateOf(run)], [true, "pending"]);
    assertInstanceOf(signal.reason, ProxyError);
    await creations.finish(0);
    assertEquals([await run, closed], ["done", [0]]);
    assertStringIncludes(String(await waiting), "has ended");
  });

  it("an async fun that asks for its signal only then finds it aborted", async () => {
    const gate = deferred();
    let aborted: boolean | undefined;
    const proxy = new Proxy({
      fun: async (n, context) => {
        await gate.promise;
        aborted = context.signal.aborted;
        return new Thing(n);
      },
      scope: flow,
    });
    const run = flow.run(() => {
      void rejection(proxy._getObj());
      return Promise.resolve();
    });
    await idle();
    gate.resolve();
    await run;
    assertEquals(aborted, true);
  });

  it("a get with a signal of its own is given up, too", async () => {
    const proxy = things();
    const holder = flow.open();
    await holder.run(() => proxy.echo(1));
    let waiting!: Promise<unknown>;
    await flow.run(async () => {
      waiting = rejection(proxy._getObj({ signal: new AbortController().signal }));
      await idle();
      assertEquals(proxy._pool!.waiting, 1);
    });
    assertInstanceOf(await waiting, ProxyError);
    assertEquals(proxy._pool!.waiting, 0);
    await holder.end();
    await assertWhole(proxy);
  });

  it("an async fun that fails then, or makes nothing, closes nothing", async () => {
    for (const fails of [true, false]) {
      const making = deferred<Thing>();
      let closed = 0;
      const proxy = new Proxy({
        fun: (_n, { signal }) => {
          signal.addEventListener("abort", () => {
            if (fails) making.reject(signal.reason);
            else making.resolve(undefined as unknown as Thing);
          });
          return making.promise;
        },
        closer: () => void closed++,
        scope: flow,
      });
      let waiting!: Promise<unknown>;
      await flow.run(() => {
        waiting = rejection(proxy._getObj());
        return Promise.resolve();
      });
      assertInstanceOf(await waiting, ProxyError);
      assertEquals(closed, 0);
    }
  });

  it("a call that is only begun leaves no rejection unhandled, if its caller handles its own", async () => {
    const creations = new Creations();
    const proxy = new Proxy({ fun: creations.fun, scope: flow });
    let waiting!: Promise<unknown>[];
    const run = flow.run(() => {
      void proxy.echo; // the first use
      waiting = [1, 2, 3].map((n) => rejection(Promise.resolve(proxy.echo(n))));
      return Promise.resolve();
    });
    await idle();
    await creations.fail(0, new Error("late"));
    await run;
    for (const error of await Promise.all(waiting)) {
      assertInstanceOf(error, ProxyError);
      assert(error.message.includes("has ended"), error.message);
    }
    await idle();
  });
});

describe("what a request has left running", () => {
  it("gets a ProxyError from the proxy, and no other request's object", async () => {
    const proxy = things();
    const gate = deferred();
    const told: unknown[] = [];
    const floating: Promise<void>[] = [];
    let other: typeof proxy.echo | undefined;
    await flow.run(async () => {
      await proxy.echo(1);
      other = proxy.echo;
      const touch = async () => {
        await gate.promise;
        for (
          const use of [
            () => proxy.echo(2),
            () => proxy._getObj(),
            () => proxy._obj(),
            () => other!(3),
          ]
        ) {
          told.push(await rejection(use() as Promise<unknown>));
        }
        assertEquals(proxy._hasObj(), false);
        await proxy._retObj(); // there is nothing to give back
      };
      floating.push(touch());
      floating.push(new Promise((resolve) => setTimeout(() => resolve(touch()), 1)));
    });
    await flow.run(async () => {
      const mine = await proxy._getObj();
      gate.resolve();
      await Promise.all(floating);
      assertEquals(mine.id, 0);
    });
    assertEquals(told.length, 8);
    for (const error of told) {
      assertInstanceOf(error, ProxyError);
      assertStringIncludes(
        error.message,
        "has ended: await this work before the end, or delay the end",
      );
    }
    await assertWhole(proxy);
  });

  it("gets a LeaseError from a lease that it has kept", async () => {
    const proxy = things();
    let lease!: Lease<Thing>;
    await flow.run(async () => void (lease = await proxy._getObj()));
    await flow.run(async () => {
      await proxy.echo(1);
      assertThrows(() => lease.id, LeaseError, "returned");
      await lease[Symbol.asyncDispose]();
      assertEquals(proxy._pool!.using, 1);
    });
    await assertWhole(proxy);
  });

  it("gets no object made for it, either", () => {
    const shop = new Workshop();
    const proxy = new Proxy({ fun: shop.fun, scope: flow });
    let late!: () => unknown;
    flow.run(() => {
      const frame = flow.current()!;
      late = () => proxy._in(frame).id;
    });
    assertThrows(late, ProxyError, "has ended");
    assertEquals(shop.attempts, 0);
  });
});
