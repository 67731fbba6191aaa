// PostgreSQL as the tests use it: a role of their own, which the server itself holds to its limit.

// @ts-types="@types/pg"
import pg from "pg";
import { type Connection, inTime, type Kind, ownName, type Server } from "./server.ts";

/** Where one is. */
export interface Place {
  port: number;
  user: string;
  database: string;
}

const LOCAL: Place = { port: 5432, user: "root", database: "test" };

export const postgres: Kind = kindAt(LOCAL);

/** The one that is there. */
export function kindAt(place: Place): Kind {
  return {
    name: "PostgreSQL",
    port: place.port,
    open: (size) => Postgres.open(place, size),
    connect: (account, port) => PostgresConnection.open(account, port, place.database),
  };
}

/** With a role that may have no more connections than `size`, not even for a moment. */
export class Postgres implements Server {
  readonly port: number;
  /** The role, and the application's name. */
  readonly account: string;
  readonly #place: Place;
  #monitor: pg.Client | undefined;

  static async open(place: Place, size: number): Promise<Postgres> {
    const server = new Postgres(place);
    await server.ask(`create role ${server.account} login connection limit ${size}`);
    return server;
  }

  private constructor(place: Place) {
    this.port = place.port;
    this.account = ownName();
    this.#place = place;
  }

  /** As the superuser; connects again after the server was restarted. */
  async ask(sql: string): Promise<pg.QueryResult> {
    this.#monitor ??= await this.#connect();
    return await this.#monitor.query(sql);
  }

  async #connect(): Promise<pg.Client> {
    const client = newClient({ ...this.#place, application_name: "proxypool test monitor" });
    await client.connect();
    return client.once("end", () => this.#monitor = undefined);
  }

  async count(): Promise<number> {
    const { rows } = await this.ask(
      `select count(*)::int as n from pg_stat_activity where application_name = '${this.account}'`,
    );
    return rows[0].n;
  }

  async terminate(): Promise<void> {
    const { rows } = await this.ask(
      `select pid, pg_terminate_backend(pid) from pg_stat_activity
       where application_name = '${this.account}'`,
    );
    const pids = rows.map(({ pid }) => pid).join();
    const left = `select pid from pg_stat_activity where pid = any('{${pids}}')`;
    while ((await this.ask(left)).rows.length > 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.terminate();
    await this.ask(`drop role ${this.account}`);
    await this.#monitor?.end();
  }
}

export class PostgresConnection implements Connection {
  readonly client: pg.Client;
  readonly #ended: Promise<unknown>;
  #lost = false;
  #pending = 0;

  static async open(account: string, port: number, database: string): Promise<PostgresConnection> {
    const client = newClient({ port, user: account, database, application_name: account });
    const connection = new PostgresConnection(client);
    await client.connect();
    return connection;
  }

  private constructor(client: pg.Client) {
    this.client = client;
    this.#ended = new Promise((resolve) => client.once("end", resolve));
    client.on("error", () => this.#lost = true);
  }

  async echo(n: number): Promise<number> {
    const { rows } = await this.ask("select $1::int as n", [n]);
    return rows[0].n;
  }

  sleep(ms: number): Promise<unknown> {
    return this.ask("select pg_sleep($1)", [ms / 1000]);
  }

  impatient(): Promise<unknown> {
    return this.ask("set idle_session_timeout = 1000");
  }

  async ask(sql: string, values?: unknown[]): Promise<pg.QueryResult> {
    this.#pending++;
    try {
      return await this.client.query(sql, values);
    } finally {
      this.#pending--;
    }
  }

  async close(): Promise<void> {
    // The server says that it ends the connection a little before it has.
    if (this.#lost && await inTime(this.#ended, 200)) return;
    if (this.#pending > 0) (this.client as unknown as Inside).connection.stream.destroy();
    await this.client.end();
  }
}

/** What there is of it, and is not declared. */
interface Inside {
  connection: { stream: { destroy(): void } };
}

function newClient(config: pg.ClientConfig): pg.Client {
  const client = new pg.Client({ host: "127.0.0.1", connectionTimeoutMillis: 2_000, ...config });
  client.on("error", () => {}); // its query fails, too
  return client;
}
