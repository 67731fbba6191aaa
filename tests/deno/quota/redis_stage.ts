// The stage of redisQuota: a Redis without persistence, to be crashed and flushed.

import { createClient } from "@redis/client";
import { OwnRedis } from "../servers/own_redis.ts";
import type { Stage } from "./proof.ts";

const MAIN = new URL("./redis_holder.ts", import.meta.url).pathname;

export class RedisStage implements Stage, AsyncDisposable {
  readonly program = { main: MAIN, packages: ["@redis/client", "ioredis"] as const };
  readonly lease: number;
  readonly #redis: OwnRedis;

  static async of(lease: number): Promise<RedisStage> {
    return new RedisStage(lease, await OwnRedis.empty());
  }

  private constructor(lease: number, redis: OwnRedis) {
    this.lease = lease;
    this.#redis = redis;
  }

  get port(): number {
    return this.#redis.kind.port;
  }

  /** As the script has it; a holder that has ended may still be there until its lease ends. */
  async places(key: string): Promise<number> {
    const [, ...held] = await this.ask("EVAL", PLACES, "1", `proxypool:{${key}}`) as string[];
    return Number(held[0]);
  }

  async restart(): Promise<void> {
    await this.#redis.stop();
    await this.#redis.start();
  }

  async flush(): Promise<void> {
    await this.ask("FLUSHALL");
  }

  /** Sends one command, on a connection of its own. */
  async ask(...command: string[]): Promise<unknown> {
    const client = createClient({ socket: { port: this.port, host: "127.0.0.1" } });
    await client.on("error", () => {}).connect();
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

/** How many holders there are whose lease has not ended, and what all hold that there are. */
const PLACES = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local live = redis.call('ZRANGEBYSCORE', KEYS[1] .. ':leases', '(' .. now, '+inf')
local held = 0
for _, who in ipairs(live) do
  local r = cjson.decode(redis.call('HGET', KEYS[1] .. ':state', 'of ' .. who))
  held = held + r[1] - r[2]
end
return {tostring(#live), tostring(held)}
`;
