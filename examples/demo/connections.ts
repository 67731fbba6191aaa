// Opens connections to PostgreSQL, and counts their sockets where they open and close.
import { Socket } from "node:net";
// @ts-types="@types/pg"
import pg from "pg";

export type Connect = () => Promise<pg.Client>;

export class Connections {
  opened = 0;
  open = 0;
  mostOpen = 0;
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  readonly connect: Connect = async () => {
    const client = newClient(this.#url, () => this.#socket());
    await client.connect();
    return client;
  };

  #socket(): Socket {
    this.opened++;
    this.open++;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    return new Socket().once("close", () => this.open--);
  }
}

export function newClient(url: string, stream = () => new Socket()): pg.Client {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 5_000,
    query_timeout: 10_000,
    stream,
  });
  // A lost connection fails its query, too: here it only must not end the process.
  client.on("error", () => {});
  return client;
}
