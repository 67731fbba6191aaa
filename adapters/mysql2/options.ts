// Options: separates the options of mysqlPool into mysql2's, the pool's, and refused ones.

import type { PoolOptions } from "../../pool/options.ts";
import { apart, checkCancel, checkName, checkReset, hide, type Names } from "../options.ts";
import type { Session } from "./driver.ts";

export type Reset = "rollback" | "session" | ((session: Session) => unknown);

/** The options of mysqlPool, separated. */
export interface Given {
  /** The options for mysql2. */
  config: Record<string, unknown>;
  /** The options of the pool. */
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
  // mysql2's default is also 60 s, but it has an effect only with `maxIdle`.
  defaults: { maxSize: 10, maxAvailDelay: 60_000 },
};

/** Options that logs must not show. */
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

/** The query part of a URI has options, too. */
function checkUri(uri: unknown): void {
  if (typeof uri !== "string" || !URL.canParse(uri)) return; // mysql2 reports the error
  new URL(uri).searchParams.forEach((_, name) => checkName("mysqlPool", name, NAMES));
}
