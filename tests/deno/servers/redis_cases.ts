// What must hold of a pool of Redis sessions, whichever driver it is of, on any runtime.

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { RedisOwnOptions } from "../../../adapters/redis.ts";
import { sleep } from "../../helpers/until.ts";
import { killed as killedUnderLoad } from "./killed.ts";
import { DEEDS, HARMLESS, hears, LOST, type Stage, stateOf } from "./redis_dirt.ts";
import type { Client, Kit, Where } from "./redis_kits.ts";
import { redis } from "./redis.ts";
import type { Server } from "./server.ts";
import { soon } from "./soon.ts";

/** What a case is told. */
interface Scene extends Stage {
  server: Server;
}

type Case = (scene: Scene) => Promise<void>;

const QUIET: RedisOwnOptions<Client> = { maxSize: 1, logLevel: "silent" };

/** With a pool of one, of sessions of a user that others may be, too. */
async function play(
  kit: Kit,
  fn: Case,
  options: RedisOwnOptions<Client> = {},
  given: Partial<Where> = {},
): Promise<void> {
  await using server = await redis.open(8);
  const name = server.account;
  const where = { port: server.port, name, ...given };
  await using admin = kit.open({ port: server.port, name: `${name}_admin` });
  const rights = ["ON", ">secret", "~*", "&*", "+@all"];
  await admin.use((client) => kit.send(client, "ACL", "SETUSER", name, ...rights));
  const pool = kit.open(where, { ...QUIET, ...options });
  try {
    await fn({ kit, pool, where, key: name, server });
  } finally {
    await pool.shutdown({ timeout: 500 });
    await soon(async () => await server.count() === 0, () => "sessions are left", 1_000);
    await admin.use((client) => kit.send(client, "ACL", "DELUSER", name));
  }
}

const IDENTITY = { db: 3, protocol: 2 } as const;

/** Each deed, twice: nothing is left of it, and the session is the same one. */
const undone = (deed: (typeof DEEDS)[string], lost: boolean): Case => async (scene) => {
  const { pool } = scene;
  const state = () => pool.use((client) => stateOf(client, scene));
  const { id, ...before } = await state();
  const begun = performance.now();
  for (let i = 1; i <= 2; i++) {
    await pool.use((client) => deed(client, scene));
    const { id: now, ...after } = await state();
    assertEquals(after, before);
    if (!lost) assertEquals(now, id);
  }
  // Nothing has waited for its time limit.
  assert(performance.now() - begun < 2 * 4_900);
  const { hookErrors, created, invalidated } = pool.stats();
  if (lost) assert(created === 3 && hookErrors + invalidated === 2, `${pool}`);
  else assertEquals([created, hookErrors, invalidated], [1, 0, 0]);
};

/** In a pool whose sessions have an identity of their own, which is there again. */
const owned = (deed: (typeof DEEDS)[string], lost: boolean): Case => async (scene) => {
  const { kit, where, server } = scene;
  const own = { ...where, ...IDENTITY, user: { username: server.account, password: "secret" } };
  const opener = (client: Client) =>
    kit.send(client, "CLIENT", "TRACKING", "ON", "BCAST", "NOLOOP");
  await using pool = kit.open(own, { ...QUIET, ...kit.name.startsWith("node") ? { opener } : {} });
  await undone(deed, lost)({ ...scene, pool });
};

/** The last command that the server has had of the pool's only session. */
async function lastCommand({ kit, where, server }: Scene): Promise<string | undefined> {
  await using other = kit.open({ ...where, name: `${server.account}_other` });
  const list = String(await other.use((client) => kit.send(client, "CLIENT", "LIST")));
  const line = list.split("\n").find((line) => line.includes(`name=${server.account} `));
  return / cmd=(\S+)/.exec(line ?? "")?.[1];
}

const CASES: Record<string, Case> = {
  async "what leaves nothing takes no round trip, and goes back at once"(scene) {
    const { kit, pool, key } = scene;
    for (const [what, deed] of Object.entries(HARMLESS)) {
      const loan = await pool.borrow();
      await deed(loan.object, scene);
      await kit.send(loan.object, "EXISTS", key);
      loan.release();
      assertEquals(pool.available, 1, what);
      await sleep(5);
      assertEquals(await lastCommand(scene), "exists", what);
    }
    assertEquals(pool.stats().created, 1);
  },

  "who subscribes hears messages, also after others": hears,

  async "a user who must not select a database keeps its session"(scene) {
    const { kit, pool: admin, where, key } = scene;
    await admin.use((client) => kit.send(client, "ACL", "SETUSER", key, "-select"));
    const user = { username: key, password: "secret" };
    await using pool = kit.open({ ...where, user }, QUIET);
    const id = (await pool.use((client) => stateOf(client, scene))).id;
    await pool.use((client) => kit.send(client, "CLIENT", "SETNAME", "mine"));
    assertEquals((await pool.use((client) => stateOf(client, scene))).id, id);
  },

  async "commands that nobody waits for cost no session, even if another borrower has blocked"(
    scene,
  ) {
    const { pool } = scene;
    const id = (await pool.use((client) => stateOf(client, scene))).id;
    for (
      const deed of [HARMLESS["BLPOP that was answered"]!, DEEDS["commands that nobody waits for"]!]
    ) {
      await pool.use((client) => deed(client, scene));
    }
    assertEquals((await pool.use((client) => stateOf(client, scene))).id, id);
  },

  async "listeners: those of the pool stay, a killed session ends nobody"(scene) {
    const { kit, pool, server } = scene;
    await pool.use((client) => void client.removeAllListeners());
    await pool.use((client) => kit.send(client, "PING"));
    await server.terminate();
    await soon(() => pool.size === 0, () => `${pool}`, 1_000);
    await pool.use((client) => kit.send(client, "PING"));
    assertEquals(pool.stats().invalidated, 1);
  },

  async "a listener hears, also after one that was removed"(scene) {
    const { pool, server } = scene;
    const mine = () => {};
    await pool.use((client) => {
      client.on("error", mine);
      (client as unknown as { removeListener(event: string, fn: unknown): void })
        .removeListener("error", mine);
    });
    const loan = await pool.borrow();
    let heard = 0;
    loan.object.on("end", () => heard++);
    loan.object.on("error", () => heard++);
    await server.terminate();
    await soon(() => heard > 0, () => "nothing is heard", 1_000);
    loan.release();
  },

  async "a session that is killed on loan"(scene) {
    const { kit, pool, server } = scene;
    const loan = await pool.borrow();
    const asked = assertRejects(() =>
      Promise.resolve(kit.send(loan.object, "BLPOP", scene.key, "0"))
    );
    await soon(async () => await server.count() === 1, () => "it is not there", 1_000);
    await server.terminate();
    await asked;
    // It does not connect again by itself.
    await sleep(50);
    await assertRejects(() => Promise.resolve(kit.send(loan.object, "PING")));
    assertEquals(await server.count(), 0);
    loan.release();
    assertEquals(String(await pool.use((client) => kit.send(client, "PING"))), "PONG");
  },

  async "what blocks is cut off when nobody waits for it any more"(scene) {
    const { kit, pool, key, server } = scene;
    await pool.use((client) => kit.send(client, "PING"));
    const signal = AbortSignal.timeout(20);
    const begun = performance.now();
    await assertRejects(() =>
      pool.use((client) => kit.send(client, "BLPOP", key, "0"), { signal })
    );
    await soon(async () => await server.count() === 0, () => `it goes on: ${pool}`, 2_000);
    assert(performance.now() - begun < 2_500);
    assertEquals(String(await pool.use((client) => kit.send(client, "PING"))), "PONG");
  },

  async "a shutdown does not wait for what blocks"(scene) {
    const { kit, pool, key } = scene;
    const asked = assertRejects(() => pool.use((client) => kit.send(client, "BLPOP", key, "0")));
    await soon(() => pool.using === 1, () => "it has not begun", 1_000);
    const begun = performance.now();
    await pool.shutdown({ timeout: 20 });
    await asked;
    assert(performance.now() - begun < 1_000);
  },
};

/** Each kind of work under load: all sessions are killed, again and again. */
const WORKS: Record<string, (client: Client, stage: Stage) => Promise<unknown>> = {
  command: (client, { kit, key }) => kit.send(client, "GET", key),
  blocking: (client, { kit, key }) => kit.send(client, "BLPOP", `${key}_list`, "0.002"),
  async transaction(client, { kit, key }) {
    const own = `${key}_${Math.random()}`;
    await client.watch(own);
    await kit.transact(client, ["SET", own, "1", "EX", "10"]);
  },
  async dirt(client, { kit }) {
    await client.select(7);
    await kit.send(client, "MULTI");
  },
};

const SIZE = 8;
const USERS = 32;

const killed =
  (work: (client: Client, stage: Stage) => Promise<unknown>): Case => async (scene) => {
    const { pool, server } = scene;
    await killedUnderLoad({
      size: SIZE,
      users: USERS,
      each: 1,
      within: 2_000,
      // The killer is to have its turn, too.
      ask: () => pool.use((client) => work(client, scene)).finally(() => sleep(0)),
      terminate: () => server.terminate(),
      show: () => `${pool}`,
    });
    assert(await server.count() <= SIZE);
    assertEquals(pool.stats().hookErrors, 0);
  };

/** With options of their own. */
const OTHERS: Record<string, [RedisOwnOptions<Client>, Case]> = {
  "reset: a function is called after each loan, on a clean session": [{}, async (scene) => {
    const { kit, where } = scene;
    const seen: string[] = [];
    const reset = async (client: Client) => {
      seen.push(/ db=\d+/.exec(String(await kit.send(client, "CLIENT", "INFO")))![0]);
    };
    await using pool = kit.open(where, { ...QUIET, reset });
    await pool.use((client) => client.select(7));
    await pool.use((client) => kit.send(client, "PING"));
    assertEquals(seen, [" db=0", " db=0"]);
  }],
  "reset: a function that fails costs the session": [
    { reset: () => Promise.reject(new Error("no")) },
    async ({ kit, pool }) => {
      for (let i = 0; i < 2; i++) await pool.use((client) => kit.send(client, "PING"));
      assertEquals([pool.stats().created, pool.stats().hookErrors], [2, 2]);
    },
  ],
  "opener: the database that it selects is selected again": [
    { opener: (client) => client.select(5) },
    async (scene) => {
      const { pool } = scene;
      for (let i = 0; i < 3; i++) {
        assertEquals((await pool.use((client) => stateOf(client, scene))).db, "5");
        await pool.use((client) => client.select(7));
      }
      assertEquals(pool.stats().created, 1);
    },
  ],
};

/** All cases of a driver, by their names. */
export function casesOf(kit: Kit): [string, () => Promise<void>][] {
  const lost = (what: string) => kit.lost.includes(what);
  const named = (
    name: string,
    fn: () => Promise<void>,
  ): [string, () => Promise<void>] => [`${kit.name}: ${name}`, fn];
  return [
    ...Object.entries(DEEDS).flatMap(([what, deed]) => [
      named(`${what} is nobody else's`, () => play(kit, undone(deed, lost(what)))),
      named(
        `${what}: user, database and protocol are there again`,
        () => play(kit, owned(deed, lost(what))),
      ),
    ]),
    ...Object.entries(LOST).map(([what, deed]) =>
      named(`${what} costs the session`, () => play(kit, undone(deed, true)))
    ),
    ...Object.entries(CASES).map(([name, fn]) => named(name, () => play(kit, fn))),
    ...Object.entries(WORKS).map(([name, work]) =>
      named(
        `${name}, all sessions are killed under load`,
        () => play(kit, killed(work), { maxSize: SIZE }),
      )
    ),
    ...Object.entries(OTHERS).map(([name, [options, fn]]) =>
      named(name, () => play(kit, fn, options))
    ),
  ];
}
