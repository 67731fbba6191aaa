// Scopes of one's own: for a proxy they are as good as those that there are.

import { assertEquals, assertStrictEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Proxy, ProxyError } from "../mod.ts";
import { FlowScope, type Frame, type Host, type Scope, ScopeFrame } from "../scopes/mod.ts";
import { rejection, Thing, Workshop } from "./helpers/pool.ts";

/** One frame for each tenant, however many requests are of that: chosen by a variable. */
class TenantScope implements Scope {
  readonly name = "tenant";
  #current: ScopeFrame | undefined;

  ready(): Promise<void> {
    return Promise.resolve();
  }

  current(): Frame | undefined {
    return this.#current;
  }

  open(host?: Host): ScopeFrame {
    return new ScopeFrame({
      scope: this.name,
      enter: (frame, fn) => {
        const before = this.#current;
        this.#current = frame as ScopeFrame;
        try {
          return fn();
        } finally {
          this.#current = before;
        }
      },
      host,
    });
  }

  run<R>(fn: () => R, host?: Host): R {
    return this.open(host).runToEnd(fn);
  }
}

/** As little as the interface asks for, with nothing of the library. */
class BareFrame implements Frame {
  ended = false;
  readonly #slots = new Map<object, unknown>();
  readonly #deferred: (() => unknown)[] = [];

  get(key: object): unknown {
    return this.#slots.get(key);
  }

  set(key: object, value: unknown): void {
    this.#slots.set(key, value);
  }

  defer(fn: () => unknown): void {
    this.#deferred.unshift(fn);
  }

  waitUntil(): void {}

  run<R>(fn: () => R): R {
    return fn();
  }

  async end(): Promise<void> {
    this.ended = true;
    for (const fn of this.#deferred.splice(0)) await fn();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end();
  }
}

describe("a scope by FlowScope", () => {
  it("is one beside others, with its name in messages", async () => {
    const jobs = new FlowScope("jobs");
    await jobs.ready();
    const proxy = new Proxy({ fun: (n) => new Thing(n), scope: jobs });
    const { message } = assertThrows(() => proxy.id, ProxyError);
    assertStringIncludes(message, "any frame of the scope jobs: ");
    assertStringIncludes(message, "jobs.run(() => ...)");
    assertEquals([jobs.run(() => proxy.id), jobs.run(() => proxy.id)], [0, 1]);
    const again = new FlowScope("jobs");
    await again.ready();
    again.run(() => assertThrows(() => proxy.id, ProxyError, "outside any frame"));
  });

  it("is for one runtime only, if it is told so", () => {
    const elsewhere = ["Deno", "Bun"].some((name) => name in globalThis) ? "node" : "deno";
    const scope = new FlowScope("mine", { runtime: elsewhere });
    assertThrows(() => scope.run(() => {}), ProxyError, "the scope mine is for");
    assertThrows(() => scope.current(), ProxyError, "versatile");
  });

  it("has frames that share nothing, if it is told so", async () => {
    const scope = new FlowScope("bound", { ioBound: true });
    await scope.ready();
    const proxy = new Proxy({ fun: (n) => new Thing(n), scope, maxSize: 1 });
    const once = () =>
      scope.run(async () => {
        assertEquals([scope.current()!.ioBound, await proxy.toString()], [true, "thing 0"]);
        return proxy._pool;
      });
    const [one, two] = await Promise.all([once(), once()]);
    assertEquals([one === two, one!.stats().shutdown, proxy._pool], [false, true, undefined]);
  });
});

describe("a scope by hand, of ScopeFrames", () => {
  const tenant = new TenantScope();

  it("gives each frame its object, and closes it at the end", async () => {
    const shop = new Workshop();
    const proxy = new Proxy({ fun: shop.fun, closer: shop.closer, scope: tenant });
    const [one, two] = [tenant.open(), tenant.open()];
    assertEquals([one.run(() => proxy.id), two.run(() => proxy.id), one.run(() => proxy.id)], [
      0,
      1,
      0,
    ]);
    assertEquals(tenant.run(() => proxy.id), 2);
    await one.end();
    assertThrows(
      () => one.run(() => proxy.id),
      ProxyError,
      "a frame of the scope tenant that has ended",
    );
    await two.end();
    assertEquals(shop.closed.toSorted(), [0, 1, 2]);
    assertThrows(() => proxy.id, ProxyError, "tenant.run");
  });

  it("lends from one pool, which gets everything back", async () => {
    const proxy = new Proxy({ fun: (n) => new Thing(n), scope: tenant, maxSize: 1 });
    const one = tenant.open();
    assertEquals(await one.run(() => proxy.toString()), "thing 0");
    const waiting = tenant.run(() => proxy.toString());
    await one.end();
    assertEquals(await waiting, "thing 0");
    assertEquals([proxy._pool!.using, proxy._pool!.available], [0, 1]);
    await proxy._pool!.shutdown();
  });
});

describe("a frame by hand, of nothing", () => {
  it("does for a scope of its own, and for _in", async () => {
    let current: BareFrame | undefined = undefined;
    const scope: Scope = {
      name: "bare",
      ready: () => Promise.resolve(),
      current: () => current,
      run: (fn) => fn(),
      open: () => new BareFrame(),
    };
    const proxy = new Proxy({ fun: (n) => new Thing(n), scope, maxSize: 1 });
    assertStringIncludes(String(await rejection(proxy.toString())), "bare.run");
    current = new BareFrame();
    assertEquals(await proxy.toString(), "thing 0");
    assertEquals([proxy._pool!.using, proxy._hasObj()], [1, true]);
    const first = current;
    const by = new BareFrame();
    const waiting = proxy._in(by).toString();
    await first.end();
    assertEquals(await waiting, "thing 0");
    assertStringIncludes(String(await rejection(proxy.toString())), "has ended");
    await by.end();
    assertEquals(proxy._pool!.using, 0);
    await proxy._pool!.shutdown();
    assertStrictEquals(scope.current(), first);
  });
});
