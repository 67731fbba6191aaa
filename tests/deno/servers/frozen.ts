// Frozen: pools in a process that is stopped for a while and then goes on, and what it says of them.

import process from "node:process";
import { Pool, type PoolOptions } from "../../../mod.ts";
import type { Connection, Kind } from "./server.ts";
import { sleep } from "../../helpers/until.ts";

/** How many connections each of its pools has. */
export const FROZEN = 3;

/** What it says of a pool once it has gone on. */
export interface Told {
  /** Of the requests that it made at once. */
  failed: string[];
  unhealthy: number;
}

/**
 * Says that it is ready, waits until it has been stopped and goes on, and asks at once on all
 * connections of a pool with `health`, and of one without; one connection of each was lent meanwhile.
 */
export async function frozen(kind: Kind, [account = "", port]: string[]): Promise<void> {
  const options: PoolOptions<Connection> = {
    minSize: FROZEN,
    maxSize: FROZEN,
    opener: (connection) => connection.impatient(),
    closer: (connection) => connection.close(),
    hkDelay: 200,
    discardOnError: true,
    logLevel: "silent",
  };
  const connect = () => kind.connect(account, Number(port));
  const pools = [new Pool(connect, { ...options, health: isAlive }), new Pool(connect, options)];
  await Promise.all(pools.map((pool) => pool.ready()));
  const leases = await Promise.all(pools.map((pool) => pool.get()));
  await stopped(() => console.log("ready"));
  for (const lease of leases) lease[Symbol.dispose]();
  console.log(JSON.stringify(await Promise.all(pools.map(ask))));
  await Promise.all(pools.map((pool) => pool.shutdown()));
  process.exit();
}

async function ask(pool: Pool<Connection>): Promise<Told> {
  const asked = Array.from({ length: FROZEN }, (_, i) => pool.use((one) => one.echo(i)));
  const failed = (await Promise.allSettled(asked))
    .flatMap((outcome) => outcome.status === "rejected" ? [String(outcome.reason)] : []);
  return { failed, unhealthy: pool.stats().unhealthy };
}

async function isAlive(connection: Connection): Promise<boolean> {
  return await connection.echo(0) === 0;
}

/** Resolves as soon as much more time has passed than there should have, since `ready` at the earliest. */
async function stopped(ready: () => void): Promise<void> {
  let then = Date.now();
  ready(); // it may be stopped right now
  for (;; then = Date.now()) {
    await sleep(1);
    if (Date.now() - then > 1_000) return;
  }
}
