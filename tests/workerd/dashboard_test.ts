// The dashboard in a Durable Object, where a pool lasts, and in a Worker of no more than data.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool } from "../../mod.ts";
import { dashboard } from "../../observe/dashboard.ts";
import { insideOf } from "../../pool.ts";
import { sleep } from "../helpers/until.ts";
import { env, type Fetcher } from "./cloudflare.ts";

const things = () => new Pool(() => ({}), { name: "things", maxSize: 2 });

// In the global scope no timer and no clock is to be had.
const ofAll = things();
const answer = answers(ofAll, dashboard(ofAll));

function answers(
  pool: Pool<object>,
  show: (request: Request) => Promise<Response>,
): (request: Request) => Promise<Response> {
  return async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/pools") return await show(request);
    await pool.use(() => {});
    return Response.json(insideOf(pool).observers.loans);
  };
}

export default { fetch: (request: Request) => answer(request) };

export class Room {
  readonly #own = things();
  readonly fetch = answers(this.#own, dashboard([this.#own]));
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
      let left: unknown = true;
      for (let tries = 0; left !== false && tries < 100; tries++) {
        await sleep(100);
        left = await (await place().fetch("http://worker/used")).json();
      }
      assertEquals(left, false);
    });
  }
});
