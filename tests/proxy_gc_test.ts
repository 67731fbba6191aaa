// What has ended can be collected, by real garbage collection: no request is kept by the pool's own work.

import { AsyncLocalStorage } from "node:async_hooks";
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool, Proxy } from "../mod.ts";
import { collect, needGc } from "./helpers/gc.ts";
import { flow } from "./helpers/flow.ts";
import { deferred, idle, rejection, Thing } from "./helpers/pool.ts";

const request = new AsyncLocalStorage<object>();
const quiet = { logLevel: "silent" } as const;

/** Does `work` in a request that nothing else holds, and says how to see whether it is still there. */
async function inRequest(work: () => unknown): Promise<WeakRef<object>> {
  const store = { large: new Array(1000).fill(0) };
  await request.run(store, async () => void await work());
  return new WeakRef(store);
}

/** Collects until all of `refs` are gone; what stays is said by its index. */
async function assertCollected(...refs: WeakRef<object>[]): Promise<void> {
  await idle();
  const kept = () => refs.flatMap((ref, i) => ref.deref() ? [i] : []);
  for (let i = 0; i < 10 && kept().length > 0; i++) await collect(2);
  assertEquals(kept(), [], "kept alive");
}

describe("a request's store is not kept", () => {
  it("while something holds it, it is: or else these tests could not fail", async () => {
    const pin = deferred();
    let timer: unknown;
    const ref = await inRequest(() => {
      timer = request.run(request.getStore()!, () => setTimeout(() => request.getStore(), 60_000));
      return void pin;
    });
    await collect();
    assert(ref.deref() !== undefined);
    clearTimeout(timer as number);
  });

  it("by the timer of housekeeping that it has started", async () => {
    const pool = new Pool((n) => new Thing(n), { maxAvailDelay: 60_000, maxUsingDelay: 60_000 });
    const ref = await inRequest(async () => pool.ret(await pool.get()));
    await assertCollected(ref);
    assertEquals(pool.available, 1);
    await pool.shutdown();
  });

  it("by the timer of a refill that rests", async () => {
    const pool = new Pool(() => Promise.reject(new Error("no")), { minSize: 1, ...quiet });
    const ref = await inRequest(() => rejection(pool.ready()));
    await assertCollected(ref);
    await pool.shutdown();
  });

  it("by a hook under way that it has started", async () => {
    const hook = deferred();
    const pool = new Pool((n) => new Thing(n), { retter: () => hook.promise });
    const ref = await inRequest(async () => void pool.ret(await pool.get()));
    assertEquals(pool.using, 1);
    await assertCollected(ref);
    hook.resolve();
    await pool.shutdown();
  });

  it("by a closer under way that it has started", async () => {
    const hook = deferred();
    const pool = new Pool((n) => new Thing(n), { closer: () => hook.promise });
    const ref = await inRequest(async () => void pool.discard(await pool.get()));
    assertEquals(pool.size, 1);
    await assertCollected(ref);
    hook.resolve();
    await pool.shutdown();
  });

  it("by a creation under way that it has started, and does not wait for any more", async () => {
    const making = deferred<Thing>();
    const pool = new Pool(() => making.promise);
    const ref = await inRequest(() => {
      const aborting = new AbortController();
      const waiting = rejection(pool.get({ signal: aborting.signal }));
      aborting.abort();
      return waiting;
    });
    assertEquals(pool.creating, 1);
    await assertCollected(ref);
    making.resolve(new Thing(0));
    await pool.shutdown();
  });

  it("by its place in a queue that goes on", async () => {
    const pool = new Pool((n) => new Thing(n), { maxSize: 1, timeout: 60_000 });
    const lease = await pool.get();
    const behind = pool.get();
    const ref = await inRequest(() => rejection(pool.get({ timeout: 5 })));
    assertEquals(pool.waiting, 1);
    await assertCollected(ref);
    await pool.ret(lease);
    await pool.ret(await behind);
    await pool.shutdown();
  });

  it("by an object that was made for it, and is lent on", async () => {
    const pool = new Pool(async (n) => {
      await null;
      return new Thing(n);
    }, { maxSize: 1 });
    const ref = await inRequest(async () => pool.ret(await pool.get()));
    const lease = await pool.get();
    await assertCollected(ref);
    assertEquals(lease.id, 0);
    await pool.ret(lease);
    await pool.shutdown();
  });
});

describe("what is over is not kept", () => {
  it("by a proxy that is filled anew in its thread, again and again", async () => {
    needGc();
    const proxy = new Proxy<{ large: number[] }>();
    const refs: WeakRef<object>[] = [];
    const fill = () => {
      const made = { large: new Array(1000).fill(0) };
      refs.push(new WeakRef(made));
      proxy.setFun(() => made);
      assertEquals(proxy.large.length, 1000);
    };
    for (let i = 0; i < 10; i++) fill();
    proxy.setObj({ large: [] });
    await assertCollected(...refs);
  });

  it("by the last method that was read", async () => {
    needGc();
    const ref = await withOwn(async (pool) => {
      await using lease = await pool.get();
      assertEquals(lease.size(), 1000);
    });
    // Bun itself keeps what was last at work in a place: here, one that was not read through a lease.
    await withOwn((pool) => pool.use((object) => void assertEquals(object.size(), 1000)));
    await assertCollected(ref);
  });

  /** Does `work` with objects whose method closes over what is given. */
  async function withOwn(
    work: (pool: Pool<{ size(): number }>) => unknown,
  ): Promise<WeakRef<object>> {
    const large = { numbers: new Array(1000).fill(0) };
    const pool = new Pool(() => ({ size: () => large.numbers.length }));
    await work(pool);
    await pool.shutdown();
    return new WeakRef(large);
  }
});

describe("a frame that has ended is not kept", () => {
  /** Runs `work` in a frame inside of a request, and gives what there is to be collected. */
  async function inFrame(work: (seen: object[]) => unknown): Promise<WeakRef<object>[]> {
    let refs: WeakRef<object>[] = [];
    const store = await inRequest(() =>
      flow.run(async () => {
        const seen: object[] = [flow.current()!];
        await work(seen);
        refs = seen.map((one) => new WeakRef(one));
      })
    );
    return [store, ...refs];
  }

  it("by a proxy and its pool that live on", async () => {
    const proxy = new Proxy({
      fun: (n) => new Thing(n),
      scope: flow,
      maxSize: 1,
      maxAvailDelay: 60_000,
    });
    const refs = await inFrame(async (seen) => seen.push(await proxy._getObj()));
    await assertCollected(...refs);
    assertEquals(proxy._pool!.available, 1);
    await proxy._pool!.shutdown();
  });

  it("nor is its object, by a proxy without a pool", async () => {
    const proxy = new Proxy({ fun: (n) => new Thing(n), closer() {}, scope: flow });
    const refs = await inFrame((seen) => seen.push(proxy._getObj()));
    assertEquals(refs.length, 3);
    await assertCollected(...refs);
    flow.run(() => assertEquals(proxy.id, 1));
  });

  it("nor by a proxy of an async fun", async () => {
    const proxy = new Proxy({ fun: (n) => Promise.resolve(new Thing(n)), scope: flow });
    const refs = await inFrame(async (seen) => {
      await proxy.echo(1);
      seen.push(await proxy._getObj());
    });
    await assertCollected(...refs);
    assertEquals(await flow.run(() => proxy.toString()), "thing 1");
  });

  it("nor by an object of the pool's that comes too late for it", async () => {
    const making = deferred<Thing>();
    const proxy = new Proxy({ fun: () => making.promise, scope: flow, maxSize: 1 });
    const refs = await inFrame(() => {
      rejection(Promise.resolve(proxy.echo(1)));
    });
    assertEquals(proxy._pool!.creating, 1);
    await assertCollected(...refs);
    making.resolve(new Thing(0));
    await idle();
    await proxy._pool!.shutdown();
  });

  it("nor by frames around it that go on, and keep what is theirs", async () => {
    const proxy = new Proxy({ fun: (n) => new Thing(n), scope: flow, maxSize: 2 });
    await flow.run(async () => {
      await proxy.echo(1);
      const refs = await inFrame(async (seen) => seen.push(await proxy._getObj()));
      await assertCollected(...refs);
      assertEquals([proxy._hasObj(), await proxy.toString()], [true, "thing 0"]);
    });
    await proxy._pool!.shutdown();
  });
});
