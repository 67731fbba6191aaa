// The page of the demo's `--serve` in a real Chromium: what its buttons do to the pool is to be seen.

import { assert, assertEquals, assertMatch } from "@std/assert";
import axe from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";
import { CHROME } from "../../examples/recipes/browser.ts";
import { serving, start } from "./demo_process.ts";

const there = await Deno.stat(CHROME).then(() => true, () => false);
const skipped = there ? "" : ` (skipped: no Chromium at ${CHROME}: CHROME_PATH tells where it is)`;

/** Something is to be seen within two seconds; a machine with other work is given more. */
const SOON = 15_000;

Deno.test({
  name: `demo: --serve shows what a visitor does to its pool${skipped}`,
  ignore: !there,
  // What Playwright starts at its first use it keeps for the next.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await using child = start(["--serve"]);
    const url = await serving(child);
    const args = ["--no-sandbox"].slice(Deno.uid() === 0 ? 0 : 1);
    const browser = await chromium.launch({ executablePath: CHROME, args });
    try {
      await visit(browser, url);
      // With the page open, whose events have no end.
      child.kill("SIGINT");
      const [{ code }, stderr] = await Promise.all([
        child.status,
        new Response(child.stderr).text(),
      ]);
      assertMatch(stderr, /^(demo: .*\n)*$/);
      assertEquals(code, 0);
    } finally {
      await browser.close();
    }
  },
});

async function visit(browser: Browser, url: string): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 360, height: 740 } });
  const complaints: string[] = [];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", ({ message }) => complaints.push(message));
  await page.goto(url);
  const dashboard = page.frameLocator("iframe");
  const shows = (selector: string, text: RegExp) =>
    dashboard.locator(selector).filter({ hasText: text }).waitFor({ timeout: SOON });

  await page.locator("#load").press("Home");
  await shows("[data-is=using]", /^0/);
  await page.locator("#load").press("End");
  await shows("[data-is=using]", /^[1-9]/);
  await page.getByRole("button", { name: "Slow query" }).click();
  await shows("[data-is=holders]", /slow query/);
  await shows("[data-is=waiting]", /^[1-9]/);
  await page.locator("#load").press("Home");
  await shows("[data-is=waiting]", /^0/);
  await shows("[data-is=using]", /^0/);

  await page.getByRole("button", { name: "Leak" }).press("Enter");
  await shows(".verdict", /1 object leaked/);

  for (let i = 0; i < 2; i++) await page.locator("#load").press("ArrowRight");
  const outage = page.getByRole("button", { name: "Outage" });
  await outage.press("Space");
  await shows(".verdict", /^outage: no object could be created .* ECONNREFUSED/);
  assertEquals(await outage.getAttribute("aria-pressed"), "true");
  await page.locator("#clients.trouble").filter({ hasText: " 0/s answered" }).waitFor();
  await outage.press("Space");
  await shows(".verdict", /^(?!outage)/);
  await page.locator("#clients").filter({ hasText: / [1-9]\d*\/s answered/ }).waitFor();

  assert(await page.evaluate("document.documentElement.scrollWidth") as number <= 360);
  assertEquals(await faults(page), []);
  assertEquals(complaints, []);
}

/** What is serious of what axe finds. */
async function faults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate("axe.run()") as axe.AxeResults;
  return violations.filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes[0]!.html}`);
}
