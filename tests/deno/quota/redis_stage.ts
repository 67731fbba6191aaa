// The stage of redisQuota: a Redis without persistence, to be crashed and flushed.

import { createClient } from "@redis/client";
import { OwnRedis } from "../servers/own_redis.ts";
import type { Stage } from "./proof.ts";

const MAIN = new URL("./redis_holder.ts", import.meta.url).pathname;

/** One that connects again by itself. */
export function newClient(port: number) {
  return createClient({ socket: { port, host: "127.0.0.1" } }).on("error", () => {});
}

export class RedisStage implements Stage, AsyncDisposable {
  readonly program = { main: MAIN, packages: ["@redis/client", "ioredis"] as const };
  readonly lease: number;
  readonly #redis: OwnRedis;

  static async of(lease: number): Promise<RedisStage> {
    return new RedisStage(lease, await OwnRedis.running());
  }

  private constructor(lease: number, redis: OwnRedis) {
    this.lease = lease;
    this.#redis = redis;
  }

  get port(): number {
    return this.#redis.kind.port;
  }

  async places(key: string): Promise<number> {
    return await this.ask("EVAL", PLACES, "1", `proxypool:{${key}}`) as number;
  }

  /** Has that key be known, and open at once: nobody has used it before. */
  async open(key: string, lease: number, prefix = ""): Promise<void> {
    const run = /run_id:(\w+)/.exec(await this.ask("INFO", "server") as string)![1]!;
    const state = { run, open: 1, lease, total: 0, pending: 0, soft: 0, ticket: 0 };
    const fields = Object.entries(state).flatMap(([name, value]) => [name, String(value)]);
    await this.ask("HSET", `${prefix}proxypool:{${key}}:state`, ...fields);
  }

  async stop(): Promise<void> {
    await this.#redis.stop();
  }

  async start(): Promise<void> {
    await this.#redis.start();
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async flush(): Promise<void> {
    await this.ask("FLUSHALL");
  }

  /** Sends one command, on a connection of its own. */
  async ask(...command: string[]): Promise<unknown> {
    const client = newClient(this.port);
    await client.connect();
    try {
      return await client.sendCommand(command);
    } finally {
      client.destroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#redis[Symbol.asyncDispose]();
  }
}

/** What all hold whose lease has not ended. */
const PLACES = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local held = 0
for _, who in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1] .. ':leases', '(' .. now, '+inf')) do
  local r = cjson.decode(redis.call('HGET', KEYS[1] .. ':state', 'of ' .. who))
  held = held + r[1] - r[2]
end
return held
`;
