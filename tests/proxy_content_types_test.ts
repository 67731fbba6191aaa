// What a proxy may be made of, checked by the compiler: this file runs if it compiles.

import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { type DeferredProxy, type ImmediateProxy, type PooledProxy, Proxy } from "../mod.ts";
import { holds, type Same } from "./helpers/types.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

class Client {
  host = "db";
  me(): string {
    return "client";
  }
  end(): void {}
}

/** As those of query libraries. */
class Builder implements PromiseLike<string[]> {
  sql = "select";
  where(text: string): Builder {
    this.sql += ` where ${text}`;
    return this;
  }
  get then(): PromiseLike<string[]>["then"] {
    const rows = Promise.resolve([this.sql]);
    return rows.then.bind(rows);
  }
}

describe("a proxy of any", () => {
  it("is any, whatever it is made of at once", () => {
    const late = new Proxy<Any>();
    late.setObj({ deep: { n: 5 } });
    const made = new Proxy({ fun: () => JSON.parse('{ "n": 5 }') });
    const shared = new Proxy({ obj: JSON.parse('{ "n": 5 }') });
    holds<Same<[typeof late, typeof made, typeof shared], [Any, Any, Any]>>();
    assertEquals([late.deep.n, made.n, shared.n], [5, 5, 5]);
    const unknown = new Proxy<unknown>();
    holds<Same<typeof unknown, ImmediateProxy<unknown>>>();
  });

  it("is one of methods that are any, if it comes later", async () => {
    const later = new Proxy({ fun: (): Promise<Any> => Promise.resolve(new Client()) });
    holds<Same<typeof later, DeferredProxy<Any>>>();
    const pooled = new Proxy({ fun: (): Any => new Client(), maxSize: 1 });
    holds<Same<typeof pooled, PooledProxy<Any>>>();
    const length: number = (await later.me()).length;
    assertEquals([length, (await later._getObj()).host], [6, "db"]);
    holds<Same<Awaited<ReturnType<typeof pooled.me>>, Any>>();
  });
});

describe("what a proxy is made of", () => {
  it("may be what could be awaited, and is no promise: it is not", async () => {
    const builder = new Proxy({ obj: new Builder() });
    holds<Same<typeof builder, ImmediateProxy<Builder>>>();
    assertEquals(builder.where("a").sql, "select where a");
    const given = new Proxy<Builder, "init">({ obj: new Builder(), setName: "init" });
    holds<Same<typeof given, ImmediateProxy<Builder, "init">>>();
    const made = new Proxy({ fun: () => new Builder() }); // this is
    holds<Same<typeof made, DeferredProxy<string[]>>>();
    assertEquals(await made.join(), "select");
    // @ts-expect-error: a builder has a method where
    assertEquals(typeof (() => new Proxy({ obj: new Builder(), setName: "where" })), "function");
  });

  it("may be missing", () => {
    const options: { obj?: Client } = {};
    const maybe = [new Proxy(options), new Proxy({ obj: options.obj })] as const;
    holds<Same<typeof maybe[0], ImmediateProxy<Client>>>();
    holds<Same<typeof maybe[1], ImmediateProxy<Client>>>();
    const closing = new Proxy<Client>({ closer: (client) => client.end() });
    closing.setFun(() => new Client());
    assertEquals([...maybe, closing].map((one) => one._hasObj()), [false, false, false]);
  });

  it("cannot be what always fails", () => {
    const wrong = () => [
      // @ts-expect-error: a promise
      new Proxy({ obj: Promise.resolve(new Client()) }),
      // @ts-expect-error: a promise
      new Proxy<Promise<Client>>({ obj: Promise.resolve(new Client()) }),
      // @ts-expect-error: null
      new Proxy({ obj: null }),
      // @ts-expect-error: perhaps null
      new Proxy({ obj: new Client() as Client | null }),
      // @ts-expect-error: one for all, and one for each
      new Proxy({ obj: new Client(), fun: () => new Client() }),
      // @ts-expect-error: who has made it closes it
      new Proxy({ obj: new Client(), closer: (client: Client) => client.end() }),
    ];
    assertEquals(typeof wrong, "function");
  });

  it("needs setName where its type is given by hand", () => {
    const pooled = new Proxy<Client, "fill">({ maxSize: 1, setName: "fill" });
    holds<Same<typeof pooled, PooledProxy<Client, "fill">>>();
    const usual = new Proxy<Client, "set">({ maxSize: 1 });
    holds<Same<typeof usual, PooledProxy<Client>>>();
    const wrong = () => [
      // @ts-expect-error: no setName
      new Proxy<Client, "fill">({ maxSize: 1 }),
      // @ts-expect-error: no setName
      new Proxy<Client, "fill">({ scope: "thread" }),
      // @ts-expect-error: no setName
      new Proxy<Client, "fill">({ obj: new Client() }),
      // @ts-expect-error: no setName
      new Proxy<Builder, "fill">({ obj: new Builder() }),
      // @ts-expect-error: which of the two
      new Proxy<Client, "set" | "fill">({ maxSize: 1 }),
    ];
    assertEquals(typeof wrong, "function");
  });
});

describe("a deferred proxy of a type parameter", () => {
  it("gives the object, and of a method that is generic and gives no promise so does every other", () => {
    class Service<T extends { q(): Promise<number> }> {
      readonly db = new Proxy<T>({ maxSize: 1 });
      async ask(): Promise<number> {
        // @ts-expect-error: not known to the compiler
        assertEquals(typeof (() => this.db.q()), "function");
        return (await this.db._getObj()).q();
      }
    }
    const get = async (proxy: PooledProxy<{ get<T>(key: string, instead: T): T }>) => {
      const one = await proxy._getObj();
      holds<Same<ReturnType<typeof proxy.get>, Promise<unknown>>>();
      return one.get("a", 5 as const);
    };
    holds<Same<ReturnType<typeof get>, Promise<5>>>();
    assertEquals(typeof Service, "function");
  });
});
