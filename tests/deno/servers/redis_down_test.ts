// Pools of Redis sessions whose server is down, restarts, or is loading: clear errors, and no storm.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { freePort } from "./own_postgres.ts";
import { isInstalled, OwnRedis } from "./own_redis.ts";
import { type Client, type Kit, KITS } from "./redis_kits.ts";
import { soon } from "./soon.ts";
import { sleep } from "../../helpers/until.ts";
import { createClient } from "@redis/client";
import { Redis } from "ioredis";
import { ioredisPool, redisPool } from "../../../adapters/redis.ts";

const skipped = await isInstalled() ? "" : " (skipped: no redis-server is installed)";

for (const kit of KITS) {
  const test = (name: string, fn: () => Promise<void>) =>
    Deno.test({ name: `${kit.name}: ${name}${skipped}`, ignore: skipped !== "", fn });
  test("a server that is not there: each get is told so, and it is asked seldom", () =>
    refused(kit));
  test("a restart under load", () => restarted(kit));
  test("a user that is not let in", () => unknown(kit));
  test("a database that is not there", () => nowhere(kit));
  test("a server that accepts and says nothing", () => mute(kit));
  test("what is given up while it connects leaves nothing behind", () => unwanted(kit));
}

const ping = (kit: Kit) => (client: Client) => kit.send(client, "PING");

async function refused(kit: Kit): Promise<void> {
  const port = freePort();
  await using pool = kit.open({ port, name: "down" }, { logLevel: "silent", createBackoff: 400 });
  let over = false;
  const errors: unknown[] = [];
  const users = Array.from({ length: 20 }, async () => {
    while (!over) await pool.use(ping(kit)).catch((error) => errors.push(error));
  });
  await sleep(600);
  over = true;
  await Promise.all(users);
  const texts = new Set(errors.map((error) => (error as { code?: string }).code));
  assertEquals(texts, new Set(["ECONNREFUSED"]));
  assert(errors.every((error) => `${error}`.includes(`${port}`)), `${errors[0]}`);
  assert(pool.stats().createFailed < 40, `${pool}`);
}

async function restarted(kit: Kit): Promise<void> {
  await using own = await OwnRedis.running();
  const { port } = own.kind;
  await using pool = kit.open({ port, name: "app" }, { maxSize: 4, logLevel: "silent" });
  let [served, over] = [0, false];
  const users = Array.from({ length: 12 }, async () => {
    while (!over) {
      await pool.use(ping(kit)).then(() => served++, () => {});
      await sleep(1);
    }
  });
  await soon(() => served > 100, () => `it does not answer: ${pool}`, 3_000);
  await own.stop();
  await soon(() => pool.size === 0 || pool.creating === pool.size, () => `${pool}`, 1_000);
  await sleep(200);
  await own.start();
  const enough = served + 100;
  await soon(() => served >= enough, () => `it answers no more: ${pool}`, 3_000);
  over = true;
  await Promise.all(users);
  assertEquals(pool.stats().hookErrors, 0);
}

async function unknown(kit: Kit): Promise<void> {
  await using own = await OwnRedis.running();
  const user = { username: "nobody", password: "wrong" };
  for (const protocol of [2, 3] as const) {
    const where = { port: own.kind.port, name: "app", user, protocol };
    await using pool = kit.open(where, { logLevel: "silent" });
    await assertRejects(() => pool.use(ping(kit)), Error, "WRONGPASS");
  }
}

/** ioredis alone goes on, in another database. */
async function nowhere(kit: Kit): Promise<void> {
  await using own = await OwnRedis.running();
  const where = { port: own.kind.port, name: "app", db: 99 };
  await using pool = kit.open(where, { logLevel: "silent" });
  await assertRejects(() => pool.use(ping(kit)), Error, "DB index is out of range");
}

async function mute(kit: Kit): Promise<void> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const held: Deno.Conn[] = [];
  const accepting = (async () => {
    for await (const conn of listener) held.push(conn);
  })();
  const pool = kit.open({ port, name: "app" }, { logLevel: "silent", createTimeout: 500 });
  const failed = assertRejects(() => pool.use(ping(kit)), Error, "createTimeout");
  await soon(() => held.length > 0, () => "it does not connect", 400);
  await failed;
  await pool.shutdown({ timeout: 500 });
  // The connection was given up, not left.
  for (const conn of held) {
    const rest = new Uint8Array(1_000);
    while (await conn.read(rest).catch(() => null) !== null);
    conn.close();
  }
  listener.close();
  await accepting.catch(() => {});
}

async function unwanted(kit: Kit): Promise<void> {
  await using own = await OwnRedis.running();
  await using server = await own.kind.open(2);
  for (let i = 0; i < 20; i++) {
    const pool = kit.open({ port: server.port, name: server.account }, { logLevel: "silent" });
    const asked = pool.use(ping(kit)).catch(() => {}); // it may be fast enough
    if (i % 2 === 0) await sleep(0);
    if (i % 3 === 0) await sleep(0);
    await pool.shutdown();
    await asked;
  }
  await soon(async () => await server.count() === 0, () => "sessions are left", 1_000);
}

Deno.test("a name for several addresses: the error says what has failed", async () => {
  const port = freePort();
  const pools = [
    redisPool(createClient, { url: `redis://localhost:${port}`, logLevel: "silent" }),
    ioredisPool(Redis, { host: "localhost", port, logLevel: "silent" }),
  ];
  for (const pool of pools) {
    await assertRejects(() => pool.use(() => {}), Error, "ECONNREFUSED");
    await pool.shutdown();
  }
});
