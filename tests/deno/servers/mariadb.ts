// MariaDB as the tests use it: a user of their own, whose connections the server counts.

import mysql from "mysql2/promise";
import { type Connection, inTime, type Kind, ownName, type Server } from "./server.ts";

const ADMIN = { host: "127.0.0.1", port: 3306, user: "root", database: "test" };

export const mariadb: Kind = {
  name: "MariaDB",
  port: ADMIN.port,
  open: () => MariaDb.open(),
  async connect(user, port) {
    return new MariaDbConnection(await mysql.createConnection({ host: ADMIN.host, port, user }));
  },
};

/** Which holds each account to its size; what it counts may include some that it is about to refuse. */
export const limited: Kind = { ...mariadb, open: (size) => MariaDb.open(size) };

/** One account on it. */
export class MariaDb implements Server {
  readonly port = ADMIN.port;
  readonly account = ownName();
  readonly #monitor: mysql.Connection;

  /** `size` 0: as many connections as there may be. */
  static async open(size = 0): Promise<MariaDb> {
    const server = new MariaDb(await mysql.createConnection(ADMIN));
    await server.ask(`create user ${server.account} with max_user_connections ${size}`);
    await server.ask(`grant all on test.* to ${server.account}`);
    return server;
  }

  private constructor(monitor: mysql.Connection) {
    this.#monitor = monitor;
  }

  /** Those that it has killed are still there until their thread has seen that. */
  async count(): Promise<number> {
    return (await this.#ids("and command <> 'Killed'")).length;
  }

  async terminate(): Promise<void> {
    const ids = new Set(await this.#ids());
    // One that has gone by itself meanwhile is no failure.
    for (const id of ids) await this.ask(`kill connection ${id}`).catch(() => {});
    while ((await this.#ids()).some((id) => ids.has(id)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.terminate();
    await this.ask(`drop user ${this.account}`);
    await this.#monitor.end();
  }

  async #ids(which = ""): Promise<number[]> {
    const [rows] = await this.ask(
      `select id from information_schema.processlist where user = '${this.account}' ${which}`,
    );
    return (rows as { id: number }[]).map(({ id }) => id);
  }

  /** As one who may do all. */
  async ask(sql: string): Promise<[unknown, unknown]> {
    return await this.#monitor.query(sql);
  }
}

class MariaDbConnection implements Connection {
  readonly #client: mysql.Connection;
  readonly #ended: Promise<unknown>;
  #lost = false;
  #pending = 0;

  constructor(client: mysql.Connection) {
    this.#client = client;
    this.#ended = new Promise((resolve) => client.once("end", resolve));
    client.on("error", () => this.#lost = true);
  }

  async echo(n: number): Promise<number> {
    const [rows] = await this.#ask("select ? as n", [n]);
    return (rows as { n: number }[])[0]!.n;
  }

  sleep(ms: number): Promise<unknown> {
    return this.#ask("select sleep(?)", [ms / 1000]);
  }

  impatient(): Promise<unknown> {
    return this.#ask("set session wait_timeout = 1");
  }

  async #ask(sql: string, values: unknown[] = []): Promise<[unknown, unknown]> {
    this.#pending++;
    try {
      return await this.#client.query(sql, values);
    } finally {
      this.#pending--;
    }
  }

  async close(): Promise<void> {
    if (this.#lost || this.#pending > 0) return this.#destroy();
    await this.#client.end().catch(() => this.#destroy());
    await inTime(this.#ended, 200);
  }

  /** Its own `destroy` leaves queries waiting for ever. */
  #destroy(): void {
    const { connection } = this.#client as unknown as Inside;
    connection.stream.destroy(new Error("the connection is destroyed"));
  }
}

/** What there is of it, and is not declared. */
interface Inside {
  connection: { stream: { destroy(error: Error): void } };
}
