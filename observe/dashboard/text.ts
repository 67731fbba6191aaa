// Text: makes labels and errors safe to show: shortened, and without control characters.

import { reason } from "../../values.ts";

/** Control characters, marks of writing direction, and line separators. */
// deno-lint-ignore no-control-regex
const TRICKS = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+/g;

/** Lone surrogates. */
const HALVES = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** A password in a URL, as in errors of drivers, even if the text is cut there. */
const PASSWORD = /(\b[a-z][a-z\d+.-]{0,20}:\/\/[^\s:@/]{0,100}:)\S+@/gi;
const HALF_PASSWORD = /(\b[a-z][a-z\d+.-]{0,20}:\/\/[^\s:@/]{0,100}:)\S+$/i;

/** At most `most` UTF-16 units of a string, on one line; "" for other values. */
export function shorten(text: unknown, most: number): string {
  if (typeof text !== "string") return "";
  const isLong = text.length > 4 * most; // it may be megabytes
  const part = isLong ? text.slice(0, 4 * most).replace(HALF_PASSWORD, "$1") : text;
  const safe = part.replace(PASSWORD, "$1…@").replace(TRICKS, " ").replace(HALVES, "\ufffd");
  if (safe.length <= most && !isLong) return safe;
  return `${safe.slice(0, most - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}

/** A duration in ms, in words. */
export function lasting(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h`;
}

/** When something was, in words. */
export function ago(ms: number): string {
  return ms < 2000 ? "just now" : `${lasting(ms)} ago`;
}

/** An error, in a line. */
export function inWords(error: unknown): string {
  return shorten(reason(error).replace(/^Error: /, ""), 160);
}

/** A count with its noun. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
