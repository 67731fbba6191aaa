// The ways in which a request comes to its end, and that each leaves no socket behind.

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Proxy } from "../../mod.ts";
import { versatile } from "../../scopes/mod.ts";
import { env } from "./cloudflare.ts";
import { Echo, leave } from "./echo.ts";
import { ask, type Context, type Route, witness, worker } from "./requests.ts";
import { sleep } from "../helpers/until.ts";

await versatile.ready();

// Its closer keeps a request alive for a while after the response.
const db = new Proxy({ fun: () => Echo.open(), maxSize: 1, closer: (echo) => leave(echo, 200) });

/** Making one takes a while. */
const late = new Proxy({
  fun: async () => {
    await sleep(100);
    return Echo.open();
  },
  maxSize: 1,
  closer: (echo) => leave(echo),
});

/** What requests have told that nobody was there to answer any more. */
const told: string[] = [];

async function tell(promise: Promise<unknown>): Promise<void> {
  told.push(await promise.then(String, String));
}

/** What goes on after the response. */
async function linger(): Promise<void> {
  await sleep(50);
  await tell(db.say("too late"));
}

async function dawdle(): Promise<string> {
  await db.say("begins");
  await sleep(300);
  return db.say("ends");
}

function stream(): Response {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const write = async () => {
    const writer = writable.getWriter();
    for (const n of [1, 2, 3]) {
      await sleep(20);
      await writer.write(new TextEncoder().encode(await db.say(`${n}`)));
    }
    await writer.close();
  };
  versatile.current()!.waitUntil(write());
  return new Response(readable);
}

function framed(fn: () => unknown): Route {
  return (_url, ctx) => versatile.run(async () => await fn(), ctx);
}

export default worker({
  "ordinary": framed(async () => {
    const said = [await db.say("one")];
    await sleep(100);
    return [...said, await db.say("two")];
  }),
  "throws": framed(async () => {
    await db.say("hello");
    throw new Error("this request fails");
  }),
  "takes": framed(async () => {
    await db._getObj();
    return "took";
  }),
  "hurries": framed(() => {
    void tell(late._getObj());
    return "gone";
  }),
  "lingers": framed(async () => {
    await db.say("in time");
    void linger();
    return "gone";
  }),
  "dawdles": framed(dawdle),
  "insists": (_url, ctx: Context) => {
    const run = versatile.run(dawdle, ctx);
    ctx.waitUntil(run);
    return run;
  },
  "streams": framed(stream),
});

/** Makes a request whose client goes away. */
async function leaveEarly(path: string): Promise<void> {
  const going = new AbortController();
  setTimeout(() => going.abort(), 100);
  await assertRejects(() => ask(path, { signal: going.signal }), Error, "abort");
}

describe("a request", () => {
  it("gives back what it took when it throws", async () => {
    const server = await witness();
    await assertRejects(() => ask("throws"), Error, "this request fails");
    const accounts = await server.allClosed();
    assertEquals(accounts.map(({ said }) => said), [["hello", "bye"]]);
  });

  it("gives back what it took and never used", async () => {
    const server = await witness();
    assertEquals(await ask("takes"), "took");
    const accounts = await server.allClosed();
    assertEquals(accounts.map(({ said }) => said), [["bye"]]);
  });

  it("gives back what is still on its way at the end, which nobody gets", async () => {
    const server = await witness();
    told.length = 0;
    assertEquals(await ask("hurries"), "gone");
    await sleep(200); // for it to come
    const accounts = await server.allClosed();
    assertEquals(accounts.map(({ said }) => said), [["bye"]]);
    assertEquals(told.length, 1);
    assertStringIncludes(told[0]!, "ProxyError: a proxy is used in a frame");
  });

  it("has no socket any more for what goes on after its end, nor another's", async () => {
    const server = await witness();
    told.length = 0;
    // The other one has its socket during all that.
    const [gone, other] = await Promise.all([ask("lingers"), ask("ordinary")]);
    assertEquals([gone, other], ["gone", ["one", "two"]]);
    const accounts = await server.allClosed();
    assertEquals(accounts.map(({ said }) => said.join()).sort(), ["in time,bye", "one,two,bye"]);
    assertEquals(told.length, 1);
    assertStringIncludes(told[0]!, "ProxyError: a proxy is used in a frame");
  });

  it("that streams on after the handler has its socket until that is done", async () => {
    const server = await witness();
    const response = await env().SELF.fetch("http://worker/streams");
    assertEquals(await response.text(), "123");
    const accounts = await server.allClosed();
    assertEquals(accounts.map(({ said }) => said), [["1", "2", "3", "bye"]]);
  });
});

describe("a request whose client goes away", () => {
  it("is stopped, and the runtime closes its socket: no closer is called", async () => {
    const server = await witness();
    await leaveEarly("dawdles");
    const accounts = await server.allClosed();
    await sleep(400); // longer than it would have gone on
    assertEquals(await server.now(), accounts);
    assertEquals(accounts.map(({ said }) => said), [["begins"]]);
    assertEquals(await ask("ordinary"), ["one", "two"]);
  });

  it("goes on to its end if the whole run is given to waitUntil", async () => {
    const server = await witness();
    await leaveEarly("insists");
    await sleep(400);
    const accounts = await server.allClosed();
    assertEquals(accounts.map(({ said }) => said), [["begins", "ends", "bye"]]);
  });
});
