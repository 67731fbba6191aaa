// The options of mysqlPool, apart: what is mysql2's, what is the pool's, and what is refused.

import type { PoolOptions } from "../../pool/options.ts";
import { apart, checkCancel, checkName, checkReset, hide, type Names } from "../options.ts";
import type { Session } from "./driver.ts";

export type Reset = "rollback" | "session" | ((session: Session) => unknown);

/** The options of mysqlPool, apart. */
export interface Given {
  /** What mysql2 is given. */
  config: Record<string, unknown>;
  /** What is the pool's. */
  own: PoolOptions<Session>;
  reset: Reset;
  cancel: boolean;
}

const NAMES: Names = {
  elsewhere: {
    poolSize: "it is called maxSize here",
    maxIdle: "idle sessions are closed after maxAvailDelay, down to minSize",
    waitForConnections: "give timeout, or maxWaiting for how many may wait",
    resetOnRelease: 'it is reset: "session" here',
    gracefulEnd: "end of a session gives it back here, and destroy closes it",
    acquireTimeout: "it is called timeout here",
    Promise: "promises here are the language's own",
    pool: "the sessions belong to this pool",
    retter: "it is called reset here",
    closer: "the pool itself ends its sessions",
  },
  drivers: ["connectTimeout", "trace"],
  hidden: ["password", "password1", "password2", "password3", "passwordSha1", "uri"],
  // mysql2 has 60 s, too, but heeds it only with a maxIdle.
  defaults: { maxSize: 10, maxAvailDelay: 60_000 },
};

/** What logs do not show. */
export const SECRETS: readonly string[] = NAMES.hidden;

/** Throws if an option is wrong. */
export function optionsOf(options: unknown): Given {
  const { config, own, reset, cancel } = apart<Session>("mysqlPool", options, NAMES);
  checkUri(config.uri);
  hide(config, SECRETS);
  return {
    config,
    own,
    reset: checkReset("mysqlPool", reset) as Reset,
    cancel: checkCancel("mysqlPool", cancel),
  };
}

/** What follows a `?` are options, too. */
function checkUri(uri: unknown): void {
  if (typeof uri !== "string" || !URL.canParse(uri)) return; // mysql2 says what is wrong
  new URL(uri).searchParams.forEach((_, name) => checkName("mysqlPool", name, NAMES));
}
