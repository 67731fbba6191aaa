// What the types of proxies promise, checked by the compiler: this file runs if it compiles.

import { assertEquals, assertStrictEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  type Deferred,
  type DeferredProxy,
  type ImmediateProxy,
  type Lease,
  type Pool,
  type PooledProxy,
  Proxy,
  type ProxyOf,
} from "../mod.ts";
import { type Frame, type Scope, type ScopeName, scopes, thread } from "../scopes/mod.ts";
import { flow } from "./helpers/flow.ts";
import { holds, type Same } from "./helpers/types.ts";

class Client {
  #n = 0;
  host = "db";
  optional?: (n: number) => string;
  query(text: string): Promise<string[]> {
    return Promise.resolve([text, `${this.#n}`]);
  }
  count(): number {
    return this.#n;
  }
  end(): void {}
}

interface Result<R> {
  rows: R[];
}

interface Cursor {
  read(): void;
}

/** As the client of pg has it: overloads that give promises, one that does not, one for callbacks. */
interface Query {
  <C extends Cursor>(cursor: C): C;
  <R extends object = { any: true }>(text: string, values?: unknown[]): Promise<Result<R>>;
  <R extends object = { any: true }>(config: { text: string }): Promise<Result<R>>;
  (text: string, done: (error: Error, result: Result<object>) => void): void;
}

/** What no test calls. */
const never = <T>(): T => undefined as unknown as T;

describe("the type of a proxy", () => {
  it("of an obj, or a fun that makes at once, has all that its object has", () => {
    const shared = new Proxy({ obj: new Client() });
    holds<Same<typeof shared, ImmediateProxy<Client>>>();
    const made = new Proxy({ fun: () => new Client(), scope: "thread" });
    holds<Same<typeof made, ImmediateProxy<Client>>>();
    holds<Same<typeof made.host, string>>();
    holds<Same<ReturnType<typeof made.count>, number>>();
    holds<Same<ReturnType<typeof made._getObj>, Client>>();
    holds<Same<ReturnType<typeof made._obj>, Promise<Client & AsyncDisposable>>>();
    const client: Client = made;
    assertEquals(client.host, "db");
    const text: string = new Proxy({ obj: "text" });
    assertEquals(text.length, 4);
    const add: (a: number, b: number) => number = new Proxy({
      obj: (a: number, b: number) => a + b,
    });
    assertEquals(add(1, 2), 3);
  });

  it("of an async fun, or with a pool, has methods that give promises", () => {
    const later = new Proxy({ fun: () => Promise.resolve(new Client()) });
    holds<Same<typeof later, DeferredProxy<Client>>>();
    const pooled = new Proxy({ fun: () => new Client(), maxSize: 1 });
    holds<Same<typeof pooled, PooledProxy<Client>>>();
    // deno-lint-ignore require-await
    const both = new Proxy({ fun: async (n, { signal }) => ({ n, signal }), maxSize: 0 });
    holds<Same<typeof both, PooledProxy<{ n: number; signal: AbortSignal }>>>();
    holds<Same<ReturnType<typeof later._getObj>, Promise<Client>>>();
    holds<Same<ReturnType<typeof pooled._getObj>, Promise<Lease<Client>>>>();
    holds<Same<typeof pooled._pool, Pool<Client> | undefined>>();
    const wrong = () => [
      // @ts-expect-error: no method, so not to be had at once
      pooled.host,
      // @ts-expect-error: no method
      later.host,
      // @ts-expect-error: those of another kind take no options
      later._getObj({ timeout: 5 }),
      // @ts-expect-error: no such option
      pooled._getObj({ timeOut: 5 }),
      // @ts-expect-error: it is no client
      pooled satisfies Client,
    ];
    assertEquals(typeof wrong, "function");
  });

  it("filled later is told what it will be", () => {
    const soon = new Proxy<Client>();
    holds<Same<typeof soon, ImmediateProxy<Client>>>();
    const later = new Proxy<Promise<Client>>();
    holds<Same<typeof later, DeferredProxy<Client>>>();
    const pooled = new Proxy<Client>({ maxSize: 5, closer: (client) => client.end() });
    holds<Same<typeof pooled, PooledProxy<Client>>>();
    holds<Same<ProxyOf<Client, "fill">, ImmediateProxy<Client, "fill">>>();
    soon.set({ obj: new Client() });
    soon.set({
      fun: (
        n,
        { signal },
      ) => (holds<Same<[typeof n, typeof signal], [number, AbortSignal]>>(), new Client()),
    });
    soon.setObj(new Client());
    later.setFun(() => Promise.resolve(new Client()));
    pooled.setFun(() => new Client());
    pooled.setFun(() => Promise.resolve(new Client()));
    const wrong = () => {
      // @ts-expect-error: a client
      soon.setObj("client");
      // @ts-expect-error: both
      soon.set({ obj: new Client(), fun: () => new Client() });
      // @ts-expect-error: the object itself
      soon.set(new Client());
      // @ts-expect-error: at once
      soon.setFun(() => Promise.resolve(new Client()));
      // @ts-expect-error: later
      later.setFun(() => new Client());
      // @ts-expect-error: one for all cannot come later
      later.setObj(new Client());
      // @ts-expect-error: a pool has many
      pooled.setObj(new Client());
    };
    assertEquals(typeof wrong, "function");
  });

  it("an annotation is no reason for another setName", () => {
    const named: { host: string; _hasObj(): boolean } = new Proxy({ fun: () => new Client() });
    const queries: { query(text: string): Promise<string[]> } = new Proxy({
      fun: () => new Client(),
      maxSize: 1,
    });
    assertEquals([named.host, typeof queries.query], ["db", "function"]);
  });

  it("in a frame is of the same kind", () => {
    const proxy = new Proxy({ fun: () => new Client(), maxSize: 1, setName: "fill" });
    holds<Same<Parameters<typeof proxy._in>, [frame: Frame]>>();
    holds<Same<ReturnType<typeof proxy._in>, PooledProxy<Client, "fill">>>();
  });

  it("takes options that fit what it is made of", () => {
    const fun = () => new Client();
    new Proxy({ fun, closer: (client) => client.end(), logLevel: "silent", logger: console });
    new Proxy({ fun: () => Promise.resolve(new Client()), closer: (client) => client.end() });
    new Proxy({ fun, maxSize: 1, timeout: 5, health: (client) => client.host === "db" });
    new Proxy({ obj: undefined, fun, scope: undefined, maxSize: undefined, closer: undefined });
    const all: Scope[] = Object.values(scopes);
    const names: ScopeName[] = ["shared", "thread", "versatile", "workers", "deno", "bun", "node"];
    const wrong = () => [
      // @ts-expect-error: of use to a pool only
      new Proxy({ fun, timeout: 5 }),
      // @ts-expect-error: no such option
      new Proxy({ fun, max_size: 5 }),
      // @ts-expect-error: a pool has many
      new Proxy({ obj: new Client(), maxSize: 5 }),
      // @ts-expect-error: no such scope
      new Proxy({ fun, scope: "request" }),
      // @ts-expect-error: no scope
      new Proxy({ fun, scope: {} }),
      // @ts-expect-error: no such method
      new Proxy({ fun, closer: (client) => client.destroy() }),
      // @ts-expect-error: made with new
      Proxy({ fun }),
    ];
    assertEquals([all.length, names.length, typeof wrong], [7, 7, "function"]);
  });
});

describe("setName", () => {
  it("names the methods that fill, and leaves the others to the object", () => {
    const map = new Proxy({ obj: new Map<string, number>(), setName: "fill" });
    holds<Same<Parameters<typeof map.fillObj>, [obj: Map<string, number>]>>();
    map.set("a", 1);
    map.fill({ obj: new Map([["b", 2]]) });
    assertEquals([...map.keys()], ["b"]);
    const late = new Proxy<Map<string, number>, "fill">({ setName: "fill" });
    late.fillFun(() => new Map([["c", 3]]));
    assertEquals(late.get("c"), 3);
    // @ts-expect-error: it goes by another name
    assertEquals(typeof new Proxy({ obj: new Client(), setName: "fill" }).setObj, "undefined");
  });

  it("must not be the name of a member, nor begin one of the three names", () => {
    const wrong = () => [
      // @ts-expect-error: a Map has a method set
      new Proxy({ obj: new Map<string, number>() }),
      // @ts-expect-error: a Map has a method set
      new Proxy({ fun: () => new Map<string, number>() }),
      // @ts-expect-error: a Map has a method set
      new Proxy({ fun: () => Promise.resolve(new Map<string, number>()) }),
      // @ts-expect-error: a Map has a method set
      new Proxy({ fun: () => new Map<string, number>(), maxSize: 1 }),
      // @ts-expect-error: a Map has a method set
      new Proxy<Map<string, number>>(),
      // @ts-expect-error: a Map has a method set
      new Proxy<Promise<Map<string, number>>>(),
      // @ts-expect-error: a Map has a method clear
      new Proxy({ obj: new Map<string, number>(), setName: "clear" }),
      // @ts-expect-error: fillObj is its own
      new Proxy({ obj: { fillObj: 1 }, setName: "fill" }),
      // @ts-expect-error: fillFun is its own
      new Proxy({ obj: { fillFun: 1 }, setName: "fill" }),
    ];
    assertEquals(typeof wrong, "function");
  });
});

describe("Deferred", () => {
  it("has methods only, each giving a promise of what it gives", () => {
    holds<Same<keyof Deferred<Client>, "query" | "count" | "end" | "optional">>();
    const db = () => never<Deferred<Client>>();
    const given = () => [db().query("x"), db().count(), db().end(), db().optional(5)] as const;
    type Given = ReturnType<typeof given>;
    holds<
      Same<Given, readonly [Promise<string[]>, Promise<number>, Promise<void>, Promise<string>]>
    >();
    // @ts-expect-error: it takes text
    assertEquals(typeof (() => db().query(5)), "function");
  });

  it("is never a thenable, and has no symbols", () => {
    interface Odd {
      then(done: () => void): void;
      [Symbol.iterator](): Iterator<number>;
      [Symbol.asyncDispose](): Promise<void>;
      run(): void;
    }
    holds<Same<keyof Deferred<Odd>, "run">>();
  });

  it("keeps overloads and generics of methods that give promises, and mixes in the others", () => {
    const query = () => never<Deferred<{ query: Query }>>().query;
    const row = () => query()<{ n: number }>("select 1", [1]);
    holds<Same<ReturnType<typeof row>, Promise<Result<{ n: number }>>>>();
    const any = () => query()("select 1");
    holds<Same<ReturnType<typeof any>, Promise<Result<{ any: true }>>>>();
    const config = () => query()<{ n: number }>({ text: "select 1" });
    holds<Same<ReturnType<typeof config>, Promise<Result<{ n: number }>>>>();
    const cursor = () => query()({ read() {} });
    holds<Same<ReturnType<typeof cursor>, Promise<Cursor>>>();
    const called = () => query()("select 1", (error, result) => void [error.message, result.rows]);
    holds<Same<ReturnType<typeof called>, Promise<void>>>();
    // @ts-expect-error: no overload takes a number
    assertEquals(typeof (() => query()(5)), "function");
  });

  it("keeps overloads of methods that give no promise", () => {
    interface Sync {
      pick(n: number): number;
      pick(text: string): string;
    }
    const sync = () => never<Deferred<Sync>>();
    const both = () => [sync().pick(1), sync().pick("x")] as const;
    holds<Same<ReturnType<typeof both>, readonly [Promise<number>, Promise<string>]>>();
  });

  it("of a method that gives back what it gets gives a promise, and so does one of any", () => {
    interface Odd {
      echo<V>(value: V): V;
      either(): number | Promise<number>;
      lazily(): PromiseLike<string>;
      // deno-lint-ignore no-explicit-any
      anything(): any;
      fail(): never;
    }
    const odd = () => never<Deferred<Odd>>();
    const given = () => [odd().echo("x"), odd().either(), odd().anything()] as const;
    type Given = ReturnType<typeof given>;
    holds<Same<Given[0], Promise<unknown>>>();
    holds<Same<Given[1], Promise<number>>>();
    // deno-lint-ignore no-explicit-any
    holds<Same<Given[2], Promise<any>>>();
    holds<Same<ReturnType<Deferred<Odd>["fail"]>, Promise<never>>>();
    holds<Same<Awaited<ReturnType<Deferred<Odd>["lazily"]>>, string>>();
  });

  it("of a function can be called, and has its methods", () => {
    interface Sql {
      (texts: TemplateStringsArray, ...values: unknown[]): Promise<object[]>;
      end(): void;
      readonly options: object;
    }
    const sql = () => never<Deferred<Sql>>();
    const given = () => [sql()`select ${1}`, sql().end()] as const;
    holds<Same<ReturnType<typeof given>, readonly [Promise<object[]>, Promise<void>]>>();
    const field = () => sql().options;
    holds<Same<ReturnType<typeof field>, never>>();
    const add = () => never<Deferred<(a: number, b: number) => number>>()(1, 2);
    holds<Same<ReturnType<typeof add>, Promise<number>>>();
    // @ts-expect-error: its object is no function
    assertEquals(typeof (() => never<Deferred<Client>>()()), "function");
  });
});

describe("the types of scopes", () => {
  it("run gives what its function gives", () => {
    const now = thread.run(() => 5);
    holds<Same<typeof now, number>>();
    const later = flow.run(() => Promise.resolve("x"));
    holds<Same<typeof later, Promise<string>>>();
    const frame: AsyncDisposable = flow.open();
    const host: { waitUntil(promise: Promise<unknown>): void } = { waitUntil() {} };
    assertEquals([now, typeof flow.run(() => frame, host)], [5, "object"]);
    // @ts-expect-error: a host has waitUntil
    assertEquals(typeof (() => flow.open({})), "function");
  });
});

describe("Deferred, of what looks like what it is not", () => {
  interface Builder extends PromiseLike<string[]> {
    where(text: string): Builder;
  }

  it("leaves of a builder that can be awaited a plain promise", () => {
    holds<Same<ReturnType<Deferred<{ select(): Builder }>["select"]>, Promise<string[]>>>();
  });

  it("of text and numbers has their methods, deferred", () => {
    holds<Same<ReturnType<Deferred<string>["toUpperCase"]>, Promise<string>>>();
    holds<Same<ReturnType<Deferred<number>["toFixed"]>, Promise<string>>>();
    // @ts-expect-error: no method
    type _ = Deferred<string>["length"];
  });

  it("_setPool gives the proxy under its new type", () => {
    const plain = new Proxy<{ n(): number }>();
    const pooled = plain._setPool({ maxSize: 1 });
    holds<Same<ReturnType<typeof pooled.n>, Promise<number>>>();
    assertStrictEquals(pooled as unknown, plain);
  });
});
