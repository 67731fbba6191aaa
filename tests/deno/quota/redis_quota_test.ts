// redisQuota with pools of this process, each with a quota of its own, as processes have.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Redis } from "ioredis";
import { type Lease, Pool, type PoolOptions } from "../../../mod.ts";
import type { QuotaMember } from "../../../pool/quota.ts";
import { Holder, type RedisPermit } from "../../../quota/redis/holder.ts";
import { redisQuota, type RedisQuotaClient } from "../../../quota/redis.ts";
import { rejection } from "../../helpers/pool.ts";
import { sleep, until } from "../../helpers/until.ts";
import { isInstalled } from "../servers/own_redis.ts";
import { soon } from "../servers/soon.ts";
import { newClient, RedisStage } from "./redis_stage.ts";

const LEASE = 1_000;

/** For what depends on a lease, with time to spare. */
const LATE = 10 * LEASE;

interface Thing {
  n: number;
}

type Client = RedisQuotaClient & { end(): void };

/** Pools and members, each by a client of its own, and all ended with it. */
class Scene implements AsyncDisposable {
  readonly stage: RedisStage;
  /** How many things there are, and were at the most. */
  live = 0;
  most = 0;
  readonly #clients: Client[] = [];
  readonly #pools: Pool<Thing>[] = [];

  static async open(lease: number): Promise<Scene> {
    const stage = await RedisStage.of(lease);
    await stage.open("k", lease);
    return new Scene(stage);
  }

  private constructor(stage: RedisStage) {
    this.stage = stage;
  }

  async quota(max: number, how: keyof typeof CLIENTS = "node-redis") {
    const client = await CLIENTS[how](this.stage.port);
    this.#clients.push(client);
    return redisQuota({ max, key: "k", client, lease: this.stage.lease });
  }

  async pool(max: number, options: PoolOptions<Thing> = {}): Promise<Pool<Thing>> {
    const make = (n: number) => {
      this.most = Math.max(this.most, ++this.live);
      return { n };
    };
    const quota = await this.quota(max);
    const closer = () => void this.live--;
    const pool = new Pool(make, { quota, closer, logLevel: "silent", ...options });
    this.#pools.push(pool);
    return pool;
  }

  /** One that has nothing idle. */
  async member(max: number, how?: keyof typeof CLIENTS): Promise<QuotaMember> {
    return (await this.quota(max, how)).attach({ available: 0, reclaim: () => false });
  }

  /** How many connections there are that hear channels. */
  async ears(): Promise<number> {
    const list = await this.stage.ask("CLIENT", "LIST", "TYPE", "PUBSUB") as string;
    return list.split("\n").filter(Boolean).length;
  }

  async calls(): Promise<number> {
    const text = await this.stage.ask("INFO", "commandstats") as string;
    return Number(/cmdstat_evalsha:calls=(\d+)/.exec(text)?.[1] ?? 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.shutdown({ timeout: 1 })));
    for (const client of this.#clients) client.end();
    await this.stage[Symbol.asyncDispose]();
  }
}

const CLIENTS = {
  async "node-redis"(port: number): Promise<Client> {
    const client = newClient(port);
    await client.connect();
    return Object.assign(client, { end: () => client.destroy() });
  },
  ioredis(port: number): Promise<Client> {
    const client = new Redis({ port, host: "127.0.0.1" });
    client.on("error", () => {});
    return Promise.resolve(Object.assign(client, { end: () => client.disconnect() }));
  },
  "ioredis with a prefix"(port: number): Promise<Client> {
    const client = new Redis({ port, host: "127.0.0.1", keyPrefix: "app:" });
    client.on("error", () => {});
    return Promise.resolve(Object.assign(client, { end: () => client.disconnect() }));
  },
};

const skipped = await isInstalled() ? "" : " (skipped: no redis-server is installed)";

function test(name: string, fn: (scene: Scene) => Promise<void>, lease = LEASE): void {
  Deno.test({
    name: `redisQuota: ${name}${skipped}`,
    ignore: skipped !== "",
    async fn() {
      await using scene = await Scene.open(lease);
      await fn(scene);
    },
  });
}

const never = new AbortController().signal;

test("two processes never have more than max, and one gets what the other closes", async (scene) => {
  const [a, b] = [await scene.pool(2), await scene.pool(2)];
  const [first, second] = [await a.get(), await b.get()];
  const waiting = b.get();
  waiting.catch(() => {});
  await until(() => b.waiting === 1, "b waits");
  await a.discard(first);
  await b.ret(await waiting);
  await b.ret(second);
  assertEquals(scene.most, 2);
});

test("an idle object is closed for who waits elsewhere", async (scene) => {
  const [a, b] = [await scene.pool(2), await scene.pool(2)];
  const both = [await a.get(), await a.get()];
  for (const lease of both) await a.ret(lease);
  assertEquals(a.available, 2);
  await b.ret(await b.get());
  assertEquals([a.available, b.available, scene.most], [1, 1, 2]);
});

test("among equals too, and also when it becomes idle later", async (scene) => {
  const [a, b] = [await scene.pool(2), await scene.pool(2)];
  const [first, second] = [await a.get(), await b.get()];
  const third = b.get();
  third.catch(() => {});
  await sleep(LEASE / 2); // everybody has been asked by now
  await a.ret(first);
  await b.ret(await third);
  await b.ret(second);
  assertEquals([a.available, b.available, scene.most], [0, 2, 2]);
});

test("who has more than its share gives back what returns, though somebody waits there", async (scene) => {
  const [a, b] = [await scene.pool(2), await scene.pool(2)];
  let goesOn = true;
  const turns = Array.from({ length: 4 }, async () => {
    while (goesOn) await a.use(() => sleep(5));
  });
  await until(() => a.using === 2, "a is busy", LATE);
  await b.ret(await b.get());
  goesOn = false;
  await Promise.all(turns);
  assertEquals(scene.most, 2);
});

test("an aborted acquire rejects with the reason, and takes nothing", async (scene) => {
  const member = await scene.member(1);
  const permit = await member.acquire({ signal: never });
  const controller = new AbortController();
  const aborted = member.acquire({ signal: controller.signal });
  aborted.catch(() => {});
  await sleep(20);
  controller.abort(new Error("enough"));
  permit.release();
  assertEquals((await rejection(aborted) as Error).message, "enough");
  const gone = member.acquire({ signal: controller.signal });
  assertEquals((await rejection(gone) as Error).message, "enough");
  const again = await member.acquire({ signal: never });
  again.release();
  again.release(); // changes nothing
  await member[Symbol.asyncDispose]();
  assertEquals(await scene.stage.places("k"), 0);
});

test("who asks again at once after it has given up keeps its lease", async (scene) => {
  const [a, b] = [await scene.member(1), await scene.member(1)];
  const permit = await a.acquire({ signal: never });
  const calls = await scene.calls();
  const controller = new AbortController();
  const aborted = b.acquire({ signal: controller.signal });
  aborted.catch(() => {});
  await Promise.resolve(); // the call is sent
  controller.abort();
  await soon(async () => await scene.calls() > calls, () => "nothing was asked", LATE);
  const again = b.acquire({ signal: never });
  await sleep(2 * LEASE);
  permit.release();
  const granted = await again;
  await scene.stage.stop();
  await until(() => granted.lost!.aborted, "the permit is lost", LATE);
  granted.release();
  await scene.stage.start();
  for (const member of [a, b]) (await soonGranted(member)).release(); // their clients are connected
  await Promise.all([a[Symbol.asyncDispose](), b[Symbol.asyncDispose]()]);
});

for (const how of Object.keys(CLIENTS) as (keyof typeof CLIENTS)[]) {
  test(`${how}: while the server is down, acquire fails soon, and it recovers by itself`, async (scene) => {
    const member = await scene.member(1, how);
    const permit = await member.acquire({ signal: never });
    await scene.stage.stop();
    const begun = performance.now();
    for (let i = 0; i < 2; i++) {
      const error = await rejection(member.acquire({ signal: never })) as Error;
      assertStringIncludes(error.message, "redisQuota k: Redis gives no permit: ");
    }
    // Twice a fifth of the lease, and a rest between; the machine is busy.
    assert(performance.now() - begun < 2 * LEASE, `${performance.now() - begun}`);
    await until(() => permit.lost!.aborted, "the permit is lost", LATE);
    permit.release();
    await scene.stage.start();
    const again = await soonGranted(member);
    again.release();
    await member[Symbol.asyncDispose]();
  });

  test(`${how}: a permit is handed over by a message`, async (scene) => {
    await scene.stage.open("k", scene.stage.lease, how.endsWith("prefix") ? "app:" : "");
    const [a, b] = [await scene.member(1, how), await scene.member(1, how)];
    const permit = await a.acquire({ signal: never });
    const waiting = b.acquire({ signal: never });
    await soon(async () => await scene.ears() === 2, () => "they do not hear", LATE);
    await sleep(50); // and who waits has looked once more
    const calls = await scene.calls();
    permit.release();
    (await waiting).release();
    await Promise.all([a[Symbol.asyncDispose](), b[Symbol.asyncDispose]()]);
    assertEquals(await scene.calls() - calls, 2); // the releases
  }, 10 * LATE);
}

async function soonGranted(member: QuotaMember) {
  for (const end = performance.now() + LATE; performance.now() < end;) {
    try {
      return await member.acquire({ signal: never });
    } catch {
      // Not yet.
    }
  }
  throw new Error("it does not recover");
}

test("objects survive a flush", async (scene) => {
  const [a, b] = [await scene.pool(2), await scene.pool(2)];
  const leases: [Pool<Thing>, Lease<Thing>][] = [[a, await a.get()], [b, await b.get()]];
  await scene.stage.flush();
  const third = b.get();
  third.catch(() => {});
  await sleep(2 * LEASE);
  for (const [pool, lease] of leases) await pool.ret(lease);
  await b.ret(await third);
  assertEquals([a.stats().killed, b.stats().killed, scene.most], [0, 0, 2]);
});

test("what is lost is closed, and never lent again", async (scene) => {
  const pool = await scene.pool(2, { createRetry: true });
  const [busy, idle] = [await pool.get(), await pool.get()];
  await pool.ret(idle);
  await scene.stage.stop();
  await until(() => scene.live === 0, "both are closed", LATE);
  await pool.ret(busy);
  await scene.stage.start();
  await pool.ret(await pool.get());
  assertEquals(pool.stats().killed, 2);
});

test("who loses all while nobody waits is granted permits again", async (scene) => {
  const { stage } = scene;
  const state = "proxypool:{k}:state";
  const member = await scene.member(2);
  const permits = [
    await member.acquire({ signal: never }),
    await member.acquire({ signal: never }),
  ];
  const fields = await stage.ask("HKEYS", state) as string[];
  const id = fields.find((field) => field.startsWith("of "))!.slice("of ".length);
  // The total stays: others have its places now.
  const seize = "redis.call('HDEL', KEYS[1], 'of ' .. ARGV[1]) " +
    "for i = 2, #KEYS do redis.call('ZREM', KEYS[i], ARGV[1]) end";
  const sets = ["leases", "held", "caps"].map((part) => `proxypool:{k}:${part}`);
  await stage.ask("EVAL", seize, "4", state, ...sets, id);
  await until(() => permits.every(({ lost }) => lost!.aborted), "the permits are lost", LATE);
  await stage.ask("HSET", state, "total", "0");
  const signal = AbortSignal.timeout(LATE);
  (await member.acquire({ signal })).release();
  await member[Symbol.asyncDispose]();
});

Deno.test("redisQuota: a lost permit does not count for its pool while its object is closed", () => {
  const released = (permit: RedisPermit) => void holder.release(permit);
  const holder: Holder = new Holder("a", { doubt: () => undefined, released });
  const owner = { held: 0 };
  const permits: RedisPermit[] = [];
  for (let i = 0; i < 3; i++) {
    holder.waiting.add({ owner, grant: (permit) => permits.push(permit), reject() {} });
  }
  holder.hear(3, 0);
  permits[0]!.release();
  assertEquals([owner.held, holder.released], [2, 1]);
  holder.lose(new Error("lost"));
  assertEquals([owner.held, permits.map(({ lost }) => lost.aborted)], [0, [false, true, true]]);
  for (const permit of permits) permit.release();
  assertEquals([owner.held, holder.released], [0, 0]);
});

test("who holds nothing says nothing, and has no second connection for long", async (scene) => {
  const member = await scene.member(2);
  const permit = await member.acquire({ signal: never });
  await soon(async () => await scene.ears() === 1, () => "it does not hear", LATE);
  permit.release();
  await soon(async () => await scene.ears() === 0, () => "it still hears", LATE);
  const calls = await scene.calls();
  await sleep(LEASE);
  assertEquals(await scene.calls(), calls);
  assertEquals(await scene.stage.ask("KEYS", "*"), ["proxypool:{k}:state"]);
  const again = await member.acquire({ signal: never });
  again.release();
  await member[Symbol.asyncDispose]();
  await soon(async () => await scene.ears() === 0, () => "it still hears", LATE);
});

test("processes with another lease are told so", async (scene) => {
  const member = await scene.member(2);
  const permit = await member.acquire({ signal: never });
  const client = await CLIENTS["node-redis"](scene.stage.port);
  const other = redisQuota({ max: 2, key: "k", client, lease: 2 * LEASE })
    .attach({ available: 0, reclaim: () => false });
  const error = await rejection(other.acquire({ signal: never })) as Error;
  assertStringIncludes(error.message, `lease is ${2 * LEASE} ms here and ${LEASE} ms in other`);
  permit.release();
  (await other.acquire({ signal: never })).release(); // they have gone
  await Promise.all([member[Symbol.asyncDispose](), other[Symbol.asyncDispose]()]);
  client.end();
});

test("a server that refuses the script is quoted", async (scene) => {
  await scene.stage.ask("SET", "proxypool:{k}:state", "mine");
  const member = await scene.member(2);
  const error = await rejection(member.acquire({ signal: never })) as Error;
  assertStringIncludes(error.message, "WRONGTYPE");
  assert(error.cause instanceof Error);
  await member[Symbol.asyncDispose]();
});
