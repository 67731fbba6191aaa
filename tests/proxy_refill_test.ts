// A proxy that is filled anew while calls wait for an object: they get one of the new kind.

import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { PoolTimeoutError, Proxy, ProxyError } from "../mod.ts";
import { thread, versatile } from "../scopes/mod.ts";
import { flow, things } from "./helpers/flow.ts";
import { deferred, idle, rejection, stateOf, Thing } from "./helpers/pool.ts";

/** Calls `test` while another frame has the only object there is. */
async function withOneTaken(test: (proxy: ReturnType<typeof things>) => unknown): Promise<void> {
  const proxy = things();
  const [taken, gate] = [deferred(), deferred()];
  const holder = flow.run(async () => {
    await proxy.echo(1);
    taken.resolve();
    await gate.promise;
  });
  await taken.promise;
  await flow.run(() => test(proxy));
  gate.resolve();
  await holder;
  await proxy._pool?.shutdown();
}

describe("a proxy with a pool, filled anew while calls queue", () => {
  it("has them served by the new pool, each by the one object of its frame", () =>
    withOneTaken(async (proxy) => {
      const old = proxy._pool!;
      const calls = [proxy.toString(), proxy.toString(), proxy._getObj().then(({ id }) => id)];
      assertEquals([old.waiting, await stateOf(calls[0]!)], [1, "pending"]);
      proxy.setFun((n) => new Thing(n + 10));
      assertEquals(await Promise.all(calls), ["thing 10", "thing 10", 10]);
      assert(proxy._pool !== old);
    }));

  it("keeps to what a caller has bounded, and tells it alone", () =>
    withOneTaken(async (proxy) => {
      const aborting = new AbortController();
      const { signal } = aborting;
      const failures = [{ timeout: 20 }, { signal }, { signal, timeout: 60_000 }].map((options) =>
        flow.run(() => rejection(proxy._getObj(options)))
      );
      await idle();
      proxy.setFun(() => new Promise<Thing>(() => {}));
      await idle();
      aborting.abort("enough");
      const [late, ...aborted] = await Promise.all(failures);
      assertInstanceOf(late, PoolTimeoutError);
      assertEquals(aborted, ["enough", "enough"]);
      void proxy._pool!.shutdown({ timeout: 1 });
    }));

  it("leaves a call alone that has its object, also when that fails", () =>
    withOneTaken(async (proxy) => {
      const failing = deferred<string>();
      proxy.setFun(() => Object.assign(new Thing(0), { toString: () => failing.promise }));
      const call = rejection(proxy.toString());
      assertEquals(await proxy.echo("has it"), "has it");
      proxy.setFun((n) => new Thing(n + 20));
      const failure = new RangeError("the method's own");
      failing.reject(failure);
      assertStrictEquals(await call, failure);
    }));
});

describe("a block that waits while its proxy is filled anew", () => {
  it("gives back at its end, not at that of its frame", () =>
    withOneTaken(async (proxy) => {
      const waits = proxy._obj();
      proxy.setFun((n) => new Thing(n + 10));
      const held = await waits;
      assertEquals([held.id, proxy._pool!.using], [10, 1]);
      await held[Symbol.asyncDispose]();
      assertEquals(proxy._pool!.using, 0);
    }));
});

describe("a proxy that gets a pool while a call waits", () => {
  it("lends in the frame of the call, whatever its scope was before", async () => {
    const making = deferred<Thing>();
    const proxy = new Proxy({ fun: () => making.promise });
    let pooled;
    await versatile.run(async () => {
      const call = proxy.echo(7);
      pooled = proxy._setPool({ maxSize: 1 });
      proxy.setFun((n) => Promise.resolve(new Thing(n)));
      making.reject(new Error("too late to matter"));
      assertEquals(await call, 7);
    });
    assertEquals(pooled!._pool?.using ?? 0, 0);
    await pooled!._pool?.shutdown();
  });
});

describe("a proxy of an async fun, filled anew while calls wait", () => {
  it("has them served by the new one, though the old one fails", async () => {
    const making = deferred<Thing>();
    const proxy = new Proxy({ fun: () => making.promise });
    const calls = [proxy.toString(), proxy._getObj().then(String)];
    proxy.setFun(() => Promise.resolve(new Thing(5)));
    making.reject(new Error("too late to matter"));
    assertEquals(await Promise.all(calls), ["thing 5", "thing 5"]);
    await thread.current()!.end();
  });

  for (const scope of [flow, thread]) {
    it(`gives up at once what the old one makes in ${scope.name}, which may not listen`, async () => {
      const signals: AbortSignal[] = [];
      const proxy = new Proxy({
        fun: (_n, { signal }) => (signals.push(signal), new Promise<Thing>(() => {})),
        scope,
      });
      const frames = [flow.open(), flow.open()];
      const calls = frames.map((frame) => frame.run(() => proxy.echo(1)));
      const objects = frames.map((frame) => frame.run(() => proxy._getObj()));
      let made = 0;
      proxy.setFun(() => Promise.resolve(new Thing(made++)));
      assertEquals(await Promise.all(calls), [1, 1]);
      const ids = (await Promise.all(objects)).map(({ id }) => id).sort();
      assertEquals([ids, made], scope === flow ? [[0, 1], 2] : [[0, 0], 1]);
      assertEquals(new Set(signals.map(({ aborted }) => aborted)), new Set([true]));
      for (const { reason } of signals) assertInstanceOf(reason, ProxyError);
      await Promise.all([...frames, thread.open()].map((frame) => frame.end()));
    });
  }

  it("is closed also what a fun has made that filled the proxy anew itself", async () => {
    for (const later of [false, true]) {
      const closed: unknown[] = [];
      // deno-lint-ignore no-explicit-any
      const proxy: any = new Proxy({
        fun: () => {
          proxy.setFun((n: number) => new Thing(n + 10));
          return later ? Promise.resolve(new Thing(0)) : new Thing(0);
        },
        closer: ({ id }: Thing) => void closed.push(id),
      });
      const thing = await proxy._getObj();
      await idle();
      assertEquals([thing.id, closed], [later ? 10 : 0, [0]]);
      await thread.open().end();
    }
  });

  it("closes what the old one makes all the same", async () => {
    const making = deferred<Thing>();
    const closed: unknown[] = [];
    const proxy = new Proxy({
      fun: () => making.promise,
      closer: ({ id }) => void closed.push(id),
      scope: flow,
    });
    const frame = flow.open();
    const call = frame.run(() => proxy._getObj());
    proxy.setFun(() => Promise.resolve(new Thing(8)));
    assertEquals((await call).id, 8);
    making.resolve(new Thing(7));
    await idle();
    assertEquals(closed, [7]);
    await frame.end();
    assertEquals(closed, [7, 8]);
  });

  it("fails them with a promise where their frame is missing, as before", async () => {
    const proxy = new Proxy({ fun: () => Promise.resolve(new Thing(1)), scope: flow });
    await flow.run(() => proxy.echo(1));
    proxy.setFun(() => Promise.resolve(new Thing(2)));
    assertInstanceOf(await rejection(proxy.echo(1)), ProxyError);
    assertInstanceOf(await rejection(proxy._getObj()), ProxyError);
  });

  it("tells them that their frame has ended, if it has", async () => {
    const making = deferred<Thing>();
    const proxy = new Proxy({ fun: () => making.promise, scope: flow });
    const frame = flow.open();
    const call = frame.run(() => rejection(proxy.toString()));
    proxy.setFun(() => Promise.resolve(new Thing(5)));
    const end = frame.end();
    making.reject(new Error("too late to matter"));
    const error = await call;
    assertInstanceOf(error, ProxyError);
    assert(error.message.includes("has ended"), error.message);
    await end;
  });
});
