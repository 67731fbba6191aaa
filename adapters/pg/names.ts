// Names: collects the names of custom settings (app.tenant), which the server does not list.

import type { Client } from "./driver.ts";

/** A name that may be a custom setting. */
const NAME = /[\p{L}_][\p{L}\p{N}_$]*(?:\.[\p{L}_][\p{L}\p{N}_$]*)+/gu;

/**
 * Collects the names in all queries of a session until `end`. The server knows which of them are
 * settings.
 */
export function watchNames(client: Client): { names: Set<string>; end(): void } {
  const names = new Set<string>();
  const { query } = client;
  const watching: Client["query"] = (...args) => {
    collect(args, names);
    return Reflect.apply(query, client, args);
  };
  const own = Object.getOwnPropertyDescriptor(client, "query");
  client.query = watching;
  return {
    names,
    end: () => {
      if (client.query !== watching) return; // a tracer has wrapped it meanwhile
      if (own === undefined) Reflect.deleteProperty(client, "query");
      else Object.defineProperty(client, "query", own);
    },
  };
}

/** Searches the texts and the values of queries. */
function collect(values: unknown, names: Set<string>): void {
  if (typeof values === "string") {
    for (const [name] of values.replaceAll('"', "").matchAll(NAME)) names.add(name.toLowerCase());
  } else if (Array.isArray(values)) { for (const value of values) collect(value, names); }
  else if (typeof values === "object" && values !== null) {
    const { text, values: own } = values as { text?: unknown; values?: unknown };
    collect([text, own], names);
  }
}
