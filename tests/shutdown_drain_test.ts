// shutdown({ drain }): who waits already is served first; and what a shutdown says while it waits.

import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { LeaseError, PoolClosedError, type PoolOptions, type ShutdownOptions } from "../mod.ts";
import {
  Creations,
  deferred,
  idle,
  rejection,
  stateOf,
  Thing,
  Time,
  Timers,
} from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";

function things(options: PoolOptions<Thing> = {}): TestPool<Thing> {
  return new TestPool((n) => new Thing(n), { maxSize: 1, name: "db", ...options });
}

describe("shutdown({ drain: true })", () => {
  it("serves all who wait, then closes", async () => {
    const pool = things();
    const held = await pool.borrow();
    const served: number[] = [];
    const all = [0, 1, 2].map((i) => pool.use(() => void served.push(i)));
    const ended = pool.shutdown({ drain: true });
    assertEquals([pool.waiting, await stateOf(ended), pool.stats().shutdown], [3, "pending", true]);
    await held.release();
    await Promise.all(all);
    await ended;
    const { created, closed, rejected } = pool.stats();
    assertEquals([served, created, closed, rejected, pool.size], [[0, 1, 2], 1, 1, 0, 0]);
  });

  it("refuses who comes later, also while others still wait, and tryGet", async () => {
    const pool = things();
    const held = await pool.borrow();
    const waiting = pool.borrow();
    const ended = pool.shutdown({ drain: true });
    for (
      const call of [
        () => pool.get(),
        () => pool.borrow(),
        () => pool.use(() => {}),
        () => pool.ready(),
      ]
    ) {
      assert(await rejection(call()) instanceof PoolClosedError);
    }
    await held.release();
    const loan = await waiting;
    assert(await rejection(pool.get()) instanceof PoolClosedError);
    assertEquals(await stateOf(ended), "pending");
    await loan.release();
    await ended;
  });

  it("makes what is still needed for them, and nothing else", async () => {
    const creations = new Creations();
    const pool = new TestPool(creations.fun, { minSize: 3, maxSize: 10 });
    const waiting = [pool.borrow(), pool.borrow()];
    const ended = pool.shutdown({ drain: true });
    const aborted = () => creations.all.map(({ signal }) => signal.aborted);
    assertEquals(aborted(), [false, false, false]);
    await creations.finish(0);
    assertEquals(aborted(), [false, false, false]);
    await creations.finish(1);
    assertEquals(aborted(), [false, false, true], "all are served: it is of no use any more");
    for (const loan of waiting) await (await loan).discard();
    assertEquals(await stateOf(ended), "pending");
    await creations.finish(2);
    await ended;
    assertEquals([creations.all.length, pool.stats().closed], [3, 3], "minSize needs no more");
  });

  it("a failure to make one is told who waits, as ever; then it ends", async () => {
    const creations = new Creations();
    const pool = new TestPool(creations.fun, { maxSize: 1 });
    const first = rejection(pool.get());
    const second = rejection(pool.get());
    const ended = pool.shutdown({ drain: true });
    await creations.fail(0, "no server");
    assertEquals([await first, await stateOf(ended)], ["no server", "pending"]);
    await creations.fail(1, "still no server");
    assertEquals(await second, "still no server");
    await ended;
    assertEquals(creations.all.length, 2);
  });

  it("ends once the last who waits has given up", async () => {
    const pool = things();
    const held = await pool.borrow();
    const stop = new AbortController();
    const gone = rejection(pool.get({ signal: stop.signal }));
    const late = rejection(pool.get({ timeout: 5 }));
    const ended = pool.shutdown({ drain: true });
    stop.abort("enough");
    assertEquals([await gone, (await late as Error).name], ["enough", "PoolTimeoutError"]);
    assertEquals(await stateOf(ended), "pending");
    await held.release();
    await ended;
    assertEquals(pool.size, 0, "what comes back is closed");
  });

  it("with a timeout: who waits by then fails, and what is out is taken away", async () => {
    const pool = things();
    using time = new Time();
    const held = await pool.borrow();
    const waiting = rejection(pool.get());
    const ended = pool.shutdown({ drain: true, timeout: 1000 });
    await time.pass(999);
    assertEquals([pool.waiting, held.ended], [1, false]);
    await time.pass(1);
    await ended;
    assert(await waiting instanceof PoolClosedError);
    assertEquals([held.ended, pool.size, pool.stats().killed], [true, 0, 1]);
  });

  it("a second call joins, may set a timeout, and does not end the draining", async () => {
    const pool = things();
    using time = new Time();
    const held = await pool.borrow();
    const next = pool.borrow();
    const ended = [pool.shutdown({ drain: true })];
    ended.push(pool.shutdown(), pool.shutdown({ timeout: 500 }));
    await time.pass(499);
    await held.release();
    const loan = await next;
    assertEquals(loan.ended, false);
    await time.pass(1);
    await Promise.all(ended);
    assertEquals(loan.ended, true);
  });

  it("where nobody waits, and after a shutdown without it, is a shutdown", async () => {
    const pool = things();
    await pool.use(() => {});
    await pool.shutdown({ drain: true });
    assertEquals([pool.size, pool.stats().closed], [0, 1]);

    const other = things();
    const held = await other.borrow();
    const waiting = rejection(other.get());
    const ended = [other.shutdown(), other.shutdown({ drain: true })];
    assert(await waiting instanceof PoolClosedError);
    await held.release();
    await Promise.all(ended);
  });

  it("waits for hooks that look at objects for who waits", async () => {
    const look = deferred();
    const pool = things({ getter: () => look.promise });
    const used = pool.use(({ id }) => id);
    await idle();
    const ended = pool.shutdown({ drain: true });
    look.resolve();
    assertEquals(await used, 0);
    await ended;
  });

  it("a wrong option is refused, and nothing ends", async () => {
    await using pool = things();
    const wrong: [unknown, string][] = [
      [{ drain: 1 }, "shutdown: drain must be true or false, got 1"],
      [{ drain: "yes" }, 'shutdown: drain must be true or false, got "yes"'],
      [{ dran: true }, 'shutdown: unknown option "dran": did you mean drain?'],
    ];
    for (const [options, said] of wrong) {
      const error = await rejection(pool.shutdown(options as ShutdownOptions)) as Error;
      assertEquals([error instanceof TypeError, error.message], [true, said]);
    }
    assertEquals(pool.stats().shutdown, false);
  });
});

describe("a shutdown that takes long", () => {
  it("says every 10 s for whom it waits: who holds what, by which label, for how long", async () => {
    const pool = things({
      maxSize: 3,
      closer: ({ id }) => id === 2 ? new Promise(() => {}) : 0,
      closeTimeout: 0,
    });
    using time = new Time();
    const held = await pool.borrow({ label: "the report" });
    const other = await pool.borrow();
    void (await pool.borrow()).discard();
    const waiting = pool.borrow();
    const ended = pool.shutdown({ drain: true });
    await time.pass(9_999);
    assertEquals(pool.lines, []);
    await time.pass(1);
    assertEquals(pool.lines, [
      "warn db: shutdown waits for 1 waiting; 2 in use; 0 being created; 1 being closed; " +
      '#0 thing 0 held for at least 10000 ms by "the report"; #1 thing 1 held for at least 10000 ms',
    ]);
    await other.release();
    await (await waiting).release();
    await time.pass(10_000);
    assertEquals(pool.lines.length, 2);
    assert(
      pool.lines[1]!.includes("for 1 in use; 0 being created; 1 being closed; #0"),
      pool.lines[1],
    );
    void pool.shutdown({ timeout: 1 });
    await time.pass(500);
    await ended;
    await time.pass(60_000);
    assertEquals(pool.lines.filter((line) => line.includes("waits for")).length, 2, "it is over");
    assertEquals(held.ended, true);
  });

  it("names five of them at the most", async () => {
    const pool = things({ maxSize: 0 });
    using time = new Time();
    const held = await Promise.all(Array.from({ length: 8 }, () => pool.borrow()));
    const ended = pool.shutdown();
    await time.pass(10_000);
    assertEquals(pool.lines[0]!.match(/#\d thing/g)!.length, 5);
    for (const loan of held) await loan.release();
    await ended;
  });

  it("the timer of that keeps no process alive, and is gone with it", async () => {
    const pool = things();
    const held = await pool.borrow();
    using timers = new Timers();
    const ended = pool.shutdown();
    assert(timers.pending > 0);
    assertEquals(timers.holding, 0);
    await held.release();
    await ended;
    assertEquals(timers.pending, 0);
  });
});

describe("ebean#126, nimble_pool#45: closing hangs", () => {
  const never = () => new Promise<never>(() => {});

  it("shutdown({ timeout }) is done within half a second of it, closers still at work or not", async () => {
    const pool = things({ maxSize: 3, closer: never, closeTimeout: 0 });
    using time = new Time();
    void (await pool.borrow()).discard(); // whose closer is at work before
    const loan = await pool.borrow();
    await pool.use(() => {});
    const ended = pool.shutdown({ timeout: 100 });
    await time.pass(100);
    assertEquals([await stateOf(ended), pool.stats().closing, loan.ended], ["pending", 3, true]);
    await time.pass(500);
    assertEquals([await stateOf(ended), pool.size, pool.stats().closed], ["fulfilled", 0, 3]);
    const said = pool.lines.filter((line) => line.includes("closer was still running"));
    assertEquals(said.length, 3, pool.lines.join("\n"));
  });

  it("shutdown({ timeout }) keeps that limit with more objects than are closed in a turn", async () => {
    const reasons: unknown[] = [];
    const pool = things({
      maxSize: 0,
      closer: (_thing, { signal }) => {
        reasons.push(signal.aborted || new Promise((resolve) => signal.onabort = resolve));
        return never();
      },
      closeTimeout: 0,
    });
    using time = new Time();
    const loans = await Promise.all(Array.from({ length: 2_500 }, () => pool.borrow()));
    for (let i = 0; i < 1_250; i++) loans.pop()!.discard();
    const ended = pool.shutdown({ timeout: 100 });
    time.jump(600); // no turn of the event loop comes in time
    assertEquals(pool.stats().using, 250, "1 000 are taken at once");
    await time.pass(1);
    assertEquals([await stateOf(ended), pool.size, pool.stats().closed], ["fulfilled", 0, 2_500]);
    assert(loans.every(({ ended }) => ended));
    await Promise.all(reasons); // all are told to hurry
  });

  it("abandons 1 000 creations in a turn", async () => {
    const pool = new TestPool(never, { maxSize: 0 });
    using time = new Time();
    const gets = Array.from({ length: 2_500 }, () => rejection(pool.get()));
    await time.pass(2, 1);
    assertEquals(pool.creating, 2_500);
    const ended = pool.shutdown({ timeout: 100 });
    time.jump(100);
    assertEquals(pool.creating, 1_500);
    await time.pass(2, 1);
    assertEquals([await stateOf(ended), pool.size], ["fulfilled", 0]);
    for (const error of await Promise.all(gets)) assert(error instanceof PoolClosedError);
  });

  it("tells and gives up at most 1 000 closers in a turn of the event loop", async () => {
    let told = 0;
    const pool = things({
      maxSize: 0,
      closer: (_thing, { signal }) => {
        signal.onabort = () => told++;
        return never();
      },
      closeTimeout: 0,
    });
    using time = new Time();
    const loans = await Promise.all(Array.from({ length: 2_500 }, () => pool.borrow()));
    for (const loan of loans) void loan.discard();
    const ended = pool.shutdown({ timeout: 100 });
    time.jump(100);
    assertEquals(told, 1_000);
    await time.pass(10);
    assertEquals(told, 2_500);
    time.jump(400);
    for (let i = 0; i < 20; i++) await undefined;
    const { closed } = pool.stats();
    assert(closed < 2_500, `${closed}`);
    await time.pass(10);
    assertEquals([await stateOf(ended), pool.size, pool.stats().closed], ["fulfilled", 0, 2_500]);
  });

  it("the closer of an object that is made after the end of its time is told to hurry", async () => {
    const creations = new Creations();
    const pool = new TestPool(creations.fun, {
      closer: (_thing, { signal }) =>
        new Promise<void>((resolve) => signal.onabort = () => resolve()),
      closeTimeout: 0,
    });
    void rejection(pool.get());
    using time = new Time();
    const ended = pool.shutdown({ timeout: 100 });
    await time.pass(100);
    await ended;
    await creations.finish(0);
    await time.pass(0);
    assertEquals([pool.stats().created, pool.stats().closed], [1, 1]);
  });

  it("without a timeout each closer has closeTimeout, and all of them at once", async () => {
    const pool = things({ maxSize: 4, closer: never });
    using time = new Time();
    const loans = await Promise.all([1, 2, 3, 4].map(() => pool.borrow()));
    for (const loan of loans) await loan.release();
    const ended = pool.shutdown();
    await time.pass(4999);
    assertEquals(await stateOf(ended), "pending");
    await time.pass(1);
    assertEquals(await stateOf(ended), "fulfilled");
  });

  it("a second call shortens a shutdown that waits for closers", async () => {
    const pool = things({ closer: never, closeTimeout: 0 });
    using time = new Time();
    await pool.use(() => {});
    const ended = pool.shutdown();
    await time.pass(60_000);
    assertEquals(await stateOf(ended), "pending");
    const second = pool.shutdown({ timeout: 50 });
    await time.pass(550);
    assertEquals([await stateOf(ended), await stateOf(second)], ["fulfilled", "fulfilled"]);
  });

  it("a use is told by a LeaseError when its time is over, and not before", async () => {
    const pool = things();
    using time = new Time();
    const used = rejection(pool.use(never));
    await idle();
    const ended = pool.shutdown({ timeout: 100 });
    await time.pass(99);
    assertEquals(await stateOf(used), "pending");
    await time.pass(1);
    assert(await used instanceof LeaseError);
    await ended;
  });
});
