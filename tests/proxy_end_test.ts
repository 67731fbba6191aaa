// The scope's end returns everything that its code took through any proxy, whatever way it ends.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { type Lease, LeaseError, Proxy } from "../mod.ts";
import { assertWhole, errorsOf, flow, things } from "./helpers/flow.ts";
import { deferred, idle, rejection, stateOf, Thing, Workshop } from "./helpers/pool.ts";

const quiet = { logLevel: "silent" } as const;

describe("everything is given back", () => {
  it("after a normal end, by the time that run's promise settles", async () => {
    const proxy = things({ maxSize: 10 });
    let lease!: Lease<Thing>;
    await flow.run(async () => {
      lease = await proxy._getObj();
      assertEquals(proxy._pool!.using, 1);
    });
    assertEquals([proxy._pool!.using, proxy._pool!.available], [0, 1]);
    assertThrows(() => lease.id, LeaseError, "returned");
    await assertWhole(proxy);
  });

  it("after a throw and a rejection", async () => {
    const proxy = things({ maxSize: 10, discardOnError: false });
    const failure = rejection(flow.run(async () => {
      await proxy.echo(1);
      throw new Error("mine");
    }));
    assertEquals(String(await failure), "Error: mine");
    assertEquals(proxy._pool!.using, 0);
    assertThrows(
      () =>
        flow.run(() => {
          void proxy.echo(1);
          throw new Error("at once");
        }),
      Error,
      "at once",
    );
    await idle();
    await assertWhole(proxy);
  });

  it("after an abort", async () => {
    const proxy = things({ maxSize: 10 });
    const aborting = new AbortController();
    const run = rejection(flow.run(async () => {
      await proxy.echo(1);
      await new Promise((_resolve, reject) => {
        aborting.signal.addEventListener("abort", () => reject(aborting.signal.reason));
      });
    }));
    await idle();
    assertEquals(proxy._pool!.using, 1);
    aborting.abort("enough");
    assertEquals(await run, "enough");
    await assertWhole(proxy);
  });

  it("of a function that is not async, soon after", async () => {
    const proxy = things({ maxSize: 10 });
    await flow.run(() => proxy.echo(1)); // one is available
    const shop = new Workshop();
    const made = new Proxy({ fun: shop.fun, closer: shop.closer, scope: flow });
    flow.run(() => {
      assertEquals(made.id, 0);
      void proxy.echo(2);
      assertEquals(proxy._pool!.using, 1);
    });
    await idle();
    assertEquals(shop.closed, [0]);
    await assertWhole(proxy);
  });

  it("taken, and never used or even waited for", async () => {
    const proxy = things({ maxSize: 10 });
    await flow.run(() => proxy.echo(1)); // one is available
    await flow.run(async () => {
      void proxy._getObj();
      await null;
      assertEquals(proxy._pool!.using, 1);
    });
    await assertWhole(proxy);
  });

  it("of several proxies, the last one first", async () => {
    const proxies = [things({ maxSize: 10 }), things({ maxSize: 10 }), things({ maxSize: 10 })];
    const closed: string[] = [];
    const more = ["a", "b"].map((name) =>
      new Proxy({ fun: () => ({ name }), closer: () => void closed.push(name), scope: flow })
    );
    await flow.run(async () => {
      for (const proxy of proxies) await proxy.echo(1);
      for (const { name } of more) assert(name);
      assertEquals(proxies.map((proxy) => proxy._pool!.using), [1, 1, 1]);
    });
    assertEquals(closed, ["b", "a"]);
    for (const proxy of proxies) await assertWhole(proxy);
  });

  it("of nested frames, each with its own end", async () => {
    const proxy = things({ maxSize: 3 });
    await flow.run(async () => {
      await proxy.echo(1);
      await flow.run(async () => {
        await proxy.echo(2);
        await rejection(flow.run(async () => {
          await proxy.echo(3);
          assertEquals(proxy._pool!.using, 3);
          throw new Error("innermost");
        }));
        assertEquals(proxy._pool!.using, 2);
      });
      assertEquals([proxy._pool!.using, await proxy.toString()], [1, "thing 0"]);
    });
    await assertWhole(proxy);
  });

  it("of frames side by side, which end as they like", async () => {
    const proxy = things({ maxSize: 3 });
    const gates = [deferred(), deferred(), deferred()];
    const runs = gates.map((gate) =>
      flow.run(async () => {
        await proxy.echo(1);
        await gate.promise;
        return proxy.toString();
      })
    );
    await idle();
    assertEquals(proxy._pool!.using, 3);
    gates[1]!.resolve();
    assertEquals([await runs[1], proxy._pool!.using], ["thing 1", 2]);
    gates[0]!.reject(new Error("mine"));
    await rejection(runs[0]!);
    assertEquals([proxy._pool!.using, await stateOf(runs[2]!)], [1, "pending"]);
    gates[2]!.resolve();
    assertEquals(await runs[2], "thing 2");
    await assertWhole(proxy);
  });

  it("through retter, which run's promise waits for; if that fails the object is closed", async () => {
    const retting = deferred();
    const closed: number[] = [];
    const proxy = new Proxy({
      fun: (n) => new Thing(n),
      retter: () => retting.promise,
      closer: ({ id }) => void closed.push(id),
      scope: flow,
      maxSize: 1,
      ...quiet,
    });
    const run = flow.run(() => proxy.echo(1));
    assertEquals(await stateOf(run as Promise<unknown>), "pending");
    retting.reject(new Error("rollback"));
    assertEquals([await run, closed], [1, [0]]);
    await proxy._pool!.shutdown();
  });

  it("though something else fails at the end", async () => {
    const proxy = things({ maxSize: 10 });
    const told = await errorsOf(async () => {
      await rejection(flow.run(async () => {
        flow.current()!.defer(() => Promise.reject(new Error("first")));
        await proxy.echo(1);
        flow.current()!.defer(() => Promise.reject(new Error("last")));
        throw new Error("mine");
      }));
    });
    assertEquals(told.length, 1);
    await assertWhole(proxy);
  });

  it("only once what prolongs the frame is done, which has the object until then", async () => {
    const proxy = things({ maxSize: 10 });
    const gate = deferred();
    let read!: Promise<unknown>;
    await flow.run(async () => {
      await proxy.echo(1);
      read = gate.promise.then(() => proxy.toString());
      flow.current()!.waitUntil(read);
    });
    await idle();
    assertEquals(proxy._pool!.using, 1);
    gate.resolve();
    assertEquals(await read, "thing 0");
    await idle();
    await assertWhole(proxy);
  });
});
