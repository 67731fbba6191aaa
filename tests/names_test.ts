// The name of a pool and the label of a borrower: where they show, and what they may be.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  LeaseError,
  Pool,
  type PoolClosedError,
  type PoolOptions,
  PoolTimeoutError,
} from "../mod.ts";
import { WAYS } from "./helpers/inspect.ts";
import { idle, rejection, Thing, Time } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";

function things(options: PoolOptions<Thing> = {}): TestPool<Thing> {
  return new TestPool((n) => new Thing(n), { maxSize: 1, ...options });
}

describe("the name of a pool", () => {
  it("is proxypool# and a number of its own, unless it is given", async () => {
    await using one = things();
    await using two = things();
    await using named = things({ name: "orders db" });
    const names = [one, two, named].map((pool) => pool.stats().name);
    const [, first] = /^proxypool#(\d+)$/.exec(names[0]!)!;
    assertEquals(names, [`proxypool#${first}`, `proxypool#${Number(first) + 1}`, "orders db"]);
    assertEquals(named.stats().id, one.stats().id + 2);
  });

  it("tells two pools apart: in their logs", async () => {
    const lines: string[] = [];
    const warn = (line: string) => void lines.push(line);
    const logger = { debug() {}, info() {}, warn, error() {} };
    for (const name of ["orders", "reports"]) {
      const pool = things({ name, logger, retter: () => Promise.reject(new Error("no")) });
      await pool.use(() => {});
      await pool.shutdown();
    }
    assertEquals(lines, [
      "orders: retter failed for #0 thing 0: Error: no",
      "reports: retter failed for #0 thing 0: Error: no",
    ]);
  });

  it("is in the errors of the pool, of its leases and of its loans", async () => {
    await using pool = things({ name: "orders" });
    await using other = things({ name: "reports" });
    const lease = await pool.get();
    const errors = [
      await rejection(pool.get({ timeout: 1 })) as Error,
      await rejection(other.ret(lease)) as Error,
      await rejection(pool.ret(new Thing(0) as never)) as Error,
    ];
    assertEquals(errors.map(({ name }) => name), ["PoolTimeoutError", "LeaseError", "LeaseError"]);
    assert(
      errors[1]!.message.includes("a lease of reports, got one of orders"),
      errors[1]!.message,
    );
    await pool.ret(lease);
    const loan = await pool.borrow();
    await loan.release();
    errors.push(
      assertThrows(() => lease.id, LeaseError),
      assertThrows(() => loan.object, LeaseError),
    );
    await pool.shutdown();
    errors.push(await rejection(pool.get()) as PoolClosedError);
    for (const { message } of errors) assert(message.includes("orders"), message);
  });

  it("is shown by console.log, with its counts", async () => {
    await using pool = things({ name: "orders", maxSize: 3 });
    await pool.use(() => {});
    const leases = [await pool.get(), await pool.get()];
    await pool.ret(leases[0]!);
    const counts = "{ size: 2, available: 1, using: 1, creating: 0, waiting: 0 }";
    for (const [, show] of WAYS) assertEquals(show(pool), `Pool orders ${counts}`);
    const ended = pool.shutdown();
    await idle();
    for (const [, show] of WAYS) {
      assertEquals(
        show(pool),
        "Pool orders { size: 1, available: 0, using: 1, creating: 0, waiting: 0, shut down }",
      );
    }
    await pool.ret(leases[1]!);
    await ended;
  });

  it("shows within other objects, too, and hides what options hold", async () => {
    await using pool = things({ name: "orders" });
    for (const [, show] of WAYS) {
      const text = show({ pools: [pool] });
      assert(text.includes("Pool orders {"), text);
      assert(!text.includes("closer"), text);
    }
  });

  it("must be a text with something in it", () => {
    for (const [name, got] of [["", '""'], [" \t", '" \\t"'], [5, "5"], [null, "null"]] as const) {
      const { message } = assertThrows(
        () => new Pool(() => ({}), { name: name as never }),
        TypeError,
      );
      assertEquals(message, `name must be a non-empty string, got ${got}`);
    }
  });
});

describe("the label of a borrower", () => {
  it("is in stats() while it holds its object, and in no other's", async () => {
    await using pool = things({ maxSize: 4 });
    const held = [
      await pool.get({ label: "a get" }),
      await pool.get(),
    ];
    const loan = await pool.borrow({ label: "a loan" });
    let used: unknown;
    await pool.use(() => void (used = pool.stats().objects.using.map(({ label }) => label)), {
      label: "a use",
    });
    assertEquals(used, ["a get", undefined, "a loan", "a use"]);
    assertEquals("label" in pool.stats().objects.using[1]!, false);
    assertEquals(JSON.parse(String(pool)).objects.using[0].label, "a get");
    await Promise.all([...held.map((lease) => pool.ret(lease)), loan.release()]);
    await pool.use(() => {
      assertEquals(pool.stats().objects.using[0]!.label, undefined, "it is not inherited");
    });
  });

  it("is in the timeouts of others, as field and in the message", async () => {
    await using pool = things({ maxUsingDelay: 60_000 });
    const lease = await pool.get({ label: "GET /report" });
    const error = await rejection(pool.get({ timeout: 5, label: "GET /order" }));
    assert(error instanceof PoolTimeoutError);
    assertEquals(error.holders.map(({ label }) => label), ["GET /report"]);
    assert(/#0 thing 0 for \d+ ms by "GET \/report"/.test(error.message), error.message);
    await pool.ret(lease);
  });

  it("is in the warning of an overdue object, of its return, and of its kill", async () => {
    await using pool = things({ maxUsingDelay: 1000, maxUsingDelayKill: 3000 });
    using time = new Time();
    for (const label of ["the first", "the second"]) {
      const lease = await pool.get({ label });
      await time.pass(1600);
      if (label === "the first") await pool.ret(lease);
    }
    await time.pass(3000);
    assertEquals(pool.lines.length, 4);
    const said = [
      /has been in use for \d+ ms by "the first".*\(maxUsingDelay\)$/,
      /was returned late \(held for 1600 ms by "the first"/,
      /has been in use for \d+ ms by "the second".*\(maxUsingDelay\)$/,
      /is killed: in use for \d+ ms by "the second".*\(maxUsingDelayKill\)$/,
    ];
    for (const [i, line] of pool.lines.entries()) assert(said[i]!.test(line), line);
  });

  it("must be a text with something in it", async () => {
    await using pool = things();
    for (const [label, got] of [["", '""'], ["  ", '"  "'], [1, "1"], [null, "null"]] as const) {
      const options = { label: label as never };
      for (
        const [name, call] of [
          ["get", () => pool.get(options)],
          ["borrow", () => pool.borrow(options)],
          ["use", () => pool.use(() => {}, options)],
        ] as const
      ) {
        const error = await rejection(call());
        assert(error instanceof TypeError);
        assertEquals(error.message, `${name}: label must be a non-empty string, got ${got}`);
      }
    }
    const error = await rejection(pool.get({ lable: "x" } as never)) as Error;
    assertEquals(error.message, 'get: unknown option "lable": did you mean label?');
    assertEquals(pool.size, 0);
  });
});
