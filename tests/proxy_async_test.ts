// A proxy of an async fun: deferred from its first use on.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Proxy, ProxyError } from "../mod.ts";
import { flow } from "./helpers/flow.ts";
import { idle, rejection } from "./helpers/pool.ts";

class Client {
  readonly host = "db";
  readonly n: number;

  constructor(n: number) {
    this.n = n;
  }

  query(text: string): string {
    return `${this.n}: ${text}`;
  }
}

// deno-lint-ignore no-explicit-any
type Loose = any;

describe("a proxy of an async fun", () => {
  it("is deferred from its first use on, and hears how that ends", async () => {
    let fails = true;
    const db = new Proxy({
      fun: async (n) => {
        await null;
        if (fails) throw new Error("refused");
        return new Client(n);
      },
      scope: flow,
    });
    await flow.run(async () => {
      const { query } = db; // the first use
      assertEquals(String(await rejection(query("x"))), "Error: refused");
      fails = false;
      assertEquals(await query("x"), "1: x");
    });
  });

  it("leaves no rejection unhandled if only read", async () => {
    const db = new Proxy({ fun: () => Promise.reject(new Error("refused")), scope: flow }) as Loose;
    await flow.run(async () => {
      assertEquals(typeof db.query, "function");
      await idle();
    });
  });

  it("that gives no object rejects", async () => {
    const db = new Proxy({ fun: () => Promise.resolve(null), scope: flow }) as Loose;
    await flow.run(async () => {
      const error = await rejection(db._getObj());
      assert(error instanceof ProxyError && error.message.includes("fun must return an object"));
    });
  });

  it("_obj and _retObj close its object", async () => {
    const closed: number[] = [];
    const db = new Proxy({
      fun: (n) => Promise.resolve(new Client(n)),
      closer: ({ n }) => void closed.push(n),
      scope: flow,
    });
    await flow.run(async () => {
      {
        await using client = await db._obj();
        assertEquals([client.host, client.query("x")], ["db", "0: x"]);
      }
      assertEquals([closed, db._hasObj()], [[0], false]);
      await db.query("x");
      assertEquals(db._hasObj(), true);
      await db._retObj();
    });
    assertEquals(closed, [0, 1]);
  });

  it("set later, where there was an object at once, makes it deferred", async () => {
    const proxy = new Proxy({ obj: { n: 1, get: () => 1 }, scope: flow }) as Loose;
    const { get } = proxy;
    assertEquals([proxy.n, get()], [1, 1]);
    proxy.setFun(() => Promise.resolve({ n: 2, get: () => 2 }));
    await flow.run(async () => {
      assertEquals(await proxy.get(), 2);
      assertThrows(() => proxy.n = 3, ProxyError);
      assertThrows(get, ProxyError, "deferred");
    });
    proxy.setObj({ n: 4 });
    assertEquals(proxy.n, 4);
  });
});
