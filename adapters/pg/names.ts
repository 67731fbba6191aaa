// Names of custom settings (app.tenant), which the server keeps, but does not list.

import type { Client } from "./driver.ts";

/** What may be one. */
const NAME = /[\p{L}_][\p{L}\p{N}_$]*(?:\.[\p{L}_][\p{L}\p{N}_$]*)+/gu;

/** Those of all that is asked of a session until `end`: the server knows which of them are settings. */
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
      if (client.query !== watching) return; // others have wrapped it meanwhile
      if (own === undefined) Reflect.deleteProperty(client, "query");
      else Object.defineProperty(client, "query", own);
    },
  };
}

/** In texts of queries, and in their values. */
function collect(values: unknown, names: Set<string>): void {
  if (typeof values === "string") {
    for (const [name] of values.replaceAll('"', "").matchAll(NAME)) names.add(name.toLowerCase());
  } else if (Array.isArray(values)) { for (const value of values) collect(value, names); }
  else if (typeof values === "object" && values !== null) {
    const { text, values: own } = values as { text?: unknown; values?: unknown };
    collect([text, own], names);
  }
}
