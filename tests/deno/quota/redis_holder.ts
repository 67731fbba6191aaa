// A holder under redisQuota, on any runtime: its last argument is its configuration.

import { createClient } from "@redis/client";
import { Redis } from "ioredis";
import { redisQuota } from "../../../quota/redis.ts";
import { type Engine, hold, type HolderConfig } from "./holder.ts";

/** Every other holder goes by ioredis, as it is made by default: it queues commands while it has no connection. */
function start({ name, engine, key, max, lease }: HolderConfig): Promise<Engine> {
  const options = { key, max, lease };
  return Number(name.split("#")[1]) % 2 === 0
    ? byNodeRedis(engine, options)
    : byIoredis(engine, options);
}

interface Options {
  key: string;
  max: number;
  lease: number | undefined;
}

async function byNodeRedis(port: number, options: Options): Promise<Engine> {
  const client = createClient({ socket: { port, host: "127.0.0.1" } });
  client.on("error", () => {}); // it connects again
  await client.connect();
  return { quota: redisQuota({ ...options, client }), close: () => client.destroy() };
}

function byIoredis(port: number, options: Options): Promise<Engine> {
  const client = new Redis({ port, host: "127.0.0.1" });
  client.on("error", () => {}); // it connects again
  return Promise.resolve({
    quota: redisQuota({ ...options, client }),
    close: () => client.disconnect(),
  });
}

await hold(start);
