// What a test file's Worker does with requests, and how its tests make them.

import type { Account } from "../../scripts/echo.ts";
import { env } from "./cloudflare.ts";
import { Echo } from "./echo.ts";

/** The `ctx` of a request. */
export interface Context {
  waitUntil(promise: Promise<unknown>): void;
}

/** Answers a request; what it gives becomes JSON, unless it is a Response. */
export type Route = (url: URL, ctx: Context) => unknown;

/** The default export of a Worker that answers by its paths. */
export function worker(routes: Record<string, Route>): object {
  return {
    async fetch({ url }: Request, _env: unknown, ctx: Context): Promise<Response> {
      const { pathname } = new URL(url);
      const answer = await routes[pathname.slice(1)]!(new URL(url), ctx);
      return answer instanceof Response ? answer : Response.json(answer);
    },
  };
}

/** The Worker's answer to one request; rejects with what that throws. */
export async function ask(path: string, init?: RequestInit): Promise<unknown> {
  const response = await env().SELF.fetch(`http://worker/${path}`, init);
  return response.json();
}

/** What the server knows of all connections made from now on; and the same once all are closed. */
export interface Witness {
  now(): Promise<Account[]>;
  allClosed(): Promise<Account[]>;
}

/** Calls the echo server as a witness. */
export async function witness(): Promise<Witness> {
  const first = await Echo.open();
  await first.close();
  const now = async () => {
    const asker = await Echo.open();
    const accounts: Account[] = JSON.parse(await asker.say(`? ${first.n + 1}`));
    await asker.close();
    return accounts;
  };
  return { now, allClosed: () => closed(now) };
}

async function closed(now: () => Promise<Account[]>): Promise<Account[]> {
  for (let i = 0; i < 100; i++) {
    const accounts = await now();
    if (accounts.every(({ open }) => !open)) return accounts;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`still open after 2 s: ${JSON.stringify(await now())}`);
}
