// How long a frame waits for an object: each caller's own bounds, though all wait for the same.

import {
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { PoolTimeoutError, Proxy, ProxyError } from "../mod.ts";
import { flow, things } from "./helpers/flow.ts";
import { Creations, idle, rejection, stateOf, type Thing } from "./helpers/pool.ts";

describe("the bounds of one who waits", () => {
  /** Calls `test` in a frame that waits for what `holder` has. */
  async function full(test: (proxy: ReturnType<typeof things>) => unknown): Promise<void> {
    const proxy = things();
    const holder = flow.open();
    await holder.run(() => proxy.echo(1));
    await flow.run(() => test(proxy));
    assertEquals(proxy._pool!.waiting, 0);
    await holder.end();
    assertEquals([proxy._pool!.using, proxy._pool!.available], [0, 1]);
    await proxy._pool!.shutdown();
  }

  it("a timeout is that of the pool's get", () =>
    full(async (proxy) => {
      const error = await rejection(proxy._getObj({ timeout: 10 }));
      assertInstanceOf(error, PoolTimeoutError);
      assertEquals([error.timeout, error.phase, error.holders.length], [10, "wait", 1]);
    }));

  it("a signal too; one that is aborted already gets nothing, even what is there", async () => {
    await full(async (proxy) => {
      const aborting = new AbortController();
      const waiting = rejection(proxy._getObj({ signal: aborting.signal }));
      await idle();
      aborting.abort("enough");
      assertEquals(await waiting, "enough");
      assertEquals(await rejection(proxy._getObj({ signal: aborting.signal })), "enough");
    });
    const proxy = things();
    await flow.run(async () => {
      assertEquals(await rejection(proxy._getObj({ signal: AbortSignal.abort("no") })), "no");
      assertEquals([proxy._hasObj(), proxy._pool], [false, undefined]);
      await proxy.echo(1);
      assertEquals(await rejection(proxy._getObj({ signal: AbortSignal.abort("no") })), "no");
    });
    await proxy._pool!.shutdown();
  });

  it("a polyfill's signal, which has no reason, makes an AbortError", async () => {
    const signal = Object.assign(new EventTarget(), { aborted: false }) as AbortSignal;
    await full(async (proxy) => {
      const first = rejection(proxy._getObj({ timeout: 50 }));
      const joined = rejection(proxy._getObj({ signal }));
      Object.assign(signal, { aborted: true }).dispatchEvent(new Event("abort"));
      const late = rejection(proxy._getObj({ signal }));
      for (const error of await Promise.all([joined, late])) {
        assertEquals(`${error}`, "AbortError: aborted by a signal that has no reason");
      }
      await first;
    });
  });

  it("leave a signal alone once they are over", async () => {
    const { signal } = new AbortController();
    let listeners = 0;
    const { addEventListener, removeEventListener } = signal;
    Object.assign(signal, {
      addEventListener(...args: Parameters<typeof addEventListener>) {
        listeners++;
        addEventListener.apply(signal, args);
      },
      removeEventListener(...args: Parameters<typeof removeEventListener>) {
        listeners--;
        removeEventListener.apply(signal, args);
      },
    });
    await full(async (proxy) => {
      const waiting = [proxy._getObj({ signal })];
      assertEquals(listeners, 1); // no signal made of it, which Node 20 would keep for as long
      waiting.push(proxy._getObj({ signal, timeout: 60_000 }));
      proxy._pool!.resize({ maxSize: 2 });
      await Promise.all(waiting);
      await idle();
      assertEquals(listeners, 0);
      proxy._pool!.resize({ maxSize: 1 });
    });
  });

  it("are not those of others who wait for the same: of the first by a signal", () =>
    full(async (proxy) => {
      const aborting = new AbortController();
      const first = rejection(proxy._getObj({ signal: aborting.signal }));
      const second = proxy.echo("second");
      const third = proxy._getObj();
      await idle();
      aborting.abort("enough");
      assertEquals(await first, "enough");
      assertEquals([await stateOf(second), proxy._pool!.waiting], ["pending", 1]);
      proxy._pool!.resize({ maxSize: 2 });
      assertEquals(await second, "second");
      assertStrictEquals(await third, await proxy._getObj());
      await proxy._pool!.discard(await third);
    }));

  it("are not those of others who wait for the same: of the first by a timeout", () =>
    full(async (proxy) => {
      const first = rejection(proxy._getObj({ timeout: 10 }));
      const second = proxy.echo("second");
      assertInstanceOf(await first, PoolTimeoutError);
      assertEquals(await stateOf(second), "pending");
      proxy._pool!.resize({ maxSize: 2 });
      assertEquals(await second, "second");
      await proxy._pool!.discard(await proxy._getObj());
    }));

  it("are one's own for whoever comes later", () =>
    full(async (proxy) => {
      const aborting = new AbortController();
      const first = proxy.echo("first");
      const late = rejection(proxy._getObj({ timeout: 10 }));
      const aborted = rejection(proxy._getObj({ signal: aborting.signal, timeout: 60_000 }));
      assertInstanceOf(await late, PoolTimeoutError);
      aborting.abort("enough");
      assertEquals([await aborted, await stateOf(first)], ["enough", "pending"]);
      const patient = proxy._getObj({ timeout: 60_000, signal: new AbortController().signal });
      proxy._pool!.resize({ maxSize: 2 });
      assertEquals(await first, "first");
      await proxy._pool!.discard(await patient);
    }));

  it("hold for an object on its way, too; a failure is everybody's", async () => {
    const creations = new Creations();
    const proxy = new Proxy({ fun: creations.fun, scope: flow, maxSize: 1 });
    await flow.run(async () => {
      const first = proxy.echo("first");
      const late = rejection(proxy._getObj({ timeout: 10 }));
      assertInstanceOf(await late, PoolTimeoutError);
      const patient = proxy._getObj({ timeout: 60_000 });
      const failure = new Error("refused");
      const all = [first, patient].map(rejection);
      await creations.fail(0, failure);
      for (const error of await Promise.all(all)) assertStrictEquals(error, failure);
      assertEquals(creations.all.length, 1);
    });
    await proxy._pool!.shutdown();
  });

  it("are of no use as long as there is nothing to wait for, and say how there will be", async () => {
    const proxy = new Proxy<Thing>({ scope: flow, maxSize: 1 });
    for (const get of [() => proxy._getObj({ timeout: 5 }), () => proxy._obj({ timeout: 5 })]) {
      const error = await rejection(get());
      assertInstanceOf(error, ProxyError);
      assertStringIncludes(error.message, "call set(");
    }
  });

  it("by default are the pool's", async () => {
    const proxy = things({ timeout: 10 });
    await flow.run(async () => {
      await proxy.echo(1);
      const error = await rejection(flow.run(() => proxy.echo(2)));
      assertInstanceOf(error, PoolTimeoutError);
    });
    await proxy._pool!.shutdown();
  });
});
