// The options of pgPool, apart: what is pg's, what is the pool's, and what is refused.

import { OPTIONS } from "../../pool/check.ts";
import { suggestion } from "../../pool/names.ts";
import type { PoolOptions } from "../../pool/options.ts";
import { shown } from "../../values.ts";
import type { Client } from "./driver.ts";

export type Reset = "rollback" | "session" | ((client: Client) => unknown);

/** The options of pgPool, apart. */
export interface Given {
  /** What `new pg.Client` is given. */
  config: Record<string, unknown>;
  /** What is the pool's. */
  own: PoolOptions<Client>;
  reset: Reset;
  cancel: boolean;
}

/** What pg-pool calls otherwise, or has and this pool has not, where names.ts does not know it. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  poolSize: "it is called maxSize here",
  maxLifetimeSeconds: "it is called maxLifetime here, in milliseconds",
  verify: "it is called opener here, and may be async",
  onConnect: "it is called opener here",
  log: "it is called logger here",
  Client: "give it as the first argument: pgPool({ Client }, options)",
  Promise: "promises here are the language's own",
  allowExitOnIdle: "end the pool instead; idle sessions are closed after maxAvailDelay",
  retter: "it is called reset here",
  closer: "the pool itself ends its sessions; listen to its event remove",
};

/** pg's own, though they look like options of a pool. */
const PGS = ["connectionTimeoutMillis", "lock_timeout"];

/** As pg-pool has them. */
const DEFAULTS = { maxSize: 10, maxAvailDelay: 10_000 };

/** Throws if an option is wrong. */
export function optionsOf(options: unknown): Given {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`pgPool: options must be an object, got ${shown(options)}`);
  }
  const config: Record<string, unknown> = {};
  const own: Record<string, unknown> = { ...DEFAULTS };
  const { reset = "rollback", cancel = false, ...others } = all(options);
  for (const [name, value] of Object.entries(others)) {
    // ORMs pass on what they were not given.
    if (value === undefined) continue;
    const fault = faultOf(name);
    if (fault !== undefined) throw new TypeError(`pgPool: unknown option ${shown(name)}: ${fault}`);
    if (OPTIONS.includes(name)) own[name] = value;
    else config[name] = value;
  }
  own.timeout ??= config.connectionTimeoutMillis;
  hidePassword(config);
  return { config, own, reset: checkReset(reset), cancel: checkCancel(cancel) };
}

/** Those that are inherited, and a password that is not enumerable, are given, too. */
function all(options: object): Record<string, unknown> {
  const given: Record<string, unknown> = {};
  for (const name in options) given[name] = Reflect.get(options, name);
  if ("password" in options) given.password = options.password;
  return given;
}

function faultOf(name: string): string | undefined {
  if (Object.hasOwn(ELSEWHERE, name)) return ELSEWHERE[name];
  if (OPTIONS.includes(name) || PGS.includes(name)) return undefined;
  // pg knows more names than can be listed here: only what is ours by another name is refused.
  const hint = suggestion(name, [...OPTIONS, "reset", "cancel"]);
  return hint.startsWith("the options are") ? undefined : hint;
}

/** Logs and stacks do not show it. */
function hidePassword(config: Record<string, unknown>): void {
  if ("password" in config) Object.defineProperty(config, "password", { enumerable: false });
}

function checkReset(reset: unknown): Reset {
  if (reset === "rollback" || reset === "session" || typeof reset === "function") {
    return reset as Reset;
  }
  throw new TypeError(
    `pgPool: reset must be "rollback", "session" or a function of the session, got ${shown(reset)}`,
  );
}

function checkCancel(cancel: unknown): boolean {
  if (typeof cancel === "boolean") return cancel;
  throw new TypeError(`pgPool: cancel must be true or false, got ${shown(cancel)}`);
}
