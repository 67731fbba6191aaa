// What observers hear of: each event once, with what it is about.

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { PoolClosedError, PoolFullError, type PoolOptions } from "../mod.ts";
import { Creations, idle, rejection, Thing, Time } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";
import { Witness } from "./helpers/witness.ts";

function things(options: PoolOptions<Thing> = {}): TestPool<Thing> {
  return new TestPool((n) => new Thing(n), { maxSize: 1, ...options });
}

const object = "#0 thing 0";

describe("an observer hears of", () => {
  it("a get that had to have its object made, and of its return", async () => {
    const creations = new Creations();
    await using pool = new TestPool(creations.fun, { maxSize: 1 });
    using time = new Time();
    await time.pass(5);
    const witness = new Witness();
    pool.observe(witness);
    const get = pool.get({ label: "the report" });
    await time.pass(30);
    assertEquals(witness.take(), []);
    await creations.finish(0);
    const lease = await get;
    assertEquals(witness.take(), [
      ["created", { n: 0, duration: 30 }],
      ["lent", { object, waited: 30, label: "the report" }],
    ]);
    await time.pass(70);
    await pool.ret(lease);
    assertEquals(witness.take(), [["returned", {
      object,
      held: 70,
      end: "returned",
      label: "the report",
    }]]);
    await pool.shutdown();
    assertEquals(witness.take(), [["closed", { n: 0, age: 70, uses: 1, reason: "shutdown" }]]);
  });

  it("get, borrow, tryGet and use alike, each once", async () => {
    await using pool = things();
    await pool.use(() => {});
    using _time = new Time();
    const witness = new Witness();
    pool.observe(witness);
    const ways: (() => unknown)[] = [
      async () => pool.ret(await pool.get()),
      async () => (await pool.borrow()).release(),
      () => pool.ret(pool.tryGet()!),
      () => pool.use(() => {}),
      () => pool.use(() => idle()),
      async () => void await (await pool.get())[Symbol.asyncDispose](),
    ];
    for (const way of ways) {
      await way();
      assertEquals(witness.take(), [
        ["lent", { object, waited: 0 }],
        ["returned", { object, held: 0, end: "returned" }],
      ], String(way));
    }
  });

  it("how long a get waited that came when the clock stood at 0, as fake timers have it", async () => {
    const creations = new Creations();
    await using pool = new TestPool(creations.fun, { maxSize: 1 });
    using time = new Time();
    const witness = new Witness();
    pool.observe(witness);
    const used = pool.use(() => {});
    await time.pass(30);
    await creations.finish(0);
    await used;
    assertEquals(witness.count("lent", { waited: 30 }), 1);
  });

  it("how long a get waited in whose getter a reset is spread, from when on the clock is read", async () => {
    await using pool: TestPool<Thing> = things({
      getter: () => void pool.reset({ spread: 90 }),
    });
    using time = new Time();
    await time.pass(500);
    const witness = new Witness();
    pool.observe(witness);
    const lease = await pool.get();
    assertEquals(witness.take().find(([name]) => name === "lent"), ["lent", { object, waited: 0 }]);
    await pool.ret(lease);
  });

  it("each way in which a loan ends, and an object is gone", async () => {
    await using pool = things({ maxUsingDelayKill: 1000 });
    using time = new Time();
    const witness = new Witness();
    pool.observe(witness);
    const ends = () =>
      witness.take().filter(([name]) => name === "returned" || name === "closed")
        .map(([name, event]) => `${name} ${event.end ?? event.reason}`);
    await (await pool.borrow()).discard();
    assertEquals(ends(), ["returned discarded", "closed discarded"]);
    (await pool.borrow()).detach();
    assertEquals(ends(), ["returned detached"]);
    await rejection(pool.use(() => Promise.reject(new Error("spoilt"))));
    await idle();
    assertEquals(ends(), ["returned discarded", "closed discarded"]);
    const lease = await pool.get();
    await time.pass(1600);
    assertEquals(ends(), ["returned killed", "closed killed"], lease ? "" : "kept until here");
    await pool.use(() => {});
    pool.reset();
    assertEquals(ends(), ["returned returned", "closed reset"]);
    const last = await pool.get();
    const ended = pool.shutdown({ timeout: 10 });
    await time.pass(10);
    await ended;
    assertEquals(ends(), ["returned killed", "closed killed"], last ? "" : "kept until here");
  });

  it("who got nothing, and why", async () => {
    const creations = new Creations();
    const pool = new TestPool(creations.fun, { maxSize: 1, maxWaiting: 1 });
    using time = new Time();
    await time.pass(5);
    const witness = new Witness();
    pool.observe(witness);
    const refused = (waited: number, reason: string, error: unknown, label?: string) => {
      const told = witness.take().filter(([name]) => name === "refused");
      assertEquals(told, [["refused", { waited, error, reason, ...(label ? { label } : {}) }]]);
      assertStrictEquals(told[0]![1].error, error);
    };
    const failed = rejection(pool.get());
    await time.pass(20);
    await creations.fail(0, "no server");
    refused(20, "failed", await failed);
    const made = pool.borrow();
    await creations.finish(1);
    const loan = await made;

    const late = rejection(pool.use(() => {}, { timeout: 40, label: "late" }));
    await time.pass(40);
    refused(40, "timeout", await late, "late");
    const stop = new AbortController();
    const stopped = rejection(pool.borrow({ signal: stop.signal }));
    await time.pass(7);
    stop.abort("enough");
    refused(7, "aborted", await stopped);
    refused(0, "aborted", await rejection(pool.get({ signal: AbortSignal.abort("before") })));
    const waiting = rejection(pool.get());
    const full = await rejection(pool.get({ label: "too many" }));
    assert(full instanceof PoolFullError);
    refused(0, "full", full, "too many");
    const ended = pool.shutdown();
    const closed = await waiting;
    assert(closed instanceof PoolClosedError);
    refused(0, "closed", closed);
    refused(0, "closed", await rejection(pool.get()));
    await loan.release();
    await ended;
  });

  it("an attempt that failed; what it left is closed as a leftover", async () => {
    const error = new Error("cannot be opened");
    await using pool = things({ opener: () => Promise.reject(error) });
    const witness = new Witness();
    pool.observe(witness);
    await rejection(pool.get());
    await idle();
    assertEquals(witness.take().map(([name, { error, reason }]) => [name, error ?? reason]), [
      ["created", error],
      ["refused", error],
      ["closed", "leftover"],
    ]);
  });

  it("a use whose callback hangs: that it was discarded, by the pool", async () => {
    await using pool = things({ abortGrace: 0 });
    const witness = new Witness();
    pool.observe(witness);
    const stop = new AbortController();
    const used = rejection(pool.use(() => new Promise(() => {}), { signal: stop.signal }));
    await idle();
    stop.abort();
    await used;
    await idle();
    assertEquals(
      witness.take().map(([name, { end, reason }]) => `${name} ${end ?? reason ?? ""}`),
      [
        "created ",
        "lent ",
        "returned discarded",
        "closed discarded",
      ],
    );
  });

  it("all that there was: its sums add up", async () => {
    await using pool = things({ maxSize: 5, maxUse: 3, retter: () => Math.random() < 0.9 });
    const witness = new Witness();
    pool.observe(witness);
    const task = async (i: number) => {
      const loan = await pool.borrow();
      await idle();
      if (i % 11 === 0) await loan.discard();
      else if (i % 17 === 0) loan.detach();
      else if (i % 13 === 0) pool.invalidate(loan.object), await loan.release();
      else await loan.release();
    };
    await Promise.all(Array.from({ length: 200 }, (_, i) => task(i)));
    await idle();
    const { gets, created, closed, detached, size } = pool.stats();
    assertEquals(witness.count("lent"), gets);
    assertEquals(witness.count("returned"), gets);
    assertEquals([witness.count("created"), witness.count("closed")], [created, closed]);
    assertEquals(witness.count("returned", { end: "detached" }), detached);
    assertEquals(witness.count("created"), size + witness.count("closed") + detached);
  });
});
