// traceHolders: from which line an object was borrowed, and when that is recorded.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { type Holder, Pool, type PoolOptions, PoolTimeoutError } from "../mod.ts";
import { collect, hasGc } from "./helpers/gc.ts";
import { rejection, Thing, Time } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";

function things(options: PoolOptions<Thing> = {}): TestPool<Thing> {
  return new TestPool((n) => new Thing(n), { maxSize: 1, ...options });
}

/** The line of the caller of this: the number of the line, in a stack of here. */
function here(): number {
  return Number(/:(\d+):\d+\)?$/.exec(new Error().stack!.split("\n").filter(isFrame)[1]!)![1]);
}

function isFrame(line: string): boolean {
  return /^\s+at |@/.test(line);
}

/** The number of the line in what a pool tells; `function` is who borrowed there. */
function lineIn(line: string | undefined): number {
  assert(line !== undefined, "nothing was recorded");
  assert(!/^at /.test(line) && !/pool\/\w+\.ts/.test(line), `the library's own: ${line}`);
  return Number(/:(\d+):\d+\)?$/.exec(line)![1]);
}

/** In a bundle, which these tests are there, Bun does not tell which frame is whose: no line is told. */
const unknown = "Bun" in globalThis;
const itTraces = unknown ? it.ignore : it;

const lines = (pool: Pool<Thing>) => pool.stats().objects.using.map(({ line }) => line);

if (unknown) {
  describe("traceHolders: true, on Bun in a bundle", () => {
    it("tells no line rather than one of the library's", async () => {
      await using pool = things({ traceHolders: true });
      const lease = await pool.get({ label: "the report" });
      const [line] = lines(pool);
      assert(line === undefined || line.includes("holders_test"), line); // as a package it knows
      const error = await rejection(pool.get({ timeout: 2 })) as PoolTimeoutError;
      const told = error.holders.map(({ label, line }) => [label, line]);
      assertEquals(told, [["the report", line]]);
      assertEquals(error.message.includes("taken at"), line !== undefined, error.message);
      await pool.ret(lease);
    });
  });
}

describe("traceHolders: true", () => {
  itTraces(
    "records the line of each get, borrow, tryGet and use: the caller's, not the library's",
    async () => {
      await using pool = things({ traceHolders: true, maxSize: 5 });
      const at: number[] = [];
      const lease = (at.push(here()), await pool.get());
      const loan = (at.push(here()), await pool.borrow({ label: "with options" }));
      await pool.use(() => {});
      const tried = (at.push(here()), pool.tryGet()!);
      const check = () => at.push(lineIn(lines(pool)[3]));
      await (at.push(here()), pool.use(check));
      assertEquals(at.at(-1), at.at(-2), "of the use");
      assertEquals(lines(pool).map(lineIn), at.slice(0, 3));
      await Promise.all([pool.ret(lease), pool.ret(tried), loan.release()]);
      assertEquals(lines(pool), []);
    },
  );

  itTraces("of who had to wait it is the line that asked, not the one that gave back", async () => {
    await using pool = things({ traceHolders: true });
    const first = await pool.get();
    const asked = here() + 1;
    const waiting = pool.get();
    await pool.ret(first);
    const second = await waiting;
    assertEquals(lines(pool).map(lineIn), [asked]);
    await pool.ret(second);
  });

  itTraces("tells it in timeouts, as field and in the message", async () => {
    await using pool = things({ traceHolders: true });
    const asked = here() + 1;
    const lease = await pool.get({ label: "the report" });
    const error = await rejection(pool.get({ timeout: 2 }));
    assert(error instanceof PoolTimeoutError);
    const [{ line, label }] = error.holders as [Holder];
    assertEquals([lineIn(line), label], [asked, "the report"]);
    assert(error.message.includes(`by "the report", taken at ${line}`), error.message);
    await pool.ret(lease);
  });

  itTraces("tells it in the warnings of what is overdue and killed", async () => {
    await using pool = things({ traceHolders: true, maxUsingDelay: 1000, maxUsingDelayKill: 2000 });
    using time = new Time();
    const asked = here() + 1;
    const lease = await pool.get();
    await time.pass(3000);
    assertEquals(pool.lines.length, 2, lease ? "" : "it is kept until here");
    for (const line of pool.lines) {
      const [, taken] = /, taken at (.*) \(maxUsingDelay(?:Kill)?\)$/.exec(line)!;
      assertEquals(lineIn(taken), asked, line);
    }
  });

  itTraces("tells it of one that was lost", async () => {
    assert(hasGc, "run the tests by `deno task test`");
    await using pool = things({ traceHolders: true, hkDelay: 5 });
    let asked = 0;
    await (async () => {
      asked = here() + 1;
      await pool.get();
    })();
    for (let i = 0; i < 300 && pool.lines.length === 0; i++) await collect(2);
    const [, taken] = /has leaked: .*, taken at (.*)\)$/.exec(pool.lines[0]!)!;
    assertEquals(lineIn(taken), asked);
  });
});

describe("traceHolders: false", () => {
  it("records nothing, whatever happens", async () => {
    await using pool = things({ traceHolders: false });
    const lease = await pool.get();
    const error = await rejection(pool.get({ timeout: 2 })) as PoolTimeoutError;
    assertEquals([error.holders[0]!.line, error.message.includes("taken at")], [undefined, false]);
    await pool.ret(lease);
    await pool.use(() => assertEquals(lines(pool), [undefined]));
    assertEquals("line" in pool.stats().objects.available[0]!, false);
  });
});

describe('traceHolders: "auto"', () => {
  it("is the default, and records nothing until there is trouble", async () => {
    await using pool = things();
    assertEquals(pool.stats().config.traceHolders, "auto");
    const lease = await pool.get({ label: "not traced" });
    assertEquals(lines(pool), [undefined]);
    const error = await rejection(pool.get({ timeout: 2 })) as PoolTimeoutError;
    assertEquals(error.holders.map(({ label, line }) => [label, line]), [[
      "not traced",
      undefined,
    ]]);
    await pool.ret(lease);
  });

  itTraces("from a timeout on it records the next 100, of whatever kind, and no more", async () => {
    await using pool = things();
    const trouble = async () => {
      const lease = await pool.get();
      await rejection(pool.get({ timeout: 1 }));
      await pool.ret(lease);
    };
    for (let round = 0; round < 2; round++) {
      await trouble();
      let traced = 0;
      const count = () => void (traced += lines(pool)[0] === undefined ? 0 : 1);
      for (let i = 0; i < 50; i++) {
        await pool.use(count);
        const lease = pool.tryGet()!;
        count();
        await pool.ret(lease);
      }
      assertEquals(traced, 100);
      for (let i = 0; i < 5; i++) await pool.use(count);
      assertEquals(traced, 100, "no more than that");
    }
  });

  itTraces("trouble while it records begins the 100 anew", async () => {
    await using pool = things();
    const lease = await pool.get();
    await rejection(pool.get({ timeout: 1 })); // 100 from here on
    await rejection(pool.get({ timeout: 1 })); // itself the first of them; 100 from here on
    await pool.ret(lease);
    let traced = 0;
    for (let i = 0; i < 110; i++) {
      await pool.use(() => void (traced += lines(pool)[0] === undefined ? 0 : 1));
    }
    assertEquals(traced, 100);
  });

  for (const option of ["maxUsingDelay", "maxUsingDelayKill"] as const) {
    itTraces(`an object that is overdue by ${option} is trouble`, async () => {
      await using pool = things({ [option]: 1000, maxSize: 2 });
      using time = new Time();
      const lease = await pool.get();
      await time.pass(1600);
      const asked = here() + 1;
      const next = await pool.get();
      assertEquals(lineIn(lines(pool).at(-1)), asked);
      await pool.ret(next);
      await pool.ret(lease);
    });
  }

  itTraces("a lease that was lost is trouble", async () => {
    assert(hasGc, "run the tests by `deno task test`");
    await using pool = things({ hkDelay: 5 });
    await (async () => void await pool.get())();
    for (let i = 0; i < 300 && pool.stats().leaked === 0; i++) await collect(2);
    const asked = here() + 1;
    const lease = await pool.get();
    assertEquals(lines(pool).map(lineIn), [asked]);
    await pool.ret(lease);
  });
});

describe("for how long objects are held", () => {
  it("is exact from the first trouble on, where no option reads the clock", async () => {
    await using pool = things({ maxSize: 2 });
    using time = new Time();
    const first = await pool.get();
    const other = await pool.get();
    assertEquals(pool.stats().objects.using.map(({ held }) => held), [null, null]);
    await time.pass(3000);
    const error = rejection(pool.get({ timeout: 100 }));
    await time.pass(100);
    const { holders } = await error as PoolTimeoutError;
    assert(holders.every(({ held, atLeast }) => atLeast && held! <= 100), JSON.stringify(holders));

    await pool.ret(first);
    const second = await pool.get();
    await time.pass(3000);
    assertEquals(pool.stats().objects.using.map(({ held }) => held! >= 3000), [true, true]);
    const late = rejection(pool.get({ timeout: 100 }));
    await time.pass(100);
    const { holders: [coarse, exact], message } = await late as PoolTimeoutError;
    assertEquals([coarse!.atLeast, exact!.held, exact!.atLeast], [true, 3100, false]);
    assert(/#[01] thing [01] for 3100 ms/.test(message), message);
    await pool.ret(second);
    await pool.ret(other);
  });
});

describe("traceHolders", () => {
  it('must be true, false or "auto"', () => {
    for (const [value, got] of [["on", '"on"'], [1, "1"], [null, "null"]] as const) {
      const { message } = assertThrows(
        () => new Pool(() => ({}), { traceHolders: value as never }),
        TypeError,
      );
      assertEquals(message, `traceHolders must be true, false or "auto", got ${got}`);
    }
  });
});
