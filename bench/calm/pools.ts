// Pools: each one as its documents set it up, with the same bounds, and used in its own way.

import { createPool } from "generic-pool";
import pg from "pg";
import { Pool as Tarn } from "tarn";
import { Pool, type PoolOptions } from "../../mod.ts";
import { Client, type ClientOptions } from "./client.ts";
import { BACKOFF, OBJECTS, type PoolName, TARGET } from "./settings.ts";

type Work = (client: Client) => Promise<void>;

/** Lends a client to `work`, for a caller that has gone when `signal` aborts. */
export type Lend = (work: Work, signal: AbortSignal) => Promise<unknown>;

interface Setting extends ClientOptions {
  /** How long a pool may look for a client, in ms. */
  timeout: number;
}

/** Its error is known from `alive`, or from its next query. */
function connect(options: ClientOptions): Promise<Client> {
  return new Client(options).on("error", () => {}).connect();
}

function ours({ timeout, ...options }: Setting, more: PoolOptions<Client> = {}): Lend {
  const pool = new Pool<Client>((_n, { signal, invalidate }) => {
    const client = new Client(options).on("error", invalidate);
    signal.addEventListener("abort", () => client.end(), { once: true });
    return client.connect();
  }, {
    maxSize: OBJECTS,
    timeout,
    createBackoff: BACKOFF,
    closer: (client) => client.end(),
    logLevel: "silent",
    ...more,
  });
  return (work, signal) => pool.use(work, { signal });
}

/** It knows nothing of its objects' errors unless it is asked to test them. */
function genericPool({ timeout, ...options }: Setting): Lend {
  const factory = {
    create: () => connect(options),
    destroy: (client: Client) => client.end(),
    validate: (client: Client) => Promise.resolve(client.alive),
  };
  const pool = createPool(factory, {
    max: OBJECTS,
    acquireTimeoutMillis: timeout,
    testOnBorrow: true,
  });
  return (work) => pool.use(work);
}

/** `validate` is how Knex has it. */
function tarn({ timeout, ...options }: Setting): Lend {
  const pool = new Tarn<Client>({
    create: () => connect(options),
    validate: (client) => client.alive,
    destroy: (client) => client.end(),
    min: 0,
    max: OBJECTS,
    acquireTimeoutMillis: timeout,
  });
  return async (work) => {
    const client = await pool.acquire().promise;
    try {
      await work(client);
    } finally {
      pool.release(client);
    }
  };
}

/** A client that is lent has no listener but its borrower's. */
function pgPool({ timeout, ...options }: Setting): Lend {
  const pool = new pg.Pool({
    Client: Client as unknown as new () => pg.ClientBase,
    max: OBJECTS,
    connectionTimeoutMillis: timeout,
    ...options,
  });
  pool.on("error", () => {});
  pool.on("connect", (client: pg.PoolClient) => void client.on("error", () => {}));
  return async (work) => {
    const client = await pool.connect();
    try {
      await work(client as unknown as Client);
      client.release();
    } catch (error) {
      client.release(error as Error);
      throw error;
    }
  };
}

export const MAKE: Record<PoolName, (setting: Setting) => Lend> = {
  "ours, shedding": (setting) => ours(setting, { queueTarget: TARGET }),
  "ours, without": (setting) => ours(setting),
  "generic-pool": genericPool,
  tarn,
  "pg-pool": pgPool,
};
