// Hooks that hang, or give what only looks like a promise: nobody waits for them longer than need be.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { LeaseError, Pool } from "../mod.ts";
import { collect, needGc } from "./helpers/gc.ts";
import { deferred, idle, rejection, stateOf, Thing, Workshop } from "./helpers/pool.ts";
import { until } from "./helpers/until.ts";
import { Recorder } from "./helpers/recorder.ts";

const QUIET = { logLevel: "silent" } as const;
const NEVER = () => new Promise<never>(() => {});

describe("a retter that hangs", () => {
  for (const how of ["ret", "dispose", "use"] as const) {
    it(`is given up when the object is killed: ${how} resolves`, async () => {
      const shop = new Workshop();
      const pool = new Pool(shop.fun, {
        maxSize: 1,
        retter: NEVER,
        hookTimeout: 0,
        maxUsingDelayKill: 20,
        closer: shop.closer,
        ...QUIET,
      });
      const call = async () => {
        if (how === "use") return pool.use(() => {});
        const lease = await pool.get();
        return how === "ret" ? pool.ret(lease) : lease[Symbol.asyncDispose]();
      };
      const done = call();
      await until(() => pool.stats().killed === 1, "it is killed");
      await done;
      const { killed, returned, hookErrors } = pool.stats();
      assertEquals([shop.closed, killed, returned, hookErrors], [[0], 1, 1, 0]);
      await pool.shutdown();
    });
  }

  it("leaves a lease that was returned a returned one, though its object is killed", async () => {
    const pool = new Pool((n) => new Thing(n), {
      retter: NEVER,
      hookTimeout: 0,
      maxUsingDelayKill: 20,
      ...QUIET,
    });
    const lease = await pool.get();
    const returned = pool.ret(lease);
    await until(() => pool.stats().killed === 1, "it is killed");
    await returned;
    assertThrows(() => lease.id, LeaseError, "was returned");
    await pool.shutdown();
  });
});

describe("a health check that a forced shutdown overtakes", () => {
  it("is given up", async () => {
    const pool = new Pool((n) => new Thing(n), {
      minSize: 1,
      hkDelay: 5,
      hookTimeout: 0,
      health: NEVER,
      ...QUIET,
    });
    await pool.ready();
    await until(() => pool.stats().healthChecks === 1, "it is asked"); // rounds keep nothing alive
    await pool.shutdown({ timeout: 5 });
    assertEquals([pool.size, pool.stats().closed], [0, 1]);
  });
});

describe("a hook that gives a thenable", () => {
  it("whose then throws has failed, at once", async () => {
    const shop = new Workshop();
    const throwing = {
      then() {
        throw new Error("no then");
      },
    };
    const pool = new Pool(shop.fun, {
      retter: () => throwing,
      hookTimeout: 60_000,
      closer: shop.closer,
      ...QUIET,
    });
    await pool.ret(await pool.get());
    await until(() => shop.closed.length === 1, "it is closed");
    assertEquals(pool.stats().hookErrors, 1);
    await pool.shutdown();
  });

  it("that resolves with a promise that hangs is late like any other", async () => {
    const pool = new Pool((n) => new Thing(n), {
      retter: () => ({ then: (resolve: (value: unknown) => void) => resolve(NEVER()) }),
      hookTimeout: 10,
      ...QUIET,
    });
    await pool.ret(await pool.get());
    assertEquals([pool.stats().hookErrors, pool.size], [1, 0]);
    await pool.shutdown();
  });
});

describe("a closer that takes its time", () => {
  it("does not hold up the replacement where there is room for it", async () => {
    const closing = deferred();
    const shop = new Workshop();
    const pool = new Pool(shop.fun, { minSize: 1, maxSize: 2, closer: () => closing.promise });
    await pool.ready();
    void pool.discard(await pool.get());
    await idle();
    assertEquals([pool.available, pool.size, pool.stats().closing], [1, 2, 1]);
    closing.resolve();
    await pool.shutdown();
  });

  it("does hold it up where there is none", async () => {
    const closing = deferred();
    const pool = new Pool(new Workshop().fun, {
      minSize: 1,
      maxSize: 1,
      closer: () => closing.promise,
    });
    await pool.ready();
    void pool.discard(await pool.get());
    await idle();
    assertEquals([pool.available, pool.size], [0, 1]);
    closing.resolve();
    await until(() => pool.available === 1, "it is replaced");
    await pool.shutdown();
  });
});

describe("hooks as methods of an object", () => {
  it("are called as such", async () => {
    class Options {
      readonly #closed: number[] = [];
      readonly maxSize = 1;
      closer(thing: Thing): void {
        this.#closed.push(thing.id);
      }
      get closed(): number[] {
        return this.#closed;
      }
    }
    const options = new Options();
    // What such an object has besides is refused, as is anything that is no option.
    Object.defineProperty(options, "closed", { value: options.closed, enumerable: false });
    const pool = new Pool((n) => new Thing(n), options);
    await pool.ret(await pool.get());
    await pool.shutdown();
    assertEquals(options.closed, [0]);
  });
});

describe("tracer and stats that give what has no text", () => {
  const BARE: [string, () => unknown][] = [
    ["an object without a prototype", () => Object.create(null)],
    ["a symbol", () => Symbol("s")],
    ["a function", () => () => {}],
  ];
  for (const [what, give] of BARE) {
    it(`${what}: closer, timeouts and double returns go on`, async () => {
      const logger = new Recorder();
      const pool = new Pool((n) => new Thing(n), {
        maxSize: 1,
        timeout: 20,
        tracer: give as () => string,
        stats: give,
        closer: () => {
          throw new Error("cannot close");
        },
        logger,
      });
      const lease = await pool.get();
      assertEquals((await rejection(pool.get()) as Error).name, "PoolTimeoutError");
      JSON.stringify(pool.stats());
      structuredClone(pool.stats());
      await pool.ret(lease);
      await pool.ret(lease);
      await pool.shutdown();
      assertEquals([pool.stats().closed, pool.stats().doubleReturns, pool.size], [1, 1, 0]);
      assert(logger.text().includes("cannot close"));
      assertEquals(pool.stats().hkErrors, 0);
    });
  }

  it("a logger that throws on an error without a description: nothing else happens", async () => {
    const { error } = console;
    const heard: unknown[] = [];
    console.error = (text: unknown) => void heard.push(text);
    try {
      const fail = () => {
        throw Object.create(null);
      };
      const pool = new Pool((n) => new Thing(n), {
        closer: fail,
        logger: { debug: fail, info: fail, warn: fail, error: fail },
      });
      await pool.ret(await pool.get());
      await pool.shutdown();
      assertEquals([heard.length, pool.size], [1, 0]);
    } finally {
      console.error = error;
    }
  });
});

describe("a lease's object", () => {
  it("can be collected once the pool has closed it and the lease is let go of", async () => {
    needGc();
    const pool = new Pool((n) => new Thing(n), { maxUse: 1 });
    const watched = await (async () => {
      const lease = await pool.get();
      const watched = new WeakRef(Pool.unwrap(lease));
      await pool.ret(lease);
      return watched;
    })();
    await collect(); // without a look at it in between, which would keep it
    assertEquals(watched.deref(), undefined);
    await pool.shutdown();
  });
});

describe("who waits with one signal", () => {
  it("costs it one listener, which goes with the last of them", async () => {
    const aborting = new AbortController();
    const { signal } = aborting;
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    Object.assign(signal, {
      addEventListener: (...args: Parameters<typeof add>) => (listeners++, add(...args)),
      removeEventListener: (...args: Parameters<typeof remove>) => (listeners--, remove(...args)),
    });
    const pool = new Pool((n) => new Thing(n), { maxSize: 1 });
    const lease = await pool.get();
    const gets = Array.from({ length: 100 }, () => pool.get({ signal }));
    assertEquals(listeners, 1);
    await pool.ret(lease);
    await pool.ret(await gets[0]!);
    await pool.ret(await gets[1]!);
    assertEquals(listeners, 1);
    aborting.abort("enough");
    const rest = await Promise.all(gets.slice(3).map(rejection));
    assertEquals([new Set(rest).size, rest[0], pool.stats().aborted], [1, "enough", 97]);
    await pool.ret(await gets[2]!);
    assertEquals([listeners, await stateOf(pool.shutdown())], [0, "fulfilled"]);
  });
});
