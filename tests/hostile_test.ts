// Hostile objects: whatever is lent, the pool goes through a whole life with it, and nothing is lost.

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { type Lease, LeaseError, Pool, type PoolOptions, PoolTimeoutError } from "../mod.ts";
import { fail, HOSTILE, type Hostile } from "./helpers/hostile.ts";
import { WAYS } from "./helpers/inspect.ts";
import { rejection } from "./helpers/pool.ts";
import { Recorder } from "./helpers/recorder.ts";

/** What the pool calls an object by: `String`, or whatever the hooks make of it. */
const NAMING: [string, PoolOptions<unknown>][] = [
  ["by itself", {}],
  ["by hooks that give the object", { stats: (one) => one, tracer: (one) => one as string }],
];

/** A pool of one such object, with every hook; `seen`: what the hooks were given, by their names. */
function poolOf({ make, later }: Hostile, naming: PoolOptions<unknown>) {
  const made: unknown[] = [];
  const seen = { getter: [] as unknown[], retter: [] as unknown[], health: [] as unknown[] };
  const closed: unknown[] = [];
  const logger = new Recorder();
  const fun = () => {
    const object = make();
    made.push(object);
    return object;
  };
  const pool = new Pool<unknown>(fun, {
    opener: (one) => later?.(one),
    getter: (one) => void seen.getter.push(one),
    retter: (one) => void seen.retter.push(one),
    health: (one) => void seen.health.push(one),
    closer: (one) => void closed.push(one),
    healthAfter: 0,
    maxSize: 1,
    logger,
    logLevel: "debug",
    ...naming,
  });
  return { pool, made, seen, closed, logger };
}

function assertSame(found: unknown, object: unknown, what: string): void {
  assert(Object.is(found, object), `${what}: another object`);
}

/** A lease can be inspected wherever its object can. */
function assertShown(lease: Lease<unknown>, object: unknown): void {
  for (const [way, show] of WAYS) {
    const own = canBeShown(show, object);
    assert(!own || canBeShown(show, lease), `${way} fails, and not of the object itself`);
  }
}

function canBeShown(show: (value: unknown) => string, value: unknown): boolean {
  try {
    return show(value) !== "";
  } catch {
    return false;
  }
}

async function assertDead(pool: Pool<unknown>, lease: Lease<unknown>): Promise<void> {
  assertThrows(() => Pool.unwrap(lease), LeaseError);
  assertThrows(() => (lease as Lease<{ any?: unknown }>).any, LeaseError);
  assertThrows(() => "any" in (lease as object), LeaseError);
  const { doubleReturns } = pool.stats();
  await pool.ret(lease);
  assertEquals(pool.stats().doubleReturns, doubleReturns + 1);
}

for (const [how, naming] of NAMING) {
  describe(`a pool of what is named ${how}`, () => {
    for (const hostile of HOSTILE) {
      it(`lends, names, takes back and closes ${hostile.what}`, async () => {
        const { pool, made, seen, closed, logger } = poolOf(hostile, naming);
        const lease = await pool.get();
        const object = made[0];
        assertSame(Pool.unwrap(lease), object, "unwrap");
        assertShown(lease, object);
        const late = await rejection(pool.get({ timeout: 1 }));
        assertInstanceOf(late, PoolTimeoutError);
        assert(late.message.includes("#0 "), late.message);
        assertEquals(JSON.parse(String(pool)).objects.using.length, 1);
        await pool.ret(lease);
        await assertDead(pool, lease);
        assertInstanceOf(await rejection(pool.ret(object as never)), LeaseError);
        assertThrows(() => Pool.unwrap(object as never), LeaseError, "Pool.unwrap takes a lease");

        assert(await pool.use((one) => Object.is(one, object)), "use: another object");
        await (await pool.get())[Symbol.asyncDispose]();
        (await pool.get())[Symbol.dispose]();
        assertEquals([pool.available, pool.using, pool.stats().returned], [1, 0, 4]);
        JSON.parse(String(pool));
        for (const [hook, objects] of Object.entries(seen)) {
          assertEquals(objects.length, hook === "health" ? 3 : 4, hook); // not of one just made
          for (const one of objects) assertSame(one, object, hook);
        }

        await pool.discard(await pool.get(), object);
        assertEquals(closed.length, 1);
        assertSame(closed[0], object, "closer");

        const kept = [pool.detach(await pool.get())];
        assertSame(kept[0], made[1], "detach");

        const last = await pool.get();
        await pool.shutdown({ timeout: 1 });
        await assertDead(pool, last);
        assertSame(closed[1], made[2], "closer");
        const { size, created, detached, killed } = pool.stats();
        assertEquals([size, created, detached, killed, closed.length], [0, 3, 1, 1, 2]);
        assert(!logger.text().includes("Bug"), logger.text());
      });
    }
  });
}

/** A thenable, or not: no two readings are the same. */
function fickle(): object {
  let readings = 0;
  return Object.defineProperty({}, "then", {
    get: () => readings++ % 2 === 0 ? undefined : () => {},
  });
}

describe("hostile results", () => {
  it("of fun fail that creation, and no place is lost", async () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    for (const made of [proxy, Object.defineProperty({}, "then", { get: fail }), { then: fail }]) {
      let attempts = 0;
      const fun = () => attempts++ === 0 ? made : { a: 1 };
      const pool = new Pool<object>(fun, { maxSize: 1, logLevel: "silent" });
      assertInstanceOf(await rejection(pool.get()), Error);
      assertEquals([pool.size, pool.stats().createFailed], [0, 1]);
      await pool.ret(await pool.get());
      await pool.shutdown();
    }
  });

  it("of a callback fail that use, and its object is given back once", async () => {
    const lies = Object.defineProperty(Promise.resolve(), "constructor", { get: fail });
    const twice = Object.assign(Promise.resolve(1), {
      then: (one: (value: number) => void, two: () => void) => (one(1), one(2), two()),
    });
    const results = [lies, twice, { then: fail }, Object.defineProperty({}, "then", { get: fail })];
    const options = { maxSize: 1, discardOnError: false, logLevel: "silent" } as const;
    const pool = new Pool(() => ({ a: 1 }), options);
    await pool.use((_) => {}); // from then on there is an object that is lent at once
    for (const result of results) {
      await pool.use((_) => result as unknown).catch(() => {});
      assertEquals([pool.using, pool.available], [0, 1]);
    }
    assertEquals(pool.stats().returned, results.length + 1);
    await pool.shutdown();
  });

  it("of hooks are what they first seem to be", async () => {
    const pool = new Pool(() => ({ a: 1 }), {
      maxSize: 1,
      opener: () => void 0,
      getter: fickle,
      retter: fickle,
      health: fickle as () => never,
      healthAfter: 0,
      closer: fickle,
    });
    for (let i = 0; i < 3; i++) {
      await pool.ret(await pool.get());
      const waiting = pool.get();
      await pool.ret(await pool.tryGet() ?? await waiting);
      await pool.use(({ a }) => a);
    }
    assertEquals([pool.using, pool.available, pool.stats().hookErrors], [0, 1, 0]);
    await pool.shutdown();
  });

  it("of a callback of use are its caller's, and the object comes back", async () => {
    const pool = new Pool(() => ({ a: 1 }), { maxSize: 1, discardOnError: false });
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    for (
      const result of [proxy, Object.defineProperty({}, "then", { get: fail }), { then: fail }]
    ) {
      assertInstanceOf(await rejection(pool.use((_) => result)), Error);
      assertInstanceOf(await rejection(pool.use((_, { signal: _signal }) => result)), Error);
      assertEquals([pool.using, pool.available], [0, 1]);
    }
    await pool.shutdown();
  });

  it("of methods and properties are given as they are", async () => {
    const { proxy, revoke } = Proxy.revocable(() => 1, {});
    revoke();
    const pool = new Pool(() => ({ dead: proxy, give: () => proxy }));
    const lease = await pool.get();
    const { dead } = lease;
    assertThrows(() => dead(), TypeError);
    assertSame(lease.give(), proxy, "what a method gives");
    await pool.ret(lease);
    await pool.shutdown();
  });
});
