// The options of redisPool and ioredisPool, apart: what is the driver's, what is the pool's, what is refused.

import { OPTIONS } from "../../pool/check.ts";
import { suggestion } from "../../pool/names.ts";
import type { PoolOptions } from "../../pool/options.ts";
import { shown } from "../../values.ts";

/** Calls the user's function after each reset. */
export type Reset = (client: object) => unknown;

/** The options, apart. */
export interface Given {
  /** What a client is made with. */
  config: Record<string, unknown>;
  /** What is the pool's. */
  own: PoolOptions<object>;
  reset: Reset | undefined;
}

/** What the pools of others call otherwise, where names.ts does not know it. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  minimum: "it is called minSize here",
  maximum: "it is called maxSize here",
  acquireTimeout: "it is called timeout here",
  cleanupDelay: "it is called maxAvailDelay here",
  retter: "it is called reset here",
  closer: "the pool itself ends its sessions",
};

/** The drivers' own, though they look like options of a pool. */
const DRIVERS = ["RESP", "noDelay"];

/** What the pool needs otherwise: a client that connects again has lost its state in silence. */
const FIXED: Readonly<Record<string, (value: unknown) => boolean>> = {
  disableOfflineQueue: (value) => value === true,
  reconnectStrategy: (value) => value === false,
  enableOfflineQueue: (value) => value === false,
  retryStrategy: (value) => value === null,
  monitor: (value) => value === false,
};

const DEFAULTS = { maxSize: 10 };

/** Throws if an option is wrong. `where`: the function that is called. */
export function optionsOf(where: string, options: unknown): Given {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`${where}: options must be an object, got ${shown(options)}`);
  }
  const config: Record<string, unknown> = {};
  const own: Record<string, unknown> = { ...DEFAULTS };
  let reset: unknown;
  // Those that are inherited are given, too.
  for (const name in options) {
    const value: unknown = Reflect.get(options, name);
    if (value === undefined) continue;
    const fault = faultOf(name);
    if (fault !== undefined) {
      throw new TypeError(`${where}: unknown option ${shown(name)}: ${fault}`);
    }
    checkFixed(where, name, value);
    if (name === "reset") reset = value;
    else if (OPTIONS.includes(name)) own[name] = value;
    else config[name] = value;
  }
  checkFixed(where, "reconnectStrategy", Object(config.socket).reconnectStrategy, "socket.");
  // That of its clients at the server, too, which takes no spaces.
  if (own.name !== undefined) config.name = String(own.name).replace(/[^!-~]/g, "_");
  return { config, own, reset: checkReset(where, reset) };
}

function faultOf(name: string): string | undefined {
  if (Object.hasOwn(ELSEWHERE, name)) return ELSEWHERE[name];
  if (OPTIONS.includes(name) || DRIVERS.includes(name) || name === "reset") return undefined;
  // Drivers know more names than can be listed here: only what is ours by another name is refused.
  const hint = suggestion(name, [...OPTIONS, "reset"]);
  return hint.startsWith("the options are") ? undefined : hint;
}

function checkFixed(where: string, name: string, value: unknown, within = ""): void {
  if (value === undefined || !Object.hasOwn(FIXED, name) || FIXED[name]!(value)) return;
  throw new TypeError(
    `${where}: leave ${
      within + name
    } out: the pool makes another session in the place of one that is lost`,
  );
}

function checkReset(where: string, reset: unknown): Reset | undefined {
  if (reset === undefined || typeof reset === "function") return reset as Reset | undefined;
  throw new TypeError(`${where}: reset must be a function of the client, got ${shown(reset)}`);
}
