// A pool at module level, which all requests share, and what that can and cannot do; and that a proxy
// there never has one request wait for another.

import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool, PoolClosedError, type PoolStats, Proxy } from "../../mod.ts";
import { versatile } from "../../scopes/mod.ts";
import { NotHere } from "../helpers/not_here.ts";
import { Thing } from "../helpers/pool.ts";
import { Echo, leave } from "./echo.ts";
import { ask, type Route, witness, worker } from "./requests.ts";
import { sleep } from "../helpers/until.ts";

await versatile.ready();

const quiet = { logLevel: "silent" } as const;

/** The mistake: sockets for all requests. One for each test, since it is never the same afterwards. */
const wrong = {
  lent: new Pool(() => Echo.open(), { maxSize: 1, ...quiet }),
  waited: new Pool(() => Echo.open(), { maxSize: 1, timeout: 100, ...quiet }),
  handed: new Pool(() => Echo.open(), { maxSize: 1, timeout: 5000, ...quiet }),
};
type Wrong = keyof typeof wrong;

/** No I/O: any request may have it. */
const things = new Pool((n) => new Thing(n), { maxSize: 2 });
const shared = new Pool((n) => new Thing(n), { maxSize: 1, ...quiet });
const kept = new Pool((n) => new Thing(n), { maxSize: 1, ...quiet });

const db = new Proxy({ fun: () => Echo.open(), maxSize: 1, closer: (echo) => leave(echo) });

/** Without a pool and with one; filled anew while requests wait. */
const refilled = [{}, { maxSize: 1 }].map((options) => {
  const slow = async () => {
    await sleep(300);
    return new Thing(0);
  };
  return new Proxy<Promise<Thing>>({ fun: slow, scope: "versatile", ...options } as object);
});

/** Lends a socket for a while. */
async function hold(pool: Pool<Echo>): Promise<string> {
  const echo = await pool.get();
  const said = await echo.say("wait 600");
  await pool.ret(echo);
  await sleep(100);
  return said;
}

async function want(pool: Pool<Echo>): Promise<string> {
  const echo = await pool.get();
  try {
    return await echo.say("wanted");
  } finally {
    await pool.ret(echo);
  }
}

const of = (fn: (pool: Pool<Echo>) => unknown): Route => ({ searchParams }) =>
  fn(wrong[searchParams.get("pool") as Wrong]);

export default worker({
  "hold": of(hold),
  "want": of(want),
  "say": of((pool) => pool.use((echo) => echo.say("hello"))),
  "proxy": (_url, ctx) =>
    versatile.run(async () => {
      const said = await db.say("wait 200");
      const { created, waiting, gets } = db._pool!.stats();
      return [said, created, waiting, gets];
    }, ctx),
  "wait": ({ searchParams }, ctx) =>
    versatile.run(async () => {
      const call = refilled[Number(searchParams.get("n"))]!.toString();
      await sleep(10);
      return await call;
    }, ctx),
  "refill": ({ searchParams }) => {
    refilled[Number(searchParams.get("n"))]!.setFun(() => Promise.resolve(new Thing(1)));
    return "refilled";
  },
  "thing": () => things.use(async (thing) => (await sleep(1), thing.id)),
  "things": () => things.stats(),
  "share": () => shared.use(async () => (await sleep(20), "shared")),
  "lend": () => kept.use(async () => (await sleep(300), "lent")),
  "keep": () => kept.use(() => "kept"),
  "end": async () => {
    await things.shutdown();
    return things.get().catch((error) => error instanceof PoolClosedError);
  },
});

/** Since when it is in its own request that a promise goes on which another one resolves. */
function needOwnPromises(): void {
  // As old as that are only Workers without this.
  if (typeof FinalizationRegistry !== "undefined") return;
  throw new NotHere("a promise goes on in whichever request resolves it");
}

describe("a pooled proxy at module level", () => {
  it("never has a request wait for another, not even with a pool of one place", async () => {
    const server = await witness();
    const answers = Promise.all(Array.from({ length: 20 }, () => ask("proxy")));
    await sleep(150);
    const meanwhile = await server.now();
    assertEquals(meanwhile.filter(({ open }) => open).length, 20, "all have theirs at once");
    assertEquals(await answers, new Array(20).fill(["wait 200", 1, 0, 1]));
    const accounts = await server.allClosed();
    assertEquals(accounts.length, 20);
  });
});

describe("a proxy at module level that is filled anew by another request", () => {
  for (const n of [0, 1]) {
    it(`serves who waits by the new one, in their own time, ${n ? "with" : "without"} a pool`, async () => {
      const waiting = [ask(`wait?n=${n}`), ask(`wait?n=${n}`)];
      await sleep(100);
      assertEquals(await ask(`refill?n=${n}`), "refilled");
      assertEquals(await Promise.all(waiting), ["thing 1", "thing 1"]);
    });
  }
});

describe("a pool of sockets at module level", () => {
  it("fails the second request: the runtime refuses it the socket of the first", async () => {
    const server = await witness();
    assertEquals(await ask("say?pool=lent"), "hello");
    const again = () => ask("say?pool=lent");
    await assertRejects(again, Error, "on behalf of a different request");
    const accounts = await server.allClosed();
    assertEquals(accounts.map(({ said }) => said), [["hello"]]);
  });

  it("fails a request that waits for another, if the runtime does not end it before", async () => {
    const held = ask("hold?pool=waited");
    // After 50 ms the pool looks after what is out, by a timer of that request: if the next one comes
    // just before, it has none of its own, and is ended.
    await sleep(80);
    assertMatch(await outcome("want?pool=waited"), /no object within timeout, 100 ms|had hung/);
    assertEquals(await held, "wait 600");
  });

  it("cannot hand a socket from one request to another", async () => {
    needOwnPromises();
    const server = await witness();
    const held = ask("hold?pool=handed");
    await sleep(50);
    assertMatch(await outcome("want?pool=handed"), /on behalf of a different request|had hung/);
    assertEquals(await held, "wait 600");
    const accounts = await server.allClosed();
    assertEquals(accounts.map(({ said }) => said), [["wait 600"]]);
  });
});

describe("a pool of plain data at module level", () => {
  it("serves all requests, one after the other", async () => {
    for (let i = 0; i < 3; i++) assertEquals(await ask("thing"), 0);
    const { created, gets, available } = await ask("things") as PoolStats;
    assertEquals([created, gets, available], [1, 3, 1]);
    assertEquals(await ask("end"), true);
  });

  it("is of no use to a request that waits for another: the runtime ends it", async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => outcome("share")));
    const ended = answers.filter((answer) => answer !== "shared");
    assert(ended.length > 0 && ended.length < 8, `${answers}`);
    for (const why of ended) assertStringIncludes(why, "your Worker's code had hung");
  });

  it("keeps nobody waiting in silence for what a request that was ended never gave back", async () => {
    needOwnPromises();
    const lent = ask("lend");
    await sleep(50);
    // This one waits, is ended, and gets the object all the same: it is lost.
    assertStringIncludes(await outcome("keep"), "your Worker's code had hung");
    assertEquals(await lent, "lent");
    for (let i = 0; i < 2; i++) {
      assertStringIncludes(await outcome("keep"), "your Worker's code had hung");
    }
  });
});

/** What becomes of a request, soon. */
function outcome(path: string): Promise<string> {
  return Promise.race([ask(path).then(String, String), sleep(3000).then(() => "silence")]);
}
