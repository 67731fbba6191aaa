// What tests of Workers rest on: real requests, sockets and Durable Objects.

import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { env } from "./cloudflare.ts";
import { Echo } from "./echo.ts";
import { ask, witness, worker } from "./requests.ts";

let kept: Echo | undefined;

export default worker({
  "keep": async () => (kept = await Echo.open()).say("hello"),
  "use-kept": () => kept!.say("again"),
});

export class Room {
  #echo: Promise<Echo> | undefined;
  #requests = 0;

  async fetch(): Promise<Response> {
    this.#echo ??= Echo.open();
    const echo = await this.#echo;
    return new Response(await echo.say(`request ${++this.#requests}`));
  }
}

describe("a Worker", () => {
  it("has requests of their own: the socket of one is of no use to another", async () => {
    const server = await witness();
    assertEquals(await ask("keep"), "hello");
    await assertRejects(() => ask("use-kept"), Error, "on behalf of a different request");
    const [account, ...others] = await server.allClosed();
    assertEquals([account!.said, others], [["hello"], []]);
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
