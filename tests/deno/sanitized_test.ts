// Pools that have been shut down leave nothing behind: run with Deno's sanitizers.

import { assertEquals } from "@std/assert";
import { Pool } from "../../mod.ts";

const quiet = { logLevel: "silent" } as const;

Deno.test("after all of its ways to be used", async () => {
  const pool = new Pool((n) => Promise.resolve({ n }), {
    maxSize: 2,
    minSize: 1,
    timeout: 60_000,
    createTimeout: 60_000,
    maxAvailDelay: 60_000,
    maxLifetime: 60_000,
    maxUsingDelay: 60_000,
    health: () => Promise.resolve(true),
    healthAfter: 0,
    getter: () => Promise.resolve(),
    retter: () => Promise.resolve(),
    closer: () => Promise.resolve(),
  });
  await pool.ready();
  const [one, two] = await Promise.all([pool.get(), pool.get()]);
  const third = pool.get();
  const { n } = two;
  await pool.ret(one);
  await pool.discard(await third);
  await pool.ret(two);
  assertEquals(await pool.use((object, { signal }) => [object.n, signal.aborted]), [n, false]);
  await pool.shutdown();
});

Deno.test("after a shutdown by force", async () => {
  const pool = new Pool((n) => ({ n }), { maxSize: 1, ...quiet });
  const lease = await pool.get();
  const waiting = pool.get().catch((error: Error) => error.name);
  await pool.shutdown({ timeout: 5 });
  assertEquals([await waiting, String(pool.stats().killed)], ["PoolClosedError", "1"]);
  await pool.ret(lease);
});

Deno.test("after a refill that had to rest", async () => {
  const pool = new Pool(() => Promise.reject(new Error("no")), { minSize: 1, ...quiet });
  assertEquals(await pool.ready().catch((error: Error) => error.message), "no");
  await pool.shutdown();
});
