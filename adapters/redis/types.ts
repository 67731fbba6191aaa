// Types: the types of the drivers for Redis by shape, derived from what the user passes.

import type { PoolOptions } from "../../pool/options.ts";

/** The least that the type of a client of node-redis must have. */
export interface RedisClientShape {
  /** Whether commands can be sent. */
  readonly isReady: boolean;
  /** Connects. */
  connect(): unknown;
  /** Closes the connection by force. */
  destroy(): unknown;
}

/** The least that the type of a client of ioredis must have. */
export interface IoredisClientShape {
  /** The state of the connection. */
  readonly status: string;
  /** The options of the client. */
  readonly options: object;
  /** Connects. */
  connect(): unknown;
  /** Closes the connection by force. */
  disconnect(): unknown;
}

/** The class `Redis` of ioredis, or one that extends it. */
export type IoredisClass<C extends IoredisClientShape> = new (...args: never[]) => C;

/** The options of {@linkcode redisPool} and {@linkcode ioredisPool} that are not the driver's. */
export interface RedisOwnOptions<C> extends Omit<PoolOptions<C>, "opener" | "retter" | "closer"> {
  /**
   * Called with each new session, and after each `RESET`; may be async. Each borrower gets the
   * state that it sets.
   *
   * @default {undefined}, none
   */
  opener?: PoolOptions<C>["opener"];
  /**
   * Called with each returned session after its reset; may be async. If it fails, the session is
   * closed. With it, every return waits for this function.
   *
   * @default {undefined}, none
   */
  reset?: ((client: C) => unknown) | undefined;
}
