// Traps that proxies once fell into: the order of giving back, makers that hang or show a request, options.

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Proxy, ProxyError } from "../mod.ts";
import { FlowScope, PermanentScope, type Scope } from "../scopes/mod.ts";
import { errorsOf, flow } from "./helpers/flow.ts";
import { deferred, idle, rejection } from "./helpers/pool.ts";
import { sleep } from "./helpers/until.ts";

/** A connection that remembers what it was asked. */
class Client {
  readonly log: string[] = [];
  query(text: string): Promise<string> {
    this.log.push(text);
    return Promise.resolve(text);
  }
}

const QUIET = { logLevel: "silent" } as const;
const NEVER = new Promise<never>(() => {});

describe("what is made of another proxy's object", () => {
  it("is given back before that: a transaction before its connection", async () => {
    let client!: Client;
    const db = new Proxy({ fun: () => client = new Client(), maxSize: 1, scope: flow });
    const tx = new Proxy({
      fun: async () => {
        const connection = await db._getObj();
        await connection.query("begin");
        return { connection, work: () => connection.query("work") };
      },
      scope: flow,
      closer: ({ connection }) => connection.query("commit"),
    });
    await flow.run(() => tx.work());
    assertEquals([client.log, db._pool!.using], [["begin", "work", "commit"], 0]);
    await db._pool!.shutdown();
  });

  it("also where both are made at once", () => {
    const closed: string[] = [];
    const inner = new Proxy({
      fun: () => ({ name: "inner" }),
      scope: flow,
      closer: ({ name }) => void closed.push(name),
    });
    const outer = new Proxy({
      fun: () => ({ name: `outer of ${inner.name}` }),
      scope: flow,
      closer: ({ name }) => void closed.push(name),
    });
    return flow.run(() => Promise.resolve(outer.name)).then(() =>
      assertEquals(closed, ["outer of inner", "inner"])
    );
  });
});

describe("a deferred function", () => {
  it("is called in its own frame, whoever ends that, and finds it ended", async () => {
    const db = new Proxy({ fun: () => new Client(), maxSize: 2, scope: flow });
    await flow.run(async () => {
      const outer = await db._getObj();
      let failure: unknown;
      await flow.run(async () => {
        await db.query("inner");
        const frame = flow.current()!;
        frame.defer(async () => {
          assertStrictEquals(flow.current(), frame);
          failure = await rejection(db.query("rollback"));
        });
      });
      assertEquals([outer.log, (failure as Error).name], [[], "ProxyError"]);
      assert((failure as Error).message.includes("has ended"));
    });
    await db._pool!.shutdown();
  });

  it("that ends its frame joins the end that is going on", async () => {
    const frame = flow.open();
    const calls: string[] = [];
    frame.defer(() => sleep(2).then(() => calls.push("first")));
    let joined: Promise<unknown> = Promise.resolve();
    frame.defer(() => {
      joined = frame.end().then(() => calls.push("joined"));
    });
    await frame.end();
    await joined;
    assertEquals(calls, ["first", "joined"]);
  });
});

describe("a fun without a pool that hangs, whatever its signal says", () => {
  it("holds up the end of its frame for a second, and nothing else that is in it", async () => {
    const db = new Proxy({ fun: () => new Client(), maxSize: 1, scope: flow });
    const mail = new Proxy({
      fun: (): Promise<{ send(): void }> => NEVER,
      scope: flow,
    });
    const begun = Date.now();
    const answer = await flow.run(async () => {
      await db.query("x");
      await Promise.race([mail.send(), sleep(5)]);
      return "answer";
    });
    assertEquals([answer, db._pool!.using], ["answer", 0]);
    assert(Date.now() - begun < 10_000);
    await db._pool!.shutdown();
  });

  it("has what it gives after all closed", async () => {
    const made = deferred<{ n: number; ping(): void }>();
    const closed: number[] = [];
    const late = new Proxy({
      fun: () => made.promise,
      scope: flow,
      closer: ({ n }) => void closed.push(n),
    });
    await flow.run(async () => void await Promise.race([late.ping().catch(() => {}), sleep(1)]));
    made.resolve({ n: 7, ping() {} });
    await idle();
    assertEquals(closed, [7]);
  });
});

describe("a permanent frame", () => {
  const permanent = () => new PermanentScope("forever");

  it("that has nothing in it can be ended, and again once it has", async () => {
    const scope = permanent();
    const closed: number[] = [];
    await scope.current().end();
    const proxy = new Proxy({ fun: (n) => ({ n }), scope, closer: ({ n }) => void closed.push(n) });
    for (const n of [0, 1]) {
      assertEquals(proxy.n, n);
      await scope.current().end();
    }
    assertEquals([closed, proxy._hasObj()], [[0, 1], false]);
  });

  it("gives back what was taken while it was being ended, to who ends it then", async () => {
    const scope = permanent();
    const closing = deferred();
    const closed: number[] = [];
    const closer = async ({ n }: { n: number }) => {
      if (n === 0) await closing.promise;
      closed.push(n);
    };
    const proxy = new Proxy({ fun: (n) => ({ n }), scope, closer });
    assertEquals(proxy.n, 0);
    const first = scope.current().end();
    await idle();
    assertEquals(proxy.n, 1);
    const second = scope.current().end();
    closing.resolve();
    await Promise.all([first, second]);
    assertEquals(closed, [0, 1]);
  });

  it("has what fun makes for it made in nobody's context", async () => {
    const user = new Proxy({ fun: (n) => ({ name: ["alice", "bob"][n] }), scope: flow });
    const greeter = new Proxy({
      fun: () => ({ hello: `hello ${user.name}` }),
      scope: permanent(),
    });
    await flow.run(async () => {
      await null;
      assertThrows(() => greeter.hello, ProxyError, "outside any frame");
    });
  });

  it("closes what is there when the proxy is filled anew", async () => {
    const closed: string[] = [];
    const proxy = new Proxy({
      fun: () => ({ name: "one" }),
      scope: permanent(),
      closer: ({ name }) => void closed.push(name),
    });
    assertEquals(proxy.name, "one");
    proxy.setFun(() => ({ name: "two" }));
    await idle();
    assertEquals([proxy.name, closed], ["two", ["one"]]);
  });
});

describe("_setPool, of a proxy that has made objects without one", () => {
  it("closes them, as filling anew does, and keeps what there is if it is refused", async () => {
    const closed: number[] = [];
    const proxy = new Proxy({
      fun: (n) => ({ ping: () => n }),
      scope: new PermanentScope("forever"),
      closer: (object) => void closed.push(object.ping()),
    });
    assertEquals(proxy.ping(), 0);
    assertThrows(() => proxy._setPool({ maxSize: -1 }), RangeError);
    assertEquals([proxy.ping(), closed], [0, []]);
    const pooled = proxy._setPool({ maxSize: 1 });
    await idle();
    assertEquals([await pooled.ping(), closed], [0, [0]]);
    await pooled._retObj();
    await pooled._pool!.shutdown();
  });
});

describe("a method that was read in another frame", () => {
  it("is the method of the object it is called on", () => {
    const names = ["alice", "bob"];
    const user = new Proxy({
      fun: (n) => {
        const name = names[n]!;
        return { who: () => name };
      },
      scope: flow,
    });
    const stored = flow.run(() => user.who);
    assertEquals(flow.run(() => [stored(), user.who()]), ["bob", "bob"]);
  });
});

describe("options", () => {
  it("may be inherited, and hooks are methods of what they were given in", async () => {
    class Options {
      readonly maxSize = 1;
      readonly scope: Scope = flow;
      readonly closed: Client[] = [];
      fun = () => new Client();
      closer(client: Client): void {
        this.closed.push(client);
      }
    }
    const options = new Options();
    Object.defineProperty(options, "closed", { enumerable: false });
    const db = new Proxy({
      __proto__: options,
      fun: options.fun,
    } as unknown as { fun: () => Client; maxSize: number });
    await flow.run(() => db.query("x"));
    assertEquals(db._pool!.stats().config.maxSize, 1);
    await db._pool!.shutdown();
    assertEquals(options.closed.length, 1);
  });

  it("setName may not begin the names of what each proxy has", () => {
    for (const setName of ["_get", "_ret", "_has", "_pool", "_in", "_", "then", ""]) {
      if (setName === "_") new Proxy({ setName }); // gives _, _Obj and _Fun, which are free
      else assertThrows(() => new Proxy({ setName }), ProxyError, "setName");
    }
  });
});

describe("a host whose waitUntil throws", () => {
  it("is logged, and costs nobody their result or their error", async () => {
    const host = {
      waitUntil() {
        throw new TypeError("Illegal invocation");
      },
    };
    const told = await errorsOf(async () => {
      assertEquals(await flow.run(() => Promise.resolve(5), host), 5);
      const mine = new Error("mine");
      assertStrictEquals(await rejection(flow.run(() => Promise.reject(mine), host)), mine);
    });
    assertEquals(told.length, 2);
  });
});

describe("a scope of one's own", () => {
  it("that carries no frames along gives a deferred call the frame it was made in", async () => {
    const frame = new FlowScope("hand", { ioBound: false }).open();
    let now: typeof frame | undefined = frame;
    const scope: Scope = {
      name: "hand",
      ready: () => Promise.resolve(),
      current: () => now,
      run: (fn) => fn(),
      open: () => frame,
    };
    const db = new Proxy({ fun: () => Promise.resolve(new Client()), maxSize: 1, scope, ...QUIET });
    const call = db.query("x");
    now = undefined;
    assertEquals(await call, "x");
    await frame.end();
    await db._pool!.shutdown();
  });
});
