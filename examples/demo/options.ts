// Flags and environment: what the user asked for, checked.
import { parseArgs } from "node:util";

export interface Options {
  requests: number;
  concurrency: number;
  seconds: number;
  poolSize: number;
  port: number;
  serve: boolean;
  help: boolean;
}

/** The user's mistake on the command line: exit code 2. */
export class UsageError extends Error {}

export const HELP =
  `An HTTP service over PostgreSQL: without a pool, with one, and with one behind a proxy.
Each request is one transaction of four queries: begin, two selects, commit.

Usage: deno task demo [options]

  --requests N      requests in each phase (default 1000)
  --seconds N       but none is sent after that time (default 4)
  --concurrency N   requests under way at once (default 32)
  --pool-size N     connections the pool may open (default 10)
  --port N          port of the service on 127.0.0.1 (default: a free one)
  --serve           measure nothing: show the live pool in a page, under a load that you set, with
                    buttons for an outage, slow queries and leaks; until Ctrl-C
  --help            this text

DATABASE_URL=postgres://user@host/name uses that server; without it, an embedded PGlite, where
connecting costs far less than on a server, and the pool gains less.
NO_COLOR is respected.`;

export function parseOptions(args: string[]): Options {
  const { values } = parse(args);
  return {
    requests: integer("requests", values.requests, 1, 1_000_000),
    concurrency: integer("concurrency", values.concurrency, 1, 1_000),
    seconds: integer("seconds", values.seconds, 1, 3_600),
    poolSize: integer("pool-size", values["pool-size"], 1, 1_000),
    port: integer("port", values.port, 0, 65_535),
    serve: values.serve,
    help: values.help,
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        requests: { type: "string", default: "1000" },
        seconds: { type: "string", default: "4" },
        concurrency: { type: "string", default: "32" },
        "pool-size": { type: "string", default: "10" },
        port: { type: "string", default: "0" },
        serve: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    // Node's message goes on, over several lines, about positional arguments: there are none here.
    const [first = ""] = String((error as Error).message).split(/\.\s|\n/);
    throw new UsageError(`${first.replace(/\.$/, "")} (see --help)`);
  }
}

function integer(flag: string, value: string, min: number, max: number): number {
  const number = /^\d+$/.test(value) ? Number(value) : NaN;
  if (number >= min && number <= max) return number;
  throw new UsageError(`--${flag} ${value}: expected a whole number from ${min} to ${max}`);
}
