// What tests of Workers rest on: real requests, sockets and Durable Objects; and that the library can
// be imported, and a Pool made, in global scope.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool } from "../../mod.ts";
import { env } from "./cloudflare.ts";
import { Echo } from "./echo.ts";

const pool = new Pool(() => new Echo(), { maxSize: 1, closer: (echo) => echo.close() });

let kept: Echo | undefined;

/** What the Worker answers to each path. */
const ROUTES: Record<string, () => Promise<string>> = {
  "/keep": () => (kept = new Echo()).say("hello"),
  "/use-kept": () => kept!.say("again").catch((error) => error.message),
  "/pool": async () => {
    const said = await pool.use((echo) => echo.say("from the pool"));
    await pool.shutdown();
    return said;
  },
};

export default {
  async fetch({ url }: Request): Promise<Response> {
    return new Response(await ROUTES[new URL(url).pathname]!());
  },
};

export class Room {
  #echo: Echo | undefined;
  #requests = 0;

  async fetch(): Promise<Response> {
    this.#echo ??= new Echo();
    return new Response(await this.#echo.say(`request ${++this.#requests}`));
  }
}

async function ask(path: string): Promise<string> {
  const response = await env().SELF.fetch(`http://worker${path}`);
  return response.text();
}

describe("a Worker", () => {
  it("has requests of their own: the socket of one is of no use to another", async () => {
    assertEquals(await ask("/keep"), "hello");
    assertStringIncludes(await ask("/use-kept"), "on behalf of a different request");
  });

  it("uses in a request the pool that it made in global scope", async () => {
    assertEquals(await ask("/pool"), "from the pool");
  });
});

describe("a Durable Object", () => {
  it("has one socket for many requests", async () => {
    const { Room } = env<"Room">();
    const room = Room.get(Room.idFromName("one"));
    for (const n of [1, 2]) {
      const response = await room.fetch("http://room/");
      assertEquals(await response.text(), `request ${n}`);
    }
  });
});
