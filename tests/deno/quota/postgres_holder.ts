// A holder under postgresQuota, on any runtime: its last argument is its configuration.

// @ts-types="@types/pg"
import pg from "pg";
import { PostgresEngine } from "../../../quota/postgres/engine.ts";
import { TIMES } from "../../../quota/postgres/times.ts";
import { type Engine, hold, type HolderConfig } from "./holder.ts";

/** It misses its session within less than half a lease, as it does within 15 s with the times of users. */
function start({ engine: port, key, max, lease = 0 }: HolderConfig): Promise<Engine> {
  const times = { ...TIMES, connect: lease, beat: lease / 10, answer: lease / 5, turn: 30 };
  const connect = async () => {
    const where = { host: "127.0.0.1", port, user: "root", database: "postgres" };
    const client = new pg.Client(where);
    client.on("error", () => {}); // its connect fails, too
    await client.connect();
    return client;
  };
  const quota = new PostgresEngine(max, key, connect, times);
  return Promise.resolve({ quota, close: () => {} });
}

await hold(start);
