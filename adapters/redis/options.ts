// Options: separates the options of redisPool and ioredisPool into the driver's, the pool's, and
// refused ones.

import type { PoolOptions } from "../../pool/options.ts";
import { shown } from "../../values.ts";
import { apart, type Names } from "../options.ts";

/** Calls the user's function after each reset. */
export type Reset = (client: object) => unknown;

/** The options, separated. */
export interface Given {
  /** The options of a client. */
  config: Record<string, unknown>;
  /** The options of the pool. */
  own: PoolOptions<object>;
  reset: Reset | undefined;
}

const NAMES: Names = {
  elsewhere: {
    minimum: "it is called minSize here",
    maximum: "it is called maxSize here",
    acquireTimeout: "it is called timeout here",
    cleanupDelay: "it is called maxAvailDelay here",
    retter: "it is called reset here",
    closer: "the pool itself ends its sessions",
    cancel: "a command that nobody waits for is cut off with its session, after abortGrace",
  },
  drivers: ["RESP", "connectTimeout", "noDelay"],
  hidden: [],
  defaults: { maxSize: 10 },
};

/** Options that the pool fixes: a client that reconnects silently loses its state. */
const FIXED: Readonly<Record<string, (value: unknown) => boolean>> = {
  disableOfflineQueue: (value) => value === true,
  reconnectStrategy: (value) => value === false,
  enableOfflineQueue: (value) => value === false,
  retryStrategy: (value) => value === null,
  monitor: (value) => value === false,
};

/** Throws if an option is wrong. `where`: the function that is called. */
export function optionsOf(where: string, options: unknown): Given {
  const { config, own, reset } = apart<object>(where, options, NAMES);
  for (const [name, value] of Object.entries(config)) checkFixed(where, name, value);
  checkFixed(where, "reconnectStrategy", Object(config.socket).reconnectStrategy, "socket.");
  // Also the name of its clients at the server, which allows no spaces.
  if (own.name !== undefined) config.name = String(own.name).replace(/[^!-~]/g, "_");
  return { config, own, reset: checkReset(where, reset) };
}

function checkFixed(where: string, name: string, value: unknown, within = ""): void {
  if (value === undefined || !Object.hasOwn(FIXED, name) || FIXED[name]!(value)) return;
  throw new TypeError(
    `${where}: leave ${within + name} out: the pool replaces a session that is lost`,
  );
}

function checkReset(where: string, reset: unknown): Reset | undefined {
  if (reset === undefined || typeof reset === "function") return reset as Reset | undefined;
  throw new TypeError(`${where}: reset must be a function of the client, got ${shown(reset)}`);
}
