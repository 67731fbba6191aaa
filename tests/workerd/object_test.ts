// A pool in a field of a Durable Object: its sockets serve many requests.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool, type PooledProxy, type PoolOptions, type PoolStats, Proxy } from "../../mod.ts";
import { FlowScope } from "../../scopes/mod.ts";
import { collect, needGc } from "../helpers/gc.ts";
import { env } from "./cloudflare.ts";
import { Echo, leave } from "./echo.ts";
import { witness } from "./requests.ts";
import { sleep } from "../helpers/until.ts";

/** A scope whose frames share the pool, as the requests to one Durable Object may. */
const visit = new FlowScope("visit", { ioBound: false });
await visit.ready();

export class Room {
  readonly #options: PoolOptions<Echo> = { maxSize: 1, closer: (echo) => leave(echo) };
  #pool: Pool<Echo> | undefined;
  #db: PooledProxy<Echo> | undefined;

  readonly #routes: Record<string, (url: URL) => unknown> = {
    /** Makes the pool, with options of its own. */
    "open": ({ searchParams }) => {
      const options = JSON.parse(searchParams.get("options")!);
      this.#pool = new Pool(() => Echo.open(), { ...this.#options, ...options });
    },
    "say": ({ searchParams }) => this.#pool!.use((echo) => echo.say(searchParams.get("text")!)),
    "stats": () => this.#pool!.stats(),
    "close": () => this.#pool!.shutdown(),
    "lose": async () => void await this.#pool!.get(),
    "collect": () => collect(),
    "proxy": ({ searchParams }) => {
      this.#db ??= new Proxy({ fun: () => Echo.open(), scope: visit, maxSize: 2 });
      return visit.run(() => this.#visit(searchParams.get("text")!));
    },
  };

  async #visit(text: string): Promise<string[]> {
    const db = this.#db!;
    return [await db.say(`${text} comes`), await db.say("wait 20"), await db.say(`${text} goes`)];
  }

  async fetch({ url }: Request): Promise<Response> {
    const at = new URL(url);
    try {
      return Response.json(await this.#routes[at.pathname.slice(1)]!(at) ?? null);
    } catch (error) {
      return Response.json(String(error));
    }
  }
}

/** One Durable Object, and its answers. */
function room(name: string): (path: string) => Promise<unknown> {
  const { Room } = env<"Room">();
  const stub = Room.get(Room.idFromName(name));
  return async (path) => (await stub.fetch(`http://room/${path}`)).json();
}

async function opened(options: PoolOptions<Echo> = {}): Promise<ReturnType<typeof room>> {
  const ask = room(crypto.randomUUID());
  await ask(`open?options=${JSON.stringify(options)}`);
  return ask;
}

describe("a Durable Object with a pool in a field", () => {
  it("has one socket for many requests, one after the other", async () => {
    const server = await witness();
    const ask = await opened();
    const texts = ["one", "two", "three", "four"];
    for (const text of texts) assertEquals(await ask(`say?text=${text}`), text);
    const { created, gets } = await ask("stats") as PoolStats;
    assertEquals([created, gets], [1, 4]);
    await ask("close");
    const accounts = await server.allClosed();
    assertEquals(accounts.map(({ said }) => said), [[...texts, "bye"]]);
  });

  it("serves requests at once in their order, each by the one before", async () => {
    const server = await witness();
    const ask = await opened();
    const texts = Array.from({ length: 20 }, (_, i) => `${i}`);
    assertEquals(await Promise.all(texts.map((text) => ask(`say?text=${text}`))), texts);
    await ask("close");
    const accounts = await server.allClosed();
    assertEquals(accounts.map(({ said }) => said), [[...texts, "bye"]]);
  });

  it("has more sockets for them if it may, and no more", async () => {
    const server = await witness();
    const ask = await opened({ maxSize: 3 });
    await Promise.all(Array.from({ length: 12 }, () => ask("say?text=wait 10")));
    await ask("close");
    assertEquals((await server.allClosed()).length, 3);
  });

  it("tells a request for which it takes too long, while the other goes on", async () => {
    const ask = await opened({ timeout: 50 });
    const other = ask("say?text=wait 200");
    await sleep(20);
    const late = String(await ask("say?text=late"));
    assertStringIncludes(late, "PoolTimeoutError: ");
    assertStringIncludes(late, "no object within timeout, 50 ms");
    assertEquals(await other, "wait 200");
    assertEquals(await ask("say?text=again"), "again");
    await ask("close");
  });

  it("closes sockets that nobody uses, between requests", async () => {
    const server = await witness();
    const ask = await opened({ maxAvailDelay: 60 });
    await ask("say?text=one");
    const accounts = await server.allClosed(); // there is no request that would see to it
    assertEquals(accounts.map(({ said }) => said), [["one", "bye"]]);
    const { available, recycled, hkRounds } = await ask("stats") as PoolStats;
    assertEquals([available, recycled], [0, 1]);
    assert(hkRounds > 0);
    await ask("say?text=two");
    assertEquals((await server.allClosed()).map(({ said }) => said[0]), ["one", "two"]);
    await ask("close");
  });

  it("keeps minSize sockets, and replaces those that get too old", async () => {
    const server = await witness();
    const ask = await opened({ maxSize: 2, minSize: 2, maxLifetime: 100, lifetimeJitter: 0 });
    await ask("say?text=one");
    await sleep(400);
    let { available, created } = await ask("stats") as PoolStats;
    for (let i = 0; available < 2 && i < 100; i++) {
      await sleep(10);
      ({ available, created } = await ask("stats") as PoolStats);
    }
    assertEquals(available, 2);
    assert(created > 2, `${created} were made`);
    await ask("close");
    ({ created } = await ask("stats") as PoolStats);
    assertEquals((await server.allClosed()).length, created);
  });

  it("closes the socket of a lease that was lost, for who waits to have another", async () => {
    needGc();
    const server = await witness();
    const ask = await opened({ logLevel: "silent" });
    await ask("lose");
    const waits = ask("say?text=found");
    await sleep(100); // for the pool to look after what is out
    await ask("collect");
    assertEquals(await waits, "found");
    const { leaked, created } = await ask("stats") as PoolStats;
    assertEquals([leaked, created], [1, 2]);
    await ask("close");
    const accounts = await server.allClosed();
    assertEquals(accounts.map(({ said }) => said), [["bye"], ["found", "bye"]]);
  });
});

describe("a Durable Object with a pooled proxy in a field", () => {
  it("has a socket for each visit, and uses it for others after that", async () => {
    const server = await witness();
    const ask = room("proxy");
    const texts = Array.from({ length: 10 }, (_, i) => `visit ${i}`);
    for (
      const [i, said] of (await Promise.all(texts.map((t) => ask(`proxy?text=${t}`)))).entries()
    ) {
      assertEquals(said, [`visit ${i} comes`, "wait 20", `visit ${i} goes`]);
    }
    const accounts = await server.now();
    assertEquals(accounts.length, 2);
    const said = accounts.map(({ said }) => said.filter((line) => line !== "wait 20"));
    for (const lines of said) {
      for (let i = 0; i < lines.length; i += 2) {
        assertEquals(lines[i + 1], lines[i]!.replace("comes", "goes"));
      }
    }
    assertEquals(said.flat().length, 20);
  });
});
