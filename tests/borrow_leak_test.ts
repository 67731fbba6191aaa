// Loans that are garbage-collected without having been released are noticed; those that are kept are not.

import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Loan, PoolOptions } from "../mod.ts";
import { collect, hasGc } from "./helpers/gc.ts";
import { Thing } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";
import { sleep } from "./helpers/until.ts";

function things(options: PoolOptions<Thing> = {}) {
  const closed: string[] = [];
  const pool = new TestPool((n) => new Thing(n), {
    maxSize: 1,
    hkDelay: 5,
    closer: ({ id }, { reason }) => void closed.push(`${id} ${reason}`),
    ...options,
  });
  return Object.assign(pool, { closed });
}

/** Borrows an object and loses the loan, in a frame of its own; the object itself is kept. */
async function lose(pool: TestPool<Thing>, label?: string): Promise<Thing> {
  const loan = await pool.borrow({ label });
  return loan.object;
}

async function collectUntil(condition: () => unknown, what: string, ms = 3000): Promise<void> {
  const end = performance.now() + ms;
  while (!condition()) {
    assert(performance.now() < end, `not within ${ms} ms: ${what}`);
    await collect(2);
  }
}

async function collectForSomeTime(): Promise<void> {
  for (let i = 0; i < 6; i++) {
    await sleep(10);
    await collect(1);
  }
}

assert(hasGc, "run the tests by `deno task test`");

describe("a loan that is lost", () => {
  it("is noticed though its object is still in use, which is closed", async () => {
    await using pool = things();
    const object = await lose(pool);
    await collectUntil(() => pool.stats().leaked === 1, "noticed by a round");
    assertEquals([pool.closed, pool.size, pool.using], [["0 leaked"], 0, 0]);
    assertEquals(object.echo("still there"), "still there");
  });

  it("is noticed when somebody waits, who gets a new object in its place", async () => {
    await using pool = things({ hkDelay: 0 });
    await lose(pool);
    let next: Loan<Thing> | undefined;
    const borrowed = pool.borrow().then((loan) => next = loan);
    await collectUntil(() => next, "the next one gets an object");
    await borrowed;
    assertEquals([next!.object.id, pool.stats().leaked, pool.closed], [1, 1, ["0 leaked"]]);
    await next!.release();
  });

  it("is logged with its label", async () => {
    await using pool = things();
    await lose(pool, "the report");
    await collectUntil(() => pool.stats().leaked === 1, "noticed");
    assertEquals(pool.lines.length, 1);
    const said =
      /^warn .*: #0 thing 0 has leaked: .*never returned \(held for .* ms by "the report"/;
    assert(said.test(pool.lines[0]!), pool.lines[0]);
  });

  it("can no longer be had by its object", async () => {
    await using pool = things();
    const object = await lose(pool);
    await collectUntil(() => pool.stats().leaked === 1, "noticed");
    assertEquals(pool.loanOf(object), undefined);
    assertEquals((await pool.borrow()).object.id, 1);
  });
});

describe("a loan that is kept", () => {
  it("is none that is lost, however often the pool looks", async () => {
    await using pool = things();
    const loan = await pool.borrow();
    const waiting = pool.borrow(); // has the pool look, too
    await collectForSomeTime();
    assertEquals([pool.stats().leaked, pool.lines, loan.object.id], [0, [], 0]);
    await loan.release();
    await (await waiting).release();
    await collectForSomeTime();
    assertEquals([pool.stats().leaked, pool.available], [0, 1]);
  });

  it("by loanOf, is none either; nor is that of a use whose callback keeps only the object", async () => {
    await using pool = things({ maxSize: 2 });
    const kept = pool.loanOf(await lose(pool));
    await pool.use(async (object) => {
      await collectForSomeTime();
      assertEquals(object.id, 1);
    });
    assertEquals([pool.stats().leaked, kept!.object.id], [0, 0]);
    await kept!.release();
    assertEquals([pool.stats().leaked, pool.available], [0, 2]);
  });

  it("of a use whose callback never settles is none: it may be at work", async () => {
    await using pool = things({ maxUsingDelayKill: 60_000 });
    (() => void pool.use(() => new Promise(() => {})).catch(() => {}))();
    await collectForSomeTime();
    assertEquals([pool.stats().leaked, pool.using], [0, 1]);
  });
});
