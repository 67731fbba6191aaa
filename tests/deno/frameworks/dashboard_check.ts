// What the dashboard does in a server: the page, its events, and nothing left once a page has gone.

import { Pool } from "../../../mod.ts";
import { dashboard } from "../../../observe/dashboard.ts";
import { insideOf } from "../../../pool.ts";
import type { Server } from "./check.ts";

/** Where each server has it. */
export const MOUNT = "/admin/pools";

export const pool = new Pool((n) => ({ n }), { name: "<things>", maxSize: 2 });

/** Whether anybody observes the pool. */
const isObserved = () => insideOf(pool).observers.loans;

export const show = dashboard(pool);

/** Asks as a browser does, and ends the process: with an error, if anything is not as it should be. */
export async function check({ port, close }: Server): Promise<void> {
  const url = `http://127.0.0.1:${port}${MOUNT}`;
  await checkPage(url);
  await checkRefusals(url);
  const lease = await pool.get({ label: "somebody" });
  const pages = await Promise.all([1, 2].map(() => open(`${url}?events=`)));
  for (const page of pages) {
    const events = [await page.next(), await page.next()];
    assert(events.every((event) => event.includes('"name":"<things>"')), events.join());
    assert(events.at(-1)!.includes('"label":"somebody"'), events.join());
  }
  assert(isObserved(), "nobody observes");
  for (const page of pages) page.leave();
  for (let tries = 0; isObserved() && tries < 200; tries++) await delay(100);
  assert(!isObserved(), "a page that has gone leaves an observer");
  await pool.ret(lease);
  await pool.shutdown();
  void close(); // which on Deno, for Express, waits for connections that have gone
  console.log("ok");
  (globalThis as unknown as { process: { exit(code: number): never } }).process.exit(0);
}

async function checkPage(url: string): Promise<void> {
  for (const path of ["", "/"]) {
    const response = await fetch(url + path, { headers: { accept: "text/html,*/*;q=0.8" } });
    const text = await response.text();
    assert(response.status === 200 && text.startsWith("<!DOCTYPE html>"), `${url}${path}: ${text}`);
    const policy = response.headers.get("content-security-policy") ?? "";
    assert(policy.startsWith("default-src 'none'"), `the policy: ${policy}`);
    assert(response.headers.get("x-content-type-options") === "nosniff", "nosniff");
  }
  const head = await fetch(url, { method: "HEAD" });
  assert(head.status === 200 && await head.text() === "", `HEAD: ${head.status}`);
}

async function checkRefusals(url: string): Promise<void> {
  const post = await fetch(url, { method: "POST", body: "x" });
  await post.body?.cancel();
  assert(post.status === 405 && post.headers.get("allow") === "GET, HEAD", `POST: ${post.status}`);
  const file = await fetch(`${url}/favicon.ico`);
  await file.body?.cancel();
  assert(file.status === 404, `a file: ${file.status}`);
}

async function open(url: string): Promise<{ next(): Promise<string>; leave(): void }> {
  const leaving = new AbortController();
  const { signal } = leaving;
  const response = await fetch(url, { headers: { accept: "text/event-stream" }, signal });
  const type = response.headers.get("content-type");
  assert(type === "text/event-stream; charset=utf-8", `the type of events: ${type}`);
  assert(response.headers.get("cache-control")!.includes("no-store"), "no-store");
  const reader = response.body!.pipeThrough(new TextDecoderStream() as never).getReader();
  let rest = "";
  return {
    async next() {
      while (!rest.includes("\n\n")) {
        const { value, done } = await reader.read() as { value?: string; done: boolean };
        if (done) throw new Error("the events have ended");
        rest += value;
      }
      const end = rest.indexOf("\n\n");
      const event = rest.slice(0, end);
      rest = rest.slice(end + 2);
      return event;
    },
    leave() {
      reader.cancel().catch(() => {});
      leaving.abort();
    },
  };
}

function assert(condition: boolean, message: string): void {
  if (!condition) throw new Error(message);
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
