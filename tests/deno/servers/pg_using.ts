// What all have in common that are tried over pgPool: where they work, and what must hold of each.

import { assertEquals, assertRejects } from "@std/assert";
// @ts-types="@types/pg"
import pg from "pg";
import { type PgPool, pgPool, type PgPoolOptions } from "../../../adapters/pg.ts";
import { killed as killedUnderLoad } from "./killed.ts";
import { soon } from "./soon.ts";

/** Where they work, and what they do to it. */
export interface Stage {
  config: pg.ClientConfig;
  /** Has the server end all sessions of the account. */
  terminate(): Promise<void>;
}

export type OurPool = PgPool<typeof pg>;
export type User = (stage: Stage) => Promise<void>;

export const PID = "select pg_backend_pid() as pid";

export function open({ config }: Stage, options: Partial<PgPoolOptions<typeof pg>> = {}): OurPool {
  return pgPool(pg, { ...config, maxSize: 4, logLevel: "silent", ...options });
}

/** Transactions side by side, a third of which fail: each has one session from its begin to its end. */
export async function transactions(
  transaction: (fails: boolean) => Promise<number[]>,
): Promise<void> {
  await Promise.all(Array.from({ length: 30 }, async (_, i) => {
    if (i % 3 === 0) {
      await assertRejects(() => transaction(true), Error, "as it should");
    } else {
      const [one, two] = await transaction(false);
      assertEquals(one, two);
    }
  }));
}

export function ended(pids: number[], fails: boolean): number[] {
  if (fails) throw new Error("as it should");
  return pids;
}

/** All sessions of the pool are killed, three times, while `ask` goes on. */
export async function killed(
  { terminate }: Stage,
  pool: OurPool,
  ask: () => Promise<unknown>,
): Promise<void> {
  await killedUnderLoad({ size: pool.options.max, ask, terminate, show: () => `${pool.pool}` });
}

/** Nobody has anything of it any more. */
export async function quiet(pool: OurPool): Promise<void> {
  await soon(() => pool.pool.using + pool.pool.creating === 0, () => `${pool.pool}`, 1_000);
  assertEquals([pool.totalCount, pool.waitingCount], [pool.idleCount, 0]);
}
