// Aborting a get: it rejects with the signal's reason, and takes nothing with it.

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { type Lease, Pool } from "../mod.ts";
import {
  Creations,
  deferred,
  idle,
  rejection,
  stateOf,
  sum,
  Thing,
  Workshop,
} from "./helpers/pool.ts";
import { sleep } from "./helpers/until.ts";

describe("an aborted get", () => {
  const reasons: [string, unknown][] = [
    ["an error", new RangeError("enough")],
    ["a string", "enough"],
    ["null", null],
    ["zero", 0],
  ];
  for (const [name, reason] of reasons) {
    it(`rejects with the reason itself: ${name}`, async () => {
      const pool = new Pool(new Workshop().fun, { maxSize: 1 });
      const lease = await pool.get();
      const stop = new AbortController();
      const { signal } = stop;
      const queued = rejection(pool.get({ signal }));
      const used = rejection(pool.use(() => {}, { signal }));
      stop.abort(reason);
      assertStrictEquals(await queued, reason);
      assertStrictEquals(await used, reason);
      assertStrictEquals(await rejection(pool.get({ signal })), reason);
      assertEquals([pool.waiting, pool.stats().aborted], [0, 3]);
      await pool.ret(lease);
      await pool.shutdown();
    });
  }

  it("rejects with the reason itself where that is a thenable, and never waits for it", async () => {
    const pool = new Pool(new Workshop().fun, { maxSize: 1 });
    const lease = await pool.get();
    const stop = new AbortController();
    const reason = { then: () => {} };
    let got: unknown;
    const queued = pool.get({ signal: stop.signal }).then(() => {}, (error) => void (got = error));
    stop.abort(reason);
    await queued;
    assert(got === reason);
    await pool.ret(lease);
    await pool.shutdown();
  });

  it("rejects with an AbortError where no reason was given", async () => {
    const stop = new AbortController();
    stop.abort();
    const { fun, made } = new Workshop();
    const pool = new Pool(fun);
    const error = await rejection(pool.get({ signal: stop.signal }));
    assertStrictEquals(error, stop.signal.reason);
    assertEquals(made.length, 0, "an object was made for it");
    await pool.shutdown();
  });

  it("leaves its place in the queue to those behind it", async () => {
    const pool = new Pool(new Workshop().fun, { maxSize: 1 });
    const lease = await pool.get();
    const stop = new AbortController();
    const order: string[] = [];
    const get = async (name: string, signal?: AbortSignal) => {
      const lease = await pool.get({ signal });
      order.push(name);
      await pool.ret(lease);
    };
    const all = [get("a"), get("b", stop.signal), get("c")];
    stop.abort("b is gone");
    await pool.ret(lease);
    await Promise.allSettled(all);
    assertEquals(order, ["a", "c"]);
    await pool.shutdown();
  });

  it("leaves the object made for it available", async () => {
    const creations = new Creations();
    const pool = new Pool(creations.fun, { maxSize: 1 });
    const stop = new AbortController();
    const gone = rejection(pool.get({ signal: stop.signal }));
    await idle();
    stop.abort("gone");
    assertEquals(await gone, "gone");
    assert(!creations.all[0]!.signal.aborted, "the creation was aborted with it");
    await creations.finish(0);
    assertEquals([pool.available, pool.creating, pool.using], [1, 0, 0]);
    const lease = await pool.get();
    assertEquals(lease.id, 0);
    await pool.ret(lease);
    await pool.shutdown();
  });

  it("leaves the object made for it to the next waiter", async () => {
    const creations = new Creations();
    const pool = new Pool(creations.fun, { maxSize: 1 });
    const stop = new AbortController();
    const gone = pool.get({ signal: stop.signal });
    const next = pool.get();
    stop.abort("gone");
    assertEquals(await rejection(gone), "gone");
    await creations.finish(0);
    assertEquals([(await next).id, creations.all.length], [0, 1]);
    await pool.ret(await next);
    await pool.shutdown();
  });

  it("leaves a failure of the object made for it to the next waiter, or to nobody", async () => {
    const creations = new Creations();
    const pool = new Pool(creations.fun, { maxSize: 1, logLevel: "silent" });
    const stop = new AbortController();
    const gone = pool.get({ signal: stop.signal });
    stop.abort("gone");
    assertEquals(await rejection(gone), "gone");
    await creations.fail(0, new Error("refused"));
    assertEquals([pool.size, pool.stats().createFailed], [0, 1]);
    const next = pool.get();
    await creations.finish(1);
    await pool.ret(await next);
    await pool.shutdown();
  });

  it("leaves the object that is being checked for it available, through retter", async () => {
    const check = deferred();
    const calls: string[] = [];
    const pool = new Pool(new Workshop().fun, {
      maxSize: 1,
      getter: () => {
        calls.push("getter");
        return check.promise;
      },
      retter: () => void calls.push("retter"),
    });
    const stop = new AbortController();
    const gone = rejection(pool.get({ signal: stop.signal }));
    await idle();
    stop.abort("gone");
    assertEquals(await gone, "gone");
    assertEquals([pool.using, pool.available], [1, 0]);
    check.resolve();
    await idle();
    assertEquals([pool.using, pool.available, calls], [0, 1, ["getter", "retter"]]);
    await pool.shutdown();
  });

  it("leaves the object that is being checked for it to the next waiter", async () => {
    const check = deferred();
    let greeted = 0;
    const pool = new Pool(new Workshop().fun, {
      maxSize: 1,
      getter: () => {
        greeted++;
        return check.promise;
      },
    });
    const stop = new AbortController();
    const gone = pool.get({ signal: stop.signal });
    await idle();
    const next = pool.get();
    stop.abort("gone");
    assertEquals(await rejection(gone), "gone");
    check.resolve();
    const lease = await next;
    assertEquals([lease.id, greeted], [0, 1], "a check belongs to its object: it is made once");
    await pool.ret(lease);
    await pool.shutdown();
  });
});

describe("an abort and a delivery at one moment", () => {
  it("a get aborted by its own synchronous getter leaves the object to the pool", async () => {
    const stop = new AbortController();
    const pool = new Pool(new Workshop().fun, { maxSize: 1, getter: () => stop.abort("gone") });
    assertEquals(await rejection(pool.get({ signal: stop.signal })), "gone");
    assertEquals([pool.using, pool.available], [0, 1]);
    await pool.shutdown({ timeout: 1 });
  });

  it("delivered first: the get has it", async () => {
    const pool = new Pool(new Workshop().fun, { maxSize: 1 });
    const lease = await pool.get();
    const stop = new AbortController();
    const waiting = pool.get({ signal: stop.signal });
    void pool.ret(lease);
    stop.abort("too late");
    const got = await waiting;
    assertEquals([got.id, pool.using, pool.stats().aborted], [0, 1, 0]);
    await pool.ret(got);
    await pool.shutdown();
  });

  it("aborted first: the pool has it", async () => {
    const pool = new Pool(new Workshop().fun, { maxSize: 1 });
    const lease = await pool.get();
    const stop = new AbortController();
    const waiting = rejection(pool.get({ signal: stop.signal }));
    stop.abort("in time");
    void pool.ret(lease);
    assertEquals(await waiting, "in time");
    assertEquals([pool.using, pool.available], [0, 1]);
    await pool.shutdown();
  });

  it("a get aborted by the listener of another get's signal is passed over", async () => {
    const pool = new Pool(new Workshop().fun, { maxSize: 1 });
    const lease = await pool.get();
    const [one, two] = [new AbortController(), new AbortController()];
    one.signal.addEventListener("abort", () => {
      two.abort("two");
      void pool.ret(lease);
    });
    const gets = [pool.get({ signal: one.signal }), pool.get({ signal: two.signal }), pool.get()];
    one.abort("one");
    // The listener ran before the pool's own, so that the first get had not gone yet.
    const states = await Promise.all(gets.map(stateOf));
    assertEquals(states.filter((state) => state === "fulfilled").length, 1);
    for (const get of gets) await get.then((lease) => pool.ret(lease), () => {});
    assertEquals([pool.available, pool.using], [1, 0]);
    await pool.shutdown();
  });

  it("never both, never neither: a storm of gets, aborts, timeouts and failures", async () => {
    const workshop = new Workshop();
    const { fun, closer } = workshop.slow(1);
    let turn = 0;
    const fails = () => ++turn % 7 === 0;
    const getter = async () => {
      await sleep(turn % 3);
      if (fails()) throw new Error("unfit");
    };
    const pool = new Pool<Thing>(fun, {
      maxSize: 3,
      minSize: 1,
      getter,
      closer,
      maxUse: 5,
      logLevel: "silent",
    });
    const outcomes = { delivered: 0, failed: 0 };
    const holders = new Set<number>();
    const borrow = async (lease: Lease<Thing>) => {
      outcomes.delivered++;
      const { id } = lease;
      assert(!holders.has(id), `object ${id} was lent twice at once`);
      holders.add(id);
      await sleep(id % 2);
      holders.delete(id);
      await pool.ret(lease);
    };
    const tasks = Array.from({ length: 300 }, async (_, i) => {
      await sleep(i % 20);
      const stop = new AbortController();
      const options = i % 4 === 0
        ? { signal: stop.signal }
        : i % 4 === 1
        ? { timeout: 1 + i % 9 }
        : {};
      const got = pool.get(options).then(borrow, () => void outcomes.failed++);
      await sleep(i % 11);
      stop.abort(new Error("gone"));
      await got;
    });
    await Promise.all(tasks);
    assertEquals(outcomes.delivered + outcomes.failed, 300);
    const { gets, returned, aborted, timeouts, rejected } = pool.stats();
    assertEquals([gets, returned], [outcomes.delivered, outcomes.delivered]);
    assertEquals(aborted + timeouts + rejected, outcomes.failed);
    assert(workshop.most <= 3, `${workshop.most} objects at once`);
    await pool.shutdown();
    assertEquals(workshop.live, 0);
    const { created, accounted } = sum(pool);
    assertEquals(accounted, created);
  });
});

describe("the signal of a get", () => {
  it("is left without listeners, however the get ends", async () => {
    const stop = new AbortController();
    const { signal } = stop;
    let listeners = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: unknown[]) => {
      listeners++;
      (addEventListener as (...args: unknown[]) => void).apply(signal, args);
    };
    signal.removeEventListener = (...args: unknown[]) => {
      listeners--;
      (removeEventListener as (...args: unknown[]) => void).apply(signal, args);
    };
    let attempts = 0;
    const make = (n: number) => {
      if (attempts++ === 0) throw new Error("not yet");
      return new Thing(n);
    };
    const pool = new Pool(make, { maxSize: 1 });
    await rejection(pool.get({ signal }));
    const lease = await pool.get({ signal });
    await rejection(pool.get({ signal, timeout: 1 }));
    const served = pool.get({ signal });
    await pool.ret(lease);
    const last = await served;
    const closed = rejection(pool.get({ signal }));
    const refused = rejection(pool.use((thing) => thing.id, { signal }));
    const closing = pool.shutdown();
    await closed;
    await refused;
    await pool.ret(last);
    await closing;
    assertEquals(listeners, 0);
  });
});
