// Ten pools under one cap, with random work and faults: never one object too many, and all permits free
// at the end.

import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool, type PoolOptions } from "../mod.ts";
import { localQuota, type Quota } from "../quota/mod.ts";
import { Recorder } from "./helpers/recorder.ts";
import { sleep } from "./helpers/until.ts";

const MAX = 6;

/** Numbers from 0 to 1, the same for each seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Client {
  n: number;
}

/** What counts how many there are: the server, so to speak. */
class Resource {
  readonly #there = new Set<Client>();
  most = 0;

  enter(client: Client): void {
    this.#there.add(client);
    this.most = Math.max(this.most, this.#there.size);
  }

  /** A second time does nothing. */
  leave(client: Client): void {
    this.#there.delete(client);
  }
}

/** Some permits are lost. */
function losing(quota: Quota, random: () => number, losses: AbortController[]): Quota {
  return {
    attach(client) {
      const member = quota.attach(client);
      return {
        acquire: async (options) => {
          if (random() < 0.05) throw new Error("the engine is down");
          const permit = await member.acquire(options);
          const lost = new AbortController();
          losses.push(lost);
          return { release: () => permit.release(), lost: lost.signal };
        },
        yields: (needed) => member.yields!(needed),
        [Symbol.asyncDispose]: () => member[Symbol.asyncDispose](),
      };
    },
  };
}

const OPTIONS: PoolOptions<Client>[] = [
  {},
  { maxSize: 2 },
  { minSize: 1, maxLifetime: 40 },
  { maxUse: 3, timeout: 50 },
  { maxAvailDelay: 10, maxCreating: 1 },
  { minAvailable: 1, maxSize: 3 },
  { maxUsingDelayKill: 20, hkDelay: 10 },
  { createTimeout: 3, createRetry: true, timeout: 60 },
  { abortGrace: 3 },
  { health: () => sleep(1), healthAfter: 0, retter: () => sleep(0) },
];

describe("ten pools under one localQuota", () => {
  for (const seed of [1, 2, 3]) {
    it(`keep to it, whatever befalls them (${seed})`, async () => {
      const random = randomOf(seed);
      const resource = new Resource();
      const quota = localQuota({ max: MAX });
      const losses: AbortController[] = [];
      const limited = losing(quota, random, losses);
      const fun = async (n: number, { signal }: { signal: AbortSignal }): Promise<Client> => {
        const client = { n };
        resource.enter(client);
        // What is given up counts no longer, as for maxSize.
        signal.addEventListener("abort", () => resource.leave(client), { once: true });
        if (random() < 0.7) await sleep(random() * 4);
        if (random() > 0.1) return client;
        resource.leave(client);
        throw new Error("no");
      };
      const closer = async (client: Client) => {
        if (random() < 0.3) await sleep(random() * 2);
        resource.leave(client);
      };
      const pools = OPTIONS.map((options) =>
        new Pool(fun, { quota: limited, closer, logger: new Recorder(), ...options })
      );
      const work = async () => {
        for (let i = 0; i < 40; i++) {
          const pool = pools[Math.floor(random() * pools.length)]!;
          await step(pool, resource, random).catch(() => {});
          if (random() < 0.05) losses[Math.floor(random() * losses.length)]?.abort();
          assert(quota.used <= MAX, `${quota.used} permits`);
        }
      };
      await Promise.all(Array.from({ length: 25 }, work));
      assertEquals(resource.most, MAX);
      await Promise.all(pools.map((pool) => pool.shutdown({ timeout: 200 })));
      assertEquals([quota.used, quota.waiting], [0, 0]);
    });
  }
});

/** One thing that a borrower may do. */
async function step(
  pool: Pool<Client>,
  resource: Resource,
  random: () => number,
): Promise<unknown> {
  const chance = random();
  if (chance < 0.4) return await pool.use(() => sleep(random() * 3));
  if (chance < 0.5) return await pool.use(() => Promise.reject(new Error("no")));
  if (chance < 0.6) {
    return await pool.use(() => sleep(6), { signal: AbortSignal.timeout(2), timeout: 30 });
  }
  if (chance < 0.65) return await pool.reset({ spread: random() < 0.5 ? 0 : 5 });
  if (chance < 0.7) return pool.tryGet()?.[Symbol.asyncDispose]();
  const loan = await pool.borrow({ timeout: 1 + random() * 40, priority: Math.round(random()) });
  await sleep(random() * 3);
  if (chance < 0.75) {
    resource.leave(loan.object); // which is closed by who keeps it, in no time
    return loan.detach();
  }
  if (chance < 0.8) return await loan.discard();
  if (chance < 0.85) pool.invalidate(loan.object);
  return await loan.release();
}
