// The types of the drivers for Redis, by their shape: they are derived from what the user passes.

import type { PoolOptions } from "../../pool/options.ts";

/** What a client of node-redis must have at least, in the types. */
export interface RedisClientShape {
  /** Whether commands can be sent. */
  readonly isReady: boolean;
  /** Connects. */
  connect(): unknown;
  /** Cuts the connection. */
  destroy(): unknown;
}

/** What a client of ioredis must have at least, in the types. */
export interface IoredisClientShape {
  /** How far it is connected. */
  readonly status: string;
  /** What it was made with. */
  readonly options: object;
  /** Connects. */
  connect(): unknown;
  /** Cuts the connection. */
  disconnect(): unknown;
}

/** The class `Redis` of ioredis, or one that extends it. */
export type IoredisClass<C extends IoredisClientShape> = new (...args: never[]) => C;

/** The options of {@linkcode redisPool} and {@linkcode ioredisPool} that are not the driver's. */
export interface RedisOwnOptions<C> extends Omit<PoolOptions<C>, "opener" | "retter" | "closer"> {
  /**
   * Is called with each new session, and with one that was reset by `RESET`; may be async. What it sends
   * there is what each borrower finds.
   *
   * @default {undefined}, nothing is sent
   */
  opener?: PoolOptions<C>["opener"];
  /**
   * Is called with each session that is given back, after it was reset; may be async. If it fails, the
   * session is closed. With it, no session goes back without waiting for it.
   *
   * @default {undefined}, nothing more is done
   */
  reset?: ((client: C) => unknown) | undefined;
}
