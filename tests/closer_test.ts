// closer: called once for each object, with the reason, and with a signal to close by force.

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  type CloseContext,
  type CloseReason,
  PoolClosedError,
  type PoolOptions,
  PoolTimeoutError,
} from "../mod.ts";
import { collect, hasGc } from "./helpers/gc.ts";
import { Creations, deferred, idle, rejection, Thing, Time } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";
import { unhandledIn } from "./helpers/unhandled.ts";
import { Witness } from "./helpers/witness.ts";

type Scene = TestPool<Thing> & { closed: CloseReason[] };

function things(options: PoolOptions<Thing> = {}): Scene {
  const closed: CloseReason[] = [];
  const closer = (_: Thing, { reason }: CloseContext) => void closed.push(reason);
  const pool = new TestPool((n) => new Thing(n), { maxSize: 1, closer, ...options });
  return Object.assign(pool, { closed });
}

/** What has an object closed, by reason. */
const REASONS: [CloseReason, string, PoolOptions<Thing>, (pool: Scene, time: Time) => unknown][] = [
  ["wornOut", "after maxUse uses", { maxUse: 1 }, (pool) => pool.use(() => {})],
  ["expired", "at maxLifetime", { maxLifetime: 100, lifetimeJitter: 0 }, async (pool, time) => {
    await pool.use(() => {});
    await time.pass(300);
  }],
  ["recycled", "after maxAvailDelay", { maxAvailDelay: 100 }, async (pool, time) => {
    await pool.use(() => {});
    await time.pass(300);
  }],
  ["discarded", "by its borrower", {}, async (pool) => (await pool.borrow()).discard()],
  [
    "discarded",
    "after its borrower's failure",
    {},
    (pool) => rejection(pool.use(() => Promise.reject(new Error()))),
  ],
  ["unhealthy", "says health", { health: () => false, healthAfter: 0 }, async (pool) => {
    await pool.use(() => {});
    pool.tryGet();
    await pool.ret(await pool.get());
  }],
  [
    "unfit",
    "getter fails",
    { getter: ({ id }) => id > 0 || Promise.reject(new Error()) },
    (pool) => pool.use(() => {}),
  ],
  [
    "unfit",
    "retter fails",
    { retter: () => Promise.reject(new Error()) },
    (pool) => pool.use(() => {}),
  ],
  [
    "invalidated",
    "it has died",
    {},
    async (pool) => pool.invalidate(await pool.use((thing) => thing)),
  ],
  ["killed", "at maxUsingDelayKill", { maxUsingDelayKill: 100 }, async (pool, time) => {
    const loan = await pool.borrow();
    await time.pass(300);
    assert(loan.ended);
  }],
  ["reset", "while available", {}, async (pool) => {
    await pool.use(() => {});
    await pool.reset();
  }],
  ["reset", "while in use", {}, (pool) => pool.use(() => pool.reset())],
  ["resized", "over the maximum", { maxSize: 2 }, async (pool) => {
    const loans = [await pool.borrow(), await pool.borrow()];
    for (const loan of loans) await loan.release();
    pool.resize({ maxSize: 1 });
  }],
  ["shutdown", "while available", {}, async (pool) => {
    await pool.use(() => {});
    await pool.shutdown();
  }],
  ["shutdown", "while in use", {}, (pool) => pool.use(() => void pool.shutdown())],
  ["killed", "at the timeout of a shutdown", {}, async (pool, time) => {
    const loan = await pool.borrow();
    const ended = pool.shutdown({ timeout: 100 });
    await time.pass(100);
    await ended;
    assert(loan.ended);
  }],
  [
    "leftover",
    "opener fails",
    { opener: ({ id }) => id > 0 || Promise.reject(new Error()) },
    (pool) => rejection(pool.get()),
  ],
];

describe("closer is told why", () => {
  for (const [reason, what, options, act] of REASONS) {
    it(`${reason}: ${what}`, async () => {
      await using pool = things(options);
      const witness = new Witness();
      pool.observe(witness);
      using time = new Time();
      await act(pool, time);
      await idle();
      assertEquals(pool.closed[0], reason);
      assertEquals(pool.closed.length, 1);
      assertEquals(witness.count("closed", { reason }), 1, "as observers hear it");
    });
  }

  it("leaked: a loan was lost", async () => {
    assert(hasGc, "run the tests by `deno task test`");
    await using pool = things({ hkDelay: 5 });
    await (async () => void await pool.borrow())();
    for (let i = 0; i < 300 && pool.closed.length === 0; i++) await collect(2);
    assertEquals(pool.closed, ["leaked"]);
  });

  it("leftover: it was made after its creation had been given up", async () => {
    const creations = new Creations();
    const closed: CloseReason[] = [];
    await using pool = new TestPool(creations.fun, {
      createTimeout: 5,
      closer: (_, { reason }) => void closed.push(reason),
    });
    assert(await rejection(pool.get()) instanceof PoolTimeoutError);
    await creations.finish(0);
    assertEquals(closed, ["leftover"]);
  });
});

describe("closer's signal", () => {
  /** A pool whose closers end by hand. */
  function slow(options: PoolOptions<Thing> = {}) {
    const closings: (CloseContext & { end: () => void })[] = [];
    const pool = new TestPool((n) => new Thing(n), {
      maxSize: 1,
      closer: (_, context) => {
        const gate = deferred();
        closings.push(Object.assign(context, { end: () => gate.resolve() }));
        return gate.promise;
      },
      ...options,
    });
    return Object.assign(pool, { closings });
  }

  it("aborts at closeTimeout, 5 s by default, as the object counts as gone", async () => {
    for (const [options, ms] of [[{}, 5000], [{ closeTimeout: 70 }, 70]] as const) {
      await using pool = slow(options);
      using time = new Time();
      void (await pool.borrow()).discard();
      const { signal } = pool.closings[0]!;
      const next = pool.borrow();
      await time.pass(ms - 1);
      assertEquals([signal.aborted, pool.waiting, pool.size], [false, 1, 1]);
      await time.pass(1);
      assertEquals(signal.aborted, true);
      assert(signal.reason instanceof PoolTimeoutError);
      assertEquals((await next).object.id, 1);
      const { closed, hookErrors } = pool.stats();
      assertEquals([closed, hookErrors], [1, 1]);
      const said = /^warn .*closer failed for #0 thing 0: .*closer took longer than closeTimeout/;
      assert(said.test(pool.lines.join()), pool.lines.join());
      for (const { end } of pool.closings) end();
      await (await next).release();
      pool.closings[1]?.end();
    }
  });

  it("aborts when a shutdown runs out of time, also of what has been closing for long", async () => {
    const pool = slow();
    using time = new Time();
    void (await pool.borrow()).discard();
    const ended = pool.shutdown({ timeout: 1000 });
    await time.pass(999);
    const { signal, end } = pool.closings[0]!;
    assertEquals(signal.aborted, false);
    await time.pass(1);
    assertEquals([signal.aborted, pool.size], [true, 1]);
    assert(signal.reason instanceof PoolClosedError);
    end();
    await ended;
    assertEquals([pool.size, pool.stats().closed, pool.stats().hookErrors], [0, 1, 0]);
  });

  it("has aborted for the objects that such a shutdown takes away", async () => {
    const pool = slow();
    using time = new Time();
    const loan = await pool.borrow();
    const ended = pool.shutdown({ timeout: 1000 });
    await time.pass(1000);
    assertEquals([loan.ended, pool.closings.length], [true, 1]);
    const { signal, reason, end } = pool.closings[0]!;
    assertEquals([signal.aborted, reason], [true, "killed"]);
    end();
    await ended;
  });

  it("does not abort of what ends in time; a closer that fails is logged, and nothing else", async () => {
    let signal: AbortSignal | undefined;
    await using pool = things({
      closer: (_, context) => {
        signal = context.signal;
        return idle();
      },
    });
    await (await pool.borrow()).discard();
    using time = new Time();
    await time.pass(10_000);
    assertEquals([signal!.aborted, pool.lines], [false, []]);

    for (
      const fail of [() => Promise.reject(new Error("broken pipe")), () => {
        throw new Error("broken pipe");
      }]
    ) {
      await using pool = things({ closer: fail });
      const unhandled = await unhandledIn(async () => (await pool.borrow()).discard());
      const { hookErrors, closed } = pool.stats();
      assertEquals([unhandled, hookErrors, closed, pool.size], [[], 1, 1, 0]);
      assert(pool.lines.join().includes("closer failed for #0 thing 0: Error: broken pipe"));
    }
  });

  it("is made when it is read, and is the same each time", async () => {
    let made = 0;
    const Real = AbortController;
    let context: CloseContext | undefined;
    await using pool = things({ closer: (_, given) => void (context = given) });
    const loan = await pool.borrow();
    globalThis.AbortController = class extends Real {
      constructor() {
        super();
        made++;
      }
    };
    try {
      await loan.discard();
      assertEquals(made, 0);
      assertStrictEquals(context!.signal, context!.signal);
      assertEquals(made, 1);
    } finally {
      globalThis.AbortController = Real;
    }
  });

  it("read after closeTimeout has aborted already", async () => {
    let late: AbortSignal | undefined;
    await using pool = things({
      closeTimeout: 5,
      closer: async (_, context) => {
        while (pool.size > 0) await idle();
        late = context.signal;
      },
    });
    await (await pool.borrow()).discard();
    await idle();
    assertEquals(late?.aborted, true);
    assert(late!.reason instanceof PoolTimeoutError);
  });
});
