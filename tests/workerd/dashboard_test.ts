// The dashboard in a Durable Object, where a pool lasts, and in a Worker of no more than data.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool } from "../../mod.ts";
import { dashboard } from "../../observe/dashboard.ts";
import { sleep } from "../helpers/until.ts";
import { env, type Fetcher } from "./cloudflare.ts";

/** A pool, with how many observe it. */
function watched(): { pool: Pool<object>; observers(): number } {
  const pool = new Pool(() => ({}), { name: "things", maxSize: 2 });
  let observers = 0;
  const observe = pool.observe;
  pool.observe = (observer) => {
    observers++;
    const attached = observe.call(pool, observer) as unknown as Record<symbol, () => void>;
    const end = () => {
      observers--;
      for (const key of Object.getOwnPropertySymbols(attached)) return attached[key]!();
    };
    return new globalThis.Proxy(attached, { get: () => end }) as never;
  };
  return { pool, observers: () => observers };
}

// In the global scope no timer and no clock is to be had.
const ofAll = watched();
const show = dashboard(ofAll.pool);

function routes(
  show: (request: Request) => Promise<Response>,
  { pool, observers }: ReturnType<typeof watched>,
): (request: Request) => Promise<Response> {
  return async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/pools") return await show(request);
    await pool.use(() => {});
    return Response.json(observers());
  };
}

const answer = routes(show, ofAll);

export default { fetch: (request: Request) => answer(request) };

export class Room {
  readonly #own = watched();
  readonly fetch = routes(dashboard([this.#own.pool]), this.#own);
}

const PLACES: [string, () => Fetcher][] = [
  ["a Durable Object", () => {
    const { Room } = env<"Room">();
    return Room.get(Room.idFromName("one"));
  }],
  ["a Worker", () => env().SELF],
];

async function events(place: Fetcher, most: number): Promise<string> {
  const response = await place.fetch("http://worker/pools?events=");
  assertEquals(response.headers.get("content-type"), "text/event-stream; charset=utf-8");
  const reader = response.body!.getReader();
  let text = "";
  while (text.split("\n\n").length <= most) {
    const { value, done } = await reader.read();
    assert(!done, "it has ended");
    text += new TextDecoder().decode(value);
  }
  await reader.cancel();
  return text;
}

describe("the dashboard", () => {
  for (const [name, place] of PLACES) {
    it(`in ${name} serves the page, and events second by second, also to two at once`, async () => {
      const page = await place().fetch("http://worker/pools");
      assertStringIncludes(await page.text(), "<!DOCTYPE html>");
      assertStringIncludes(page.headers.get("content-security-policy")!, "script-src 'sha256-");
      await (await place().fetch("http://worker/used")).text();
      const both = await Promise.all([1, 2].map(() => events(place(), 3)));
      for (const text of both) {
        assertStringIncludes(text, '"name":"things"');
        assertEquals(text.split('"samples":[[').length, 4);
      }
    });

    it(`in ${name} leaves no observer behind when pages have gone`, async () => {
      await events(place(), 2);
      let left: unknown = 1;
      for (let tries = 0; left !== 0 && tries < 100; tries++) {
        await sleep(100);
        left = await (await place().fetch("http://worker/used")).json();
      }
      assertEquals(left, 0);
    });
  }
});
