// Log: messages of one pool to its logger, at its level.

import { quiet, reason } from "../values.ts";

/** What a pool logs to: console, and the loggers of @std/log, LogTape and pino, are such. */
export interface Logger {
  /** Logs details, for debugging the pool. */
  debug(message: string): unknown;
  /** Logs what happens in the normal course of things. */
  info(message: string): unknown;
  /** Logs what went wrong and was dealt with. */
  warn(message: string): unknown;
  /** Logs what went wrong. */
  error(message: string): unknown;
}

/** The least severe messages that are logged. */
export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

export const LEVELS: Readonly<Record<LogLevel, number>> = {
  debug: 0,
  info: 1,
  warn: 2,
  error: 3,
  silent: 4,
};

export const METHODS = ["debug", "info", "warn", "error"] as const;

/** Messages are functions, called only if somebody will read them. */
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
    // Read at the time, so that a console that replaces the global one gets the message.
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
