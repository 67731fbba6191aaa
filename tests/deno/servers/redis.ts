// Redis as the tests use it: connections of a name of their own, by which the server counts them.

import { createClient } from "@redis/client";
import { type Connection, type Kind, ownName, type Server } from "./server.ts";

type Client = ReturnType<typeof newClient>;

export const redis: Kind = kindAt(6379);

/** The one at that port. */
export function kindAt(port: number): Kind {
  return {
    name: "Redis",
    port,
    patient: true,
    open: () => Redis.open(port),
    async connect(account, port) {
      const client = newClient(port, account);
      await client.connect();
      return new RedisConnection(client);
    },
  };
}

class Redis implements Server {
  readonly port: number;
  readonly account = ownName();
  readonly #monitor: Client;

  static async open(port: number): Promise<Redis> {
    const monitor = newClient(port, "proxypool_test_monitor");
    await monitor.connect();
    return new Redis(port, monitor);
  }

  private constructor(port: number, monitor: Client) {
    this.port = port;
    this.#monitor = monitor;
  }

  async count(): Promise<number> {
    return (await this.#ids()).length;
  }

  async terminate(): Promise<void> {
    for (const id of await this.#ids()) await this.#monitor.clientKill({ filter: "ID", id });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.terminate();
    await this.#monitor.close();
  }

  async #ids(): Promise<number[]> {
    const clients = await this.#monitor.clientList();
    return clients.filter(({ name }) => name === this.account).map(({ id }) => id);
  }
}

class RedisConnection implements Connection {
  readonly #client: Client;
  #pending = 0;

  constructor(client: Client) {
    this.#client = client;
  }

  async echo(n: number): Promise<number> {
    return Number(await this.#ask(["ECHO", String(n)]));
  }

  sleep(ms: number): Promise<unknown> {
    return this.#ask(["BLPOP", "proxypool_test_nothing", String(ms / 1000)]);
  }

  /** Only all connections of the server at once could be. */
  async impatient(): Promise<void> {}

  async #ask(command: string[]): Promise<unknown> {
    this.#pending++;
    try {
      return await this.#client.sendCommand(command);
    } finally {
      this.#pending--;
    }
  }

  async close(): Promise<void> {
    if (!this.#client.isOpen) return;
    if (this.#pending > 0) this.#client.destroy();
    else await this.#client.close();
  }
}

/** One that never connects again by itself: that is the pool's affair. */
function newClient(port: number, name: string) {
  const client = createClient({
    name,
    socket: { host: "127.0.0.1", port, connectTimeout: 2_000, reconnectStrategy: false },
    disableOfflineQueue: true,
    disableClientInfo: true,
  });
  return client.on("error", () => {}); // its commands fail, too
}
