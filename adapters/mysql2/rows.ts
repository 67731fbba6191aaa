// Rows of texts, whatever a session is told to make of its rows, and how a text is written.

import { ask, type Core } from "./driver.ts";

/** A column of an answer. */
export interface Field {
  /** Its type. */
  readonly columnType?: number;
}

/** What a query gives, in texts. */
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

/** The bytes of a text, as SQL has them: good whatever the session has set of quotes and encodings. */
export function bytesOf(text: string): string {
  const bytes = [...new TextEncoder().encode(text)];
  return `x'${bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("")}'`;
}

/** A name, as SQL has it. */
export function quoted(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}
