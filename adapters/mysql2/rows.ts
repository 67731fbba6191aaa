// Rows: reads rows as strings, whatever the options of the session, and writes SQL literals.

import { ask, type Core } from "./driver.ts";

/** A column of an answer. */
export interface Field {
  /** Its type. */
  readonly columnType?: number;
}

/** The rows of a query, as strings. */
export async function rowsOf(
  core: Core,
  sql: string,
): Promise<{ rows: (string | null)[][]; fields: Field[] }> {
  const asked = { sql, rowsAsArray: true, typeCast: false, nestTables: false };
  const [rows, fields] = await ask(core, "query", asked);
  const decoder = new TextDecoder();
  const inTexts = (row: (Uint8Array | null)[]) =>
    row.map((value) => value === null ? null : decoder.decode(value));
  return { rows: rows.map(inTexts), fields };
}

/**
 * A string as an SQL literal of bytes: it does not depend on the session's quotes and encodings.
 */
export function bytesOf(text: string): string {
  const bytes = [...new TextEncoder().encode(text)];
  return `x'${bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("")}'`;
}

/** A quoted SQL name. */
export function quoted(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}
