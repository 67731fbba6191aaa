// Hooks that use the very pool they are hooks of, at the worst of moments.

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool, PoolClosedError } from "../mod.ts";
import { Clocks, idle, rejection, Thing, Workshop } from "./helpers/pool.ts";

const QUIET = { logLevel: "silent" } as const;
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

describe("fun that shuts the pool down as it starts", () => {
  for (const how of ["get", "use", "ready"] as const) {
    it(`fails the ${how} that started it`, async () => {
      const pool: Pool<Thing> = new Pool((n) => {
        void pool.shutdown();
        return new Thing(n);
      }, { minSize: 1, timeout: 1000, ...QUIET });
      const call = how === "use" ? pool.use((thing) => thing.id) : pool[how]();
      assertInstanceOf(await rejection(call), PoolClosedError);
      await pool.shutdown();
      assertEquals([pool.size, pool.waiting], [0, 0]);
    });
  }

  it("makes tryGet throw", () => {
    const pool: Pool<Thing> = new Pool((n) => {
      void pool.shutdown();
      return new Thing(n);
    }, { minSize: 1, ...QUIET });
    let error: unknown;
    try {
      pool.tryGet();
    } catch (thrown) {
      error = thrown;
    }
    assertInstanceOf(error, PoolClosedError);
  });
});

describe("a logger that asks for an object", () => {
  it("when a creation fails: maxSize holds, what opener was given counts", async () => {
    let most = 0;
    const shop = new Workshop();
    const again: Promise<unknown>[] = [];
    const pool: Pool<Thing> = new Pool(shop.fun, {
      maxSize: 1,
      opener: async () => {
        await null;
        throw new Error("no");
      },
      closer: shop.closer,
      logger: {
        ...SILENT,
        warn: () => {
          if (again.length < 3) again.push(pool.get().catch(() => {}));
          most = Math.max(most, pool.size);
        },
      },
    });
    const aborting = new AbortController();
    const aborted = rejection(pool.get({ signal: aborting.signal }));
    aborting.abort();
    await aborted;
    await idle();
    await Promise.all(again);
    assert(again.length > 0, "nothing was logged");
    assertEquals([shop.most, most], [1, 1]);
    await pool.shutdown();
  });
});

describe("closer that asks for an object", () => {
  for (const how of ["get", "use"] as const) {
    it(`once the pool is shut down: ${how} gets none`, async () => {
      const errors: unknown[] = [];
      const pool: Pool<Thing> = new Pool(new Workshop().fun, {
        closer: () => {
          const call: Promise<unknown> = how === "get" ? pool.get() : pool.use((thing) => thing.id);
          call.then((got) => errors.push(got), (error) => errors.push(error));
        },
      });
      const leases = [await pool.get(), await pool.get()];
      for (const lease of leases) await pool.ret(lease);
      await pool.shutdown();
      await idle();
      assertEquals(errors.map((error) => (error as Error).name), Array(2).fill("PoolClosedError"));
    });
  }
});

describe("closer of what is too old to be lent", () => {
  for (const how of ["get", "use"] as const) {
    it(`shuts the pool down: the ${how} that came upon it fails`, async () => {
      using clocks = new Clocks();
      const pool: Pool<Thing> = new Pool((n) => new Thing(n), {
        maxAvailDelay: 60_000,
        timeout: 1000,
        closer: () => void pool.shutdown(),
        ...QUIET,
      });
      await pool.ret(await pool.get());
      clocks.skip(60_000);
      const call = how === "get" ? pool.get() : pool.use((thing) => thing.id);
      assertInstanceOf(await rejection(call), PoolClosedError);
      await pool.shutdown();
      assertEquals([pool.size, pool.waiting], [0, 0]);
    });
  }
});

describe("getter that ends the pool, or its own get", () => {
  it("shuts down: its get fails, the object is closed", async () => {
    const shop = new Workshop();
    const pool: Pool<Thing> = new Pool(shop.fun, {
      getter: ({ id }) => void (id === 0 && gone && pool.shutdown()),
      closer: shop.closer,
    });
    let gone = false;
    await pool.ret(await pool.get());
    gone = true;
    assertInstanceOf(await rejection(pool.get()), PoolClosedError);
    await pool.shutdown();
    assertEquals(shop.closed, [0]);
  });
});

describe("getter that ends the pool during a tryGet", () => {
  it("makes it throw, and closes the object", async () => {
    const shop = new Workshop();
    let end = false;
    const pool: Pool<Thing> = new Pool(shop.fun, {
      getter: () => void (end && pool.shutdown()),
      closer: shop.closer,
    });
    await pool.ret(await pool.get());
    end = true;
    assertThrows(() => pool.tryGet(), PoolClosedError);
    await pool.shutdown();
    assertEquals(shop.closed, [0]);
  });
});
