// The two drivers for Redis as the tests use them: a pool of each, and the same few things by each.

import { createClient } from "@redis/client";
import { Redis } from "ioredis";
import type { Pool } from "../../../mod.ts";
import { ioredisPool, type RedisOwnOptions, redisPool } from "../../../adapters/redis.ts";

/** What the tests do with a client. */
export interface Client {
  on(event: string, listener: (...args: never[]) => void): unknown;
  listenerCount(event: string): number;
  removeAllListeners(): unknown;
  select(db: number): Promise<unknown>;
  watch(key: string): Promise<unknown>;
}

/** Where it connects, and as whom. */
export interface Where {
  port: number;
  name: string;
  db?: number;
  user?: { username: string; password: string };
  /** The version of the protocol. */
  protocol?: 2 | 3;
}

/** A driver. */
export interface Kit {
  name: string;
  open(where: Where, options?: RedisOwnOptions<Client>): Pool<Client>;
  /** A command as it is. */
  send(client: Client, ...args: string[]): Promise<unknown>;
  /** A transaction as the driver has it; sets a key. */
  transact(client: Client, ...commands: [string, ...string[]][]): Promise<unknown>;
  /** Hears one channel, pattern or sharded channel; resolves when it is subscribed. */
  subscribe(client: Client, kind: "" | "p" | "s", channel: string, heard: () => void): unknown;
  unsubscribe(client: Client, kind: "" | "p" | "s", channel: string): Promise<unknown>;
  /** Ends its session as a borrower may. */
  leave(client: Client): unknown;
  /** What its driver cannot undo, by the names of cases. */
  lost: readonly string[];
}

type NodeRedis = ReturnType<typeof newNodeRedis>;
const newNodeRedis = () => createClient();

/** node-redis, of any version. */
export function nodeRedis(name: string, create: unknown): Kit {
  const of = (client: Client) => client as unknown as NodeRedis;
  const method = { "": "subscribe", p: "pSubscribe", s: "sSubscribe" } as const;
  const opposite = { "": "unsubscribe", p: "pUnsubscribe", s: "sUnsubscribe" } as const;
  return {
    name,
    open({ port, name, db, user, protocol }, options) {
      const all: object = {
        socket: { host: "127.0.0.1", port },
        ...db === undefined ? {} : { database: db },
        ...protocol === undefined ? {} : { RESP: protocol },
        ...user,
        ...options,
        name,
      };
      const pool = redisPool(create as (options: object) => NodeRedis, all);
      return pool as unknown as Pool<Client>;
    },
    send: (client, ...args) => of(client).sendCommand(args),
    transact: (client, ...commands) =>
      commands.reduce((multi, command) => multi.addCommand(command), of(client).multi()).exec(),
    subscribe: (client, kind, channel, heard) => of(client)[method[kind]](channel, heard),
    unsubscribe: (client, kind, channel) => of(client)[opposite[kind]](channel),
    leave: (client) => of(client).destroy(),
    lost: [],
  };
}

/** ioredis, of any version. */
export function ioredis(name: string, Class: unknown): Kit {
  const of = (client: Client) => client as unknown as Redis;
  return {
    name,
    open({ port, name, db, user, protocol }, options) {
      const all: object = {
        host: "127.0.0.1",
        port,
        ...db === undefined ? {} : { db },
        ...protocol === undefined ? {} : { protocol },
        ...user,
        ...options,
        name,
      };
      const pool = ioredisPool(Class as typeof Redis, all);
      return pool as unknown as Pool<Client>;
    },
    send: (client, command, ...args) => of(client).call(command!, ...args),
    async transact(client, ...commands) {
      const multi = of(client).multi();
      for (const [name, ...args] of commands) multi.call(name, ...args);
      return await multi.exec();
    },
    async subscribe(client, kind, channel, heard) {
      client.on(`${kind}message`, heard);
      await of(client)[`${kind}subscribe`](channel);
    },
    unsubscribe: (client, kind, channel) => of(client)[`${kind}unsubscribe`](channel),
    leave: (client) => of(client).disconnect(),
    lost: [
      "MONITOR",
      "SUBSCRIBE",
      "PSUBSCRIBE",
      "SSUBSCRIBE",
      "SSUBSCRIBE beside a subscription that has ended",
      "subscriptions that have ended",
      "a SUBSCRIBE that nobody waits for",
    ],
  };
}

/** Those of the newest versions. */
export const KITS: readonly Kit[] = [
  nodeRedis("node-redis", createClient),
  ioredis("ioredis", Redis),
];
