// Options: separates the options of pgPool into pg's, the pool's, and refused ones.

import type { PoolOptions } from "../../pool/options.ts";
import { type Apart, apart, checkCancel, checkReset, hide } from "../options.ts";
import type { Client } from "./driver.ts";

export type Reset = "rollback" | "session" | ((client: Client) => unknown);

/** The options of pgPool, separated. */
export interface Given {
  /** The options for `new pg.Client`. */
  config: Record<string, unknown>;
  /** The options of the pool. */
  own: PoolOptions<Client>;
  reset: Reset;
  cancel: boolean;
}

/** Options of pg-pool, and what to write here instead, beyond those in names.ts. */
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

/** Options of pg that resemble options of a pool. */
const PGS = ["connectionTimeoutMillis", "lock_timeout"];

/** The defaults of pg-pool. */
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
