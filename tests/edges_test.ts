// What random runs of the model meet too seldom: the order of those served in vain, and the last moment
// of a lifetime.

import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool } from "../mod.ts";
import {
  Creations,
  type Deferred,
  deferred,
  idle,
  type Thing,
  Time,
  Workshop,
} from "./helpers/pool.ts";

const QUIET = { logLevel: "silent" } as const;

describe("edges", () => {
  it("whoever was served in vain keeps its turn, also before others who were", async () => {
    const checks: Deferred<void>[] = [deferred(), deferred()];
    const creations = new Creations();
    const getter = ({ id }: Thing) => checks[id]?.promise;
    const pool = new Pool(creations.fun, { maxSize: 2, getter, ...QUIET });
    const order: string[] = [];
    const gets = ["first", "second"].map((name) =>
      pool.use(() => void order.push(name)).then(() => {})
    );
    await creations.finish(0);
    await creations.finish(1);
    checks[1]!.reject(new Error("unfit"));
    await idle();
    checks[0]!.reject(new Error("unfit"));
    await idle();
    await creations.finish(2);
    await creations.finish(3);
    await Promise.all(gets);
    assertEquals(order, ["first", "second"]);
    await pool.shutdown();
  });

  it("an object is not lent at the very end of its lifetime", async () => {
    using time = new Time();
    const { fun } = new Workshop();
    const options = { maxLifetime: 100, lifetimeJitter: 0, hkDelay: 1000, ...QUIET };
    const pool = new Pool(fun, options);
    await pool.ret(await pool.get());
    await time.pass(99);
    await pool.ret(await pool.get());
    assertEquals(pool.stats().created, 1);
    await time.pass(1);
    await pool.ret(await pool.get());
    assertEquals([pool.stats().created, pool.stats().expired], [2, 1]);
    await pool.shutdown();
  });
});
