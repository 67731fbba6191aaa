// The database: the server at DATABASE_URL, or else an embedded PGlite.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { newClient } from "./connections.ts";
import { patiently } from "./report.ts";

export interface Database extends AsyncDisposable {
  /** For the user to read: no password in it. */
  name: string;
  /** What the user should know of the results. */
  remark?: string;
  /** Where to connect; the server knows these connections by `label`. */
  url(label: string): string;
  /** How many connections of that label the server itself counts. */
  connections(label: string): Promise<number>;
}

export function openDatabase(url: string | undefined, signal: AbortSignal): Promise<Database> {
  return url ? openServer(url, signal) : openEmbedded(signal);
}

async function openEmbedded(signal: AbortSignal): Promise<Database> {
  const worker = new Worker(new URL("./embedded.ts", import.meta.url));
  const next = async (signal?: AbortSignal) => (await once(worker, "message", { signal }))[0];
  try {
    const address = await patiently("PGlite", next(signal));
    return {
      name: "embedded PGlite (DATABASE_URL: a real server)",
      remark: "To connect to PGlite costs little: DATABASE_URL shows the gain on a real server.",
      url: () => `postgres://postgres@${address}/postgres`,
      connections: () => (worker.postMessage("count"), next()),
      [Symbol.asyncDispose]: async () => void await worker.terminate(),
    };
  } catch (error) {
    await worker.terminate();
    signal.throwIfAborted();
    throw new Error(`PGlite did not start: ${reason(error)}`, { cause: error });
  }
}

async function openServer(url: string, signal: AbortSignal): Promise<Database> {
  const monitor = newClient(labelled(url, "proxypool demo monitor"));
  try {
    await monitor.connect();
    signal.throwIfAborted();
  } catch (error) {
    await monitor.end();
    signal.throwIfAborted();
    throw new Error(`DATABASE_URL ${masked(url)}: ${reason(error)}`, { cause: error });
  }
  const sql = "select count(*)::int as n from pg_stat_activity where application_name = $1";
  return {
    name: masked(url),
    url: (label) => labelled(url, label),
    connections: async (label) =>
      (await monitor.query<{ n: number }>(sql, [label])).rows[0]?.n ?? 0,
    [Symbol.asyncDispose]: () => monitor.end(),
  };
}

function labelled(url: string, label: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !/^postgres(ql)?:$/.test(parsed.protocol)) {
    throw new Error(
      `DATABASE_URL ${masked(url)}: expected postgres://user:password@host:port/name`,
    );
  }
  parsed.searchParams.set("application_name", label);
  return parsed.href;
}

/** Works on the text, not on a parsed URL: a malformed one has a password, too. */
function masked(url: string): string {
  const [, scheme = "", rest = ""] = /^(\w+:\/\/)?(.*)$/s.exec(url) ?? [];
  const shown = rest.replace(/:.*@/s, ":***@").replace(/(password\s*=).*/is, "$1***");
  return (scheme + shown).replace(/\s+/g, " ");
}

function reason(error: unknown): string {
  // A host with several addresses fails with one error for each, and no message of its own.
  const first = error instanceof AggregateError ? error.errors[0] : error;
  return String(first instanceof Error ? first.message : first).replace(/\s+/g, " ");
}
