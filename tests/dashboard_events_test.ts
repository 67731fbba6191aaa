// The events of a dashboard: what they tell, when, and what is left when a page has gone.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool } from "../mod.ts";
import { dashboard } from "../observe/dashboard.ts";
import { LINGER } from "../observe/dashboard/board.ts";
import { ASLEEP, LIFE } from "../observe/dashboard/stream.ts";
import { insideOf } from "../pool.ts";
import { Page } from "./helpers/dashboard_page.ts";
import { idle, Time, Timers } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";

const isObserved = (pool: Pool<unknown>) => insideOf(pool).observers.loans;

/** At its end no page and no timer of a dashboard is left. */
class Scene extends Time {
  async [Symbol.asyncDispose](): Promise<void> {
    await this.pass(ASLEEP + LINGER + 1000);
    this[Symbol.dispose]();
  }
}

/** Time at the beginning of a second: events come then. */
async function atSecond(): Promise<Scene> {
  const time = new Scene();
  await time.pass(1000 - Date.now() % 1000);
  return time;
}

describe("the events of a dashboard", () => {
  it("tell at once how the pools are, then each second", async () => {
    await using time = await atSecond();
    await using pool = new TestPool(() => ({}), { name: "things", maxSize: 3, traceHolders: true });
    const page = await Page.open(dashboard(pool));
    const before = await page.pool();
    assertEquals([before.name, before.verdict.text], ["things", "not used yet"]);

    const lease = await pool.get({ label: "somebody" });
    const coming = page.pool();
    await time.pass(1000);
    const after = await coming;
    assertEquals(after.verdict, { level: "calm", text: "calm: 1 of 3 in use" });
    assertEquals([after.counts.using, after.totals.gets, after.rate], [1, 1, 1]);
    assertEquals(after.samples.map(([, ...counts]) => counts), [[1, 0, 0, 0]]);
    const [holder] = after.holders as { label: string; held: number; line: string }[];
    assertEquals([holder!.label, holder!.held], ["somebody", 1000]);
    await pool.ret(lease);

    const last = page.pool();
    await time.pass(1000);
    const { uses, waits } = await last;
    assertEquals([waits.count, uses.count, uses.bars.at(-1)], [1, 1, 1]);
    assert(uses.p50 >= 1000 && uses.p99 < 1126, JSON.stringify(uses));
    await page.close();
  });

  it("tell what happened, each kind once, and only when there is something new", async () => {
    await using time = await atSecond();
    let fails = true;
    const make = () => fails ? Promise.reject(new Error("no route")) : {};
    await using pool = new TestPool(make, { maxSize: 1, timeout: 100, createBackoff: 0 });
    const page = await Page.open(dashboard(pool));
    await page.next();
    for (const _ of [1, 2, 3]) await pool.get().catch(() => {});
    const next = async () => {
      const coming = page.pool();
      await time.pass(1000);
      return (await coming).happened?.map(({ what, why, count }) => [what, why, count]);
    };
    assertEquals(await next(), [["refused", "failure", 3], ["failed", "no route", 3]]);
    assertEquals(await next(), undefined);
    fails = false;
    const held = await pool.get();
    const late = pool.get().catch(() => {});
    await time.pass(100);
    await late;
    assertEquals((await next())![0], ["refused", "timeout", 1]);
    await pool.discard(held);
    assertEquals((await next())![0], ["closed", "discarded", 1]);
    await page.close();
  });

  it("go on for a page that comes again, and from the start for one that knows another process", async () => {
    await using time = await atSecond();
    await using pool = new TestPool(() => ({}));
    const show = dashboard(pool);
    const first = await Page.open(show);
    for (let i = 0; i < 3; i++) {
      const coming = first.next();
      await time.pass(i === 0 ? 0 : 1000);
      await coming;
    }
    await first.close();
    await time.pass(1000);
    const seconds = async (known: string) => {
      const page = await Page.open(show, known);
      const { samples } = await page.pool();
      await page.close();
      return samples.length;
    };
    assertEquals(await seconds(first.id), 1);
    assertEquals(await seconds(""), 4);
    const [run, second] = first.id.split("-").map(Number);
    for (const other of [`1-${second}`, `${run}-${second! + 100}`, "x", "-", "9".repeat(50)]) {
      assertEquals(await seconds(other), 4, other);
    }
  });

  it("are the same bytes for all pages", async () => {
    await using _time = await atSecond();
    let traced = 0;
    const tracer = () => `${++traced}`;
    await using pool = new TestPool(() => ({}), { maxSize: 4, tracer });
    const show = dashboard(pool);
    const lease = await pool.get();
    const pages = await Promise.all(Array.from({ length: 50 }, () => Page.open(show)));
    await Promise.all(pages.map((page) => page.next()));
    assertEquals(new Set(pages.map(({ bytes }) => bytes)).size, 1); // not just equal
    assertEquals(traced, 1);
    await Promise.all(pages.map((page) => page.close()));
    await pool.ret(lease);
  });

  it("follow pools that come and go, and hold none", async () => {
    await using time = await atSecond();
    const pools = new Set<Pool<object>>();
    const show = dashboard(() => pools);
    const page = await Page.open(show);
    const names = async () => {
      const coming = page.next();
      await time.pass(1000);
      return (await coming)!.pools.map(({ name }) => name);
    };
    await page.next();
    assertEquals(await names(), []);
    const [one, two] = ["one", "two"].map((name) => new Pool(() => ({}), { name }));
    pools.add(one!).add(two!);
    assertEquals(await names(), ["one", "two"]);
    pools.delete(one!);
    assertEquals(await names(), ["two"]);
    assertEquals([isObserved(one!), isObserved(two!)], [false, true]);
    for (let i = 0; i < 120; i++) pools.add(new Pool(() => ({}), { name: `many ${i}` }));
    const coming = page.next();
    await time.pass(1000);
    const { pools: shown, more } = (await coming)!;
    assertEquals([shown.length, more], [100, 21]);
    await page.close();
  });

  it("leave out what the function gives for a pool that is not there yet", async () => {
    await using time = await atSecond();
    const proxy: { _pool?: Pool<object> } = {};
    const page = await Page.open(dashboard(() => [proxy._pool]));
    assertEquals((await page.next())!.pools, []);
    proxy._pool = new Pool(() => ({}), { name: "later" });
    const coming = page.next();
    await time.pass(1000);
    assertEquals((await coming)!.pools.map(({ name }) => name), ["later"]);
    await page.close();
    const none = await Page.open(dashboard(() => undefined));
    assertEquals((await none.next())!.pools, []);
    await none.close();
  });

  it("end with what the function fails with that gives the pools", async () => {
    await using time = await atSecond();
    let fails = false;
    const show = dashboard(() => {
      if (fails) throw new Error("no pools today");
      return [];
    });
    const page = await Page.open(show);
    await page.next();
    fails = true;
    const failing = assertRejects(() => page.next(), Error, "no pools today");
    await time.pass(1000);
    await failing;
    await assertRejects(() => Page.open(show), Error, "no pools today");
  });
});

describe("a page of a dashboard that is gone", () => {
  it("leaves no observer, no timer and no stream behind, a few seconds later", async () => {
    await using time = await atSecond();
    using timers = new Timers();
    const pool = new Pool(() => ({}));
    const show = dashboard(pool);
    const pages = [await Page.open(show), await Page.open(show)];
    for (const page of pages) await page.next();
    const unread = pages[1]!.next();
    assertEquals(isObserved(pool), true);
    await pages[0]!.close();
    await time.pass(500);
    await pages[1]!.close();
    assertEquals(await unread, undefined);
    if (LINGER > 0) {
      await time.pass(LINGER - 1);
      assertEquals(isObserved(pool), true); // it may only be reloaded
    }
    await time.pass(1);
    assertEquals([isObserved(pool), timers.pending], [false, 0]);
  });

  it("keeps being observed by another that is open, and by one that comes at once", async () => {
    await using time = await atSecond();
    const pool = new Pool(() => ({}));
    const show = dashboard(pool);
    const first = await Page.open(show);
    await first.next();
    await first.close();
    await time.pass(LINGER / 2);
    const second = await Page.open(show);
    await second.next();
    const later = second.next();
    await time.pass(LINGER + 1000);
    await later;
    assertEquals(isObserved(pool), true);
    await second.close();
    await time.pass(LINGER);
    assertEquals(isObserved(pool), false);
  });

  it("is given up if it does not read: one that sleeps, or has gone unnoticed", async () => {
    await using time = await atSecond();
    const pool = new Pool(() => ({}));
    const show = dashboard(pool);
    const asleep = await Page.open(show);
    await asleep.next();
    const never = await Page.open(show);
    await time.pass(ASLEEP + LINGER + 1000);
    assertEquals(isObserved(pool), false);
    assertEquals([await asleep.next(), await never.next()], [undefined, undefined]);
  });

  it("has to ask again after 30 s even if it reads", async () => {
    await using time = await atSecond();
    const pool = new Pool(() => ({}));
    const page = await Page.open(dashboard(pool));
    let told = 0;
    const reading = (async () => {
      while (await page.next() !== undefined) told++;
    })();
    await time.pass(LIFE + 2000, 500);
    await reading;
    assert(told >= 29 && told <= 33, `${told} events`);
    await time.pass(LINGER);
    assertEquals(isObserved(pool), false);
  });

  it("keeps no process alive", async () => {
    using timers = new Timers();
    const page = await Page.open(dashboard(new Pool(() => ({}))));
    await page.next();
    const next = page.next();
    await idle();
    assert(timers.pending > 0);
    assertEquals(timers.holding, 0);
    await page.close();
    await next;
    assertEquals([timers.pending, timers.holding], [LINGER > 0 ? 1 : 0, 0]);
  });
});
