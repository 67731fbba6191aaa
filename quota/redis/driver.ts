// Driver: runs a script and subscribes to channels, by node-redis or ioredis.

import { shown } from "../../values.ts";

/** The shape of a client of node-redis, version 4 or later. */
export interface NodeRedisQuotaClient {
  /** Runs a script of the server's cache by its SHA-1. */
  evalSha(sha: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  /** Runs a script. */
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  /** Creates another client with the same options, for the channels. */
  duplicate(): unknown;
}

/** The shape of a client of ioredis, version 5 or later. */
export interface IoredisQuotaClient {
  /** Runs a script of the server's cache by its SHA-1. */
  evalsha(sha: string, count: number, ...keysAndArguments: string[]): Promise<unknown>;
  /** Runs a script. */
  eval(script: string, count: number, ...keysAndArguments: string[]): Promise<unknown>;
  /** Creates another client with the same options, for the channels. */
  duplicate(): unknown;
}

/** A client for {@linkcode redisQuota}. */
export type RedisQuotaClient = NodeRedisQuotaClient | IoredisQuotaClient;

/** A connection that subscribes to channels, and reconnects as its client's options say. */
export interface Ears {
  /** Whether it has ended for good. */
  readonly closed: boolean;
  close(): void;
}

/** Is called for a message of a channel, or if messages may have been missed. */
export interface Heard {
  message(text: string, channel: string): void;
  ready(): void;
}

/** The functions of a client of either driver. */
export interface Driver {
  evalSha(sha: string, keys: string[], args: string[]): Promise<unknown>;
  eval(script: string, keys: string[], args: string[]): Promise<unknown>;
  /** Never throws: without messages, requests only wait longer. */
  listen(channels: string[], heard: Heard): Ears;
}

/** Finds the driver of a client; throws if it is neither. */
export function driverOf(client: RedisQuotaClient): Driver {
  const { evalSha, evalsha, duplicate } = (client ?? {}) as unknown as Record<string, unknown>;
  const isFunction = (value: unknown) => typeof value === "function";
  if (isFunction(duplicate) && isFunction(evalSha)) return new NodeRedis(client as never);
  if (isFunction(duplicate) && isFunction(evalsha)) return new Ioredis(client as never);
  throw new TypeError(
    `client must be a client of node-redis or ioredis, got ${shown(client)}`,
  );
}

type Listener = (...args: never[]) => void;

/** The members of a second connection, in both drivers. */
interface Second {
  on(event: string, listener: Listener): unknown;
  disconnect?(): unknown;
}

interface NodeRedisSecond extends Second {
  readonly isOpen: boolean;
  connect(): Promise<unknown>;
  subscribe(
    channels: string[],
    listener: (text: string, channel: string) => void,
  ): Promise<unknown>;
  unref?(): void;
  destroy?(): unknown;
}

class NodeRedis implements Driver {
  readonly #client: NodeRedisQuotaClient;

  constructor(client: NodeRedisQuotaClient) {
    this.#client = client;
  }

  evalSha(sha: string, keys: string[], args: string[]): Promise<unknown> {
    return this.#client.evalSha(sha, { keys, arguments: args });
  }

  eval(script: string, keys: string[], args: string[]): Promise<unknown> {
    return this.#client.eval(script, { keys, arguments: args });
  }

  listen(channels: string[], heard: Heard): Ears {
    const second = this.#client.duplicate() as NodeRedisSecond;
    const ears = new SecondEars(() => (second.destroy ?? second.disconnect)?.call(second));
    second.on("error", () => {}); // it reconnects, or ends
    second.on("end", () => ears.close());
    second.on("ready", () => heard.ready());
    const hear = async () => {
      await second.connect();
      second.unref?.();
      await second.subscribe(channels, (text, channel) => heard.message(text, channel));
      heard.ready();
    };
    hear().catch(() => ears.close());
    return ears;
  }
}

interface IoredisSecond extends Second {
  readonly stream?: { unref?(): void };
  subscribe(...channels: string[]): Promise<unknown>;
}

/**
 * The options that a subscriber needs until it is closed. Channels of the script have no prefix.
 */
const HEARING = { keyPrefix: "", enableOfflineQueue: true, lazyConnect: false };

class Ioredis implements Driver {
  readonly #client: IoredisQuotaClient & {
    readonly isCluster?: boolean;
    duplicate(...args: unknown[]): unknown;
  };

  constructor(client: IoredisQuotaClient) {
    this.#client = client as never;
  }

  evalSha(sha: string, keys: string[], args: string[]): Promise<unknown> {
    return this.#client.evalsha(sha, keys.length, ...keys, ...args);
  }

  eval(script: string, keys: string[], args: string[]): Promise<unknown> {
    return this.#client.eval(script, keys.length, ...keys, ...args);
  }

  listen(channels: string[], heard: Heard): Ears {
    const client = this.#client;
    const second =
      (client.isCluster
        ? client.duplicate([], HEARING)
        : client.duplicate({ ...HEARING, maxRetriesPerRequest: null })) as IoredisSecond;
    const ears = new SecondEars(() => second.disconnect?.());
    second.on("error", () => {}); // it reconnects, or ends
    second.on("end", () => ears.close());
    second.on("connect", () => second.stream?.unref?.());
    second.on("ready", () => heard.ready());
    second.on("message", (channel: string, text: string) => heard.message(text, channel));
    second.subscribe(...channels).then(() => heard.ready(), () => ears.close());
    return ears;
  }
}

class SecondEars implements Ears {
  closed = false;
  readonly #disconnect: () => unknown;

  constructor(disconnect: () => unknown) {
    this.#disconnect = disconnect;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    try {
      this.#disconnect();
    } catch {
      // It is not connected.
    }
  }
}
