// The options of sequelize-pool, translated for our `Pool`.

import type { PoolOptions } from "../pool/options.ts";
import { checkBounds, checkFunctions } from "./lender.ts";

/** The level of a message. */
export type LogLevel = "verbose" | "info" | "warn" | "error";

/** Gets the messages of a pool. */
export type FactoryLogger = (message: string, level: LogLevel) => void;

/** The options of sequelize-pool. */
export interface FactoryOptions<T> {
  /** The name of the pool in messages. */
  name?: string | undefined;
  /** Creates a resource. */
  create: () => PromiseLike<T> | T;
  /** Destroys a resource; may be async. */
  destroy: (resource: T) => unknown;
  /** Whether a released resource is still good. */
  validate: (resource: T) => PromiseLike<boolean> | boolean;
  /** How many resources there may be. */
  max: number;
  /** How many resources are kept up. */
  min: number;
  /**
   * After how many uses a resource is destroyed.
   *
   * @default no limit
   */
  maxUses?: number | undefined;
  /**
   * How long a resource may be idle, in ms, as long as there are more than `min`.
   *
   * @default {30_000}
   */
  idleTimeoutMillis?: number | undefined;
  /**
   * How long an `acquire` may take, in ms.
   *
   * @default {30_000}
   */
  acquireTimeoutMillis?: number | undefined;
  /** Has no effect. */
  reapIntervalMillis?: number | undefined;
  /**
   * Gets the messages of the pool; true: `console.log` gets them.
   *
   * @default {false}
   */
  log?: FactoryLogger | boolean | undefined;
}

/** Throws unless the options are valid. */
export function check<T>(options: FactoryOptions<T>): void {
  const { create, destroy, maxUses = 0, validate } = options ?? {};
  checkFunctions({ create, destroy, validate });
  checkBounds(options);
  if (typeof maxUses !== "number" || !(maxUses >= 0)) {
    throw new RangeError(`new Pool: maxUses must be a number from 0 on, got ${maxUses}`);
  }
}

/** The function that gets the messages. */
export function writerOf(log: FactoryLogger | true): FactoryLogger {
  if (log !== true) return log;
  return (message, level) => console.log(`${level}: ${message}`);
}

/** A logger that passes messages to `write`. */
export function loggerOf(write: FactoryLogger): PoolOptions<never>["logger"] {
  const at = (level: LogLevel) => (message: string) => write(message, level);
  return { debug: at("verbose"), info: at("info"), warn: at("warn"), error: at("error") };
}
