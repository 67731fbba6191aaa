// A logger that remembers what it is told.

import type { Logger } from "../../mod.ts";

/** Each message after its level. */
export class Recorder implements Logger {
  readonly lines: string[] = [];
  debug = (message: string): void => void this.lines.push(`debug ${message}`);
  info = (message: string): void => void this.lines.push(`info ${message}`);
  warn = (message: string): void => void this.lines.push(`warn ${message}`);
  error = (message: string): void => void this.lines.push(`error ${message}`);

  text(): string {
    return this.lines.join("\n");
  }
}
