// A lease forwards everything to its object, as far as the language lets it.

import {
  assert,
  assertEquals,
  assertNotStrictEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { type Lease, LeaseError, Pool } from "../mod.ts";
import { lent } from "./helpers/test_pool.ts";

class Account {
  static readonly bank = "ours";
  static describe(): string {
    return `an account of ${this.bank}`;
  }

  #balance = 0;
  owner = "Ann";
  tags: string[] = [];

  get balance(): number {
    return this.#balance;
  }

  set balance(value: number) {
    this.#balance = value;
  }

  add(amount: number): this {
    this.#balance += amount;
    return this;
  }

  itself(): Account {
    return this;
  }

  get me(): Account {
    return this;
  }

  #secret(): string {
    return `secret of ${this.owner}`;
  }

  reveal(): string {
    return this.#secret();
  }

  later(): Promise<Account> {
    return Promise.resolve(this);
  }
}

/** Calls `fn` with a lease of `object`, as one who has no types would use it. */
// deno-lint-ignore no-explicit-any
function loosely(object: any, fn: (lease: any) => unknown): Promise<void> {
  return lent(object, fn);
}

describe("a lease forwards", () => {
  it("reads and writes", async () => {
    const account = new Account();
    await lent(account, (lease) => {
      assertEquals(lease.owner, "Ann");
      lease.owner = "Bob";
      lease.tags.push("new");
      assertEquals([account.owner, account.tags], ["Bob", ["new"]]);
      assertStrictEquals(lease.tags, account.tags);
      assertStrictEquals((lease as unknown as { no: unknown }).no, undefined);
    });
  });

  it("delete, in and own properties", async () => {
    const object: { a?: number; b: number } = { a: 1, b: 2 };
    await lent(object, (lease) => {
      assert("a" in lease && "toString" in lease && !("c" in lease));
      assert(delete lease.a);
      assertEquals(["a" in lease, "a" in object], [false, false]);
      assert(Object.hasOwn(lease, "b") && !Object.hasOwn(lease, "toString"));
      Object.defineProperty(lease, "c", { value: 3, configurable: true, enumerable: false });
      assertEquals((object as { c?: number }).c, 3);
      assertEquals(Object.getOwnPropertyDescriptor(lease, "c")?.enumerable, false);
    });
  });

  it("Object.keys, entries, assign, spread, rest and for in", async () => {
    const symbol = Symbol("own");
    const object = Object.create(
      { inherited: 0 },
      Object.getOwnPropertyDescriptors({
        a: 1,
        b: "two",
        [symbol]: 3,
      }),
    );
    await loosely(object, (lease) => {
      assertEquals(Object.keys(lease), ["a", "b"]);
      assertEquals(Object.entries(lease), [["a", 1], ["b", "two"]]);
      assertEquals(Reflect.ownKeys(lease), ["a", "b", symbol]);
      assertEquals(Object.assign({}, lease), { a: 1, b: "two", [symbol]: 3 });
      assertEquals({ ...lease }, { a: 1, b: "two", [symbol]: 3 });
      const { a, ...rest } = lease;
      assertEquals([a, rest], [1, { b: "two", [symbol]: 3 }]);
      const names = [];
      for (const name in lease) names.push(name);
      assertEquals(names, ["a", "b", "inherited"]);
      Object.assign(lease, { a: 10, c: 30 });
      assertEquals([object.a, object.c], [10, 30]);
    });
  });

  it("instanceof and prototypes", async () => {
    class Sub extends Account {}
    await lent(new Sub(), (lease) => {
      assert(lease instanceof Sub && lease instanceof Account && lease instanceof Object);
      assert(!((lease as unknown) instanceof Map));
      assertStrictEquals(Object.getPrototypeOf(lease), Sub.prototype);
      assert(Object.prototype.isPrototypeOf.call(Account.prototype, lease));
    });
  });

  it("methods and accessors that use private fields", async () => {
    const account = new Account();
    await lent(account, (lease) => {
      lease.add(5);
      assertEquals([lease.balance, lease.reveal()], [5, "secret of Ann"]);
      lease.balance = 7;
      lease.balance += 1;
      assertEquals([account.balance, lease["balance"]], [8, 8]);
    });
  });

  it("a method or getter that gives its own object as the lease: chains stay under control", async () => {
    await lent(new Account(), async (lease, pool) => {
      assertStrictEquals(lease.add(1), lease);
      assertStrictEquals(lease.itself(), lease as Account);
      assertStrictEquals(lease.me, lease as Account);
      assertEquals(lease.add(1).add(1).add(1).balance, 4);
      const chained = lease.add(0).itself().me;
      await pool.ret(lease);
      assertThrows(() => chained.owner, LeaseError, "returned");
    });
  });

  it("methods taken off it, and called on whatever", async () => {
    await lent(new Account(), (lease) => {
      const { add, reveal } = lease;
      add(2);
      assertEquals([lease.balance, reveal()], [2, "secret of Ann"]);
      assertEquals([1, 2].map(lease.add, undefined).length, 2);
      assertEquals(lease.balance, 5);
      assertStrictEquals(lease.add.call(undefined as unknown as Account, 1), lease as Account);
      assertStrictEquals(Reflect.apply(lease.add, null, [1]), lease);
      assertEquals(lease.balance, 7);
    });
  });

  it("static members through constructor", async () => {
    await lent(new Account(), (lease) => {
      const kind = lease.constructor as typeof Account;
      assertStrictEquals(kind, Account);
      assertEquals([kind.bank, kind.describe()], ["ours", "an account of ours"]);
      assert(new kind() instanceof Account);
    });
  });

  it("JSON.stringify, with and without a toJSON", async () => {
    await lent(new Account(), (lease) => {
      assertEquals(JSON.stringify(lease), '{"owner":"Ann","tags":[]}');
      assertEquals(JSON.stringify([{ lease }]), '[{"lease":{"owner":"Ann","tags":[]}}]');
    });
    const told = { n: 1, toJSON: (): unknown => ({ shown: true }) };
    await lent(told, (lease) => assertEquals(JSON.stringify(lease), '{"shown":true}'));
  });

  it("text and number conversions", async () => {
    const object = { toString: () => "text", valueOf: () => 42 };
    await loosely(object, (lease) => {
      assertEquals([`${lease}`, String(lease), lease + 1], ["text", "text", 43]);
    });
    await loosely({ [Symbol.toPrimitive]: (hint: string) => hint }, (lease) => {
      assertEquals([`${lease}`, `${lease + ""}`], ["string", "default"]);
    });
    await lent({ [Symbol.toStringTag]: "Tagged" }, (lease) => {
      assertEquals(Object.prototype.toString.call(lease), "[object Tagged]");
    });
  });

  it("functions with properties of their own", async () => {
    const search = Object.assign((text: string) => `found ${text}`, {
      limit: 10,
      fast: () => "fast",
    });
    await lent({ search, Account }, (lease) => {
      assertEquals([lease.search("x"), lease.search.limit, lease.search.fast()], [
        "found x",
        10,
        "fast",
      ]);
      assertEquals(Object.keys(lease.search), ["limit", "fast"]);
      lease.search.limit = 20;
      assertEquals(search.limit, 20);
      assertEquals([lease.Account.bank, new lease.Account().owner], ["ours", "Ann"]);
      assert(new lease.Account() instanceof lease.Account);
    });
  });

  it("functions that are called as methods with the bare object as this", async () => {
    const object = {
      self: function (this: unknown): boolean {
        return this === object;
      },
      many: (...args: number[]) => args.length,
    };
    await lent(object, (lease) => assertEquals([lease.self(), lease.many(1, 2, 3)], [true, 3]));
  });

  it("what a method throws, itself", async () => {
    const failure = new RangeError("as it is");
    const object = {
      fail() {
        throw failure;
      },
      get broken(): number {
        throw failure;
      },
    };
    await lent(object, (lease) => {
      assertStrictEquals(assertThrows(() => lease.fail()), failure);
      assertStrictEquals(assertThrows(() => lease.broken), failure);
      assertEquals(Object.keys(lease), ["fail", "broken"]);
    });
  });
});

describe("disposal returns a lease, whatever the object's own does", () => {
  for (const symbol of [Symbol.dispose, Symbol.asyncDispose] as const) {
    it(symbol.description!, async () => {
      let own = 0;
      const object = {
        [Symbol.dispose]: () => void own++,
        [Symbol.asyncDispose]: () => Promise.resolve(void own++),
      };
      await lent(object, async (lease, pool) => {
        assertEquals([pool.using, pool.available], [1, 0]);
        await lease[symbol]();
        assertEquals([own, pool.using, pool.available], [0, 0, 1]);
        assertStrictEquals(Pool.unwrap(await pool.get()), object);
      });
      assertEquals(own, 0);
    });
  }

  it("also taken off the lease, and as a method of something else", async () => {
    await lent({}, async (lease, pool) => {
      const dispose = lease[Symbol.asyncDispose];
      await dispose();
      assertEquals(pool.available, 1);
      const second = await pool.get();
      ({ done: second[Symbol.dispose] }).done();
      assertEquals(pool.available, 1);
    });
  });

  it("gives undefined, now or later", async () => {
    await lent({}, async (lease, pool) => {
      assertStrictEquals(lease[Symbol.dispose](), undefined);
      const disposed = (await pool.get())[Symbol.asyncDispose]();
      assert(disposed instanceof Promise);
      assertStrictEquals(await disposed, undefined);
    });
  });
});

describe("a lease is never a thenable", () => {
  it("though its object has a field of that name", async () => {
    await lent({ then: 5, n: 1 }, async (lease, pool) => {
      assertStrictEquals((lease as { then: unknown }).then, undefined);
      assertStrictEquals(await (lease as unknown), lease);
      assertEquals(Pool.unwrap(lease).then, 5);
      await pool.ret(lease);
      assertStrictEquals(await (lease as unknown), lease, "nor when it is dead");
    });
  });

  it("though its object is one by the time it is lent", async () => {
    interface Query {
      n: number;
      then?: (done: (value: string) => void) => void;
    }
    const options = { opener: (query: Query) => void (query.then = (done) => done("flattened")) };
    await lent<Query>({ n: 1 }, async (lease, pool) => {
      const same = await Promise.resolve<unknown>(lease);
      assertStrictEquals(same, lease);
      assertEquals((same as Lease<Query>).n, 1);
      await pool.ret(lease);
      assertStrictEquals(await pool.use((query) => query.n), 1);
    }, options);
  });
});

describe("what no forwarding can do, and Pool.unwrap is for", () => {
  it("=== and keys of a Map: a lease is not its object", async () => {
    const account = new Account();
    await lent(account, (lease) => {
      assertNotStrictEquals(lease as Account, account);
      assertEquals(new Map([[account, 1]]).get(lease), undefined);
      assertStrictEquals(Pool.unwrap(lease), account);
    });
  });

  it("structuredClone refuses a lease", async () => {
    await lent({ a: 1 }, (lease) => {
      assertThrows(() => structuredClone(lease));
      assertEquals(structuredClone(Pool.unwrap(lease)), { a: 1 });
    });
  });

  it("Object.isFrozen is false of a lease, and Object.freeze refuses it", async () => {
    const object = Object.freeze({ a: 1 });
    await lent(object, (lease) => {
      assertEquals([Object.isFrozen(lease), Object.isFrozen(Pool.unwrap(lease))], [false, true]);
    });
    const free = { a: 1 };
    await lent(free, (lease) => {
      assertThrows(() => Object.freeze(lease), TypeError);
      assertEquals(Object.isFrozen(free), false);
    });
  });

  it("a method whose promise resolves to its own object resolves to the bare one", async () => {
    const account = new Account();
    await lent(account, async (lease) => assertStrictEquals(await lease.later(), account));
  });

  it("private fields read by other code: only the object's own methods reach them", async () => {
    class Money {
      #amount = 5;
      static amountOf(money: Money): number {
        return money.#amount;
      }
    }
    await lent(new Money(), (lease) => {
      assertThrows(() => Money.amountOf(lease), TypeError);
      assertEquals(Money.amountOf(Pool.unwrap(lease)), 5);
    });
  });
});
