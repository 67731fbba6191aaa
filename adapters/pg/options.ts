// The options of pgPool, apart: what is pg's, what is the pool's, and what is refused.

import type { PoolOptions } from "../../pool/options.ts";
import { type Apart, apart, checkCancel, checkReset, hide } from "../options.ts";
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
  const { config, own, reset, cancel }: Apart<Client> = apart("pgPool", options, {
    elsewhere: ELSEWHERE,
    drivers: PGS,
    hidden: ["password"],
    defaults: DEFAULTS,
  });
  own.timeout ??= config.connectionTimeoutMillis as number | undefined;
  hide(config, ["password"]);
  return {
    config,
    own,
    reset: checkReset("pgPool", reset) as Reset,
    cancel: checkCancel("pgPool", cancel),
  };
}
