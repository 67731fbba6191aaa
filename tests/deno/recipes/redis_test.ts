// The recipe for Redis, with a real one: what borrowers leave behind, and each way to lose a connection.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { increase, openPool } from "../../../examples/recipes/redis.ts";
import { redis } from "../servers/redis.ts";
import { ownName } from "../servers/server.ts";
import { register, type Scene } from "./sessions.ts";

type Pool = ReturnType<typeof openPool>;
type Client = Parameters<Parameters<Pool["use"]>[0]>[0];

/** What the server says of a connection, but for what changes by asking. */
async function state(client: Client): Promise<Record<string, string>> {
  const info = await client.sendCommand<string>(["CLIENT", "INFO"]);
  const all = Object.fromEntries(info.trim().split(" ").map((pair) => pair.split("=")));
  const { id, name, db, sub, psub, multi, flags, user, resp } = all;
  return { id, name, db, sub, psub, multi, flags, user, resp };
}

/** Each leaves something behind that belongs to the connection. */
const DOINGS: Record<string, (client: Client) => Promise<unknown>> = {
  "another database": (client) => client.select(7),
  "a subscription": (client) => client.subscribe("news", () => {}),
  "a transaction": (client) => client.sendCommand(["MULTI"]),
  "tracking": (client) => client.sendCommand(["CLIENT", "TRACKING", "ON"]),
  "a name": (client) => client.clientSetName("mine"),
};

async function leftBehind({ pool }: Scene<Client>): Promise<void> {
  const before = await pool.use(state);
  assertEquals(before.db, "3");
  for (const [what, doing] of Object.entries(DOINGS)) {
    await pool.use(doing);
    assertEquals(await pool.use(state), before, what);
  }
  assertEquals(pool.stats().created, 1);
}

/** What the last borrower watched is no concern of the next. */
async function watched({ pool }: Scene<Client>): Promise<void> {
  const key = ownName();
  await pool.use((client) => client.watch(key));
  await pool.use(async (client) => {
    await client.set(key, 1, { expiration: { type: "EX", value: 10 } });
    assertEquals(await client.multi().get(key).del(key).exec(), ["1", 1] as never);
  });
  assertEquals(pool.stats().created, 1);
}

/** `watch` notices; over one client for all it would be of no use. */
async function increased({ pool }: Scene<Client>): Promise<void> {
  const key = ownName();
  const again = async (): Promise<number> => {
    try {
      return await pool.use((client) => increase(client, key, 1));
    } catch (error) {
      assert(
        (error as Error).name === "WatchError" || String(error).includes("watched"),
        `${error}`,
      );
      return await again();
    }
  };
  const sums = await Promise.all(Array.from({ length: 20 }, again));
  assertEquals(sums.sort((a, b) => a - b), Array.from({ length: 20 }, (_, i) => i + 1));
  await pool.use((client) => client.del(key));
}

await register({
  file: "redis.ts",
  kind: redis,
  open: (account, port) => openPool(`redis://127.0.0.1:${port}/3`, account),
  ask: (client) => client.ping(),
  program: ({ port }) => ({
    env: { REDIS_URL: `redis://127.0.0.1:${port}` },
    prints: [
      "the next borrower: db=0",
      "increased: 0",
      "took too long: TimeoutError",
      "0 in use",
    ],
  }),
}, {
  "nothing of one borrower is left for the next": leftBehind,
  "nor what it watched": watched,
  "many increase a number, and none is lost": increased,

  async "what is discarded while it is asked something is cut off"({ pool }) {
    const lease = await pool.get();
    const asked = assertRejects(() => lease.blPop("proxypool_test_nothing", 9));
    await pool.discard(lease);
    await asked;
    assertEquals(pool.size, 0);
  },
});
