// Hooks and gets that have gone: what was looked at for these goes on, and no other hook is called.

import { assertEquals, assertInstanceOf } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool, PoolClosedError, type PoolOptions } from "../mod.ts";
import { Clocks, deferred, idle, rejection, type Thing, Workshop } from "./helpers/pool.ts";

const HOUR = 3_600_000;
const reason = new Error("no longer wanted");

describe("health of an object whose get has gone meanwhile", () => {
  /** A pool with an object, `calls` of its hooks, and what `health` waits for. */
  async function looking(options: PoolOptions<Thing> = {}) {
    const { fun, closer, closed } = new Workshop();
    const calls: string[] = [];
    const answer = deferred();
    const pool = new Pool(fun, {
      minSize: 1,
      maxSize: 1,
      healthAfter: 0,
      health: () => {
        calls.push("health");
        return answer.promise;
      },
      getter: () => void calls.push("getter"),
      retter: () => void calls.push("retter"),
      closer,
      ...options,
    });
    await pool.ready();
    return { pool, calls, answer, closed };
  }

  const ways: [string, (pool: Pool<Thing>) => Promise<unknown>][] = [
    ["too late", (pool) => rejection(pool.get({ timeout: 5 }))],
    ["aborted", (pool) => {
      const aborting = new AbortController();
      const gone = rejection(pool.get({ signal: aborting.signal }));
      aborting.abort(reason);
      return gone;
    }],
  ];
  for (const [how, go] of ways) {
    it(`${how}: it is available again, and no other hook is called`, async () => {
      const { pool, calls, answer } = await looking();
      await go(pool);
      assertEquals([calls, pool.using], [["health"], 1]);
      answer.resolve();
      await idle();
      assertEquals([calls, pool.available], [["health"], 1]);
      await pool.shutdown();
    });

    it(`${how}: the next who waits has it`, async () => {
      const { pool, calls, answer } = await looking();
      const gone = go(pool);
      const next = pool.get();
      await gone;
      answer.resolve();
      assertEquals((await next).id, 0);
      assertEquals(calls, ["health", "getter"], "what was found good is not asked again");
      await pool.ret(await next);
      await pool.shutdown();
    });
  }

  it("by a shutdown: it is closed, and no other hook is called", async () => {
    const { pool, calls, answer, closed } = await looking();
    const gone = rejection(pool.get());
    const ended = pool.shutdown();
    assertInstanceOf(await gone, PoolClosedError);
    answer.resolve();
    await ended;
    assertEquals([calls, closed], [["health"], [0]]);
  });

  it("by health itself: no other hook is called", async () => {
    for (const end of ["abort", "shutdown"] as const) {
      const aborting = new AbortController();
      const calls: string[] = [];
      const { pool, closed } = await looking({
        health: () => {
          calls.push("health");
          return void (end === "abort" ? aborting.abort(reason) : pool.shutdown());
        },
        getter: () => void calls.push("getter"),
        retter: () => void calls.push("retter"),
      });
      await rejection(pool.get({ signal: aborting.signal }));
      await idle();
      assertEquals([calls, pool.using], [["health"], 0], end);
      await pool.shutdown();
      assertEquals(closed, [0]);
    }
  });

  it("by closer of another one, before it is asked: no hook is called", async () => {
    using clocks = new Clocks();
    const aborting = new AbortController();
    const { pool, calls, answer } = await looking({
      maxSize: 2,
      healthAfter: HOUR / 2,
      maxLifetime: HOUR,
      lifetimeJitter: 0,
      hkDelay: 2 * HOUR,
      closer: ({ id }) => void (id === 0 && aborting.abort(reason)),
    });
    const old = await pool.get();
    clocks.skip(HOUR / 2);
    await pool.ret(await pool.get());
    await pool.ret(old);
    clocks.skip(HOUR / 2);
    calls.length = 0;
    assertEquals(await rejection(pool.get({ signal: aborting.signal })), reason);
    await idle();
    assertEquals([calls, pool.available], [[], 1]);
    answer.resolve();
    assertEquals((await pool.get()).id, 1);
    assertEquals(calls, ["health", "getter"], "it is as long unused as it was");
    await pool.shutdown({ timeout: 1 });
  });
});
