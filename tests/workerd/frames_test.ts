// A proxy at module level, with sockets from a pool: each request has its own, and leaves none behind.

import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { type PooledProxy, Proxy } from "../../mod.ts";
import { versatile, workers } from "../../scopes/mod.ts";
import { Timers } from "../helpers/pool.ts";
import { Echo, leave } from "./echo.ts";
import { ask, type Context, witness, worker } from "./requests.ts";

await versatile.ready();

const scopes = { workers, versatile };
type Name = keyof typeof scopes;

const proxies: Record<Name, PooledProxy<Echo>> = {
  workers: new Proxy<Echo>({ scope: "workers", maxSize: 1, closer: (echo) => leave(echo) }),
  versatile: new Proxy<Echo>({ maxSize: 1, closer: (echo) => leave(echo) }),
};
for (const db of Object.values(proxies)) db.setFun(() => Echo.open());

/** Its closer takes a while. */
const slow = new Proxy({ fun: () => Echo.open(), maxSize: 1, closer: (echo) => leave(echo, 300) });

/** Every option that has a timer. */
const timed = new Proxy({
  fun: () => Echo.open(),
  closer: (echo) => leave(echo),
  health: () => true,
  maxSize: 3,
  minSize: 2,
  timeout: 30_000,
  createTimeout: 30_000,
  hookTimeout: 30_000,
  closeTimeout: 30_000,
  maxAvailDelay: 30_000,
  maxUsingDelay: 30_000,
  maxUsingDelayKill: 30_000,
  maxLifetime: 30_000,
});

async function begin(db: PooledProxy<Echo>, id: string): Promise<string> {
  return await db.say(`${id} begins`);
}

async function end(db: PooledProxy<Echo>, id: string): Promise<string[]> {
  await db.say("wait 20");
  return Promise.all([db.say(`${id} ends`)]);
}

/** Several calls in two functions, to neither of which a socket is passed. */
async function talk(db: PooledProxy<Echo>, id: string): Promise<unknown> {
  const said = [await begin(db, id), ...await end(db, id)];
  const { n } = await db._getObj();
  return { said, n, size: db._pool!.size };
}

async function useTimed(ctx: Context): Promise<unknown> {
  using timers = new Timers();
  const hosted: Promise<unknown>[] = [];
  const waitUntil = (promise: Promise<unknown>) => void hosted.push(promise);
  const said = await versatile.run(async () => {
    const said = await timed.say("hello");
    await timed._pool!.ready();
    return said;
  }, { waitUntil });
  const { set } = timers;
  const begun = Date.now();
  ctx.waitUntil(hosted[0]!);
  await hosted[0];
  return { said, set, hosted: hosted.length, ms: Date.now() - begun, pending: timers.pending };
}

export default worker({
  "workers": ({ searchParams }, ctx) =>
    workers.run(() => talk(proxies.workers, searchParams.get("id")!), ctx),
  "versatile": ({ searchParams }, ctx) =>
    versatile.run(() => talk(proxies.versatile, searchParams.get("id")!), ctx),
  "slow": (_url, ctx) => versatile.run(() => slow.say("hello"), ctx),
  "slow-alone": () => versatile.run(() => slow.say("hello")),
  "timed": (_url, ctx) => useTimed(ctx),
});

for (const scope of Object.keys(scopes)) {
  describe(`a pooled proxy of the scope ${scope}`, () => {
    it("has a socket for each of 100 requests at once, which no other ever uses", async () => {
      const server = await witness();
      const ids = Array.from({ length: 100 }, (_, i) => `request ${i}`);
      const answers = await Promise.all(ids.map((id) => ask(`${scope}?id=${id}`))) as {
        said: string[];
        n: number;
        size: number;
      }[];
      const accounts = await server.allClosed();
      assertEquals(accounts.length, 100);
      for (const [i, { said, n, size }] of answers.entries()) {
        const own = [`request ${i} begins`, `request ${i} ends`];
        assertEquals([said, size], [own, 1]);
        // The server's word on which socket it was, and that no one else was on it.
        const account = accounts.find((account) => account.n === n);
        assertEquals(account?.said, [own[0], "wait 20", own[1], "bye"]);
      }
    });
  });
}

describe("the end of a request's frame", () => {
  it("delays no response, and goes on until the closer is done", async () => {
    const server = await witness();
    assertEquals(await ask("slow"), "hello");
    const [early] = await server.now();
    assertEquals([early!.open, early!.said], [true, ["hello"]]);
    const [late, ...others] = await server.allClosed();
    assertEquals([late!.said, others], [["hello", "bye"], []]);
  });

  it("does delay it if there is no host to leave that to", async () => {
    const server = await witness();
    assertEquals(await ask("slow-alone"), "hello");
    const [account] = await server.now();
    assertEquals(account!.said, ["hello", "bye"]);
  });

  it("is prompt, and leaves no timer, whichever options the pool has", async () => {
    const server = await witness();
    const answer = await ask("timed") as Record<string, number>;
    assertEquals([answer.said, answer.hosted, answer.pending], ["hello", 1, 0] as unknown[]);
    assert(answer.set! > 0, "timers were set");
    assert(answer.ms! < 1000, `the end took ${answer.ms} ms`);
    const accounts = await server.allClosed();
    assertEquals(accounts.map(({ said }) => said.at(-1)), ["bye", "bye"]);
  });
});
