// What a dashboard makes of a pool's state, of durations, and of texts that others have written.

import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool } from "../mod.ts";
import { dashboard } from "../observe/dashboard.ts";
import { LINGER } from "../observe/dashboard/board.ts";
import { Happenings } from "../observe/dashboard/happenings.ts";
import { Histogram } from "../observe/dashboard/histogram.ts";
import { shorten } from "../observe/dashboard/text.ts";
import { type Recent, verdict } from "../observe/dashboard/verdict.ts";
import { insideOf } from "../pool.ts";
import { snapshot } from "../pool/snapshot.ts";
import { Page } from "./helpers/dashboard_page.ts";
import { Time } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";

describe("the verdict on a pool", () => {
  const now = 100_000;
  const nothing: Recent = { failing: undefined, lost: undefined, late: undefined, now };
  const some = {
    ...snapshot(insideOf(new Pool(() => ({}))), 0),
    started: true,
    maxSize: 10,
    using: 3,
  };
  const failure = { cause: new Error("connect ECONNREFUSED"), ago: 12_000 };
  const cases: [string, string, Partial<typeof some>, Partial<Recent>][] = [
    ["calm", "calm: 3 of 10 in use", {}, {}],
    ["calm", "calm: nothing in use", { using: 0 }, {}],
    ["calm", "calm: all 10 are in use", { using: 10 }, {}],
    ["calm", "calm: 3 in use", { maxSize: 0 }, {}],
    ["busy", "3 wait, all 10 are in use", { using: 10, waiting: 3 }, {}],
    ["busy", "1 waits, the only one is in use", { maxSize: 1, using: 1, waiting: 1 }, {}],
    ["busy", "2 wait, 4 being created", { waiting: 2, creating: 4 }, {}],
    [
      "busy",
      "2 wait, 3 in use, waits for 2 permits of its quota",
      { waiting: 2, requesting: 2 },
      {},
    ],
    ["calm", "calm: 3 of 10 in use, waits for 1 permit of its quota", { requesting: 1 }, {}],
    [
      "trouble",
      "outage: no object could be created for 12 s: connect ECONNREFUSED; 1 waits, 3 in use",
      { outage: true, failure, waiting: 1 },
      { failing: 12_000 },
    ],
    ["trouble", "an object could not be created, 12 s ago: connect ECONNREFUSED", { failure }, {}],
    ["calm", "calm: 3 of 10 in use", { failure: { ...failure, ago: 61_000 } }, {}],
    ["trouble", "overloaded: sheds load; 9 wait, 3 in use", { overloaded: true, waiting: 9 }, {}],
    ["trouble", "health checks fail or hang", { alarm: true }, {}],
    [
      "trouble",
      "1 object leaked, the last 30 s ago",
      { totals: { ...some.totals, leaked: 1 } },
      { lost: now - 30_000 },
    ],
    ["trouble", "gets time out, the last just now", {}, { late: now - 100 }],
    ["calm", "calm: 3 of 10 in use", {}, { late: now - 61_000, lost: now - 61_000 }],
    ["off", "not used yet", { started: false }, {}],
    ["off", "shutting down: 3 still in use, 1 being closed", { shutdown: true, closing: 1 }, {}],
    ["off", "shut down", { shutdown: true, using: 0 }, {}],
  ];
  for (const [level, text, changes, recent] of cases) {
    it(`is ${level}: ${text}`, () => {
      const seen = { ...some, ...changes };
      assertEquals(verdict(seen, { ...nothing, ...recent }), { level, text } as never);
    });
  }
});

describe("the histogram of a dashboard", () => {
  it("says within an eighth what half, nine of ten and 99 of 100 did not exceed", () => {
    for (const scale of [0.1, 1, 37, 5_000, 100_000]) {
      const histogram = new Histogram();
      histogram.turn(1000);
      for (let i = 1; i <= 1000; i++) histogram.count(i * scale);
      const { count, p50, p90, p99 } = histogram.spread;
      assertEquals(count, 1000);
      for (const [found, exact] of [[p50, 500], [p90, 900], [p99, 990]] as const) {
        const off = found / (exact * scale);
        assert(off >= 1 && off <= 1.13, `${scale}: ${found} for ${exact * scale}`);
      }
    }
  });

  it("has a bar for each doubling", () => {
    const histogram = new Histogram();
    for (const ms of [0, 0.99, 1, 1.99, 2, 3.9, 4, 1e9]) histogram.count(ms);
    const { bars } = histogram.spread;
    assertEquals(bars.slice(0, 4), [2, 2, 2, 1]);
    assertEquals(bars.reduce((sum, n) => sum + n), 8);
  });

  it("forgets after a minute, whatever the clock does", () => {
    const histogram = new Histogram();
    const counted = () => histogram.spread.count;
    histogram.turn(1000);
    histogram.count(1);
    histogram.turn(1055);
    histogram.count(1);
    assertEquals(counted(), 2);
    histogram.turn(1060);
    assertEquals(counted(), 1);
    histogram.turn(5000);
    assertEquals(counted(), 0);
    histogram.count(1);
    histogram.turn(2000);
    assertEquals(counted(), 0);
  });
});

describe("texts on a dashboard", () => {
  it("are cut, on one line, and without what turns or hides text", () => {
    assertEquals(shorten("a\tb\r\n\u0000c", 80), "a b c");
    assertEquals(shorten("safe\u202egnp.exe\u2066\u200b", 80), "safe gnp.exe ");
    assertEquals(
      shorten("half \ud83d of \udc00 two, \ud83d\udc00 whole", 80),
      "half � of � two, 🐀 whole",
    );
    assertEquals(shorten("<b onclick=x>", 80), "<b onclick=x>");
    assertEquals(shorten("x".repeat(5_000_000), 10), `${"x".repeat(9)}…`);
    assertEquals(shorten(`12345678${"🐀".repeat(9)}`, 10), "12345678…");
    for (const nothing of [undefined, null, 1, {}]) assertEquals(shorten(nothing, 10), "");
  });

  it("have no password of an address", () => {
    const text =
      "no answer from postgres://app:s3cr3t@db:5432/x, mysql://a:p@ss@b/ and redis://c/0";
    const safe = "no answer from postgres://app:…@db:5432/x, mysql://a:…@b/ and redis://c/0";
    assertEquals(shorten(text, 200), safe);
    assertEquals(shorten(`http://u:${"x".repeat(5_000)}@h`, 20).includes("xx"), false);
  });

  it("of hostile tracers, labels and errors leave the others alone", async () => {
    using time = new Time();
    class Evil extends Error {
      override get message(): string {
        throw new Error("no");
      }
    }
    const evil = () => Promise.reject(new Evil());
    await using pool = new TestPool((n) => n === 0 ? {} : evil(), {
      name: "\u202ename",
      maxSize: 2,
      createBackoff: 0,
      logLevel: "silent",
      tracer: () => {
        throw new Error("no");
      },
    });
    await using bad = new TestPool(() => ({}), { tracer: () => ({}) as never });
    const page = await Page.open(dashboard([pool, bad]));
    await page.next();
    const leases = [await pool.get({ label: "y".repeat(1e6) }), await bad.get()];
    await pool.get().catch(() => {});
    const coming = page.next();
    await time.pass(1000);
    const { pools } = (await coming)!;
    assert(JSON.stringify(pools).length < 4000);
    assertEquals(pools.map(({ holders }) => holders.length), [1, 1]);
    assertEquals(pools[0]!.name, " name");
    assertEquals(pools[0]!.happened!.map(({ why }) => why).sort(), [
      "an error that has no description",
      "failure",
    ]);
    await page.close();
    await pool.ret(leases[0]!);
    await bad.ret(leases[1]!);
    await time.pass(LINGER);
  });
});

describe("what happened", () => {
  it("is kept by kind, the newest first, and no more than fits on a page", () => {
    const happened = new Happenings();
    for (let i = 0; i < 1000; i++) happened.add("failed", `error ${i}`);
    happened.add("closed", "expired");
    happened.add("failed", "error 990");
    const list = happened.list();
    assertEquals(list.length, 24);
    assertEquals(list.slice(0, 2).map(({ why, count }) => [why, count]), [["error 990", 2], [
      "expired",
      1,
    ]]);
  });
});
