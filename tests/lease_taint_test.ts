// A call through a lease that fails taints its object: discardOnError decides what becomes of that.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { LeaseError, type PoolOptions } from "../mod.ts";
import { rejection } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";
import { NotHere } from "./helpers/not_here.ts";

// deno-lint-ignore no-explicit-any
type Loose = any;

const failure = new RangeError("as it is");

const fail = () => {
  throw failure;
};

/** A query that starts when it is awaited, as query builders' and those of some drivers. */
class Lazy extends Promise<unknown> {
  static started = 0;
  static override get [Symbol.species]() {
    return Promise;
  }
  // deno-lint-ignore no-explicit-any
  override then(...args: any[]): any {
    Lazy.started++;
    return Promise.reject(failure).then(...args);
  }
}

class Client {
  static count = 0;
  ready = Promise.resolve("ready");
  works(): string {
    return "works";
  }
  later(): Promise<string> {
    return Promise.resolve("works later");
  }
  throws(): never {
    throw failure;
  }
  rejects(): Promise<never> {
    return Promise.reject(failure);
  }
  async isAsync(): Promise<never> {
    await null;
    throw failure;
  }
  failsWith(error: unknown): Promise<never> {
    return Promise.reject(error);
  }
  fields = Object.assign(fail, { inner: fail, later: () => Promise.reject(failure) });
}

/** What becomes of an object by what a borrower does. */
async function fate(
  use: (lease: Loose, pool: TestPool<Loose>) => unknown,
  options: PoolOptions<Loose> = {},
  object: Loose = new Client(),
): Promise<"lent again" | "discarded"> {
  await using pool = new TestPool(() => object, { maxSize: 1, ...options });
  const lease = await pool.get();
  await use(lease, pool);
  await pool.ret(lease);
  const { returned, discarded, closed, available } = pool.stats();
  assertEquals([returned + discarded, closed, available], [1, discarded, returned]);
  return discarded === 1 ? "discarded" : "lent again";
}

/** A function of another realm, whose promise is rejected. */
function foreign(): () => Promise<never> {
  try {
    const vm = (globalThis as Loose).process.getBuiltinModule("node:vm");
    return vm.runInNewContext("() => Promise.reject('theirs')");
  } catch (error) {
    throw new NotHere(`there is no other realm: ${error}`);
  }
}

/** It fails at once, with the same failure whatever hears of it. */
function caught(use: () => unknown): void {
  assertStrictEquals(assertThrows(use), failure);
}

describe("a call through a lease that fails", () => {
  const CALLS: [string, (lease: Loose) => unknown][] = [
    ["throws", (lease) => caught(() => lease.throws())],
    ["rejects", async (lease) => assertStrictEquals(await rejection(lease.rejects()), failure)],
    ["is async", async (lease) => assertStrictEquals(await rejection(lease.isAsync()), failure)],
    ["was read before", async ({ rejects }) => void await rejection(rejects())],
    ["is a function with fields", (lease) => caught(() => lease.fields())],
    ["is a function in a field of one", (lease) => caught(() => lease.fields.inner())],
    ["is the same, later", async (lease) => void await rejection(lease.fields.later())],
    ["is made by call and apply", (lease) => {
      caught(() => lease.throws.call(null));
      caught(() => Reflect.apply(lease.throws, null, []));
    }],
  ];
  for (const [how, call] of CALLS) {
    it(`taints its object: it ${how}`, async () => {
      assertEquals(await fate(call), "discarded");
      assertEquals(await fate(call, { discardOnError: true, retter: () => {} }), "discarded");
    });
  }

  it("taints a function that is lent, and a class", async () => {
    const later = () => Promise.reject(failure);
    assertEquals(await fate((lease) => caught(() => lease()), {}, fail), "discarded");
    assertEquals(await fate((lease) => rejection(lease()), {}, later), "discarded");
    class Broken {
      constructor() {
        fail();
      }
    }
    assertEquals(await fate((lease) => caught(() => new lease()), {}, Broken), "discarded");
  });

  it("does not where a retter resets it, nor where discardOnError is false", async () => {
    for (const [, call] of CALLS) {
      assertEquals(await fate(call, { retter: () => {} }), "lent again");
      assertEquals(await fate(call, { discardOnError: false }), "lent again");
    }
  });

  it("has a predicate asked by its error, once for each, outside of the call's own result", async () => {
    const asked: unknown[] = [];
    const fatal = new Error("connection lost");
    const discardOnError = (error: unknown) => (asked.push(error), error === fatal);
    const harmless = async (lease: Loose) => {
      await rejection(lease.failsWith(failure));
      await rejection(lease.failsWith(failure));
    };
    assertEquals(await fate(harmless, { discardOnError }), "lent again");
    assertEquals(asked, [failure]);
    const worse = async (lease: Loose) => {
      await harmless(lease);
      await rejection(lease.failsWith(fatal)); // the first was harmless, this is not
      await rejection(lease.failsWith(new Error("and no more is asked")));
    };
    assertEquals(await fate(worse, { discardOnError }), "discarded");
    assertEquals(asked, [failure, failure, fatal]);
  });

  it("changes nothing for one that fails with undefined", async () => {
    const asked: unknown[] = [];
    const discardOnError = (error: unknown) => (asked.push(error), true);
    const use = (lease: Loose) => rejection(lease.failsWith(undefined));
    assertEquals(await fate(use, { discardOnError }), "discarded");
    assertEquals(asked, [undefined]);
  });

  it("says what became of the lease, and logs why", async () => {
    await using pool = new TestPool(() => new Client(), { maxSize: 1, logLevel: "info" });
    const lease = await pool.get();
    await rejection(lease.rejects());
    await pool.ret(lease);
    assertThrows(() => lease.works(), LeaseError, "discarded");
    assert(pool.lines.some((line) => line.includes("as it is")), pool.lines.join("\n"));
    assertEquals(pool.stats().doubleReturns, 0);
  });

  it("serves the next who waits with another object", async () => {
    await using pool = new TestPool((n) => Object.assign(new Client(), { n }), { maxSize: 1 });
    const lease = await pool.get();
    const next = pool.get();
    await rejection(lease.rejects());
    await lease[Symbol.asyncDispose]();
    assertEquals((await next).n, 1);
  });

  it("taints nobody else's: what fails after the return is too late", async () => {
    await using pool = new TestPool(() => new Client(), { maxSize: 1 });
    const lease = await pool.get();
    const late = rejection(lease.isAsync());
    await pool.ret(lease);
    const next = await pool.get();
    await late;
    await pool.ret(next);
    assertEquals([pool.stats().discarded, pool.available], [0, 1]);
  });

  it("is none where nothing of the object has failed: a read, a write, a dead lease", async () => {
    const object = {
      get broken() {
        return fail();
      },
      set broken(_) {
        fail();
      },
    };
    const use = (lease: Loose) => {
      caught(() => lease.broken);
      caught(() => lease.broken = 1);
      assertThrows(() => lease.none(), TypeError);
    };
    assertEquals(await fate(use, {}, object), "lent again");
  });
});

describe("a call through a lease", () => {
  it("that works taints nothing, and gives what it gives", async () => {
    assertEquals(
      await fate(async (lease) => {
        assertEquals([lease.works(), await lease.later(), await lease.ready], [
          "works",
          "works later",
          "ready",
        ]);
        assertInstanceOf(lease.later(), Promise);
      }),
      "lent again",
    );
  });

  it("leaves what is no plain promise as it is: lazy ones, with fields, of other classes", async () => {
    class Own<V> extends Promise<V> {}
    const lazy = new Lazy(() => {});
    const withField = Object.assign(Promise.resolve(1), { cancel() {} });
    const rejected = Object.assign(Promise.reject(failure), { cancel() {} });
    const ofClass = new Own((_resolve, reject) => reject(failure));
    const thenable = {
      then: (_done: unknown, failed: (error: unknown) => void) => failed(failure),
    };
    const all = [lazy, withField, rejected, ofClass, thenable];
    for (const one of [rejected, ofClass]) one.catch(() => {}); // handled before it is given
    const object = { give: (i: number) => all[i] };
    assertEquals(
      await fate(
        async (lease) => {
          for (const [i, one] of all.entries()) assertStrictEquals(lease.give(i), one);
          assertEquals(Lazy.started, 0);
          for (const [i, one] of all.entries()) {
            if (one !== withField) assertStrictEquals(await rejection(lease.give(i)), failure);
          }
        },
        {},
        object,
      ),
      "lent again",
    );
  });

  it("watches promises of another realm, and those to which a runtime has added symbols", async () => {
    const marked = () => Object.assign(Promise.reject(failure), { [Symbol("context")]: 1 });
    assertEquals(await fate((lease) => rejection(lease.f()), {}, { f: marked }), "discarded");
    const f = foreign();
    assertEquals(
      await fate(
        async (lease) => {
          const promise = lease.f();
          assert(!(promise instanceof Promise));
          assertEquals(await rejection(promise), "theirs");
        },
        {},
        { f },
      ),
      "discarded",
    );
  });

  it("stands results that cannot be asked", async () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const fake = Object.create(Promise.prototype);
    const of = new Proxy(Promise.resolve(), {});
    const all = [proxy, fake, of, Object.create(null), null, undefined, 0, "", () => {}];
    const object = { give: (i: number) => all[i] };
    assertEquals(
      await fate(
        (lease) => {
          for (const [i, one] of all.entries()) assert(lease.give(i) === one, String(i));
        },
        {},
        object,
      ),
      "lent again",
    );
  });
});

describe("use", () => {
  it("lends the object itself: failed calls are its callback's to handle", async () => {
    await using pool = new TestPool(() => new Client(), { maxSize: 1 });
    await pool.use(async (client) => void await rejection(client.rejects()));
    assertEquals([pool.stats().discarded, pool.available], [0, 1]);
  });
});
