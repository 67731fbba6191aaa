// The recipe for browsers, with real ones: what visitors leave behind, and each way to lose a browser.

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { browsers, CHROME, pidOf, visit } from "../../../examples/recipes/browser.ts";
import { until } from "../../helpers/until.ts";
import { descendants, isAlive } from "./processes.ts";
import { printed, takers } from "./run.ts";

type Browsers = ReturnType<typeof browsers>;

const there = await Deno.stat(CHROME).then(() => true, () => false);
const skipped = there ? "" : ` (skipped: no Chromium at ${CHROME}: CHROME_PATH tells where it is)`;

function test(name: string, fn: () => Promise<void>, fetched = true): void {
  Deno.test({
    name: `browser: ${name}${skipped}`,
    ignore: !there || !fetched,
    // What Playwright starts at its first use it keeps for the next.
    sanitizeOps: false,
    sanitizeResources: false,
    fn,
  });
}

/** A site that knows its visitors: it tells the cookies it was sent, and sets one. */
class Site implements AsyncDisposable {
  readonly #never = Promise.withResolvers<Response>();
  readonly #server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    if (request.url.endsWith("/never")) return this.#never.promise;
    const headers = { "content-type": "text/html", "set-cookie": "who=somebody" };
    return new Response(`<title>${request.headers.get("cookie") ?? "none"}</title>`, { headers });
  });
  readonly url = `http://127.0.0.1:${this.#server.addr.port}/`;

  async [Symbol.asyncDispose](): Promise<void> {
    this.#never.resolve(new Response());
    await this.#server.shutdown();
  }
}

/** The cookies that the site is sent by the next visitor, twice. */
function cookies(pool: Browsers, { url }: Site): Promise<string[]> {
  return visit(pool, async (page) => {
    await page.goto(url);
    const first = await page.title();
    await page.evaluate(() => localStorage.setItem("who", "somebody"));
    await page.reload();
    return [first, await page.title()];
  });
}

const pids = (pool: Browsers) => pool.use((browser) => Promise.resolve(pidOf(browser)));

for (const runner of takers()) {
  test(`the program takes a picture on ${runner.label}`, async () => {
    const [said = ""] = await printed(runner, "browser.ts");
    assertMatch(said, /^A page: a picture of \d{4,} bytes$/);
  }, runner.there);
}

test("no cookie and nothing stored goes from one visitor to the next", async () => {
  await using site = new Site();
  await using pool = browsers(1);
  assertEquals(await cookies(pool, site), ["none", "who=somebody"]);
  assertEquals(await cookies(pool, site), ["none", "who=somebody"]);
  { // who closes nothing himself
    await using browser = await pool.get();
    const page = await (await browser.newContext()).newPage();
    await page.goto(site.url);
  }
  await visit(pool, async (page) => {
    await page.goto(site.url);
    assertEquals(await page.evaluate(() => localStorage.length), 0);
    assertEquals(page.context().browser()!.contexts().length, 1);
  });
  const { created, gets } = pool.stats();
  assertEquals([created, gets], [1, 4]);
});

test("one that is killed fails its borrower, nobody else, and is not lent again", async () => {
  await using site = new Site();
  await using pool = browsers(2);
  const fates = await Promise.allSettled([kill(pool, site), cookies(pool, site)]);
  assertEquals(fates.map(({ status }) => status), ["rejected", "fulfilled"]);
  assertMatch(String((fates[0] as PromiseRejectedResult).reason), /closed/);
  assertEquals(await together(pool, site), ["none", "none"]);
  const { created, size, unhealthy, hookErrors, invalidated } = pool.stats();
  assertEquals([created, size], [3, 2]);
  // Where it was noticed first depends on how fast Playwright hears of it.
  assertEquals(invalidated || unhealthy || hookErrors, 1);
});

/** Kills the browser in the middle of a visit. */
function kill(pool: Browsers, { url }: Site): Promise<unknown> {
  return visit(pool, async (page) => {
    await page.goto(url);
    const next = page.goto(`${url}never`);
    Deno.kill(pidOf(page.context().browser()!), "SIGKILL");
    await next;
  });
}

/** Two visits, neither of which goes on before there is a browser for the other. */
function together(pool: Browsers, { url }: Site): Promise<string[]> {
  const met = Promise.withResolvers<void>();
  let here = 0;
  const one = () =>
    visit(pool, async (page) => {
      if (++here === 2) met.resolve();
      await met.promise;
      await page.goto(url);
      return await page.title();
    });
  return Promise.all([one(), one()]);
}

for (const [signal, what] of [["SIGKILL", "is killed"], ["SIGSTOP", "hangs"]] as const) {
  test(`one that ${what} while idle is replaced before anybody has it`, async () => {
    await using site = new Site();
    await using pool = browsers(1);
    const pid = await pids(pool);
    Deno.kill(pid, signal);
    assertEquals(await cookies(pool, site), ["none", "who=somebody"]);
    const { created, unhealthy, invalidated } = pool.stats();
    assertEquals([created, unhealthy + invalidated], [2, 1]);
    await until(() => !isAlive(pid), "it has gone");
  });
}

test("who gives up leaves no page open, and costs no browser", async () => {
  await using site = new Site();
  await using pool = browsers(1);
  const pid = await pids(pool);
  const gaveUp = new AbortController();
  const fails = () =>
    visit(pool, (page) => {
      setTimeout(() => gaveUp.abort(new Error("not wanted")), 50);
      return page.goto(`${site.url}never`);
    }, gaveUp.signal);
  await assertRejects(fails, Error, "not wanted");
  await until(() => pool.available === 1, "the browser is back, without the page");
  assertEquals([await pids(pool), pool.stats().created], [pid, 1]);
});

test("shutdown leaves no process, also of those in use", async () => {
  await using site = new Site();
  const pool = browsers(2);
  const busy = visit(pool, (page) => page.goto(`${site.url}never`));
  const failing = assertRejects(() => busy, Error, "revoked by shutdown");
  await cookies(pool, site);
  await until(() => pool.using === 1 && pool.available === 1, "one is idle");
  const all = descendants(Deno.pid);
  assert(all.length > 4, "each has several processes");
  await pool.shutdown({ timeout: 50 });
  await failing;
  await until(() => !all.some(isAlive), "no process is left");
});
