// Bench: a server, a link to it, and a pool whose connections go through that; what must hold of them.

import { assert, assertEquals } from "@std/assert";
import { Pool, type PoolOptions } from "../../../mod.ts";
import { sum } from "../../helpers/pool.ts";
import { Census } from "./census.ts";
import { Link } from "./link.ts";
import type { Connection, Kind, Server } from "./server.ts";
import { soon } from "./soon.ts";

/** How many connections the pool may have, and keeps, unless a test says otherwise. */
export const SIZE = 5;

/** Time between its rounds of housekeeping, in ms. */
export const ROUND = 150;

/** How long a question after a connection's health may take, in ms. */
export const HOOK = 300;

/** How a service that means it has its connections pooled. */
export const OPTIONS: PoolOptions<Connection> = {
  minSize: SIZE,
  maxSize: SIZE,
  timeout: 5_000,
  createTimeout: 2_000,
  hkDelay: ROUND,
  hookTimeout: HOOK,
  closeTimeout: 1_000,
  maxUsingDelayKill: 500,
  health: async (connection) => await connection.echo(0) === 0,
  healthAfter: 0,
  discardOnError: true,
  closer: (connection) => connection.close(),
  logLevel: "silent",
};

/** Where no time limit is what is tested, a busy machine shall not run into one. */
export const LENIENT: PoolOptions<Connection> = { hookTimeout: 3_000, maxUsingDelayKill: 5_000 };

/** All that a test needs, and takes down after it. */
export class Bench implements AsyncDisposable {
  readonly server: Server;
  readonly link: Link;
  readonly pool: Pool<Connection>;
  readonly census: Census;
  readonly #most: number;

  /** With a pool that has its `minSize`. The server allows `limit` connections, by default `maxSize`. */
  static async open(
    kind: Kind,
    options: PoolOptions<Connection> = {},
    limit = options.maxSize ?? SIZE,
  ): Promise<Bench> {
    const server = await kind.open(limit);
    const link = await Link.to(server.port);
    const connect = () => kind.connect(server.account, link.port);
    const pool = new Pool(connect, { ...OPTIONS, ...options });
    const bench = new Bench(server, link, pool, options.maxSize ?? SIZE);
    try {
      await bench.pool.ready();
      return bench;
    } catch (error) {
      await bench[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(server: Server, link: Link, pool: Pool<Connection>, most: number) {
    this.server = server;
    this.link = link;
    this.pool = pool;
    this.#most = most;
    this.census = new Census(server);
  }

  /** Waits until the pool is whole, and the server agrees; throws if it is not within `ms`. */
  async whole(ms: number): Promise<void> {
    const { pool, server } = this;
    await soon(
      async () => pool.available === SIZE && pool.size === SIZE && await server.count() === SIZE,
      () => `not whole within ${ms} ms: ${pool}`,
      ms,
    );
  }

  /** The server never had more than it may, all is accounted for, and nothing is left. */
  async end(): Promise<void> {
    const { pool, server, census } = this;
    // Who waited for one that is made or looked at may have been served by another.
    await soon(() => pool.creating + pool.using === 0, () => `it is at work: ${pool}`, 2_000);
    assertEquals([pool.using, pool.waiting, pool.creating], [0, 0, 0]);
    const { created, accounted } = sum(pool);
    assertEquals(accounted, created);
    const last = await server.count(); // a busy machine may not have counted in time
    await pool.shutdown({ timeout: 2_000 });
    await census[Symbol.asyncDispose]();
    const most = Math.max(last, census.most);
    assert(census.times + last > 0 && most <= this.#most, `the server counted ${most}`);
    // It may hear of the last a little later.
    await soon(async () => await server.count() === 0, () => "connections are left", 500);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pool.shutdown({ timeout: 1 });
    await this.census[Symbol.asyncDispose]();
    await this.link[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
  }
}
