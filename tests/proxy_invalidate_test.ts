// What fun's invalidate does in a proxy: with a pool, and without one.

import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Proxy, ProxyError } from "../mod.ts";
import { FlowScope } from "../scopes/mod.ts";
import { idle } from "./helpers/pool.ts";

interface Client {
  id(): number;
}

describe("fun's invalidate in a proxy without a pool", () => {
  it("closes the object at once, and the frame's next use makes another", async () => {
    const closed: number[] = [];
    const die: (() => void)[] = [];
    const client = new Proxy<Client>({
      fun: (n, { invalidate }) => {
        die.push(invalidate);
        return { id: () => n };
      },
      closer: (client) => void closed.push(client.id()),
      scope: "thread",
    });
    assertEquals(client.id(), 0);
    die[0]!();
    die[0]!();
    await idle();
    assertEquals([closed, client._hasObj()], [[0], false]);
    assertEquals(client.id(), 1);
    await client._retObj();
    assertEquals(closed, [0, 1]);
  });

  it("while an object is made: that fails, the object is closed, and the next use makes another", async () => {
    const closed: number[] = [];
    const client = new Proxy<Promise<Client>>({
      fun: async (n, { invalidate }) => {
        if (n === 0) invalidate();
        await idle();
        return { id: () => n };
      },
      closer: (client) => void closed.push(client.id()),
      scope: "thread",
    });
    await assertRejects(
      async () => await client.id(),
      ProxyError,
      "invalidated during its creation",
    );
    assertEquals([await client.id(), closed], [1, [0]]);
    await client._retObj();
    assertEquals(closed, [0, 1]);
  });
});

describe("fun's invalidate in a proxy with a pool", () => {
  it("closes the object when the frame gives it back", async () => {
    const flow = new FlowScope("orders", { ioBound: false });
    await flow.ready();
    const die: (() => void)[] = [];
    const client = new Proxy({
      fun: (n, { invalidate }): Client => {
        die.push(invalidate);
        return { id: () => n };
      },
      maxSize: 1,
      scope: flow,
    });
    await flow.run(async () => {
      assertEquals(await client.id(), 0);
      die[0]!();
      assertEquals(await client.id(), 0);
    });
    await flow.run(async () => assertEquals(await client.id(), 1));
    assertEquals(client._pool!.stats().invalidated, 1);
    await client._pool!.shutdown();
  });
});
