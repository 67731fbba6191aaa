// Headless browsers: many visitors share a few processes, and each has its own cookies.
//
// The pool lends browsers: one takes half a second to start, and 240 MB to run. Cookies, storage and
// cache belong to a context, which takes 20 ms. Each borrower makes one, and `retter` closes it.
//
// Run it: npm install @x/proxypool playwright-core && node browser.ts (or deno run -A, or bun)

import process from "node:process";
import { type Browser, type BrowserServer, chromium, type Page } from "playwright-core";
import { type CreateContext, Pool } from "@x/proxypool";

export const CHROME = process.env.CHROME_PATH ?? "/usr/bin/chromium";

const processes = new WeakMap<Browser, BrowserServer>();

export function pidOf(browser: Browser): number {
  return processes.get(browser)!.process().pid!;
}

/** Takes no signal, since Playwright does not: it kills a browser that is late itself. */
async function launch(_n: number, { invalidate }: CreateContext): Promise<Browser> {
  const server = await chromium.launchServer({
    executablePath: CHROME,
    host: "127.0.0.1",
    timeout: 10_000,
    chromiumSandbox: process.getuid?.() !== 0, // which Chromium refuses to root
    // No more arguments: Playwright's own turn off updates, synchronisation and calls home.
  });
  try {
    const browser = await chromium.connect(server.wsEndpoint());
    processes.set(browser, server);
    browser.on("disconnected", () => invalidate("it has crashed, or was closed"));
    return browser;
  } catch (error) {
    await server.kill();
    throw error;
  }
}

/** A pool of browsers. */
export function browsers(maxSize = 2): Pool<Browser> {
  return new Pool(launch, {
    maxSize, //                   as many as there is memory for
    timeout: 30_000, //           all of them may be with pages that are slow
    createTimeout: 15_000, //     longer than `launch` itself waits, which then tells why
    maxUse: 500, //               what a browser hoards goes with it
    maxAvailDelay: 5 * 60_000, // nobody looks at pages any more: give the memory back
    maxUsingDelayKill: 60_000, // whatever a page does, a round later its browser is back
    health: async (browser) => await (await browser.newBrowserCDPSession()).detach(),
    healthAfter: 0, //            two answers of the browser itself, in a few ms; a dead one has none
    hookTimeout: 2_000, //        one that takes longer hangs
    retter: (browser) => Promise.all(browser.contexts().map((context) => context.close())),
    // Not `close`, for which one that hangs lets you wait: there is nothing in it to be saved.
    closer: (browser) => processes.get(browser)!.kill(),
    tracer: (browser) => `browser ${pidOf(browser)}`,
  });
}

/** Lends a page in a context of its own. When `signal` aborts, the page is closed, and the browser is kept. */
export function visit<R>(
  pool: Pool<Browser>,
  fn: (page: Page) => Promise<R>,
  signal?: AbortSignal,
): Promise<R> {
  return pool.use(async (browser, { signal }) => {
    const page = await browser.newPage();
    signal.addEventListener("abort", () => void page.close());
    signal.throwIfAborted();
    return await fn(page).catch((error) => {
      signal.throwIfAborted(); // its reason says more than that the page was closed
      throw error;
    });
  }, { signal });
}

if (import.meta.main) {
  const [url = "data:text/html,<title>A page</title><h1>Hello", file] = process.argv.slice(2);
  await using pool = browsers(); // shut down at the end: no browser is left
  const [title, image] = await visit(pool, async (page) => {
    await page.goto(url);
    return [await page.title(), await page.screenshot(file ? { path: file } : {})];
  }, AbortSignal.timeout(20_000));
  console.log(`${title}: a picture of ${image.length} bytes`);
}
