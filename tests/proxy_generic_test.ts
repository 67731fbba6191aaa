// Proxies made in generic functions, checked by the compiler: this file runs if it compiles.

import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  type DeferredProxy,
  type ImmediateProxy,
  type PooledProxy,
  Proxy,
  type ProxyOf,
} from "../mod.ts";
import { flow } from "./helpers/flow.ts";
import { holds, type Same } from "./helpers/types.ts";

interface Endable {
  end(): void;
}

const made = <T>(fun: () => T): ProxyOf<T> => new Proxy({ fun });
const shared = <T extends object>(obj: T): ProxyOf<T> => new Proxy({ obj });
const later = <T>(): ProxyOf<T> => new Proxy<T>();
const named = <T, const N extends string>(obj: T, setName: N): ProxyOf<T, N> =>
  new Proxy({ obj, setName });
const pooled = <T extends Endable>(fun: () => T | Promise<T>): PooledProxy<T> =>
  new Proxy({ fun, maxSize: 1, scope: flow, closer: (one) => one.end() });

class Client {
  ended = 0;
  end(): void {
    this.ended++;
  }
  me(): string {
    return "client";
  }
}

describe("a function that makes proxies of whatever it is asked for", () => {
  it("compiles, and gives the proxy of what it is asked for", async () => {
    const one = made(() => new Client());
    holds<Same<typeof one, ImmediateProxy<Client>>>();
    const two = made(() => Promise.resolve(new Client()));
    holds<Same<typeof two, DeferredProxy<Client>>>();
    const three = later<Client>();
    holds<Same<typeof three, ImmediateProxy<Client>>>();
    three.setObj(new Client());
    const four = shared(new Client());
    const five = named(new Map([["a", 1]]), "fill");
    holds<Same<typeof five, ImmediateProxy<Map<string, number>, "fill">>>();
    assertEquals([one.me(), await two.me(), three.me(), four.me()], Array(4).fill("client"));
    assertEquals([five.get("a"), typeof five.fillObj], [1, "function"]);
  });

  it("has proxies with a pool, too", async () => {
    const client = new Client();
    const proxy = pooled(() => client);
    holds<Same<typeof proxy, PooledProxy<Client>>>();
    assertEquals(await flow.run(() => proxy.me()), "client");
    await proxy._pool!.shutdown();
    assertEquals(client.ended, 1);
  });
});
