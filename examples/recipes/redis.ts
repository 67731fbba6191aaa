// Redis with `@redis/client`: for what a shared client cannot do, since it belongs to the connection.
//
// Commands of many callers go well over one client. Pooled are connections for `watch` and `multi`,
// blocking commands, `select` and `client tracking`.
//
// Run it: npm install @x/proxypool @redis/client && node redis.ts (or deno run -A, or bun)

import process from "node:process";
import { createClient } from "@redis/client";
import { type CreateContext, Pool } from "@x/proxypool";

type Client = ReturnType<typeof newClient>;

function newClient(url: string, name: string) {
  const client = createClient({
    url,
    name, //                     what the server lists it by
    socket: { reconnectStrategy: false, connectTimeout: 2_000 }, // another one is the pool's affair
    disableOfflineQueue: true, // what is asked of a lost one fails at once
  });
  // A client without a listener for this event ends the process when its connection is lost.
  return client.on("error", () => {});
}

async function connect(
  url: string,
  name: string,
  { signal, invalidate }: CreateContext,
): Promise<Client> {
  const client = newClient(url, name);
  const giveUp = () => void (signal.aborted && client.destroy());
  signal.addEventListener("abort", giveUp, { once: true });
  client.on("connect", giveUp); // before that there is nothing to destroy yet
  await client.connect();
  client.on("error", invalidate);
  client.on("end", () => invalidate("it has ended")); // by a borrower, perhaps
  return client;
}

/**
 * Forgets transaction, watched keys, subscriptions and user, and then the database: the client's own
 * `reset` selects the last borrower's again. Two round trips.
 */
async function reset(client: Client): Promise<void> {
  if (!client.isReady) throw new Error("the connection is lost"); // `reset` would wait for ever
  await client.reset();
  await client.select(client.options.database ?? 0);
}

/** A pool of connections. */
export function openPool(url: string, name = "recipe"): Pool<Client> {
  return new Pool((_n, context) => connect(url, name, context), {
    maxSize: 10, //         of the 10 000 that a server allows to all processes together
    timeout: 2_000, //      less than your own caller waits for you
    createTimeout: 2_000, // connecting takes some milliseconds
    retter: reset,
    discardOnError: (error) => error instanceof DOMException, // aborted: see below
    health: async (client) => client.isReady && await client.ping() === "PONG",
    healthAfter: 500, //    asked of what was unused for longer: a round trip
    hookTimeout: 1_000, //  an answer that takes longer is none: packets are being dropped
    closer: (client) => client.destroy(), // `close` would wait for the answers of a half-dead one
    tracer: () => name,
  });
}

/** Adds to a number as nobody else does meanwhile: `watch` is why this needs a connection of its own. */
export async function increase(client: Client, key: string, by: number): Promise<number> {
  await client.watch(key);
  const sum = Number(await client.get(key)) + by;
  await client.multi().set(key, sum).exec(); // fails with WatchError if it has changed
  return sum;
}

if (import.meta.main) {
  await using pool = openPool(process.env.REDIS_URL ?? "redis://127.0.0.1");
  {
    await using client = await pool.get();
    await client.select(7);
    await client.watch("somebody's");
  } // given back here, and reset
  const info = await pool.use((client) => client.sendCommand<string>(["CLIENT", "INFO"]));
  console.log(`the next borrower: ${/\bdb=\d+/.exec(info)?.[0]}`);
  console.log(`increased: ${await pool.use((client) => increase(client, "recipe:n", 0))}`);

  const signal = AbortSignal.timeout(100);
  await pool.use((client, { signal }) => {
    signal.addEventListener("abort", () => client.destroy());
    return client.blPop("recipe:nothing", 9);
  }, { signal }).catch((error) => console.log(`took too long: ${error.name}`));
  await pool.shutdown(); // waits for the callback, too
  console.log(`${pool.stats().discarded} discarded, ${pool.using} in use`);
}
