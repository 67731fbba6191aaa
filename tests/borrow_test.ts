// Pool.borrow: an object by a plain handle, the loan; and the loan of an object, by the object.

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  LeaseError,
  type Loan,
  Pool,
  PoolClosedError,
  PoolFullError,
  PoolTimeoutError,
} from "../mod.ts";
import { WAYS } from "./helpers/inspect.ts";
import { deferred, idle, rejection, Thing, Time, Workshop } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";
import type { PoolOptions } from "../mod.ts";

function things(options: PoolOptions<Thing> = {}) {
  const { fun, made, closer, closed } = new Workshop();
  const pool = new TestPool(fun, { maxSize: 1, closer, ...options });
  return Object.assign(pool, { made, closed });
}

describe("a loan", () => {
  it("has the object itself, and is no stand-in for it", async () => {
    await using pool = things();
    const loan = await pool.borrow();
    assertStrictEquals(loan.object, pool.made[0]);
    assertEquals([loan.ended, pool.using, pool.stats().gets], [false, 1, 1]);
    assertThrows(() => Pool.unwrap(loan as never), LeaseError, "Pool.unwrap takes a lease");
    const error = await rejection(pool.ret(loan as never));
    assert(error instanceof LeaseError, "ret takes leases");
    assertEquals(pool.using, 1);
    await loan.release();
  });

  it("is given back by release: to who waits, before it returns", async () => {
    await using pool = things();
    const loan = await pool.borrow();
    const next = pool.borrow();
    const released = loan.release();
    assertEquals([loan.ended, pool.waiting, pool.using], [true, 0, 1]);
    await released;
    assertStrictEquals((await next).object, pool.made[0]);
    await (await next).release();
    assertEquals([pool.available, pool.stats().returned], [1, 2]);
  });

  it("its release resolves once retter is done, also if that failed", async () => {
    const reset = deferred();
    await using pool = things({ retter: () => reset.promise });
    let done = false;
    const released = (await pool.borrow()).release().then(() => done = true);
    await idle();
    assertEquals([done, pool.using], [false, 1]);
    reset.reject(new Error("cannot be reset"));
    await released;
    assertEquals([pool.size, pool.closed, pool.stats().hookErrors], [0, [0], 1]);
  });

  it("released twice is counted and logged, and never frees the next holder's object", async () => {
    await using pool = things();
    const loan = await pool.borrow();
    await loan.release();
    const next = await pool.borrow();
    await loan.release();
    await loan.discard("once more");
    await loan[Symbol.asyncDispose]();
    loan[Symbol.dispose]();
    assertEquals([next.ended, pool.using, pool.available], [false, 1, 0]);
    assertEquals([pool.stats().doubleReturns, pool.stats().discarded], [4, 0]);
    assertEquals(pool.lines.length, 4);
    const said =
      /^warn .*: a lease of #0 thing 0 is (returned|discarded), but was already returned$/;
    for (const line of pool.lines) assert(said.test(line), line);
    await next.release();
  });

  it("is discarded to be closed, with a reason for the log", async () => {
    await using pool = things({ logLevel: "info" });
    const loan = await pool.borrow();
    await loan.discard(new RangeError("broken"));
    assertEquals([loan.ended, pool.size, pool.closed, pool.stats().discarded], [true, 0, [0], 1]);
    assert(pool.lines.some((line) => /#0 thing 0 is discarded: RangeError: broken/.test(line)));
  });

  it("is detached: the object is the caller's, and its place free", async () => {
    await using pool = things();
    const loan = await pool.borrow();
    const next = pool.borrow();
    assertStrictEquals(loan.detach(), pool.made[0]);
    assertStrictEquals((await next).object, pool.made[1]);
    assertEquals([pool.closed, pool.stats().detached, pool.size], [[], 1, 1]);
    assertThrows(() => loan.detach(), LeaseError, "was detached");
    await (await next).release();
  });

  it("goes back by either disposal", async () => {
    await using pool = things();
    const loans: Loan<Thing>[] = [];
    {
      await using loan = await pool.borrow();
      loans.push(loan);
      assertEquals(pool.using, 1);
    }
    assertEquals([pool.available, loans[0]!.ended], [1, true]);
    {
      using loan = await pool.borrow();
      loans.push(loan);
    }
    assertEquals([pool.available, loans[1]!.ended, pool.stats().returned], [1, true, 2]);
  });

  it("its disposal is silent after a discard or a detach", async () => {
    await using pool = things();
    for (const end of ["discard", "detach"] as const) {
      await using loan = await pool.borrow();
      using _again = loan;
      await loan[end]();
    }
    assertEquals([pool.lines, pool.stats().doubleReturns], [[], 0]);
  });

  it("shows what it is of, and how it ended", async () => {
    await using pool = things({ name: "db" });
    const loan = await pool.borrow();
    for (const [, show] of WAYS) assert(show(loan).includes("Loan of db: #0 thing 0"), show(loan));
    await loan.release();
    for (const [, show] of WAYS) assert(show(loan).includes("Loan of db: returned"), show(loan));
  });
});

describe("the object of a loan that has ended", () => {
  const ENDS: [string, (loan: Loan<Thing>) => unknown, RegExp][] = [
    [
      "release",
      (loan) => loan.release(),
      /this loan of db was returned and can no longer be used/,
    ],
    ["discard", (loan) => loan.discard(), /this loan of db was discarded and/],
    [
      "detach",
      (loan) => loan.detach(),
      /this loan of db was detached and .*: use what detach\(\) returned/,
    ],
  ];
  for (const [how, end, said] of ENDS) {
    it(`is refused after ${how}, by a LeaseError that says so`, async () => {
      await using pool = things({ name: "db" });
      const loan = await pool.borrow();
      await end(loan);
      const { message } = assertThrows(() => loan.object, LeaseError);
      assert(said.test(message), message);
      assertThrows(() => loan.detach(), LeaseError);
      assertEquals(loan.ended, true);
    });
  }

  it("is refused after a kill, whose disposal is silent", async () => {
    await using pool = things({ maxUsingDelayKill: 1000 });
    using time = new Time();
    const loan = await pool.borrow();
    await time.pass(1600);
    assertThrows(() => loan.object, LeaseError, "was killed");
    await loan[Symbol.asyncDispose]();
    assertEquals([loan.ended, pool.closed, pool.stats().doubleReturns], [true, [0], 0]);
  });

  it("is refused after a shutdown that ran out of time", async () => {
    const pool = things();
    const loan = await pool.borrow();
    await pool.shutdown({ timeout: 1 });
    assertThrows(() => loan.object, LeaseError, "was revoked by shutdown");
    await loan.release();
  });

  it("can still be touched by a library that has kept it: it is the bare one", async () => {
    await using pool = things();
    const loan = await pool.borrow();
    const { object } = loan;
    await loan.release();
    assertEquals(object.echo("after its release"), "after its release");
  });
});

describe("the options of borrow", () => {
  it("are those of get: signal, timeout, priority, label; refused alike", async () => {
    await using pool = things({ maxWaiting: 3 });
    const loan = await pool.borrow({ label: "holder" });
    assertEquals(pool.stats().objects.using[0]!.label, "holder");
    const stop = new AbortController();
    const stopped = rejection(pool.borrow({ signal: stop.signal }));
    const late = rejection(pool.borrow({ timeout: 5 }));
    const first = pool.borrow({ priority: 1 });
    assert(await rejection(pool.borrow()) instanceof PoolFullError);
    stop.abort("enough");
    assertEquals(await stopped, "enough");
    assert(await late instanceof PoolTimeoutError);
    const second = pool.borrow({ priority: 2 });
    await loan.release();
    await (await second).release();
    await (await first).release();
    const wrong = await rejection(pool.borrow({ timeOut: 5 } as never)) as Error;
    assert(wrong instanceof TypeError);
    assertEquals(wrong.message.includes('borrow: unknown option "timeOut"'), true, wrong.message);
  });

  it("a pool that is shut down lends nothing", async () => {
    const pool = things();
    await pool.shutdown();
    assert(await rejection(pool.borrow()) instanceof PoolClosedError);
  });
});

describe("loanOf", () => {
  it("gives the loan of what borrow, get or tryGet has lent; not that of use, whose callback has it", async () => {
    await using pool = things();
    const loan = await pool.borrow();
    assertStrictEquals(pool.loanOf(loan.object), loan);
    await loan.release();

    const { object } = await pool.use((object) => {
      assertEquals(pool.loanOf(object), undefined);
      return { object };
    });
    for (const lend of [() => pool.get(), () => pool.tryGet()!]) {
      const lease = await lend();
      assertStrictEquals(pool.loanOf(object)!.object, object);
      await pool.ret(lease);
      assertEquals(pool.loanOf(object), undefined);
    }
  });

  it("gives nothing of an object that is available, foreign or gone", async () => {
    await using pool = things();
    await using other = things();
    const loan = await pool.borrow();
    const { object } = loan;
    assertEquals([other.loanOf(object), pool.loanOf(new Thing(0))], [undefined, undefined]);
    await loan.release();
    assertEquals(pool.loanOf(object), undefined);
    await (await pool.borrow()).discard();
    assertEquals(pool.loanOf(object), undefined);
    for (const none of [undefined, null, 0, "text"]) {
      assertEquals(pool.loanOf(none as never), undefined);
    }
  });

  it("the loan of a lease is one with it: released, the lease has ended, and the other way round", async () => {
    await using pool = things();
    const lease = await pool.get();
    const object = Pool.unwrap(lease);
    const loan = pool.loanOf(object)!;
    assertStrictEquals(loan.object, object);
    await loan.release();
    assertThrows(() => lease.id, LeaseError, "was returned");
    assertEquals(pool.available, 1);
    await lease[Symbol.asyncDispose]();
    assertEquals(pool.stats().doubleReturns, 1);

    const again = await pool.get();
    const its = pool.loanOf(object)!;
    await pool.discard(again);
    assertThrows(() => its.object, LeaseError, "was discarded");
    assertEquals([pool.stats().discarded, pool.size], [1, 0]);
  });
});

describe("a loan as data", () => {
  it("is shown as a text, and is none of the pool's inside", async () => {
    await using pool = things({ name: "db" });
    const loan = await pool.borrow();
    assertEquals(JSON.stringify({ loan }), '{"loan":"Loan of db: #0 thing 0"}');
    await loan.release();
    assertEquals(JSON.stringify(loan), '"Loan of db: returned"');
  });

  it("is no lease: ret, discard, detach and unwrap say what to do with it", async () => {
    await using pool = things();
    const loan = await pool.borrow();
    const wrong = loan as never;
    for (const call of [() => pool.ret(wrong), () => pool.discard(wrong)]) {
      const error = await rejection(call()) as LeaseError;
      assert(
        error.message.includes("got a loan: call its own release()"),
        error.message,
      );
    }
    assertThrows(() => pool.detach(wrong), LeaseError, "got a loan");
    assertThrows(() => Pool.unwrap(wrong), LeaseError, "its object is loan.object");
    await loan.release();
  });
});
