// The page of the dashboard in a real Chromium: what it shows, how it is used, and what it may do.

import { assert, assertEquals } from "@std/assert";
import axe from "axe-core";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { CHROME } from "../../examples/recipes/browser.ts";
import { Pool, type PoolOptions } from "../../mod.ts";
import { dashboard } from "../../observe/dashboard.ts";
import { insideOf } from "../../pool.ts";
import { collect } from "../helpers/gc.ts";
import { sleep, until } from "../helpers/until.ts";

const there = await Deno.stat(CHROME).then(() => true, () => false);
const skipped = there ? "" : ` (skipped: no Chromium at ${CHROME}: CHROME_PATH tells where it is)`;

/** Something is to be seen within two seconds; a machine with other work is given more. */
const SOON = { timeout: 6_000 };

let browser: Browser | undefined;

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name: `dashboard: ${name}${skipped}`,
    ignore: !there,
    // What Playwright starts at its first use it keeps for the next.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      browser ??= await launch();
      await fn();
    },
  });
}

/** One for all visits: each has a context of its own in there. */
function launch(): Promise<Browser> {
  const args = ["--no-sandbox"].slice(Deno.uid() === 0 ? 0 : 1);
  return chromium.launch({ executablePath: CHROME, args });
}

Deno.test.afterAll(() => browser?.close());

function serve(pools: Iterable<Pool<object>>, port = 0): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port, onListen() {} }, dashboard(pools));
}

/** A visitor of a dashboard of these pools, who hears of all that his browser complains of. */
class Visit implements AsyncDisposable {
  readonly complaints: string[] = [];

  private constructor(readonly page: Page, readonly server: Deno.HttpServer<Deno.NetAddr>) {}

  static async begin(
    pools: Iterable<Pool<object>>,
    options: BrowserContextOptions = {},
  ): Promise<Visit> {
    const server = serve(pools);
    const context = await browser!.newContext(options);
    const page = await context.newPage();
    const visit = new Visit(page, server);
    page.on("console", (message) => visit.complaints.push(message.text()));
    page.on("pageerror", ({ message }) => visit.complaints.push(message));
    await page.addInitScript(
      "addEventListener('securitypolicyviolation', (e) => console.error(e.violatedDirective))",
    );
    await page.goto(`http://127.0.0.1:${server.addr.port}/admin/pools`);
    await page.locator(".card").first().waitFor(SOON);
    return visit;
  }

  /** The text of an element. */
  async text(selector: string): Promise<string> {
    return await this.page.locator(selector).first().innerText();
  }

  async shows(selector: string, text: string | RegExp): Promise<void> {
    await this.page.locator(selector).filter({ hasText: text }).first().waitFor(SOON);
  }

  /** What is serious of what axe finds. */
  async faults(): Promise<string[]> {
    await this.page.evaluate(axe.source);
    const { violations } = await this.page.evaluate("axe.run()") as axe.AxeResults;
    return violations.filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes[0]!.html}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.context().close();
    await this.server.shutdown();
  }
}

const things = (name: string, options: PoolOptions<object> = {}) =>
  new Pool<object>((n) => ({ n }), { name, logLevel: "silent", ...options });

test("shows a leak, an outage, overload, and that it is over, as it happens", async () => {
  let down = false;
  const connect = () => down ? Promise.reject(new Error("connect ECONNREFUSED")) : {};
  const pool = new Pool<object>(connect, {
    name: "orders",
    maxSize: 2,
    createBackoff: 300,
    queueTarget: 20,
    queueInterval: 50,
    logLevel: "silent",
  });
  await using visit = await Visit.begin([pool]);
  await visit.shows(".card[data-level=off]", "not used yet");

  await lose(pool);
  for (let i = 0; i < 2; i++) { // it is looked after once somebody waits, and missed when it is collected
    await Promise.all([1, 2, 3].map(() => pool.use(() => sleep(60)).catch(() => {})));
    await collect();
  }
  await visit.shows(".card[data-level=trouble] .verdict", "1 object leaked");
  await visit.shows("[data-is=events]", "A lease leaked");

  down = true;
  await pool.reset();
  for (let i = 0; i < 5; i++) await pool.get({ timeout: 100 }).catch(() => {});
  await visit.shows(".verdict", /^outage: no object could be created for .*: connect ECONNREFUSED/);
  down = false;
  while (!await pool.use(() => true).catch(() => false)) await sleep(20);
  await visit.shows(".verdict", /^(?!outage)/);

  const load = setInterval(() => {
    for (let i = 0; i < 20; i++) pool.use(() => sleep(30)).catch(() => {});
  }, 20);
  await visit.shows(".verdict", "overloaded: sheds load");
  clearInterval(load);
  await visit.shows(".verdict", /^(?!overloaded)/);
  await visit.shows("[data-is=events]", "A get was refused: overload");
  assertEquals(visit.complaints, []);
  await pool.shutdown();
  await visit.shows(".card[data-level=off]", "shut down");
});

async function lose(pool: Pool<object>): Promise<void> {
  await pool.get();
}

test("shows who holds what, for how long, by which label and from which line; and who waits", async () => {
  await using pool = things("orders", {
    maxSize: 1,
    traceHolders: true,
    tracer: () => "session 7",
  });
  await using visit = await Visit.begin([pool]);
  const lease = await pool.get({ label: "GET /cart" });
  const waiting = pool.get({ label: "POST /checkout", priority: 3 });
  await visit.shows("[data-is=holders] tr", /^#0 session 7/);
  assert((await visit.text("[data-is=holders]")).includes("deno/dashboard_browser_test.ts:"));
  await visit.shows("[data-is=holders] td", "GET /cart");
  await visit.shows("[data-is=holders] td", /\d(\.\d)? (ms|s)$/);
  await visit.shows("[data-is=waiters] tr", /POST \/checkout\s*3/);
  await visit.shows(".verdict", "1 waits, the only one is in use");
  const plot = await visit.page.locator("[data-is=plot]").getAttribute("aria-label");
  assert(/Now 1 in use, 0 idle, 0 being created, 1 waiting; maxSize 1\.$/.test(plot!), plot!);
  await pool.ret(lease);
  await pool.ret(await waiting);
  await visit.shows("[data-is=holders]", "No object is in use.");
});

test("is used by keyboard: all in order, each to be seen, and no way without a way back", async () => {
  await using pool = things("orders");
  await using visit = await Visit.begin([pool]);
  const { page } = visit;
  const seen: string[] = [];
  for (let i = 0; i < 6; i++) {
    await page.keyboard.press("Tab");
    seen.push(
      await page.evaluate(`(() => {
        const { tagName, textContent } = document.activeElement;
        const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
        return tagName + " " + textContent.trim().split(" ").slice(0, 2).join(" ") + " " + outlineStyle + outlineWidth;
      })()`) as string,
    );
  }
  assertEquals(seen, [
    "BUTTON Pause solid3px",
    "SUMMARY How long solid3px",
    "SUMMARY Who holds solid3px",
    "SUMMARY Who waits solid3px",
    "SUMMARY What happened solid3px",
    "SUMMARY Totals since solid3px",
  ]);
  const open = () => page.locator("details[data-part=totals]").getAttribute("open");
  assertEquals(await open(), "");
  await page.keyboard.press("Enter");
  assertEquals(await open(), null);
  for (let i = 0; i < 5; i++) await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Space");
  assertEquals(await page.locator("#pause").getAttribute("aria-pressed"), "true");
  await pool.use(() => {});
  await sleep(2200);
  assertEquals(await visit.text("[data-is=verdict]"), "not used yet");
  await page.keyboard.press("Space");
  await visit.shows(".verdict", "calm");
});

const HOSTILE = `<img src=x onerror=alert(1)><script>alert(2)</script>\u202e\ud800${
  "x".repeat(999)
}`;

for (const colorScheme of ["light", "dark"] as const) {
  for (const [width, height] of [[360, 740], [1280, 900]] as const) {
    test(`fits ${width} px in ${colorScheme}, with hostile texts, and axe finds nothing serious`, async () => {
      let down = false;
      const connect = () => down ? Promise.reject(new Error(HOSTILE)) : {};
      const options = { maxSize: 1, traceHolders: true, tracer: () => HOSTILE, createBackoff: 0 };
      const pools = ["<b>orders</b>", `${HOSTILE}`, "mail", "search"].map((name) =>
        new Pool<object>(connect, { name, logLevel: "silent", ...options })
      );
      const viewport = { width, height };
      await using visit = await Visit.begin(pools, { colorScheme, viewport });
      const { page } = visit;
      const held = await Promise.all(pools.map((pool) => pool.get({ label: HOSTILE })));
      const waits = pools.map((pool) =>
        pool.get({ label: HOSTILE, timeout: 3000 }).catch(() => {})
      );
      await pools[3]!.discard(held[3]!);
      await pools[3]!.ret((await waits[3])!);
      down = true;
      await pools[3]!.reset();
      await pools[3]!.get().catch(() => {});
      await page.evaluate(
        "for (const part of document.querySelectorAll('details')) part.open = true",
      );
      await visit.shows("[data-is=events] td", "An object could not be created: <img src=x");
      await visit.shows("[data-is=holders] td", "<script>alert(2)</script>");
      await visit.shows("h2", "<b>orders</b>");
      assertEquals(await page.locator("main :is(img, script, b)").count(), 0);
      const wide = await page.evaluate("document.documentElement.scrollWidth") as number;
      assert(wide <= width, `${wide} px wide`);
      const ground = await page.evaluate("getComputedStyle(document.body).backgroundColor");
      assertEquals(ground, colorScheme === "dark" ? "rgb(18, 22, 29)" : "rgb(245, 246, 248)");
      assertEquals(await visit.faults(), []);
      assertEquals(visit.complaints, []);
      await Promise.all(waits);
      await Promise.all(pools.slice(0, 3).map((pool, i) => pool.ret(held[i]!)));
      await Promise.all(pools.map((pool) => pool.shutdown()));
    });
  }
}

test("has a list of pools in trouble, where there are many, that leads to each", async () => {
  const pools = Array.from({ length: 20 }, (_, i) => things(`pool ${i}`, { maxSize: 1 }));
  await using visit = await Visit.begin(pools);
  const held = await pools[17]!.get();
  await pools[17]!.get({ timeout: 10 }).catch(() => {});
  await visit.shows("#summary", "20 pools, 1 in trouble");
  await visit.page.getByRole("link", { name: "pool 17" }).click();
  await visit.page.locator(".card:target h2").filter({ hasText: "pool 17" }).waitFor(SOON);
  assertEquals(await visit.page.title(), "(1) Pools");
  await pools[17]!.ret(held);
});

test("says when the server does not answer, and goes on by itself when it is back", async () => {
  await using pool = things("orders");
  await using visit = await Visit.begin([pool]);
  const { port } = visit.server.addr;
  const gone = visit.server.shutdown();
  await visit.page.locator("#banner:visible").waitFor({ timeout: 45_000 });
  await visit.shows("#banner", /^The server has not answered for \d/);
  await gone;
  const again = serve([pool], port);
  await visit.page.locator("#banner").waitFor({ state: "hidden", timeout: 10_000 });
  await pool.use(() => {});
  await visit.shows(".verdict", "calm: nothing in use");
  await visit.page.context().close();
  await again.shutdown();
});

test("leaves nothing behind once it is closed", async () => {
  await using pool = things("orders");
  const isObserved = () => insideOf(pool).observers.loans;
  await using visit = await Visit.begin([pool]);
  const other = await visit.page.context().newPage();
  await other.goto(visit.page.url());
  await other.locator(".card").waitFor(SOON);
  await visit.page.close();
  await sleep(6000);
  assertEquals(isObserved(), true);
  await other.close();
  await until(() => !isObserved(), "nobody observes", 15_000);
});
