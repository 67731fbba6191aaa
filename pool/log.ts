// Log: messages of one pool to its logger, at its level.

import { quiet, reason } from "../values.ts";

/** The logger of a pool: `console`, or a logger of @std/log, LogTape or pino. */
export interface Logger {
  /** Logs details, for debugging the pool. */
  debug(message: string): unknown;
  /** Logs normal events. */
  info(message: string): unknown;
  /** Logs a problem that the pool has handled. */
  warn(message: string): unknown;
  /** Logs a failure. */
  error(message: string): unknown;
}

/** The least severe level that is logged. */
export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

export const LEVELS: Readonly<Record<LogLevel, number>> = {
  debug: 0,
  info: 1,
  warn: 2,
  error: 3,
  silent: 4,
};

export const METHODS = ["debug", "info", "warn", "error"] as const;

/** Messages are functions: they are called only if their level is logged. */
export class Log {
  readonly #name: string;
  readonly #least: number;
  readonly #logger: Logger | undefined;

  constructor(name: string, level: LogLevel, logger: Logger | undefined) {
    this.#name = name;
    this.#least = LEVELS[level];
    this.#logger = logger;
  }

  debug(message: () => string): void {
    this.#write("debug", message);
  }

  info(message: () => string): void {
    this.#write("info", message);
  }

  warn(message: () => string): void {
    this.#write("warn", message);
  }

  error(message: () => string): void {
    this.#write("error", message);
  }

  #write(level: typeof METHODS[number], message: () => string): void {
    if (LEVELS[level] < this.#least) return;
    let text = this.#name;
    // Read for each message: the global `console` may have been replaced.
    const logger = this.#logger ?? console;
    try {
      text += `: ${message()}`;
      quiet(logger[level](text), (error) => this.#unheard(error, text));
    } catch (error) {
      this.#unheard(error, text);
    }
  }

  #unheard(error: unknown, text: string): void {
    if (this.#logger !== undefined) console.error(`${text} (the logger failed: ${reason(error)})`);
  }
}
