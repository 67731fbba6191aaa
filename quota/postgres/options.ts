// Options: checks the options, and turns a key into numbers.

import { checkNames } from "../../pool/check.ts";
import { shown } from "../../values.ts";

/** The largest `max`: the number of a place must not be that of a ticket. */
const MOST = 1_000_000;

/** Throws if `max` or `key` is invalid, or an option is unknown. */
export function checkOptions(where: string, options: object, known: readonly string[]): void {
  checkNames(where, options, known);
  const { max, key }: { max?: unknown; key?: unknown } = options;
  if (typeof max !== "number") {
    throw new TypeError(`${where}: max must be a number, got ${shown(max)}`);
  }
  if (!Number.isInteger(max) || max < 1 || max > MOST) {
    throw new RangeError(`${where}: max must be a whole number from 1 to ${MOST}, got ${max}`);
  }
  if (typeof key !== "string" || key === "") {
    throw new TypeError(`${where}: key must be a non-empty string, got ${shown(key)}`);
  }
}

/** The class of advisory locks for a text, a signed 32-bit number: FNV-1a. */
export function classOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash | 0;
}
