// Leases that are garbage-collected without having been given back are noticed; no others are.

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { type Lease, Pool, type PoolOptions } from "../mod.ts";
import { collect, hasGc } from "./helpers/gc.ts";
import { TestPool } from "./helpers/test_pool.ts";
import { sleep, until } from "./helpers/until.ts";

class Client {
  readonly n: number;
  constructor(n: number) {
    this.n = n;
  }
  query(text: string): string {
    return `${this.n}: ${text}`;
  }
}

/** A pool of one place, which closes what it loses. */
function clients(options: PoolOptions<Client> = {}) {
  const closed: number[] = [];
  const pool = new TestPool((n) => new Client(n), {
    maxSize: 1,
    closer: ({ n }) => void closed.push(n),
    tracer: ({ n }) => `client ${n}`,
    ...options,
  });
  return Object.assign(pool, { closed });
}

/** Takes an object and loses its lease: in a frame of its own, so that nothing on the stack holds it. */
async function lose(pool: Pool<Client>, use: (lease: Lease<Client>) => unknown = () => {}) {
  const lease = await pool.get();
  await use(lease);
}

/** Collects garbage until `condition` holds. */
async function collectUntil(condition: () => unknown, what: string, ms = 3000): Promise<void> {
  const end = performance.now() + ms;
  while (!condition()) {
    assert(performance.now() < end, `not within ${ms} ms: ${what}`);
    await collect(2);
  }
}

/** Long enough for whoever waits to have made the pool look, several times; collects meanwhile. */
async function collectForAWhile(): Promise<void> {
  for (let i = 0; i < 4; i++) {
    await sleep(20);
    await collect(1);
  }
}

assert(hasGc, "run the tests by `deno task test`");

describe("a lease that is lost", () => {
  it("is noticed when somebody waits: who gets a new object in its place", async () => {
    await using pool = clients();
    await lose(pool);
    await collect();
    assertEquals([pool.using, pool.stats().leaked], [1, 0]);
    let next: Lease<Client> | undefined;
    const got = pool.get().then((lease) => void (next = lease));
    await collectUntil(() => next, "the next one gets an object");
    await got;
    const { leaked, closed, returned, discarded, killed, size, using } = pool.stats();
    assertEquals([next!.n, leaked, closed, returned, discarded, killed], [1, 1, 1, 0, 0, 0]);
    assertEquals([pool.closed, size, using], [[0], 1, 1]);
    await pool.ret(next!);
  });

  it("is noticed when a housekeeping round passes, though nobody waits", async () => {
    await using pool = clients({ hkDelay: 5 });
    await lose(pool);
    await collectUntil(() => pool.stats().leaked === 1, "noticed");
    await until(() => pool.size === 0, "the place is free");
    assertEquals([pool.closed, pool.using], [[0], 0]);
  });

  it("is logged, with tracer", async () => {
    await using pool = clients({ hkDelay: 5 });
    await lose(pool);
    await collectUntil(() => pool.stats().leaked === 1, "noticed");
    assertEquals(pool.lines.length, 1);
    assert(/^warn .*client 0/.test(pool.lines[0]!), pool.lines[0]);
  });

  it("is one of many, and the only one", async () => {
    await using pool = clients({ maxSize: 5, hkDelay: 5 });
    const held: Lease<Client>[] = [];
    for (let i = 0; i < 2; i++) held.push(await pool.get());
    await lose(pool);
    for (let i = 0; i < 2; i++) held.push(await pool.get());
    await collectUntil(() => pool.stats().leaked === 1, "noticed");
    await collectForAWhile();
    assertEquals([pool.closed, pool.stats().leaked, pool.using], [[2], 1, 4]);
    assertEquals(held.map((lease) => lease.query("x")), ["0: x", "1: x", "3: x", "4: x"]);
    for (const lease of held) await pool.ret(lease);
  });

  it("was used before, methods, getters, chains and all", async () => {
    await using pool = clients({ hkDelay: 5 });
    await lose(pool, (lease) => {
      lease.query("x");
      Object.keys(lease);
      JSON.stringify(lease);
      assertStrictEquals(Pool.unwrap(lease).n, 0);
    });
    await collectUntil(() => pool.stats().leaked === 1, "noticed");
    assertEquals(pool.closed, [0]);
  });

  for (const [what, make] of [["function", () => () => 1], ["array", () => [1]]] as const) {
    it(`is noticed also if its object is some ${what}`, async () => {
      await using pool = new TestPool<object>(make, { hkDelay: 5 });
      await (async () => void await pool.get())();
      await collectUntil(() => pool.stats().leaked === 1, "noticed");
      await until(() => pool.size === 0, "the place is free");
    });
  }

  it("is noticed though maxUsingDelay has warned of it before", async () => {
    await using pool = clients({ maxUsingDelay: 10, hkDelay: 5 });
    await lose(pool);
    await until(() => pool.lines.length > 0, "warned of");
    await collectUntil(() => pool.stats().leaked === 1, "noticed");
    assertEquals([pool.closed, pool.stats().killed], [[0], 0]);
  });

  it("is noticed when the next lease of the same object is lost, not its own", async () => {
    await using pool = clients({ hkDelay: 5 });
    for (let i = 0; i < 3; i++) {
      const lease = await pool.get();
      await sleep(12);
      await pool.ret(lease);
    }
    await lose(pool);
    await collectUntil(() => pool.stats().leaked === 1, "noticed");
    assertEquals([pool.closed, pool.stats().returned], [[0], 3]);
  });

  it("does not keep a shutdown from its end", async () => {
    await using pool = clients();
    await lose(pool);
    let done = false;
    const end = pool.shutdown().then(() => done = true);
    await collectUntil(() => done, "shut down");
    await end;
    assertEquals([pool.closed, pool.size, pool.stats().leaked], [[0], 0, 1]);
  });
});

describe("a lease that is held", () => {
  it("is never taken for lost, however much is collected", async () => {
    await using pool = clients({ hkDelay: 5 });
    const lease = await pool.get();
    await collectForAWhile();
    assertEquals([pool.stats().leaked, lease.query("x")], [0, "0: x"]);
    await pool.ret(lease);
  });

  it("is not, be it held by somebody's wait alone", async () => {
    await using pool = clients();
    const lease = await pool.get();
    const next = pool.get();
    await collectForAWhile();
    assertEquals([pool.stats().leaked, pool.waiting, lease.query("x")], [0, 1, "0: x"]);
    await pool.ret(lease);
    await pool.ret(await next);
  });

  /** What somebody may have kept of a lease, and still uses. */
  const kept: Record<string, (lease: Lease<Client>) => (...args: string[]) => unknown> = {
    "a method": (lease) => lease.query,
    "a bound method": (lease) => lease.query.bind(lease),
    "Symbol.asyncDispose": (lease) => lease[Symbol.asyncDispose],
    "Symbol.dispose": (lease) => lease[Symbol.dispose],
  };

  for (const [what, keep] of Object.entries(kept)) {
    it(`is not, as long as ${what} taken off it is held`, async () => {
      await using pool = clients({ hkDelay: 5 });
      let use: ((...args: string[]) => unknown) | undefined;
      await lose(pool, (lease) => void (use = keep(lease)));
      await collectForAWhile();
      assertEquals([pool.stats().leaked, pool.using], [0, 1]);
      await use!("x");
      assertEquals(pool.closed, []);
      if (pool.using === 0) return; // given back by it
      use = undefined;
      await collectUntil(() => pool.stats().leaked === 1, "noticed once that is gone");
    });
  }

  it("is not, while use lends the bare object", async () => {
    await using pool = clients({ hkDelay: 5 });
    const n = await pool.use(async (client) => {
      await collectForAWhile();
      return client.n;
    });
    assertEquals([n, pool.stats().leaked, pool.available], [0, 0, 1]);
  });
});

describe("a lease that has ended", () => {
  const ends: Record<string, (pool: Pool<Client>, lease: Lease<Client>) => unknown> = {
    "ret": (pool, lease) => pool.ret(lease),
    "disposal": (_, lease) => lease[Symbol.dispose](),
    "discard": (pool, lease) => pool.discard(lease),
    "detach": (pool, lease) => pool.detach(lease),
  };

  for (const [how, end] of Object.entries(ends)) {
    it(`by ${how} is not lost when it is collected, noticed before or not`, async () => {
      await using pool = clients({ hkDelay: 5 });
      for (const held of [0, 15]) {
        await lose(pool, async (lease) => {
          await sleep(held);
          await end(pool, lease);
        });
        await collectForAWhile();
      }
      assertEquals([pool.stats().leaked, pool.using], [0, 0]);
      assertEquals(pool.lines, []);
    });
  }
});
