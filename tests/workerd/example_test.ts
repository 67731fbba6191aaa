// The example of a Worker as its clients meet it.

import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import example, { Room } from "../../examples/worker/worker.ts";
import { type DurableObjectNamespace, env } from "./cloudflare.ts";
import { type Context, witness } from "./requests.ts";

export { Room };

interface Bindings {
  SERVER: string;
  Room: DurableObjectNamespace;
}

export default {
  fetch: (request: Request, { SERVER, Room: ROOM }: Bindings, ctx: Context): Promise<Response> =>
    example.fetch(request, { SERVER, ROOM } as never, ctx),
};

async function get(path: string): Promise<string> {
  const response = await env().SELF.fetch(`http://worker${path}`);
  return response.text();
}

describe("the example of a Worker", () => {
  it("has a connection for each request, closed after it", async () => {
    const server = await witness();
    const names = Array.from({ length: 10 }, (_, i) => `name${i}`);
    const answers = await Promise.all(names.map((name) => get(`/${name}`)));
    assertEquals(answers, names.map((name) => `hello ${name}`));
    const accounts = await server.allClosed();
    assertEquals(
      accounts.map(({ said }) => said.join(" ")).sort(),
      names.map((name) => `hello ${name}`),
    );
  });

  it("has few connections in a Durable Object, for all of its requests", async () => {
    const server = await witness();
    for (const n of [1, 2, 3]) {
      assertEquals(await get("/rooms/one"), `request ${n} over 1 connection`);
    }
    await Promise.all(Array.from({ length: 10 }, () => get("/rooms/one")));
    const accounts = await server.now();
    assertEquals(accounts.map(({ open }) => open), [true, true]);
    assertEquals(accounts.flatMap(({ said }) => said).length, 13);
  });
});
