// Tells a test whether the real @std/log can be imported: it has no stand-in. Set by scripts/test.ts.

interface Globals {
  /** Absent in old Workers. */
  process?: { env?: Record<string, string | undefined> };
}

const { process } = globalThis as Globals;

/** True on Deno with @std from JSR, or from its sources. */
export const hasStdLog: boolean = ["jsr", "source"].includes(process?.env?.PROXYPOOL_STD ?? "");

/** Imports `@std/log`; its name is kept from bundlers and checkers, which cannot find it offline. */
export function importStdLog(): Promise<StdLog> {
  const name = "@std/log";
  return import(name);
}

/** The part of `@std/log` that the tests use. */
export interface StdLog {
  Logger: new (name: string, level: string, options: { handlers: unknown[] }) => StdLogger;
  BaseHandler: new (level: string) => object;
}

export interface StdLogger {
  debug(message: string): unknown;
  info(message: string): unknown;
  warn(message: string): unknown;
  error(message: string): unknown;
}
