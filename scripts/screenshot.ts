// Takes the picture of docs/dashboard.md: a live dashboard of pools under load, in a real Chromium.

import { chromium } from "playwright-core";
import { Pool, type PoolOptions } from "../mod.ts";
import { dashboard } from "../observe/dashboard.ts";

const TARGET = "docs/dashboard.png";
const CHROME = Deno.env.get("CHROME_PATH") ?? "/usr/bin/chromium";
/** For how long there is load before the picture, in ms. */
const LOAD = Number(Deno.args[0] ?? 60_000);

class Session {
  readonly #n: number;

  constructor(n: number) {
    this.#n = n;
  }

  toString(): string {
    return `session ${4200 + this.#n * 7}`;
  }
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
/** Most take about that long, some ten times as long. */
const about = (ms: number) => sleep(ms * Math.exp(Math.random() * 2.3 - 0.7));

function pool(name: string, options: PoolOptions<Session>): Pool<Session> {
  const connect = async (n: number) => {
    await about(30);
    if (down.has(name)) throw new Error("connect ECONNREFUSED 10.0.3.7:5432");
    return new Session(n);
  };
  return new Pool(connect, { name, logLevel: "silent", traceHolders: true, ...options });
}

const down = new Set<string>();
const orders = pool("orders", { maxSize: 10, minSize: 2, timeout: 800, maxAvailDelay: 4_000 });
const reports = pool("reports", { maxSize: 4, timeout: 5_000, maxUsingDelayKill: 30_000 });
const mail = pool("mail", { maxSize: 6, createBackoff: 2_000, timeout: 1_500, maxAvailDelay: 500 });

/** Callers of an endpoint come at random, more of them in waves. */
async function checkout(): Promise<void> {
  for (let i = 0;; i++) {
    const wave = 1 + 0.8 * Math.sin(performance.now() / 7_000);
    await sleep(14 / wave * Math.random());
    orders.use(() => about(40), { label: i % 3 ? "GET /cart" : "POST /checkout" }).catch(() => {});
  }
}

async function nightly(): Promise<void> {
  for (;;) {
    await about(400);
    reports.use(() => about(900), { label: "monthly report" }).catch(() => {});
  }
}

async function send(): Promise<void> {
  for (;;) {
    await about(60);
    mail.use(() => about(90), { label: "newsletter" }).catch(() => {});
  }
}

async function main(): Promise<void> {
  const show = dashboard([orders, reports, mail]);
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, show);
  void checkout();
  void nightly();
  void send();
  const browser = await chromium.launch({ executablePath: CHROME, args: ["--no-sandbox"] });
  const viewport = { width: 1300, height: 770 }; // a picture of some 140 kB
  const page = await browser.newPage({ viewport, colorScheme: "light" });
  await page.goto(`http://127.0.0.1:${server.addr.port}/`);
  await sleep(LOAD - Math.min(LOAD / 3, 12_000));
  down.add("mail");
  await mail.reset();
  await sleep(Math.min(LOAD / 3, 12_000));
  for (const part of await page.locator("details[data-part=totals] summary").all()) {
    await part.click();
  }
  await page.locator("h1").click();
  await page.screenshot({ path: TARGET });
  await browser.close();
  Deno.exit(0);
}

await main();
