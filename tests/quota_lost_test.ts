// A permit that is lost: its object goes at once, whatever is being done with it.

import { assert, assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { type CloseReason, LeaseError, PoolError, type PoolOptions } from "../mod.ts";
import {
  Creations,
  deferred,
  idle,
  rejection,
  type Thing,
  Time,
  Workshop,
} from "./helpers/pool.ts";
import { HandQuota } from "./helpers/quota.ts";
import { TestPool } from "./helpers/test_pool.ts";
import { until } from "./helpers/until.ts";

/** A pool with a quota that gives at once, and why each object was closed. */
function limited(options: PoolOptions<Thing> = {}) {
  const quota = new HandQuota({ gives: true });
  const reasons: CloseReason[] = [];
  const pool = new TestPool(new Workshop().fun, {
    quota,
    closer: (_, { reason }) => void reasons.push(reason),
    ...options,
  });
  return Object.assign(pool, { quota, reasons, lose: (i = 0) => quota.given[i]!.losing.abort() });
}

describe("a permit that is lost", () => {
  it("has an available object closed", async () => {
    await using pool = limited();
    await pool.use(() => {});
    pool.lose();
    await until(() => pool.size === 0, "it is gone");
    assertEquals([pool.reasons, pool.quota.released], [["killed"], [1]]);
    assertEquals(pool.stats().killed, 1);
    assertStringIncludes(pool.lines.join(), "#0 thing 0 is killed: its permit was lost");
  });

  it("takes an object from who has its lease", async () => {
    await using pool = limited();
    const lease = await pool.get();
    const ends: string[] = [];
    pool.observe({ returned: ({ end }) => void ends.push(end) });
    pool.lose();
    try {
      lease.echo(1);
      assert(false, "it must throw");
    } catch (error) {
      assertInstanceOf(error, LeaseError);
      assertStringIncludes(error.message, "was revoked by its quota");
    }
    await until(() => pool.size === 0, "it is gone");
    assertEquals([pool.reasons, pool.quota.released, ends], [["killed"], [1], ["killed"]]);
    await pool.ret(lease).catch(() => {});
    assertEquals(pool.quota.released, [1]);
  });

  it("ends a use at once", async () => {
    await using pool = limited();
    const begun = deferred();
    let signal: AbortSignal | undefined;
    const used = rejection(pool.use((_, context) => {
      signal = context.signal;
      begun.resolve();
      return new Promise(() => {});
    }));
    await begun.promise;
    pool.lose();
    const error = await used;
    assertInstanceOf(error, LeaseError);
    assertStringIncludes(error.message, "was revoked by its quota: try again");
    assertEquals([signal!.aborted, pool.quota.released], [true, [1]]);
  });

  it("gives up what is being made, and closes what comes of it", async () => {
    const creations = new Creations();
    const quota = new HandQuota({ gives: true });
    const reasons: CloseReason[] = [];
    await using pool = new TestPool(creations.fun, {
      quota,
      closer: (_, { reason }) => void reasons.push(reason),
    });
    const failed = rejection(pool.get());
    await until(() => pool.creating === 1, "one is made");
    quota.given[0]!.losing.abort();
    const error = await failed;
    assertInstanceOf(error, PoolError);
    assertStringIncludes(error.message, "object #0 is abandoned: its permit was lost");
    assertEquals([creations.all[0]!.signal.aborted, pool.size, quota.released], [true, 0, [1]]);
    await creations.finish(0);
    assertEquals([reasons, quota.released], [["leftover"], [1]]);
  });

  for (const hook of ["opener", "getter", "retter", "health"] as const) {
    it(`takes what ${hook} is looking at`, async () => {
      const looking = deferred();
      let looks = false;
      const look = () => {
        looks = true;
        return looking.promise;
      };
      await using pool = limited({
        [hook]: look,
        ...(hook === "health" ? { healthAfter: 0 } : {}),
      });
      if (hook === "health") await pool.use(() => {});
      const got = (hook === "retter" ? pool.use(() => {}) : pool.get({ timeout: 50 })).catch(
        () => {},
      );
      await until(() => looks, `${hook} is called`);
      pool.lose();
      await until(() => pool.quota.released[0] === 1, "it is gone");
      assertEquals(pool.reasons[0], hook === "opener" ? "leftover" : "killed");
      looking.resolve();
      await got;
      assertEquals(pool.quota.released[0], 1);
    });
  }

  it("changes nothing for an object that is being closed, or is gone", async () => {
    const closing = deferred();
    await using pool = limited({ closer: () => closing.promise });
    const discarded = pool.discard(await pool.get());
    pool.lose();
    await idle();
    assertEquals([pool.stats().closing, pool.quota.released], [1, [0]]);
    closing.resolve();
    await discarded;
    pool.lose();
    assertEquals([pool.stats().killed, pool.quota.released], [0, [1]]);
  });

  it("is asked for again if it was at hand and not used yet", async () => {
    const creations = new Creations();
    const quota = new HandQuota({ gives: true });
    await using pool = new TestPool(creations.fun, { quota, maxCreating: 1 });
    const gets = [pool.get(), pool.get()];
    await until(() => pool.creating === 1 && quota.given.length === 2, "one is made");
    quota.given[1]!.losing.abort();
    await until(() => quota.given.length === 3, "another one is asked for");
    assertEquals([quota.released, pool.stats().requesting], [[0, 1, 0], 1]);
    await creations.finish(0);
    await creations.finish(1);
    for (const get of gets) await pool.ret(await get);
  });

  it("is a failure if it was lost before it came", async () => {
    const quota = new HandQuota();
    await using pool = new TestPool(new Workshop().fun, { quota });
    const failed = rejection(pool.get());
    await idle();
    const permit = quota.permit();
    permit.losing.abort();
    quota.acquiring[0]!.resolve(permit);
    const error = await failed;
    assertStringIncludes(String(error), "no permit from the quota");
    assertStringIncludes(String(error), "the permit was lost before it arrived");
    assertEquals(permit.released, 1);
  });

  for (const createBackoff of [0, 5_000]) {
    it(`makes the pool rest if each is lost at once, with createBackoff ${createBackoff}`, async () => {
      using time = new Time();
      const quota = new HandQuota({ gives: true });
      let made = 0;
      const pool = new TestPool(() => ({ n: made++ }), {
        quota,
        minSize: 2,
        createBackoff,
        logLevel: "silent",
      });
      pool.observe({ created: () => void Promise.resolve().then(lose) });
      const lose = () => quota.given.forEach(({ losing }) => losing.abort());
      pool.ready().catch(() => {});
      for (let i = 0; i < 600; i++) await time.pass(100);
      assert(made > 5 && made < 100, `${made} were made in a minute`);
      void pool.shutdown({ timeout: 1 });
      await time.pass(10);
    });
  }

  it("makes the pool rest if each is lost while it is at hand", async () => {
    using time = new Time();
    const quota = new HandQuota({ gives: true });
    const pool = new TestPool(() => new Promise<object>(() => {}), {
      quota,
      maxCreating: 1,
      createTimeout: 0,
      logLevel: "silent",
    });
    const waiting = [pool.get(), pool.get()].map((get) => get.catch(() => {}));
    await idle();
    assertEquals(quota.given.length, 2);
    for (let i = 1; i < quota.given.length && i < 1_000; i++) {
      quota.given[i]!.losing.abort();
      await idle();
    }
    assert(quota.given.length < 10, `${quota.given.length} permits without rest`);
    void pool.shutdown({ timeout: 1 });
    await time.pass(10);
    await Promise.all(waiting);
  });

  it("does not count with those of long ago, though a creation has failed since", async () => {
    using time = new Time();
    const quota = new HandQuota({ gives: true });
    let fails = false;
    const fun = (n: number) => {
      if (fails) throw new Error("no");
      return { n };
    };
    await using pool = new TestPool(fun, { quota, logLevel: "silent" });
    const use = async () => {
      let used = false;
      const using = pool.use(() => void (used = true));
      while (!used) await time.pass(500);
      await using;
    };
    const lose = async () => {
      quota.given.at(-1)!.losing.abort();
      await idle();
    };
    for (let i = 0; i < 4; i++) {
      await use();
      await lose();
    }
    await time.pass(600_000);
    fails = true;
    assertEquals(String(await rejection(pool.use(() => {}))), "Error: no");
    fails = false;
    await use();
    await lose();
    assertEquals(await Promise.race([pool.use(() => "used"), idle()]), "used");
  });

  it("is no reason to rest if its object has lived", async () => {
    using time = new Time();
    await using pool = limited();
    for (let i = 0; i < 5; i++) {
      await pool.use(() => {});
      await time.pass(11_000);
      pool.lose(i);
      await idle();
    }
    assertEquals(await Promise.race([pool.use(() => "used"), idle()]), "used");
  });
});
