// The life of a lease: alive until it is given back, dead for good afterwards, and never another's.

import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { type Lease, LeaseError, Pool } from "../mod.ts";
import { Time } from "./helpers/pool.ts";
import { lent, TestPool } from "./helpers/test_pool.ts";

class Client {
  #open = true;
  readonly n: number;

  constructor(n = 0) {
    this.n = n;
  }

  query(text: string): string {
    return this.#open ? `${this.n}: ${text}` : "closed";
  }

  get open(): boolean {
    return this.#open;
  }

  close(): void {
    this.#open = false;
  }
}

function clients(maxSize = 1): TestPool<Client> {
  return new TestPool((n) => new Client(n), {
    maxSize,
    closer: (client) => client.close(),
    tracer: (client) => `client ${client.n}`,
  });
}

/** Every way to use a lease but disposing of it. */
function uses(lease: Lease<Client>, query: Client["query"]): Record<string, () => unknown> {
  return {
    "read": () => lease.n,
    "read of what is not there": () => (lease as unknown as { missing: unknown }).missing,
    "read of a symbol": () => (lease as unknown as Iterable<unknown>)[Symbol.iterator],
    "getter": () => lease.open,
    "constructor": () => lease.constructor,
    "method": () => lease.query("x"),
    "extracted method": () => query("x"),
    "write": () => (lease as unknown as { n: number }).n = 5,
    "delete": () => delete (lease as unknown as { n?: number }).n,
    "in": () => "n" in lease,
    "instanceof": () => lease instanceof Client,
    "Object.keys": () => Object.keys(lease),
    "Object.entries": () => Object.entries(lease),
    "Object.getPrototypeOf": () => Object.getPrototypeOf(lease),
    "Object.setPrototypeOf": () => Object.setPrototypeOf(lease, null),
    "Object.defineProperty": () =>
      Object.defineProperty(lease, "x", { value: 1, configurable: true }),
    "getOwnPropertyDescriptor": () => Object.getOwnPropertyDescriptor(lease, "n"),
    "spread": () => ({ ...lease }),
    "for in": () => {
      for (const _ in lease);
    },
    "JSON": () => JSON.stringify(lease),
    "text": () => `${lease}`,
    "Pool.unwrap": () => Pool.unwrap(lease),
  };
}

/** How a lease may end, and the word that its error says about that. */
const ENDS: Record<string, [string, (pool: Pool<Client>, lease: Lease<Client>) => unknown]> = {
  "ret": ["returned", (pool, lease) => pool.ret(lease)],
  "Symbol.dispose": ["returned", (_, lease) => lease[Symbol.dispose]()],
  "Symbol.asyncDispose": ["returned", (_, lease) => lease[Symbol.asyncDispose]()],
  "discard": ["discarded", (pool, lease) => pool.discard(lease)],
  "detach": ["detached", (pool, lease) => pool.detach(lease)],
  "a forced shutdown": ["shutdown", (pool) => pool.shutdown({ timeout: 1 })],
};

describe("a lease", () => {
  for (const [how, [word, end]] of Object.entries(ENDS)) {
    it(`throws on any use after ${how}, and says so`, async () => {
      await using pool = clients();
      const lease = await pool.get();
      const { query } = lease;
      assertEquals([lease.query("x"), query("y")], ["0: x", "0: y"]);
      await end(pool, lease);
      for (const [what, use] of Object.entries(uses(lease, query))) {
        const error = assertThrows(use, LeaseError, undefined, what);
        assert(error.message.includes(word), `${what}: ${error.message}`);
      }
    });
  }

  it("throws on any use after a kill, and says so", async () => {
    await using pool = new TestPool(() => new Client(), { maxUsingDelayKill: 100 });
    using time = new Time();
    const lease = await pool.get();
    const { query } = lease;
    await time.pass(200);
    for (const [what, use] of Object.entries(uses(lease, query))) {
      const error = assertThrows(use, LeaseError, undefined, what);
      assert(error.message.includes("killed"), `${what}: ${error.message}`);
    }
  });

  it("is dead at once, while an asynchronous retter still runs", async () => {
    let done = () => {};
    const retter = () => new Promise<void>((resolve) => done = resolve);
    await using pool = new TestPool(() => new Client(), { retter });
    const lease = await pool.get();
    const returned = pool.ret(lease);
    assertThrows(() => lease.n, LeaseError, "returned");
    assertEquals([pool.using, pool.available], [1, 0]);
    done();
    await returned;
    assertEquals([pool.using, pool.available], [0, 1]);
  });

  it("stays dead when its object is lent again", async () => {
    await using pool = clients();
    const first = await pool.get();
    const { query } = first;
    await pool.ret(first);
    const second = await pool.get();
    assertStrictEquals(Pool.unwrap(second).n, 0);
    assertThrows(() => first.query("x"), LeaseError, "returned");
    assertThrows(() => query("x"), LeaseError, "returned");
    assertEquals(second.query("x"), "0: x");
  });

  it("names its pool in its errors", async () => {
    await using pool = clients();
    const lease = await pool.get();
    await pool.ret(lease);
    const { message, name } = assertThrows(() => lease.n, LeaseError);
    assertEquals(name, "LeaseError");
    assert(message.includes(`#${pool.stats().id}`), message);
  });

  it("is given back by using, whatever happens in the block", async () => {
    await using pool = clients();
    await assertRejects(async () => {
      await using lease = await pool.get();
      assertEquals([lease.n, pool.using], [0, 1]);
      throw new RangeError("in the block");
    }, RangeError);
    assertEquals([pool.using, pool.available], [0, 1]);
    {
      using lease = await pool.get();
      assertEquals([lease.n, pool.using], [0, 1]);
    }
    assertEquals([pool.using, pool.available, pool.stats().returned], [0, 1, 2]);
  });
});

describe("giving back twice", () => {
  const again: Record<string, (pool: Pool<Client>, lease: Lease<Client>) => unknown> = {
    "ret": (pool, lease) => pool.ret(lease),
    "discard": (pool, lease) => pool.discard(lease),
    "Symbol.dispose": (_, lease) => lease[Symbol.dispose](),
    "Symbol.asyncDispose": (_, lease) => lease[Symbol.asyncDispose](),
  };

  for (const [how, second] of Object.entries(again)) {
    it(`by ${how} never frees the next holder's object`, async () => {
      await using pool = clients();
      const first = await pool.get();
      const waiting = pool.get();
      await pool.ret(first);
      const next = await waiting;
      await second(pool, first);
      await second(pool, first);
      const { available, using, size, doubleReturns, returned, discarded, closed } = pool.stats();
      assertEquals([available, using, size], [0, 1, 1]);
      assertEquals([doubleReturns, returned, discarded, closed], [2, 1, 0, 0]);
      assertEquals(next.query("mine"), "0: mine");
      await assertRejects(() => pool.get({ timeout: 5 }));
    });

    it(`by ${how} is logged, with tracer`, async () => {
      await using pool = clients();
      const lease = await pool.get();
      await pool.ret(lease);
      assertEquals(pool.lines, []);
      await second(pool, lease);
      assertEquals(pool.lines.length, 1);
      assert(/^warn .*client 0.*returned/.test(pool.lines[0]!), pool.lines[0]);
    });
  }

  for (const how of ["discard", "detach", "a forced shutdown"]) {
    it(`by disposing after ${how} is silent, as a block's end does it`, async () => {
      await using pool = clients();
      const lease = await pool.get();
      await ENDS[how]![1](pool, lease);
      pool.lines.length = 0;
      lease[Symbol.dispose]();
      await lease[Symbol.asyncDispose]();
      assertEquals([pool.lines, pool.stats().doubleReturns], [[], 0]);
    });
  }

  it("by disposing after a kill is silent", async () => {
    await using pool = new TestPool(() => new Client(), { maxUsingDelayKill: 100 });
    using time = new Time();
    const lease = await pool.get();
    await time.pass(200);
    pool.lines.length = 0;
    lease[Symbol.dispose]();
    await lease[Symbol.asyncDispose]();
    assertEquals([pool.lines, pool.stats().doubleReturns, pool.stats().killed], [[], 0, 1]);
  });

  it("by ret or discard after discard or detach is counted, and closes nothing again", async () => {
    await using pool = clients(2);
    const [one, two] = [await pool.get(), await pool.get()];
    await pool.discard(one);
    const client = pool.detach(two);
    for (const lease of [one, two]) {
      await pool.ret(lease);
      await pool.discard(lease);
    }
    const { doubleReturns, closed, detached, discarded, size } = pool.stats();
    assertEquals([doubleReturns, closed, detached, discarded, size], [4, 1, 1, 1, 0]);
    assertEquals(client.open, true);
  });

  it("detach of a lease that has ended throws, and says how it ended", async () => {
    await using pool = clients();
    const lease = await pool.get();
    await pool.ret(lease);
    assertThrows(() => pool.detach(lease), LeaseError, "returned");
    assertEquals([pool.available, pool.stats().detached], [1, 0]);
  });
});

describe("what is no lease of this pool", () => {
  it("another pool's lease is refused, and stays as it is", async () => {
    await using pool = clients();
    await using other = clients();
    const [mine, theirs] = [await pool.get(), await other.get()];
    await assertRejects(() => pool.ret(theirs), LeaseError);
    await assertRejects(() => pool.discard(theirs), LeaseError);
    assertThrows(() => pool.detach(theirs), LeaseError);
    assertEquals([mine.n, theirs.query("x")], [0, "0: x"]);
    assertEquals([pool.using, other.using, other.stats().doubleReturns], [1, 1, 0]);
    await other.ret(theirs);
    await assertRejects(() => pool.ret(theirs), LeaseError);
    assertEquals([pool.stats().doubleReturns, other.stats().doubleReturns], [0, 0]);
  });

  it("anything else is refused too, the bare object first of all", async () => {
    await using pool = clients();
    const lease = await pool.get();
    const bare = Pool.unwrap(lease);
    const none = [bare, undefined, null, 5, "lease", {}, () => {}, pool];
    for (const value of none as Lease<Client>[]) {
      await assertRejects(() => pool.ret(value), LeaseError);
      await assertRejects(() => pool.discard(value), LeaseError);
      assertThrows(() => pool.detach(value), LeaseError);
      assertThrows(() => Pool.unwrap(value), LeaseError);
    }
    assertEquals(pool.using, 1);
  });

  it("a revoked proxy is refused like anything else", async () => {
    await using pool = clients();
    const { proxy, revoke } = Proxy.revocable({} as Lease<Client>, {});
    revoke();
    await assertRejects(() => pool.ret(proxy), LeaseError);
    await assertRejects(() => pool.discard(proxy), LeaseError);
    assertThrows(() => pool.detach(proxy), LeaseError);
    assertThrows(() => Pool.unwrap(proxy), LeaseError);
  });

  it("Pool.unwrap gives the bare object of a live lease of any pool", async () => {
    const client = new Client(7);
    await lent(client, async (lease, pool) => {
      assertStrictEquals(Pool.unwrap(lease), client);
      await pool.ret(lease);
      assertThrows(() => Pool.unwrap(lease), LeaseError, "returned");
    });
  });

  it("a lease lent by another pool is unwrapped by one layer", async () => {
    await lent(new Client(3), async (inner, pool) => {
      await lent(inner, async (outer, around) => {
        assertStrictEquals(Pool.unwrap(outer), inner);
        assertEquals([outer.query("x"), outer.n], ["3: x", 3]);
        await around.ret(outer as Lease<typeof inner>);
        assertEquals([pool.using, around.using], [1, 0]);
        assertThrows(() => outer.n, LeaseError);
        assertEquals(inner.n, 3);
      });
    });
  });
});
