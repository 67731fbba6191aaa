// The options of single calls, get, use, resize and shutdown: misuse is refused and changes nothing.

import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  type GetOptions,
  PoolTimeoutError,
  type ResizeOptions,
  type ShutdownOptions,
} from "../mod.ts";
import { Time } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";

type Kind = typeof TypeError | typeof RangeError;

/** What is wrong, which error that is, and what its message names. */
const WRONG: [unknown, Kind, string[]][] = [
  [{ timeout: -1 }, RangeError, ["timeout", "-1"]],
  [{ timeout: NaN }, RangeError, ["timeout", "NaN"]],
  [{ timeout: Infinity }, RangeError, ["timeout", "(0: unlimited), got Infinity"]],
  [{ timeout: 2 ** 31 }, RangeError, ["timeout", `${2 ** 31}`]],
  [{ timeout: "5" }, TypeError, ["timeout", '"5"']],
  [{ timeout: null }, TypeError, ["timeout", "null"]],
  [{ timeOut: 5 }, TypeError, ["timeOut", "timeout"]],
  [{ acquireTimeoutMillis: 5 }, TypeError, ["acquireTimeoutMillis", "timeout"]],
  [{ maxSize: 5 }, TypeError, ["maxSize"]],
  [null, TypeError, ["object", "null"]],
  [5000, TypeError, ["object", "5000"]],
  ["5", TypeError, ["object", '"5"']],
];

const WRONG_SIGNALS: [unknown, Kind, string[]][] = [
  [{ signal: null }, TypeError, ["signal", "null"]],
  [{ signal: "abort" }, TypeError, ["signal", '"abort"']],
  [{ signal: {} }, TypeError, ["signal", "AbortSignal"]],
  [{ signal: { aborted: false, addEventListener() {} } }, TypeError, ["signal", "AbortSignal"]],
  [{ signal: new AbortController() }, TypeError, ["signal", "AbortController"]],
  [{ signal: true }, TypeError, ["signal", "true"]],
  [{ sginal: AbortSignal.abort() }, TypeError, ["sginal", "signal"]],
];

function check({ message }: Error, parts: string[]): void {
  for (const part of parts) assert(message.includes(part), `${part} is not in: ${message}`);
}

describe("get's and use's options", () => {
  it("wrong ones reject, and do not start the pool", async () => {
    let made = 0;
    await using pool = new TestPool(() => ({ n: made++ }), { minSize: 1 });
    for (const [options, kind, parts] of [...WRONG, ...WRONG_SIGNALS]) {
      check(await assertRejects(() => pool.get(options as GetOptions), kind), parts);
      const use = () => pool.use(() => made = 100, options as GetOptions);
      check(await assertRejects(use, kind), parts);
    }
    assertEquals([made, pool.size, pool.stats().started], [0, 0, null]);
  });

  it("wrong ones lose nothing of what is available, of the queue or of the places", async () => {
    await using pool = new TestPool((n) => ({ n }), { maxSize: 2 });
    await (await pool.get())[Symbol.asyncDispose]();
    for (const [options, kind] of [...WRONG, ...WRONG_SIGNALS]) {
      await assertRejects(() => pool.get(options as GetOptions), kind);
      await assertRejects(() => pool.use(() => {}, options as GetOptions), kind);
    }
    assertEquals([pool.available, pool.using, pool.waiting, pool.size], [1, 0, 0, 1]);
    const both = await Promise.all([pool.get(), pool.get()]);
    assertEquals(both.map(({ n }) => n), [0, 1]);
  });

  it("wrong ones of use are refused before fn is called", async () => {
    await using pool = new TestPool(() => ({}));
    let called = false;
    const fn = () => called = true;
    await assertRejects(() => pool.use(fn, { timeout: -1 }), RangeError);
    for (const no of [undefined, null, "fn", {}]) {
      const error = await assertRejects(() => pool.use(no as unknown as () => void), TypeError);
      assert(/use.*function/.test(error.message), error.message);
    }
    assertEquals([called, pool.using, pool.stats().gets], [false, 0, 0]);
  });

  it("undefined means the default, and a fraction of a millisecond is a delay", async () => {
    await using pool = new TestPool(() => ({}), { maxSize: 1, timeout: 40 });
    using time = new Time();
    await pool.use(() => {}, { timeout: undefined, signal: undefined });
    await pool.use(() => {}, {});
    const lease = await pool.get({ timeout: 0.5, signal: new AbortController().signal });
    const late = assertRejects(() => pool.get({ timeout: undefined }), PoolTimeoutError);
    await time.pass(50);
    assertEquals((await late).timeout, 40);
    pool.ret(lease);
  });

  it("timeout 0 means no limit, whatever the pool's is", async () => {
    await using pool = new TestPool(() => ({}), { maxSize: 1, timeout: 40 });
    using time = new Time();
    const lease = await pool.get();
    const next = pool.get({ timeout: 0 });
    await time.pass(100_000);
    assertEquals(pool.waiting, 1);
    pool.ret(lease);
    pool.ret(await next);
  });

  it("an own timeout holds, longer or shorter than the pool's", async () => {
    await using pool = new TestPool(() => ({}), { maxSize: 1, timeout: 400 });
    using time = new Time();
    const lease = await pool.get();
    const failed: number[] = [];
    const gets = [100, 900].map((timeout) =>
      pool.get({ timeout }).catch((error) => void failed.push(error.timeout))
    );
    const at = async (ms: number) => {
      await time.pass(ms - time.now);
      return failed;
    };
    assertEquals(await at(90), []);
    assertEquals(await at(110), [100]);
    assertEquals(await at(890), [100]);
    assertEquals(await at(910), [100, 900]);
    await Promise.all(gets);
    pool.ret(lease);
  });

  it("a signal that has aborted rejects with its reason, whatever that is", async () => {
    await using pool = new TestPool(() => ({}));
    for (const reason of [new RangeError("enough"), "enough", 0, null]) {
      const signal = AbortSignal.abort(reason);
      const caught = await pool.get({ signal }).then(() => "lent", (error) => error);
      assertStrictEquals(caught, reason);
    }
    assertEquals([pool.stats().aborted, pool.size], [4, 0]);
  });
});

describe("resize's options", () => {
  const wrong: [unknown, Kind, string[]][] = [
    [{ maxSize: -1 }, RangeError, ["maxSize", "-1"]],
    [{ maxSize: NaN }, RangeError, ["maxSize", "NaN"]],
    [{ maxSize: 1.5 }, RangeError, ["maxSize", "1.5"]],
    [{ maxSize: "3" }, TypeError, ["maxSize", '"3"']],
    [{ maxSize: null }, TypeError, ["maxSize", "null"]],
    [{ minSize: -1 }, RangeError, ["minSize", "-1"]],
    [{ minSize: Infinity }, RangeError, ["minSize", "Infinity"]],
    [{ minSize: 5, maxSize: 3 }, RangeError, ["minSize", "5", "maxSize", "3"]],
    [{ minSize: 5 }, RangeError, ["minSize", "5", "maxSize", "4"]],
    [{ maxSize: 1 }, RangeError, ["minSize", "2", "maxSize", "1"]],
    [{ max: 3 }, TypeError, ["max", "maxSize"]],
    [{ max_size: 3 }, TypeError, ["max_size", "maxSize"]],
    [{ timeout: 3 }, TypeError, ["timeout"]],
    [null, TypeError, ["object", "null"]],
    [undefined, TypeError, ["object", "undefined"]],
    [3, TypeError, ["object", "3"]],
  ];

  it("wrong ones throw, and change nothing", async () => {
    await using pool = new TestPool(() => ({}), { minSize: 2, maxSize: 4 });
    for (const [options, kind, parts] of wrong) {
      check(assertThrows(() => pool.resize(options as ResizeOptions), kind), parts);
      const { minSize, maxSize } = pool.stats().config;
      assertEquals([minSize, maxSize], [2, 4]);
    }
  });

  it("what is undefined or not given stays", async () => {
    await using pool = new TestPool(() => ({}), { minSize: 2, maxSize: 4 });
    pool.resize({ maxSize: undefined, minSize: undefined });
    pool.resize({});
    pool.resize({ maxSize: 5 });
    pool.resize({ minSize: 1 });
    const { minSize, maxSize } = pool.stats().config;
    assertEquals([minSize, maxSize], [1, 5]);
  });
});

describe("shutdown's options", () => {
  it("wrong ones reject, and the pool stays open", async () => {
    await using pool = new TestPool(() => ({}));
    for (const [options, kind, parts] of WRONG) {
      check(await assertRejects(() => pool.shutdown(options as ShutdownOptions), kind), parts);
    }
    const signal = { signal: AbortSignal.abort() } as ShutdownOptions;
    check(await assertRejects(() => pool.shutdown(signal), TypeError), ["signal"]);
    assertEquals(pool.stats().shutdown, false);
    await pool.use(() => {});
  });

  it("undefined means the default: it waits for what is out", async () => {
    await using pool = new TestPool(() => ({ ok: true }));
    using time = new Time();
    const lease = await pool.get();
    let done = false;
    const end = pool.shutdown({ timeout: undefined }).then(() => done = true);
    await time.pass(100_000);
    assertEquals([done, lease.ok], [false, true]);
    pool.ret(lease);
    await end;
  });
});
